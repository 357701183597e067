"""``assistctl plan``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Unpack

import click

from assistctl.cli.choosing import Choices, selecting, selection_of
from assistctl.cli.options import option
from assistctl.cli.reports import PLAN_FORMATS, Reports, print_plan_as, save_report, tell_plan
from assistctl.cli.showing import note_findings
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of
from assistctl.errors import ExitCode, strongest


@verb
@option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan for apply.")
@option("--format", "form", type=click.Choice(PLAN_FORMATS), default="text", help="How to print it.")
@option("--report", "reports", type=Reports(), multiple=True, help="Write it to a file too; repeatable.")
@option("--full", is_flag=True, help="Show whole bodies and long differences.")
@option("--detailed-exitcode", is_flag=True, help="Answer 2 while changes are pending.")
@selecting
def command(
    call: Call,
    out: Path | None,
    form: str,
    reports: tuple[tuple[str, Path], ...],
    full: bool,
    detailed_exitcode: bool,
    **choices: Unpack[Choices],
) -> ExitCode:
    """Show what apply would do. Nothing is written to the remote.

    With --out the plan is saved as the reviewed artefact: assistctl apply FILE does that and nothing
    else.
    """
    from assistctl.commands.plan import exit_code, plan, save
    from assistctl.render.escape import escape

    ports = ports_of(call)
    settings = settings_of(call, ports)
    selection = selection_of(choices, settings)
    planned = plan(settings, selection, ports, hold=full)
    note_findings(call.console, planned.findings)
    if out is not None:
        save(planned, call.options.locate(out), ports.wall(), selection)
        call.console.note(escape(f"Saved the plan to {out}. To apply it: {_apply_command(call, out)}"))
    made_at = ports.wall()
    print_plan_as(call.console, planned.plan, form, made_at, full=full)
    for kind, path in reports:
        save_report(call.console, planned.plan, kind, call.options.locate(path), made_at, full=full)
    file = "" if out is None else str(call.options.locate(out))
    told = tell_plan(call.console, ports.environ, planned.plan, file, full=full)
    return strongest([exit_code(planned.plan, detailed=detailed_exitcode), told])


def _apply_command(call: Call, out: Path) -> str:
    """The command line that applies the saved plan, on the same environment and remote."""
    options = call.options
    chosen = (("-e", options.environment), ("--provider", options.provider), ("--base-url", options.base_url))
    words = [word for name, value in chosen if value for word in (name, value)]
    return shlex.join(["assistctl", "apply", *words, str(out)])
