"""Carries a plan out: every write checked right before it is sent, every end reported.

Creates and changes run side by side, deletions afterwards and only while nothing is unknown. A write
that fails does not stop the others, except where the remote refuses the credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assistctl.errors import CredentialsRefused, ExitCode, OutcomeUnknown, RemoteError
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Report, Result

from .normalize import Canon
from .writes import write

OnResult = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Run:
    """How to carry a plan out."""

    provider: Provider
    canon: Canon
    parallelism: int = 4
    """Writes under way at once."""
    strict: bool = False
    """Answer 3 where the remote accepts a field and does not store it."""
    stopped: Callable[[], int] = lambda: 0
    """130 or 143 once a signal arrived: nothing new is started; else 0."""
    on_result: OnResult | None = None
    """Told each end as it happens, from several threads."""


class _Brake:
    """Closes once the remote refuses the credentials or a signal arrives."""

    def __init__(self, stopped: Callable[[], int]) -> None:
        self._stopped = stopped
        self.refused = ""

    @property
    def closed(self) -> str:
        if self.refused:
            return self.refused
        return "interrupted" if self._stopped() else ""


def apply_plan(plan: Plan, run: Run) -> Report:
    """Applies every write of ``plan``; the report has one result per write, in the plan's order."""
    brake = _Brake(run.stopped)
    deletes = plan.of(Action.DELETE)
    others = [change for change in plan.writes if change.action is not Action.DELETE]
    results = _wave(others, run, brake)
    if any(result.outcome is Outcome.UNKNOWN for result in results):
        results += [_held_back(change, run) for change in deletes]
    else:
        results += _wave(deletes, run, brake)
    order = {(change.key, change.id): place for place, change in enumerate(plan.writes)}
    results.sort(key=lambda r: order[(r.key, None if r.action is Action.CREATE else r.id)])
    return Report(tuple(results), interrupted=run.stopped())


def _wave(changes: Sequence[Change], run: Run, brake: _Brake) -> list[Result]:
    if not changes:
        return []
    with ThreadPoolExecutor(max_workers=max(1, min(run.parallelism, len(changes)))) as pool:
        ended: Iterable[Result] = pool.map(lambda change: _one(change, run, brake), changes)
        return list(ended)


def _one(change: Change, run: Run, brake: _Brake) -> Result:
    why = brake.closed
    result = _ended(change, Outcome.NOT_STARTED, why) if why else _attempt(change, run, brake)
    return _told(result, run)


def _attempt(change: Change, run: Run, brake: _Brake) -> Result:
    try:
        return write(change, run.provider, run.canon, strict=run.strict)
    except CredentialsRefused as error:
        brake.refused = "the remote refused the credentials"
        return _failed(change, Outcome.FAILED, error)
    except OutcomeUnknown as error:
        return _failed(change, Outcome.UNKNOWN, error)
    except RemoteError as error:
        return _failed(change, Outcome.FAILED, error)


def _held_back(change: Change, run: Run) -> Result:
    result = _ended(change, Outcome.NOT_STARTED, "nothing is deleted while the outcome of a write is unknown")
    return _told(result, run)


def _told(result: Result, run: Run) -> Result:
    if run.on_result is not None:
        run.on_result(result)
    return result


def _failed(change: Change, outcome: Outcome, error: RemoteError) -> Result:
    detail = "; ".join(error.lines())
    return Result(change.action, change.key, change.id, outcome, detail, int(error.exit_code))


def _ended(change: Change, outcome: Outcome, detail: str) -> Result:
    return Result(change.action, change.key, change.id, outcome, detail)


def exit_codes(report: Report) -> set[ExitCode]:
    """Every exit code that the results of a run call for."""
    codes = {ExitCode(result.exit_code) for result in report.results if result.exit_code}
    if report.interrupted:
        codes.add(ExitCode(report.interrupted))
    if not report.complete and report.count(Outcome.DONE):
        codes.add(ExitCode.PARTLY_APPLIED)
    return codes
