"""``assistctl drift``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines, timestamp
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode


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

    ports = ports_of(call)
    found = drift(settings_of(call, ports), ports)
    if form == "json":
        print_json(call.console, drift_document(found, timestamp=timestamp(ports.wall())))
    elif form == "markdown":
        call.console.data(drift_markdown(found))
    else:
        print_lines(call.console, drift_lines(found, full=full))
    return ExitCode.CHANGES_PENDING if detailed_exitcode and found.items else ExitCode.DONE
