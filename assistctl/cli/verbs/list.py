"""``assistctl list``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of


@verb
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def command(call: Call, form: str) -> None:
    """List every assistant of the remote, with an owner column: ours, other, unmanaged."""
    from assistctl.commands.listing import list_remote
    from assistctl.render.tables import list_document, list_lines

    ports = ports_of(call)
    entries = list_remote(settings_of(call, ports), ports)
    if form == "json":
        print_json(call.console, list_document(entries))
    else:
        print_lines(call.console, list_lines(entries))
