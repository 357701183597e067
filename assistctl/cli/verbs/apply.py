"""``assistctl apply [PLANFILE]``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from assistctl.cli.choosing import Choices, selecting, selection_of
from assistctl.cli.dialogue import APPLY_QUESTION, close, close_json, dialogue_of
from assistctl.cli.options import auto_approve as auto_approving
from assistctl.cli.options import option
from assistctl.cli.reports import add_outputs, add_summary
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of, settings_of
from assistctl.errors import ExitCode, strongest

if TYPE_CHECKING:
    from assistctl.commands.apply import Applied, Dialogue
    from assistctl.commands.exclusive import Settle
    from assistctl.commands.ports import Ports
    from assistctl.commands.records import Manner
    from assistctl.engine.saved import SavedPlan
    from assistctl.model.selection import Selection
    from assistctl.render.markdown import Room
    from assistctl.settings import Settings


@verb
@click.argument("planfile", required=False, type=click.Path(dir_okay=False, path_type=Path))
@auto_approving
@option(
    "--parallelism",
    metavar="N",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Writes at once.",
)
@click.option("--max-deletes", metavar="N|N%", help="Allow this many deletions, or this share of the owned.")
@option(
    "--max-plan-age",
    metavar="AGE",
    default="14d",
    show_default=True,
    help="Refuse a saved plan that is older.",
)
@option(
    "--lock-timeout", metavar="S", type=float, default=0.0, help="Wait this long for another apply to end."
)
@option(
    "--settle",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Whether to wait for creates that an earlier run may still make.",
)
@option(
    "--settle-seconds",
    metavar="S",
    type=float,
    default=30.0,
    show_default=True,
    help="How long a create may still take effect after it was given up on.",
)
@option("--strict", is_flag=True, help="Answer 3 where the remote does not store a field.")
@option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the run's record here too.")
@option("--allow-pull-request", is_flag=True, help="Apply even in a run for a pull request.")
@option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to report.")
@option("--full", is_flag=True, help="Show whole bodies and long differences.")
@selecting
def command(
    call: Call,
    planfile: Path | None,
    auto_approve: bool,
    parallelism: int,
    max_deletes: str | None,
    max_plan_age: str,
    lock_timeout: float,
    settle: Settle,
    settle_seconds: float,
    strict: bool,
    record: Path | None,
    allow_pull_request: bool,
    form: str,
    full: bool,
    **choices: Unpack[Choices],
) -> ExitCode:
    """Make the remote equal to the manifests: plan, ask, do.

    With PLANFILE, a plan saved by plan --out: it needs no further approval, is derived again from the
    manifests, and whatever moved since is skipped and reported.
    """
    from assistctl.commands.exclusive import Waiting
    from assistctl.commands.records import Manner

    ports = ports_of(call)
    dialogue = dialogue_of(
        call.console,
        approved=auto_approve,
        full=full,
        quiet_plan=form == "json",
        question=APPLY_QUESTION,
    )
    waiting = Waiting(lock_timeout, settle, settle_seconds)
    copy = None if record is None else call.options.locate(record)
    manner = Manner("apply", parallelism, strict, waiting, copy)
    run = _Run(call, ports, dialogue, manner, max_deletes, max_plan_age, allow_pull_request)
    applied = run.fresh(choices) if planfile is None else run.saved(planfile, choices)
    if form == "json":
        close_json(call.console, applied, ports.wall(), verb="apply")
    else:
        close(call.console, applied, verb="apply")
    return strongest([applied.exit_code, _tell_ci(call, ports, applied, planfile)])


def _tell_ci(call: Call, ports: Ports, applied: Applied, planfile: Path | None) -> ExitCode:
    """The step summary and the outputs, where the environment names their files."""
    from assistctl.render.masked import masked
    from assistctl.render.report_markdown import apply_markdown
    from assistctl.render.summaries import apply_outputs

    def summary(room: Room) -> str:
        plan, report = masked((applied.plan, applied.report), call.console.scrub)
        return apply_markdown(plan, report, declined=applied.declined, room=room)

    add_summary(call.console, ports.environ, summary)
    file = "" if planfile is None else str(call.options.locate(planfile))
    return add_outputs(call.console, ports.environ, apply_outputs(applied.report, file))


@dataclass(frozen=True, slots=True)
class _Run:
    """One apply with its options, from a fresh or from a saved plan."""

    call: Call
    ports: Ports
    dialogue: Dialogue
    manner: Manner
    max_deletes: str | None
    max_plan_age: str
    allow_pull_request: bool

    def fresh(self, choices: Choices) -> Applied:
        """Plans now and applies what is confirmed."""
        from assistctl.commands.apply import apply

        settings = self._settings()
        selection = selection_of(choices, settings)
        return apply(settings, selection, self.manner, self.dialogue, self.ports)

    def saved(self, planfile: Path, choices: Choices) -> Applied:
        """Applies a reviewed plan, beside its manifests where there are any."""
        from assistctl.commands.apply_saved import apply_saved, read_saved
        from assistctl.settings import has_project

        saved = read_saved(self.call.options.locate(planfile))
        age = self._age()
        if not has_project(chosen_of(self.call)):
            return self._alone(saved, age, selection_of(choices, None))
        settings = self._settings()
        selection = selection_of(choices, settings)
        return apply_saved(settings, saved, age, selection, self.manner, self.dialogue, self.ports)

    def _alone(self, saved: SavedPlan, age: float, selection: Selection) -> Applied:
        from assistctl.commands.apply_saved import apply_saved_alone
        from assistctl.commands.session import open_link
        from assistctl.settings import check_owner, limits_of, remote_of

        check_owner(saved.owner, self.ports.environ)
        profile, base_url = remote_of(saved.provider, chosen_of(self.call), self.ports.environ)
        self._refuse_pull_request(embedded=not base_url)
        limits = limits_of(self.max_deletes or "30%", self.ports.environ, source="--max-deletes")
        timeout, root = self.call.options.timeout, self.call.options.directory
        with open_link(profile, base_url, root, timeout, self.ports) as link:
            return apply_saved_alone(
                link, saved, age, limits, selection, self.manner, self.dialogue, self.ports
            )

    def _settings(self) -> Settings:
        from assistctl.commands.apply import limits_with

        settings = settings_of(self.call, self.ports)
        self._refuse_pull_request(embedded=settings.embedded)
        return limits_with(settings, self.max_deletes, self.ports.environ)

    def _refuse_pull_request(self, *, embedded: bool) -> None:
        from assistctl.commands.apply import refuse_pull_requests

        refuse_pull_requests(self.ports.environ, allowed=self.allow_pull_request or embedded)

    def _age(self) -> float:
        from assistctl.commands.apply import parse_age

        return parse_age(self.max_plan_age)
