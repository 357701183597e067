"""The write test of ``doctor``: one probe is made, changed, cleared, listed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Literal

from assistctl.engine.clearing import ladder
from assistctl.engine.closing import WAITS
from assistctl.engine.probes import ENTRY
from assistctl.engine.probing import FieldSeen, Kept, Trial
from assistctl.errors import RemoteError
from assistctl.model.assistant import Remote
from assistctl.model.plan import ABSENT
from assistctl.model.values import Json, pack, unpack

from .probe import (
    BROKEN,
    DROPPED,
    ILLEGAL,
    KEPT,
    LONG,
    MISSING,
    PROMPT,
    Lab,
    Probe,
    listing,
    made_in,
    require_delete,
)

_VALUES: Mapping[str, Json] = {
    "instructions": PROMPT,
    "description": "A probe of assistctl doctor.",
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "assistctl_probe",
                "description": "Does nothing.",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ],
    "temperature": 0.5,
    "top_p": 0.5,
    "response_format": {"type": "text"},
    "reasoning_effort": "low",
}


def write_test(lab: Lab, meanwhile: Callable[[], None]) -> Trial:
    """Tries everything out on one probe; calls ``meanwhile`` once, as soon as the probe is there to be seen.

    Raises GuardRefused where it could not be removed again, and a RemoteError where the remote fails; the
    probe is removed all the same.
    """
    require_delete(lab)
    with made_in(lab) as probe:
        _look_at_get(probe)
        listed = _listed(probe)
        meanwhile()
        made = probe.now
        if not _look_at_update(probe):
            return Trial(frozenset(probe.verbs), (), None if made.metadata else "none", listed=listed)
        name = "instructions"
        kept = lab.canon.same(name, made.fields.get(name, ABSENT), probe.now.fields.get(name, ABSENT))
        long_entry = (made.metadata or {}).get(KEPT) == LONG
        mode, removal = _metadata(probe, made)
        fields = tuple(_field(probe, name, value) for name, value in _VALUES.items())
        return Trial(frozenset(probe.verbs), fields, mode, long_entry, removal, kept, listed)


def _listed(probe: Probe) -> str:
    """When the probe shows in the list."""
    waited = 0.0
    for wait in (0.0, *WAITS):
        if wait:
            probe.lab.ports.clock.sleep(wait)
        waited += wait
        if any(item.id == probe.now.id for item in listing(probe.lab)):
            return f"within {waited:.0f} s" if waited else "at once"
    return f"not within {waited:.0f} s"


def _look_at_get(probe: Probe) -> None:
    try:
        found = probe.lab.provider.get(probe.now.id)
    except RemoteError as error:
        if error.status not in MISSING:
            raise
        return
    if found is not None:
        probe.verbs.add("get")
        probe.now = found


def _look_at_update(probe: Probe) -> bool:
    """Whether there is a modify: one that changes nothing."""
    try:
        probe.modify()
    except RemoteError as error:
        if error.status not in MISSING:
            raise
        return False
    probe.verbs.add("update")
    return True


def _metadata(probe: Probe, made: Remote) -> tuple[Literal["merge", "replace", "none"], str]:
    """How a modify treats the map, and what takes a key away from it."""
    if not made.metadata or ENTRY not in made.metadata:
        probe.metadata = {}
        return "none", ""
    del probe.metadata[DROPPED]
    if DROPPED not in (probe.modify().metadata or {}):
        return "replace", "leaving it out"
    for rung in (None, ""):
        try:
            answer = probe.modify(metadata={**probe.metadata, DROPPED: rung})
        except RemoteError as error:
            _only_refusals(error)
            continue
        if not (answer.metadata or {}).get(DROPPED):
            return "merge", json.dumps(rung)
    return "merge", ""


def _field(probe: Probe, name: str, value: Json) -> FieldSeen:
    before, canon, sent = probe.now, probe.lab.canon, pack(value)
    try:
        answered = probe.modify(**{name: value}).fields.get(name, ABSENT)
    except RemoteError as error:
        _only_refusals(error)
        return FieldSeen(name, Kept.REFUSED if error.status in ILLEGAL else Kept.FAILED, told=error.what)
    if canon.same(name, sent, answered):
        return FieldSeen(name, Kept.STORED, _cleared_by(probe, name))
    if canon.same(name, before.fields.get(name, ABSENT), answered):
        return FieldSeen(name, Kept.DROPPED)
    return FieldSeen(name, Kept.REWRITTEN, _cleared_by(probe, name))


def _cleared_by(probe: Probe, name: str) -> str:
    """The first value that brings the default back, as JSON text; "" for none."""
    for rung in ladder(name, probe.lab.clearing):
        try:
            answer = probe.modify(**{name: unpack(rung)})
        except RemoteError as error:
            _only_refusals(error)
            continue
        if probe.lab.canon.same(name, answer.fields.get(name, ABSENT), None):
            return json.dumps(unpack(rung), separators=(",", ":"))
    return ""


def _only_refusals(error: RemoteError) -> None:
    """Raises ``error`` again unless the remote answered that it does not take the value: some say 500."""
    if error.status not in ILLEGAL | {BROKEN}:
        raise error
