"""``assistctl diff REF``."""

from __future__ import annotations

from pathlib import Path

import click

from assistctl.cli.options import option
from assistctl.cli.reports import PLAN_FORMATS, Reports, print_plan_as, save_report, tell_plan
from assistctl.cli.showing import note_findings
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of
from assistctl.errors import ExitCode, strongest


@verb
@click.argument("revision", metavar="REF")
@option("--format", "form", type=click.Choice(PLAN_FORMATS), default="text", help="How to print it.")
@option("--report", "reports", type=Reports(), multiple=True, help="Write it to a file too; repeatable.")
@option("--full", is_flag=True, help="Show whole bodies and long differences.")
@option("--detailed-exitcode", is_flag=True, help="Answer 2 while there are differences.")
def command(
    call: Call,
    revision: str,
    form: str,
    reports: tuple[tuple[str, Path], ...],
    full: bool,
    detailed_exitcode: bool,
) -> ExitCode:
    """Show what the manifests of now would change, had those of the git revision REF been applied.

    No key, no network, and nothing is checked out: made for the review of pull requests, from forks too.
    """
    from assistctl.commands.diff import diff
    from assistctl.commands.plan import exit_code

    ports = ports_of(call)
    allowed = (ports.environ.get(name, "") for name in call.options.allowed_env)
    call.console.hide(*(value for value in allowed if value))
    compared = diff(chosen_of(call), revision, ports)
    note_findings(call.console, (*compared.past, *compared.findings))
    made_at = ports.wall()
    print_plan_as(call.console, compared.plan, form, made_at, full=full)
    for kind, path in reports:
        save_report(call.console, compared.plan, kind, call.options.locate(path), made_at, full=full)
    told = tell_plan(call.console, ports.environ, compared.plan, "", full=full)
    return strongest([exit_code(compared.plan, detailed=detailed_exitcode), told])
