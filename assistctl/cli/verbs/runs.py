"""``assistctl runs [show RUN]``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import UsageFault


@verb
@click.argument("words", nargs=-1, metavar="[show RUN]")
@option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print the list."
)
def command(call: Call, words: tuple[str, ...], form: str) -> None:
    """List the recorded runs of this owner on this remote, newest first, or show one.

    Records are kept on this machine, in the state folder. RUN is an id or a file of apply --record.
    """
    from assistctl.commands.undo import run_record, runs
    from assistctl.render.runs import run_lines, runs_document, runs_lines

    ports = ports_of(call)
    settings = settings_of(call, ports)
    if not words:
        records = runs(settings, ports)
        if form == "json":
            print_json(call.console, runs_document(records))
        else:
            print_lines(call.console, runs_lines(records))
        return
    if len(words) != 2 or words[0] != "show":
        raise UsageFault("expected nothing, or: show RUN", next="assistctl runs show RUN")
    record = run_record(settings, words[1], call.options.directory, ports)
    print_lines(call.console, run_lines(record))
