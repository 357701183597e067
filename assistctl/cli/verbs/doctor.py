"""``assistctl doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assistctl.cli.options import option
from assistctl.cli.showing import print_json, print_lines
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of, settings_of
from assistctl.errors import ExitCode, GuardRefused

if TYPE_CHECKING:
    from assistctl.commands.doctor import Target
    from assistctl.commands.ports import Ports
    from assistctl.model.examination import Examination


@verb
@click.option(
    "--write-test", is_flag=True, help="Make, change, clear, list and delete one probe; see what sticks."
)
@option("--model", metavar="NAME", default="", help="The model of the probe; usually found by itself.")
@option("--allow-pull-request", is_flag=True, help="Write even in a run for a pull request.")
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def command(call: Call, write_test: bool, model: str, allow_pull_request: bool, form: str) -> ExitCode:
    """Find out what a remote can do, and hold it against what its profile claims.

    Without --write-test the remote is only read. The probe of a write test belongs to nobody: no plan counts
    or touches it. It is removed at the end; one that a kill left behind is removed by the next doctor.
    Outside a project, name a --provider.
    """
    from assistctl.commands.doctor import doctor

    ports = ports_of(call)
    target = _target(call, model, ports)
    may_write = _may_write(ports, embedded=not target.base_url, allowed=allow_pull_request, trying=write_test)
    found = doctor(target, ports, trying=write_test, may_write=may_write)
    _show(call, found, form)
    return ExitCode.DONE if found.fault is None else found.fault.exit_code


def _target(call: Call, model: str, ports: Ports) -> Target:
    from assistctl.commands.doctor import Target, target_of
    from assistctl.settings import has_project, live_keys, remote_of

    chosen = chosen_of(call)
    if has_project(chosen):
        return target_of(settings_of(call, ports), model)
    profile, base_url = remote_of("aimlapi", chosen, ports.environ)
    call.console.hide(*live_keys(profile, ports.environ))
    return Target(profile, base_url, chosen.directory, model=model, timeout=chosen.timeout)


def _may_write(ports: Ports, *, embedded: bool, allowed: bool, trying: bool) -> bool:
    """Raises GuardRefused for a write test in a run for a pull request, as apply does."""
    from assistctl.commands.apply import refuse_pull_requests

    try:
        refuse_pull_requests(ports.environ, allowed=allowed or embedded)
    except GuardRefused:
        if trying:
            raise
        return False
    return True


def _show(call: Call, found: Examination, form: str) -> None:
    from assistctl.render.doctor import doctor_document, doctor_lines
    from assistctl.render.escape import escape

    if form == "json":
        print_json(call.console, doctor_document(found))
    else:
        print_lines(call.console, doctor_lines(found))
    if found.fault is not None:
        call.console.error(*(escape(text) for text in found.fault.lines()))
