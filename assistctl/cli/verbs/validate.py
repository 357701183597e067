"""``assistctl validate [PATH…]``."""

from __future__ import annotations

from pathlib import Path

import click

from assistctl.cli.options import option
from assistctl.cli.showing import note_lines, print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of
from assistctl.errors import ExitCode


@verb
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
@option("--strict", is_flag=True, help="Take warnings as errors.")
def command(call: Call, paths: tuple[Path, ...], form: str, strict: bool) -> ExitCode:
    """Check the project file and all manifests: no key, no network.

    Without -e every environment is checked. The whole project is always read; with PATHs only what was
    found there is printed.
    """
    from assistctl.commands.offline import only, validate
    from assistctl.render.diagnostics import diagnostic_lines, diagnostics_document, diagnostics_summary

    checked, root = validate(chosen_of(call), ports_of(call))
    checked = only(checked, [call.options.locate(path) for path in paths], root)
    if form == "json":
        print_json(call.console, diagnostics_document(checked.findings, len(checked.files)))
    else:
        print_lines(call.console, diagnostic_lines(checked.findings))
        note_lines(call.console, [diagnostics_summary(checked.findings, len(checked.files))])
    return ExitCode.INVALID if checked.broken(strict=strict) else ExitCode.DONE
