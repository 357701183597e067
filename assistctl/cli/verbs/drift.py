"""``assistctl drift``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.reports import add_outputs, add_summary
from assistctl.cli.showing import print_json, print_lines, timestamp
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode, strongest


@verb
@option("--detailed-exitcode", is_flag=True, help="Answer 2 while there is drift.")
@option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    help="How to print it.",
)
@option("--full", is_flag=True, help="Show long differences whole.")
def command(call: Call, detailed_exitcode: bool, form: str, full: bool) -> ExitCode:
    """Show what changed outside: fields, assistants that are missing, lost markers, twins.

    What only the manifests changed is not drift: see plan.
    """
    from assistctl.commands.drift import drift
    from assistctl.render.drift import drift_document, drift_lines, drift_markdown
    from assistctl.render.masked import masked
    from assistctl.render.summaries import drift_outputs

    ports = ports_of(call)
    found = masked(drift(settings_of(call, ports), ports), call.console.scrub)
    if form == "json":
        print_json(call.console, drift_document(found, timestamp=timestamp(ports.wall())))
    elif form == "markdown":
        call.console.data(drift_markdown(found))
    else:
        print_lines(call.console, drift_lines(found, full=full))
    add_summary(call.console, ports.environ, lambda room: drift_markdown(found, room=room))
    told = add_outputs(call.console, ports.environ, drift_outputs(found))
    return strongest([ExitCode.CHANGES_PENDING if detailed_exitcode and found.items else ExitCode.DONE, told])
