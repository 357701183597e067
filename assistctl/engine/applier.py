"""Carries a plan out: every write checked right before it is sent, every end reported.

Creates and changes run side by side, deletions afterwards and only while nothing is unknown. A write
that fails does not stop the others, except where the remote refuses the credentials or the disk does not
take the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from assistctl.errors import (
    CredentialsRefused,
    DiskFault,
    ExitCode,
    MarkerLost,
    NotStarted,
    OutcomeUnknown,
    RemoteError,
)
from assistctl.model.assistant import Remote
from assistctl.model.clock import Clock
from assistctl.model.journal import Journal, NoJournal
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Report, Result

from .intents import Intents
from .normalize import Canon
from .settling import Settling
from .writes import write, written_by_now

_STOPPED = {
    int(ExitCode.INTERRUPTED): "interrupted",
    int(ExitCode.TERMINATED): "terminated",
    int(ExitCode.REMOTE_FAILED): "the time limit of this run has passed",
}
OnResult = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Run:
    """How to carry a plan out."""

    provider: Provider
    canon: Canon
    clock: Clock
    parallelism: int = 4
    """Writes under way at once."""
    strict: bool = False
    """Answer 3 where the remote accepts a field and does not store it."""
    journal: Journal = field(default_factory=NoJournal)
    settle_seconds: float = 30.0
    """How long a create may still take effect after we gave up on it."""
    stopped: Callable[[], int] = lambda: 0
    """130 or 143 once a signal arrived, 7 once the time is over: nothing new is started; else 0."""
    on_result: OnResult | None = None
    """Told each end as it happens, from several threads."""


class _Crew:
    """Sends writes side by side until a brake closes: credentials refused, disk failed, signal."""

    def __init__(self, plan: Plan, run: Run) -> None:
        self._run = run
        self._intents = Intents([change.key for change in plan.of(Action.CREATE)], run.journal)
        self._broken = ""

    def send(self, changes: Sequence[Change]) -> list[Result]:
        """One result per change, in order."""
        if not changes:
            return []
        with ThreadPoolExecutor(max_workers=max(1, min(self._run.parallelism, len(changes)))) as pool:
            return list(pool.map(self._one, changes))

    def adopt(self, change: Change, remote: Remote) -> Result:
        """The end of a create whose answer was lost and whose assistant the list shows."""
        return self._guarded(change, lambda: written_by_now(change, remote, *self._ways))

    def hold_back(self, changes: Sequence[Change]) -> list[Result]:
        """Deletions that are not even tried."""
        why = "nothing is deleted while the outcome of a write is unknown"
        return [self._told(_ended(change, Outcome.NOT_STARTED, why)) for change in changes]

    def tell(self, results: Iterable[Result]) -> None:
        """Tells what settling could not bring to an end."""
        for result in results:
            self._told(result)

    @property
    def _ways(self) -> tuple[Provider, Canon, bool]:
        return self._run.provider, self._run.canon, self._run.strict

    def _one(self, change: Change) -> Result:
        why = self._broken or _STOPPED.get(self._run.stopped(), "")
        if why:
            return self._told(_ended(change, Outcome.NOT_STARTED, why))
        return self._guarded(change, lambda: self._write(change))

    def _write(self, change: Change) -> Result:
        if change.action is Action.CREATE:
            self._intents.ensure(change.key)
        return write(change, *self._ways)

    def _guarded(self, change: Change, attempt: Callable[[], Result]) -> Result:
        try:
            result = attempt()
        except CredentialsRefused as error:
            self._broken = "the remote refused the credentials"
            result = _failed(change, Outcome.FAILED, error)
        except MarkerLost as error:
            self._broken = "the remote keeps no ownership marker"
            result = replace(_failed(change, Outcome.FAILED, error), id=error.remote_id)
        except NotStarted as error:
            why = _STOPPED.get(self._run.stopped(), error.what)
            result = replace(_failed(change, Outcome.NOT_STARTED, error), detail=why)
        except OutcomeUnknown as error:
            result = _failed(change, Outcome.UNKNOWN, error)
            return result if change.action is Action.CREATE else self._told(result)
        except RemoteError as error:
            result = _failed(change, Outcome.FAILED, error)
        except DiskFault as error:
            self._broken = "the journal cannot be written"
            return self._told(_failed(change, Outcome.FAILED, error))
        if change.action is Action.CREATE:
            result = self._landed(result)
        return self._told(result)

    def _landed(self, result: Result) -> Result:
        """Notes the outcome; a disk that fails now ends the run and costs the next one a wait."""
        try:
            self._intents.landed(result.key, result.id)
        except DiskFault as error:
            self._broken = "the journal cannot be written"
            return replace(result, exit_code=int(error.exit_code))
        return result

    def _told(self, result: Result) -> Result:
        if self._run.on_result is not None:
            self._run.on_result(result)
        return result


def apply_plan(plan: Plan, run: Run) -> Report:
    """Applies every write of ``plan``; the report has one result per write, in the plan's order."""
    crew = _Crew(plan, run)
    deletes = plan.of(Action.DELETE)
    others = [change for change in plan.writes if change.action is not Action.DELETE]
    creates = {change.key: change for change in plan.of(Action.CREATE)}
    settling = Settling(plan.owner, run.provider, run.clock, run.settle_seconds, run.stopped)
    results = settling.settle(crew.send(others), creates, crew.send, crew.adopt)
    crew.tell(result for result in results if _is_open(result))
    unknown = any(result.outcome is Outcome.UNKNOWN for result in results)
    results += crew.hold_back(deletes) if unknown else crew.send(deletes)
    order = {(change.key, change.id): place for place, change in enumerate(plan.writes)}
    results.sort(key=lambda r: order[(r.key, None if r.action is Action.CREATE else r.id)])
    return Report(tuple(results), interrupted=run.stopped())


def _is_open(result: Result) -> bool:
    return result.action is Action.CREATE and result.outcome is Outcome.UNKNOWN


def _failed(change: Change, outcome: Outcome, error: RemoteError | DiskFault) -> Result:
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
