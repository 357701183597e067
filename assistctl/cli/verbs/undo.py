"""``assistctl undo RUN|FILE``."""

from __future__ import annotations

import click

from assistctl.cli.dialogue import close, dialogue_of
from assistctl.cli.options import auto_approve as auto_approving
from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode

QUESTION = "Put this back? Only 'yes' is accepted:"


@verb
@click.argument("run", metavar="RUN|FILE")
@auto_approving
@option(
    "--parallelism",
    metavar="N",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Writes at once.",
)
@option("--allow-pull-request", is_flag=True, help="Run even for a pull request.")
def command(call: Call, run: str, auto_approve: bool, parallelism: int, allow_pull_request: bool) -> ExitCode:
    """Take back what one run wrote, as far as the remote still holds it.

    RUN is an id that runs lists, FILE a record that apply --record wrote. What moved since is listed and
    left alone. Git is not touched: revert the commit as well, or the next apply does it all again.
    """
    from assistctl.commands.apply import refuse_pull_requests
    from assistctl.commands.records import Manner
    from assistctl.commands.undo import undo

    ports = ports_of(call)
    settings = settings_of(call, ports)
    refuse_pull_requests(ports.environ, allowed=allow_pull_request or settings.embedded)
    dialogue = dialogue_of(
        call.console, approved=auto_approve, full=False, quiet_plan=False, question=QUESTION
    )
    manner = Manner("undo", parallelism)
    applied = undo(settings, run, call.options.directory, manner, dialogue, ports)
    close(call.console, applied, verb="undo")
    if applied.report is not None and applied.report.results:
        call.console.note("Next: git revert the commit that made it, or the next apply does it all again.")
    return applied.exit_code
