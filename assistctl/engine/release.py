"""Giving up ownership: the marker goes, everything else stays as the remote holds it."""

from __future__ import annotations

from assistctl.errors import ExitCode, NotApplied
from assistctl.model.assistant import MARKER_KEY, Remote
from assistctl.model.plan import Action
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Result
from assistctl.model.values import Json, unpack

from .survey import see

_INVALID = (400, 422)


def release(key: str, owner: str, remote_id: str, provider: Provider) -> Result:
    """Strips our marker from one assistant; nothing is deleted.

    A server may keep a metadata key that is sent as null: then it is sent as ``""``, which no longer reads
    as a marker. Raises a RemoteError where it failed.
    """
    now = provider.get(remote_id)
    if now is None or not _is_ours(now, key, owner):
        detail = "it is gone or no longer ours: nothing was sent"
        return Result(Action.UPDATE, key, remote_id, Outcome.SKIPPED, detail, int(ExitCode.DECISION_NEEDED))
    answer = _sent(now, None, provider)
    if answer is None or _is_ours(answer, key, owner):
        answer = _sent(now, "", provider)
    if answer is None or _is_ours(answer, key, owner):
        detail = "the remote does not let go of the marker"
        return Result(Action.UPDATE, key, remote_id, Outcome.FAILED, detail, int(ExitCode.REMOTE_FAILED))
    return Result(Action.UPDATE, key, remote_id, Outcome.DONE)


def _is_ours(remote: Remote, key: str, owner: str) -> bool:
    marker = see(remote).marker
    return marker is not None and marker.owner == owner and marker.key == key


def _sent(now: Remote, marker: str | None, provider: Provider) -> Remote | None:
    """The answer to the modify; None where the server refuses this form of it.

    Every managed field goes along as it stands: one server resets what a modify leaves out.
    """
    marked = see(now).marker
    managed = marked.fields.keys() if marked else ()
    body: dict[str, Json] = {
        name: unpack(value) for name, value in now.fields.items() if name in managed or name == "model"
    }
    body["metadata"] = {**(now.metadata or {}), MARKER_KEY: marker}
    try:
        return provider.update(now.id, {name: value for name, value in body.items() if value is not None})
    except NotApplied as error:
        if error.status in _INVALID:
            return None
        raise
