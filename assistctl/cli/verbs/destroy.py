"""``assistctl destroy``."""

from __future__ import annotations

import click

from assistctl.cli.dialogue import close, dialogue_of
from assistctl.cli.options import auto_approve as auto_approving
from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode


@verb
@auto_approving
@option("--target", multiple=True, metavar="GLOB", help="Only keys that match; repeatable.")
@option(
    "--parallelism",
    metavar="N",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Deletions at once.",
)
@option("--allow-pull-request", is_flag=True, help="Run even for a pull request.")
def command(
    call: Call, auto_approve: bool, target: tuple[str, ...], parallelism: int, allow_pull_request: bool
) -> ExitCode:
    """Delete every assistant that this project and environment own.

    Nothing else is touched. It asks for the owner's name; prevent_destroy still protects.
    """
    from assistctl.commands.apply import refuse_pull_requests
    from assistctl.commands.destroy import destroy
    from assistctl.commands.records import Manner
    from assistctl.model.selection import Selection

    ports = ports_of(call)
    settings = settings_of(call, ports)
    refuse_pull_requests(ports.environ, allowed=allow_pull_request or settings.embedded)
    dialogue = dialogue_of(
        call.console,
        approved=auto_approve,
        full=False,
        quiet_plan=False,
        question=f"Delete all of these? Type the owner's name ({settings.owner}) to go on:",
        expected=settings.owner,
    )
    applied = destroy(settings, Selection(targets=target), Manner("destroy", parallelism), dialogue, ports)
    close(call.console, applied, verb="destroy")
    return applied.exit_code
