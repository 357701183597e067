"""``apply``: plan, guard, confirm, do, report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from assistctl.engine.applier import Run, apply_plan, exit_codes
from assistctl.engine.closing import close, created
from assistctl.errors import DiskFault, ExitCode, GuardRefused, RemoteError, UsageFault, strongest
from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic
from assistctl.model.plan import Action, Plan
from assistctl.model.report import Outcome, Report, Result
from assistctl.model.selection import Selection
from assistctl.settings import Settings, limits_of

from .exclusive import Turn, turn
from .live_key import refuse_live_key
from .owned import remember
from .plan import plan_in, read_desired, refusal_code
from .ports import Ports
from .records import Manner, keep
from .session import Link, Session, open_session

_AGE = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """How a command talks while it runs; plain callables, so that tests can answer."""

    show: Callable[[Plan, tuple[Diagnostic, ...]], None]
    confirm: Callable[[Plan], bool]
    """Asked once, and only when there is something to write."""
    progress: Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan: ``report`` is None where a guard or the operator said no."""

    plan: Plan
    report: Report | None
    exit_code: ExitCode
    declined: bool = False


def apply(
    settings: Settings,
    selection: Selection,
    manner: Manner,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    """Plans afresh and applies what the operator confirms."""
    desired, findings = read_desired(settings)
    with open_session(settings, ports) as session:
        return apply_in(session, desired, findings, selection, manner, dialogue, ports)


def apply_in(
    session: Session,
    desired: tuple[Desired, ...],
    findings: tuple[Diagnostic, ...],
    selection: Selection,
    manner: Manner,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    """Applies within an open session."""
    link = session.link
    with turn(link, session.settings.owner, ports.run_id(), manner.waiting, ports) as held:
        planned = plan_in(session, desired, findings, selection, ports)
        wait = held.fresh_wait(planned.remote, link) if planned.plan.of(Action.CREATE) else 0.0
        if wait:
            ports.notify(f"something was created here a moment ago: waiting {wait:.0f} s for more of it")
            ports.clock.sleep(wait)
            planned = plan_in(session, desired, findings, selection, ports)
        return carry_out(link, planned.plan, planned.findings, manner, held, dialogue, ports)


def parse_age(text: str) -> float:
    """``14d``, ``12h``, ``30m`` in seconds. Raises UsageFault for anything else."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise UsageFault(f"--max-plan-age: {text!r} is no age like 14d, 12h or 30m")
    return int(match[1]) * float(_SECONDS[match[2]])


def limits_with(settings: Settings, flag: str | None, environ: Mapping[str, str]) -> Settings:
    """Settings whose deletion limit is ``--max-deletes``, where it was given; the operator's cap stays."""
    if flag is None:
        return settings
    return replace(settings, limits=limits_of(flag, environ, source="--max-deletes"))


def refuse_pull_requests(environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raises GuardRefused (6) in a run for a pull request: whoever proposes a change must not be the one
    who carries it out. ``allowed`` by the operator, or because the remote is the embedded one."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    source = environ.get("CI_PIPELINE_SOURCE", "")
    proposed = event.startswith("pull_request") or source == "merge_request_event"
    if proposed and not allowed:
        raise GuardRefused(
            f"this runs for a pull request ({event or source}): its manifests are only proposed",
            undone="nothing was applied",
            next="apply after the merge, or use --allow-pull-request if every author may apply",
        )


def carry_out(
    link: Link,
    plan: Plan,
    findings: tuple[Diagnostic, ...],
    manner: Manner,
    held: Turn,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    """Shows, guards, asks and applies a plan, then keeps a record of what it wrote."""
    dialogue.show(plan, findings)
    refuse_live_key(plan, link.key)
    refused = refusal_code(plan)
    if refused:
        return Applied(plan, None, refused)
    if plan.writes and not dialogue.confirm(plan):
        return Applied(plan, None, ExitCode.DONE, declined=True)
    return _carried_out(link, plan, manner, held, dialogue, ports)


def _carried_out(
    link: Link, plan: Plan, manner: Manner, held: Turn, dialogue: Dialogue, ports: Ports
) -> Applied:
    run = Run(
        link.provider,
        link.canon,
        ports.clock,
        manner.parallelism,
        strict=manner.strict,
        journal=held.journal,
        settle_seconds=manner.waiting.settle_seconds,
        stopped=ports.stopped,
        on_result=dialogue.progress,
    )
    started = ports.wall()
    with ports.graceful(link.provider):
        report = apply_plan(plan, run)
        codes = exit_codes(report)
        if not report.interrupted:
            report, closed = _closed(report, plan, link, manner, ports)
            codes |= closed
        try:
            keep(manner, plan, report, link, started, ports)
            if _creates_are_settled(report):
                held.end()
            if not report.interrupted and ExitCode.OUTCOME_UNKNOWN not in codes:
                remember(link, plan, report, ports)
        except DiskFault as fault:
            news = "the run was not recorded, so it cannot be undone by name"
            ports.notify("; ".join((news, *fault.lines())))
            codes.add(fault.exit_code)
    report = _stopped_by_now(report, ports)
    return Applied(plan, report, strongest(codes | exit_codes(report)))


def _creates_are_settled(report: Report) -> bool:
    """Whether the next run may go on without a look: only creates can make twins."""
    unknown = report.count(Outcome.UNKNOWN, Action.CREATE)
    return not (report.interrupted or report.unlisted or unknown)


def _stopped_by_now(report: Report, ports: Ports) -> Report:
    """A signal after the last write ends the run like any other: an interrupt always wins. A time limit
    that passes once everything is done takes nothing back."""
    code = ports.stopped()
    signalled = code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
    return replace(report, interrupted=code) if signalled else report


def _closed(
    report: Report, plan: Plan, link: Link, manner: Manner, ports: Ports
) -> tuple[Report, set[ExitCode]]:
    """Waits until the list shows what was created; what it does not show is told and is not forgotten."""
    seconds = manner.waiting.settle_seconds
    try:
        last = close(report, plan.owner, link.provider, ports.clock, seconds)
    except RemoteError as error:
        ports.notify("; ".join(("what was created could not be looked at in the list", *error.lines())))
        unseen = tuple(sorted(created(report).values()))
        return replace(report, unlisted=unseen), {ExitCode.OUTCOME_UNKNOWN}
    if last.unlisted:
        keys = ", ".join(last.unlisted)
        ports.notify(f"created but not listed yet: {keys}; wait before the next apply, or it makes twins")
    if last.twins:
        ports.notify(
            f"several assistants bear one key now: {', '.join(last.twins)}; assistctl plan shows them"
        )
    codes = {ExitCode.OUTCOME_UNKNOWN} if last.unlisted else set()
    codes |= {ExitCode.DECISION_NEEDED} if last.twins else set()
    return replace(report, unlisted=last.unlisted), codes
