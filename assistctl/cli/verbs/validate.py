"""``assistctl validate [PATH…]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistctl.cli.options import option
from assistctl.cli.showing import note_lines, print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of
from assistctl.errors import ExitCode

if TYPE_CHECKING:
    from assistctl.commands.offline import Checked

FORMATS = ("text", "json", "github", "gitlab", "sarif")


@verb
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print it.")
@option("--strict", is_flag=True, help="Take warnings as errors.")
def command(call: Call, paths: tuple[Path, ...], form: str, strict: bool) -> ExitCode:
    """Check the project file and all manifests: no key, no network.

    Without -e every environment is checked. The whole project is always read; with PATHs only what was
    found there is printed. The formats github, gitlab and sarif name files from the top of the repository.
    """
    from assistctl.commands.offline import folder_in_repository, only, validate

    ports = ports_of(call)
    checked, root = validate(chosen_of(call), ports)
    checked = only(checked, [call.options.locate(path) for path in paths], root)
    shown = checked.strict() if strict else checked
    if form in ("text", "json"):
        _print_ours(call, shown, form)
    else:
        _print_for_ci(call, shown.below(folder_in_repository(root, ports.environ)), form)
    return ExitCode.INVALID if shown.broken else ExitCode.DONE


def _print_ours(call: Call, checked: Checked, form: str) -> None:
    from assistctl.render.diagnostics import diagnostic_lines, diagnostics_document

    if form == "json":
        print_json(call.console, diagnostics_document(checked.findings, len(checked.files)))
        return
    print_lines(call.console, diagnostic_lines(checked.findings))
    _sum_up(call, checked)


def _print_for_ci(call: Call, checked: Checked, form: str) -> None:
    from assistctl import __version__

    if form == "sarif":
        from assistctl.render.diagnostics_sarif import sarif_document

        print_json(call.console, sarif_document(checked.findings, __version__))
    elif form == "gitlab":
        from assistctl.render.diagnostics_gitlab import gitlab_document

        print_json(call.console, gitlab_document(checked.findings))
    else:
        from assistctl.render.diagnostics_github import github_lines

        call.console.result(*github_lines(checked.findings))
    _sum_up(call, checked)


def _sum_up(call: Call, checked: Checked) -> None:
    from assistctl.render.diagnostics import diagnostics_summary

    note_lines(call.console, [diagnostics_summary(checked.findings, len(checked.files))])
