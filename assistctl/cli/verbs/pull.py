"""``assistctl pull [KEY…]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assistctl.cli.options import auto_approve as auto_approving
from assistctl.cli.showing import note_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode

if TYPE_CHECKING:
    from assistctl.cli.console import Console
    from assistctl.commands.pull import Left, Pulled, PullReport, Sharing


@verb
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@auto_approving
def command(call: Call, keys: tuple[str, ...], auto_approve: bool) -> ExitCode:
    """Write what was changed outside into the files it came from, for each KEY (all by default).

    Only the changed values are replaced: comments, order and layout stay. A file that several assistants
    share is changed after asking, or with --yes. The remote is only read.
    """
    from assistctl.commands.pull import pull
    from assistctl.render.escape import escape

    console = call.console
    ports = ports_of(call)
    settings = settings_of(call, ports)

    def allow(sharing: Sharing) -> bool:
        others = ", ".join(sharing.others)
        console.note(escape(f"{sharing.key} {sharing.field}: {sharing.file} is shared with {others}"))
        if auto_approve or not console.interactive:
            return auto_approve
        return console.confirm("Change it for all of them? Only 'yes' is accepted:")

    report = pull(settings, keys, allow, ports)
    _show(console, report)
    return report.exit_code


def _show(console: Console, report: PullReport) -> None:
    from assistctl.render.escape import escape
    from assistctl.render.words import count

    for line in report.pulled:
        console.result(*(escape(text) for text in _pulled_lines(line)))
    for note in report.notes:
        console.note(escape(note))
    for left in report.left:
        _show_left(console, left)
    if report.files:
        edits, files = count(len(report.pulled), "outside edit"), count(len(report.files), "file")
        console.result(f"Pulled {edits} into {files}. Review: git diff")
    elif not report.left and not report.pulled:
        console.result("Nothing to pull: no managed field was changed outside.")
    if any(line.merged for line in report.pulled):
        console.note("Next: review the merged texts, then assistctl apply --on-conflict overwrite")


def _pulled_lines(line: Pulled) -> list[str]:
    where = ", ".join(line.places) or "the files say it already"
    merged = " (merged with the manifest's own change)" if line.merged else ""
    lost = [f"  {raw} is literal text now: the edit changed what it stood for" for raw in line.lost]
    return [f"{line.key}  {line.field}  {where}{merged}", *lost]


def _show_left(console: Console, left: Left) -> None:
    from assistctl.render.escape import escape
    from assistctl.render.plan_fields import change_lines

    name = f"{left.key} {left.change.field}" if left.change else left.key
    lines = [f"{name}: not pulled: {left.why}"]
    lines += [f"Next: {left.next}"] if left.next else []
    console.error(*(escape(text) for text in lines))
    if left.change is not None:
        note_lines(console, change_lines([left.change], full=False))
