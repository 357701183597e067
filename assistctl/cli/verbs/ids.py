"""``assistctl ids``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of


@verb
@option(
    "--format", "form", type=click.Choice(("json", "env", "text")), default="text", help="How to print it."
)
def command(call: Call, form: str) -> None:
    """Print key and id of every owned assistant, for programs that call them."""
    from assistctl.commands.listing import ids
    from assistctl.render.tables import ids_env, ids_lines

    ports = ports_of(call)
    found = ids(settings_of(call, ports), ports)
    if form == "json":
        print_json(call.console, {key: found[key] for key in sorted(found)})
    elif form == "env":
        call.console.data("".join(f"{line}\n" for line in ids_env(found)))
    else:
        print_lines(call.console, ids_lines(found))
