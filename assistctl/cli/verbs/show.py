"""``assistctl show KEY``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of


@verb
@click.argument("key")
@option("--remote", is_flag=True, help="Everything the remote holds, managed or not.")
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def command(call: Call, key: str, remote: bool, form: str) -> None:
    """Show one assistant of the remote, by its KEY or its id.

    Without --remote: the fields that its manifest manages.
    """
    from assistctl.commands.listing import show
    from assistctl.render.tables import show_document, show_lines

    ports = ports_of(call)
    entry = show(settings_of(call, ports), key, ports, everything=remote)
    if form == "json":
        print_json(call.console, show_document(entry))
    else:
        print_lines(call.console, show_lines(entry))
