"""One write: look at the target, send, compare the answer with what was sent."""

from __future__ import annotations

from assistctl.errors import ExitCode, NotApplied, OutcomeUnknown
from assistctl.model.assistant import FIELDS, MARKER_KEY, Remote
from assistctl.model.plan import ABSENT, Absent, Action, Change
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Result
from assistctl.model.values import Value

from .bodies import wire_body, without_nulls
from .normalize import Canon
from .survey import unmoved

_GONE = 404
_ATTEMPTS = 3
"""A modify whose answer was lost is sent again while a GET shows that its base still stands."""


def write(change: Change, provider: Provider, canon: Canon) -> Result:
    """Carries one change out. Raises a RemoteError where it failed or its outcome is unknown."""
    if change.action is Action.CREATE:
        return _done(change, provider.create(wire_body(change)), canon)
    if change.action is Action.DELETE:
        return _delete(change, provider, canon)
    return _modify(change, provider, canon)


def _modify(change: Change, provider: Provider, canon: Canon) -> Result:
    target = change.id or ""
    for _ in range(_ATTEMPTS):
        now = provider.get(target)
        if now is None:
            return _skipped(change, "it is gone from the remote: plan again to create it")
        if not unmoved(change.base, now, canon):
            return _done(change, now, canon) if holds(change, now, canon) else _moved(change)
        try:
            return _done(change, provider.update(target, wire_body(change)), canon)
        except OutcomeUnknown as error:
            lost = error
        except NotApplied as error:
            if error.status == _GONE:
                return _skipped(change, "it is gone from the remote: plan again to create it")
            raise
    raise lost


def _delete(change: Change, provider: Provider, canon: Canon) -> Result:
    target = change.id or ""
    now = provider.get(target)
    if now is None:
        return Result(change.action, change.key, change.id, Outcome.DONE, "it was gone already")
    if not unmoved(change.base, now, canon):
        return _moved(change)
    provider.delete(target)
    return Result(change.action, change.key, change.id, Outcome.DONE)


def holds(change: Change, now: Remote, canon: Canon) -> bool:
    """Whether the remote already stands as the change wants it, marker included."""
    return not unstuck(change, now, canon)


def unstuck(change: Change, now: Remote, canon: Canon) -> tuple[str, ...]:
    """The fields that the remote answers differently from what was sent, by name.

    A field that the answer lacks says nothing and is left out.
    """
    fields = [
        name for name in FIELDS if name in change.body and not _stuck(name, change.body[name], now, canon)
    ]
    if now.metadata is None:
        return tuple(fields)
    wanted = without_nulls(change.metadata)
    entries = [f"metadata.{key}" for key, text in wanted.items() if now.metadata.get(key, "") != text]
    entries += [
        f"metadata.{key}" for key in change.metadata.keys() - wanted.keys() if now.metadata.get(key, "")
    ]
    return tuple(fields + sorted(entries))


def _stuck(name: str, sent: Value, now: Remote, canon: Canon) -> bool:
    answered: Value | Absent = now.fields.get(name, ABSENT)
    return isinstance(answered, Absent) or canon.same(name, sent, answered)


def _done(change: Change, answer: Remote, canon: Canon) -> Result:
    lost = unstuck(change, answer, canon)
    if f"metadata.{MARKER_KEY}" in lost:
        detail = "the remote did not store the ownership marker: it cannot be managed there"
        code = int(ExitCode.DECISION_NEEDED)
        return Result(change.action, change.key, answer.id, Outcome.FAILED, detail, code)
    warnings = tuple(
        f"{change.key}: the remote stored {name} differently from what was sent" for name in lost
    )
    return Result(change.action, change.key, answer.id, Outcome.DONE, warnings=warnings)


def _moved(change: Change) -> Result:
    return _skipped(change, "somebody changed it since the plan: plan again")


def _skipped(change: Change, detail: str) -> Result:
    code = int(ExitCode.DECISION_NEEDED)
    return Result(change.action, change.key, change.id, Outcome.SKIPPED, detail, code)
