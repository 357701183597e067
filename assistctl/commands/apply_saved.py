"""``apply PLANFILE``: the reviewed artefact, and nothing that was not reviewed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assistctl.engine.applier import exit_codes
from assistctl.engine.policy import judged
from assistctl.engine.reviewed import Rederived, rederive, still_valid
from assistctl.engine.saved import SavedPlan, load
from assistctl.engine.storm import without_storm
from assistctl.engine.survey import Survey, unmoved
from assistctl.errors import DecisionNeeded, ExitCode, strongest
from assistctl.model.diagnostic import Diagnostic
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.report import Outcome, Result
from assistctl.model.selection import Selection
from assistctl.settings import Settings, operator_policies

from .apply import Applied, Dialogue, carry_out
from .exclusive import Turn, turn
from .owned import last_owned
from .plan import plan_in, read_desired
from .ports import Ports
from .records import Manner
from .remote import gather, whole
from .session import Link, open_session

_MOST_BYTES = 256 * 1024 * 1024
"""Of a saved plan: ten thousand assistants of ten kilobytes, twice over."""
_SKEW = 86_400.0
"""Seconds by which two clocks may differ: a plan from later than that would never grow old."""
_MOVED = "the remote moved since the plan was saved: plan again"


def apply_saved(
    settings: Settings,
    saved: SavedPlan,
    max_age: float,
    selection: Selection,
    manner: Manner,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    """Applies a reviewed plan beside its manifests: with the choices it was made with they must still
    produce it.

    ``max_age`` is in seconds. Raises DecisionNeeded (5) before any write where the plan does not fit.
    """
    desired, findings = read_desired(settings)
    with open_session(settings, ports) as session:
        check_fit(saved, settings.owner, session.link.origin, max_age, ports.wall())
        check_choices(saved, selection)
        with turn(session.link, settings.owner, ports.run_id(), manner.waiting, ports) as held:
            planned = plan_in(session, desired, findings, saved.selection, ports, hold=True)
            same = _unmoved_in(planned.remote, session.link)
            result = rederive(saved, planned.plan, same, settings.limits, len(desired))
            held_last = last_owned(session.link, settings.owner, ports)
            watched = without_storm(result.plan, held_last, saved.selection)
            result = replace(result, plan=judged(watched, settings.policies))
            return _carry_out(session.link, result, findings, manner, held, dialogue, ports)


def apply_saved_alone(
    link: Link,
    saved: SavedPlan,
    max_age: float,
    limits: Limits,
    selection: Selection,
    manner: Manner,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    """Applies a reviewed plan where there is no project: checked against the remote alone."""
    check_fit(saved, saved.owner, link.origin, max_age, ports.wall())
    check_choices(saved, selection)
    with turn(link, saved.owner, ports.run_id(), manner.waiting, ports) as held:
        known = [change.id for change in saved.writes if change.id]
        remote = whole(gather(link.provider, saved.owner), known, link.provider)
        result = still_valid(saved, remote, limits, _unmoved_in(remote, link))
        watched = without_storm(result.plan, last_owned(link, saved.owner, ports), saved.selection)
        result = replace(result, plan=judged(watched, operator_policies(ports.environ)))
        return _carry_out(link, result, (), manner, held, dialogue, ports)


def read_saved(path: Path) -> SavedPlan:
    """Reads what ``plan --out`` wrote. Raises InvalidInput where it was edited, cut off or is no plan."""
    return load(_text_of(path), str(path))


def _text_of(path: Path) -> str:
    from assistctl.files import read_chosen

    data = read_chosen(path, limit=_MOST_BYTES)
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")  # its digest tells that it is broken


def check_fit(saved: SavedPlan, owner: str, origin: str, max_age: float, now: float) -> None:
    """Raises DecisionNeeded for a plan of another owner or remote, or one that is too old."""
    reasons = []
    if saved.owner != owner:
        reasons.append(f"it is for {saved.owner}, but {owner} is in force")
    if saved.origin != origin:
        reasons.append(f"it was made against {saved.origin}, but this is {origin}")
    age = now - saved.made_at
    if age > max_age:
        reasons.append(f"it is {age / 86400:.1f} days old (--max-plan-age)")
    elif not age >= -_SKEW:  # not a number is no age either
        reasons.append("it was made in the future")
    if reasons:
        raise DecisionNeeded(
            f"the saved plan does not fit: {'; '.join(reasons)}",
            undone="nothing was applied",
            next="assistctl plan --out FILE",
        )


def check_choices(saved: SavedPlan, selection: Selection) -> None:
    """Raises DecisionNeeded where the plan holds what ``--target`` or ``--no-delete`` rule out today: it is
    applied as it was reviewed or not at all."""
    ruled_out = [
        f"{change.action} {change.key}"
        for change in saved.writes
        if not selection.includes(change.key) or (change.action is Action.DELETE and not selection.delete)
    ]
    if ruled_out:
        raise DecisionNeeded(
            f"the saved plan holds what --target or --no-delete rule out: {', '.join(ruled_out)}",
            undone="nothing was applied",
            next="assistctl plan --out FILE with the same options",
        )


def _carry_out(
    link: Link,
    result: Rederived,
    findings: tuple[Diagnostic, ...],
    manner: Manner,
    held: Turn,
    dialogue: Dialogue,
    ports: Ports,
) -> Applied:
    approved = replace(dialogue, confirm=lambda _plan: True)
    applied = carry_out(link, _with_stale(result), findings, manner, held, approved, ports)
    if applied.report is None or not result.stale:
        return applied
    skipped = tuple(_stale(change) for change in result.stale)
    for item in skipped:
        dialogue.progress(item)
    report = replace(applied.report, results=(*applied.report.results, *skipped))
    return replace(applied, report=report, exit_code=strongest({applied.exit_code, *exit_codes(report)}))


def _with_stale(result: Rederived) -> Plan:
    """The plan as it is shown: what moved is open until somebody plans again."""
    places = {(change.key, change.id) for change in result.stale}
    others = [change for change in result.plan.changes if (change.key, change.id) not in places]
    stale = [Change(Action.UNDECIDED, c.key, c.id, reason=_MOVED, file=c.file) for c in result.stale]
    changes = sorted([*others, *stale], key=lambda change: (change.key, change.id or ""))
    return replace(result.plan, changes=tuple(changes))


def _unmoved_in(remote: Survey, link: Link) -> Callable[[str, str], bool]:
    def same(remote_id: str, base: str) -> bool:
        seen = remote.by_id.get(remote_id)
        return seen is not None and unmoved(base, seen.remote, link.canon)

    return same


def _stale(change: Change) -> Result:
    code = int(ExitCode.DECISION_NEEDED)
    return Result(change.action, change.key, change.id, Outcome.SKIPPED, _MOVED, code)
