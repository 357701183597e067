"""One write: look at the target, send, hold the answer against what was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from assistctl.errors import ExitCode, MarkerLost, NotApplied, OutcomeUnknown, RemoteError
from assistctl.model.assistant import MARKER_KEY, Remote
from assistctl.model.plan import Action, Change
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Result

from .bodies import wire_body
from .clearing import without_nulls
from .learning import Lesson, different, expected, learn
from .normalize import Canon
from .survey import unmoved

_GONE = (404, 410)
_INVALID = (400, 422)
_ATTEMPTS = 3
"""A modify whose answer was lost is sent again while a GET shows that its base still stands."""
_LESSONS = 4
"""Follow-up modifies at most: two more ways to clear, one to record, one to put back."""


class _MovedError(Exception):
    """The target of a modify is not what the plan was made from: ``now`` is what it is, None for gone."""

    def __init__(self, now: Remote | None, *, sent: bool) -> None:
        super().__init__()
        self.now = now
        self.sent = sent
        """Whether a modify was sent before, whose answer was lost."""


@dataclass(slots=True)
class _Told:
    """What one write has to tell beside its end."""

    warnings: list[str] = field(default_factory=list)
    dropped: bool = False


def write(change: Change, provider: Provider, canon: Canon, strict: bool = False) -> Result:
    """Carries one change out. Raises a RemoteError where it failed or its outcome is unknown.

    ``strict`` answers 3 where the remote accepts a field and does not store it.
    """
    if change.action is Action.CREATE:
        return _settled(change, None, provider.create(wire_body(change)), provider, canon, strict)
    if change.action is Action.DELETE:
        return _delete(change, provider, canon)
    return _modify(change, provider, canon, strict)


def written_by_now(
    change: Change, remote: Remote, provider: Provider, canon: Canon, strict: bool = False
) -> Result:
    """Ends a create whose answer was lost: ``remote`` is what the list shows of it.

    A value that differs from what was sent may be the remote's form of it, or somebody's edit meanwhile:
    nothing is sent after it, the next plan shows it.
    """
    whole = provider.get(remote.id) if change.body.keys() - remote.fields.keys() else remote
    return _unrecorded(change, whole or remote, canon, strict)


def _modify(change: Change, provider: Provider, canon: Canon, strict: bool) -> Result:
    try:
        return _tried(change, provider, canon, strict)
    except _MovedError as error:
        ended = _gone(change) if error.now is None else _moved(change, error.now, canon)
        if not error.sent or ended.outcome is Outcome.DONE:
            return ended
        return replace(ended, detail=f"it was sent and no answer came; by now {ended.detail}")


def _tried(change: Change, provider: Provider, canon: Canon, strict: bool) -> Result:
    """Raises ``_MovedError`` as soon as the target is not the plan's base any more."""
    lost: OutcomeUnknown | None = None

    def look() -> Remote:
        found = _looked_at(change, provider, lost)
        if found is None or not unmoved(change.base, found, canon):
            raise _MovedError(found, sent=lost is not None)
        return found

    for attempt in count(1):
        now = look()
        try:
            answer = _sent(change, provider, look)
        except OutcomeUnknown as error:
            lost = error
            if attempt == _ATTEMPTS:
                look()
                raise
        except RemoteError as error:
            raise (lost or error) from error  # what was sent before may still have an effect
        else:
            break
    return _settled(change, now, answer, provider, canon, strict) if answer else _gone(change)


def _looked_at(change: Change, provider: Provider, lost: OutcomeUnknown | None) -> Remote | None:
    """The target as it is now. Where it cannot be seen, a request whose answer was ``lost`` stays
    unknown."""
    try:
        return provider.get(change.id or "")
    except RemoteError as error:
        raise (lost or error) from error


def _moved(change: Change, now: Remote, canon: Canon) -> Result:
    if expected(change, now, canon):
        return Result(change.action, change.key, change.id, Outcome.DONE)
    return _skipped(change, "somebody changed it since the plan: plan again")


def _gone(change: Change) -> Result:
    return _skipped(change, "it is gone from the remote: plan again to create it")


def _sent(change: Change, provider: Provider, look: Callable[[], object]) -> Remote | None:
    """The answer to a modify, None where the target is gone; once more without nulls where they are
    refused. ``look`` looks at the target before each repetition."""
    try:
        return provider.update(change.id or "", wire_body(change), look)
    except NotApplied as error:
        if error.status in _GONE:
            return None
        other = without_nulls(change) if error.status in _INVALID else None
        if other is None:
            raise
        look()
        return provider.update(change.id or "", wire_body(other), look)


def _delete(change: Change, provider: Provider, canon: Canon) -> Result:
    now = provider.get(change.id or "")
    if now is None:
        return Result(change.action, change.key, change.id, Outcome.DONE, "it was gone already")
    if not unmoved(change.base, now, canon):
        return _moved(change, now, canon)
    provider.delete(change.id or "")
    return Result(change.action, change.key, change.id, Outcome.DONE)


def _settled(
    change: Change, before: Remote | None, answer: Remote, provider: Provider, canon: Canon, strict: bool
) -> Result:
    """Ends a write that was answered: learns what the remote made of it until it stands."""
    if MARKER_KEY not in change.metadata:
        return _unrecorded(change, answer, canon, strict)
    if answer.metadata is not None and MARKER_KEY not in answer.metadata:
        raise MarkerLost(answer.id)
    told = _Told()
    for _ in range(_LESSONS):
        lesson = learn(change, before, answer, canon)
        if lesson is None:
            break
        _tell(told, change.key, lesson)
        change = lesson.change(change)
        if not lesson.again:
            break
        try:
            answer = provider.update(answer.id, wire_body(change))
        except RemoteError as error:
            told.warnings.append(
                f"{change.key}: what the remote made of it could not be recorded: {error.what}"
            )
            break
    code = int(ExitCode.PARTLY_APPLIED) if strict and told.dropped else 0
    return Result(
        change.action, change.key, answer.id, Outcome.DONE, exit_code=code, warnings=tuple(told.warnings)
    )


def _unrecorded(change: Change, answer: Remote, canon: Canon, strict: bool) -> Result:
    """The end of a write after which nothing is recorded: what differs is only told."""
    missed = tuple(different(change, answer, canon))
    told = tuple(f"{change.key}: the remote does not store {name} as it was sent" for name in missed)
    code = int(ExitCode.PARTLY_APPLIED) if strict and missed else 0
    return Result(change.action, change.key, answer.id, Outcome.DONE, exit_code=code, warnings=told)


def _tell(told: _Told, key: str, lesson: Lesson) -> None:
    told.dropped = told.dropped or bool(lesson.dropped)
    told.warnings += [f"{key}: the remote stores {name} in a form of its own" for name in lesson.rewritten]
    told.warnings += [f"{key}: the remote accepts {name} and does not store it" for name in lesson.dropped]
    told.warnings += [
        f"{key}: the remote does not clear {name}; it is no longer managed" for name in lesson.stands
    ]


def _skipped(change: Change, detail: str) -> Result:
    code = int(ExitCode.DECISION_NEEDED)
    return Result(change.action, change.key, change.id, Outcome.SKIPPED, detail, code)
