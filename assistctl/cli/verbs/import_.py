"""``assistctl import [ID…]``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistctl.cli.console import Console
from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode

if TYPE_CHECKING:
    from assistctl.commands.imports import Imported, Line


@verb
@click.argument("ids", nargs=-1, metavar="[ID]...")
@option("--all", "everything", is_flag=True, help="Every assistant that nobody owns.")
@option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write here; without it, the project's first manifests folder.",
)
def command(call: Call, ids: tuple[str, ...], everything: bool, into: Path | None) -> ExitCode:
    """Write manifests for assistants that exist already, by their IDs or all of them.

    Each gets a manifest with a pin, its prompt in a file of its own, byte for byte, and its long function
    schemas in files of their own. The next plan adopts them and changes nothing. No file is overwritten.
    What no manifest may hold is skipped with a line each (exit code 3).
    """
    from assistctl.commands.imports import Wanted, below_root, import_remote

    ports = ports_of(call)
    settings = settings_of(call, ports)
    folder = below_root(call.options.locate(into), settings.project) if into else ""
    done = import_remote(settings, Wanted(ids, everything, folder), ports)
    _report(call.console, done)
    return done.exit_code


def _report(console: Console, done: Imported) -> None:
    from assistctl.render.escape import escape

    console.note(*_lines("known   ", done.known, "is declared in "))
    console.result(*_lines("written ", done.written, ""))
    for warning in (*_lines("skipped ", done.skipped, ""), *map(escape, done.notes)):
        console.warn(warning)
    counts = [f"{len(done.written)} imported into {done.folder}"]
    counts += [f"{len(done.known)} declared already"] if done.known else []
    counts += [f"{len(done.skipped)} skipped"] if done.skipped else []
    console.result(escape(", ".join(counts) + "."))
    console.note(*map(escape, done.hints))
    if done.written:
        console.result(f"Next: {escape(done.next)}")


def _lines(word: str, lines: Iterable[Line], before: str) -> list[str]:
    from assistctl.render.escape import escape

    return [escape(f"{word} {line.remote_id}  {before}{line.text}{_named(line)}") for line in lines]


def _named(line: Line) -> str:
    return f"  ({line.name[:64]})" if line.name else ""
