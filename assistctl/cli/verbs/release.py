"""``assistctl release KEY…``."""

from __future__ import annotations

import click

from assistctl.cli.options import auto_approve as auto_approving
from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode
from assistctl.model.report import Outcome, Result


@verb
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@auto_approving
@option("--allow-pull-request", is_flag=True, help="Run even for a pull request.")
def command(call: Call, keys: tuple[str, ...], auto_approve: bool, allow_pull_request: bool) -> ExitCode:
    """Stop managing the assistants of these KEYs. Nothing is deleted, every field stays as it is.

    Remove their manifests as well, or the next plan asks whether to adopt them again.
    """
    from assistctl.commands.apply import refuse_pull_requests
    from assistctl.commands.release import exit_code_of, release_keys
    from assistctl.render.escape import escape

    ports = ports_of(call)
    settings = settings_of(call, ports)
    refuse_pull_requests(ports.environ, allowed=allow_pull_request or settings.embedded)

    def confirm(held: dict[str, str]) -> bool:
        for remote_id, key in held.items():
            call.console.note(f"  {escape(key)}  {escape(remote_id)}")
        return auto_approve or call.console.confirm("Give up ownership of these? Only 'yes' is accepted:")

    def progress(result: Result) -> None:
        if result.outcome is Outcome.DONE:
            call.console.result(escape(f"{result.key} released, {result.id} stays as it is"))
        else:
            call.console.error(escape(f"{result.key} {result.outcome.value}: {result.detail}"))

    report = release_keys(settings, keys, confirm, progress, ports)
    if report is None:
        call.console.note("Release cancelled: nothing was changed.")
        return ExitCode.DONE
    call.console.note("Next: remove their manifests, or the next plan asks whether to adopt them again.")
    return exit_code_of(report)
