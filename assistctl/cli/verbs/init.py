"""``assistctl init [DIR]``."""

from __future__ import annotations

import click

from assistctl.cli.verb import Call, verb


@verb
@click.argument("folder", metavar="[DIR]", default=".")
def command(call: Call, folder: str) -> None:
    """Start a project in DIR, the working folder by default. Existing files are never changed.

    The new project keeps its assistants in a local file: no key and no network are needed to try it.
    """
    from assistctl.commands.init import initialise

    done = initialise(call.options.locate(folder))
    call.console.note(*(f"kept     {name}" for name in done.kept))
    call.console.result(*(f"created  {name}" for name in done.created))
    call.console.note(*done.hints)
    call.console.result("", f"Project {done.project}. Next:", *(f"  {line}" for line in done.next_commands))
