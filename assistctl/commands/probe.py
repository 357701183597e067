"""The probe of ``doctor``: made, and removed again whatever happens, short of a kill.

The next ``doctor`` of the same owner finds one that a kill left behind by its name or its metadata entry. Its
create stands in the journal like every other one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from assistctl.engine.closing import WAITS
from assistctl.engine.normalize import Canon
from assistctl.engine.probes import ENTRY, owner_mark, probe_mark, probe_name
from assistctl.errors import GuardRefused, NotApplied, NotStarted, OutcomeUnknown, RemoteError
from assistctl.model.assistant import Remote
from assistctl.model.journal import Journal
from assistctl.model.profile import Profile
from assistctl.model.provider import Provider
from assistctl.model.values import Json, Value, pack

from .ports import Ports

if TYPE_CHECKING:
    from assistctl.providers.wire import WireProvider

_NOWHERE = "asst_assistctl0doctor0never0was"
"""An id that no server gave out: deleting it tells whether there is a delete at all."""
MISSING = frozenset({404, 405, 501})
"""Answers of a server that has no such call."""
ILLEGAL = frozenset({400, 415, 422})
"""Answers to a value that the server does not take."""
BROKEN = 500
"""From this status on a server says that it failed."""
KEPT, DROPPED = "assistctl-doctor-kept", "assistctl-doctor-dropped"
LONG = "k" * 512
PROMPT = "This is a probe of assistctl doctor.\nIt may be deleted.\n"


@dataclass(frozen=True, slots=True)
class Lab:
    """Where and with what the probe is made."""

    provider: WireProvider
    canon: Canon
    profile: Profile
    owner: str
    model: str
    run: str
    paging: Literal["cursor", "none", "refused"]
    journal: Journal
    ports: Ports

    @property
    def name(self) -> str:
        """The probe's own name."""
        return probe_name(self.owner, self.run)

    @property
    def clearing(self) -> Mapping[str, Value]:
        """What the profile says that clears a field."""
        return {name: pack(json.loads(text)) for name, text in self.profile.clearing.items()}


@dataclass(slots=True)
class Probe:
    """The probe, as it was last answered."""

    lab: Lab
    now: Remote
    metadata: dict[str, Json]
    verbs: set[str] = field(default_factory=lambda: {"list", "create", "delete"})

    def modify(self, **fields: Json) -> Remote:
        """One modify with what every one needs; the answer, or a GET where that leaves a field out."""
        if self.lab.ports.stopped():
            raise NotStarted(
                "the time limit of this run has passed", undone="the write test was not finished"
            )
        body: dict[str, Json] = {"model": self.lab.model, "name": self.lab.name}
        entries: dict[str, Json] = {"metadata": self.metadata} if self.metadata else {}
        answer = self.lab.provider.update(self.now.id, {**body, **entries, **fields})
        if fields.keys() - answer.fields.keys() - {"metadata"} and "get" in self.verbs:
            answer = self.lab.provider.get(self.now.id) or answer
        self.now = answer
        return answer


def remove_probe(provider: Provider, remote_id: str, mark: str) -> None:
    """Deletes a probe of the owner behind ``mark``, if it still is one, and sees to it that it is gone.

    Raises GuardRefused where it is no probe of this owner any more, RemoteError where it stays.
    """
    now = _as_it_is(provider, remote_id)
    if now is None:
        return
    if probe_mark(now) != mark:
        raise GuardRefused(
            f"{remote_id} was made as a probe and does not look like one any more",
            undone="it was left alone",
            next="delete it by hand if nobody needs it",
        )
    provider.delete(remote_id)
    if _as_it_is(provider, remote_id) is not None:
        raise RemoteError(
            "the remote took the deletion of a probe, and the probe is still there",
            where=remote_id,
            next="delete it by hand, or run assistctl doctor again",
        )


def _as_it_is(provider: Provider, remote_id: str) -> Remote | None:
    """By GET; from the list where there is no such call."""
    try:
        return provider.get(remote_id)
    except RemoteError as error:
        if error.status not in MISSING and (error.status or 0) < BROKEN:
            raise
    listed = [item for page in provider.pages() for item in page]
    return next((item for item in listed if item.id == remote_id), None)


def require_delete(lab: Lab) -> None:
    """Sees to it before anything is made that it can be removed again."""
    try:
        there = lab.provider.delete(_NOWHERE) or "delete" in lab.profile.verbs
    except RemoteError as error:
        if error.status is None or error.status in (401, 402, 403):
            raise
        there = error.status not in MISSING
    if not there:
        raise GuardRefused(
            f"{lab.profile.name} has no delete call: a probe could not be removed again",
            undone="no probe was made",
            next="leave delete out of the `verbs` of its profile; try it where a probe may stay behind",
        )


@dataclass(slots=True)
class _Made:
    """What is known about the create."""

    id: str = ""
    lost: bool = False
    """It was sent, and what became of it is not known."""


@contextmanager
def made_in(lab: Lab) -> Iterator[Probe]:
    """The probe, from its journalled intent until it is gone."""
    lab.journal.intend([lab.name])
    made = _Made()
    try:
        yield _create(lab, made)
    except BaseException:  # a signal, too: the probe goes before the run ends
        try:
            _clear_away(lab, made)
        except (RemoteError, GuardRefused) as error:
            news = f"the probe {made.id or lab.name} may still be there: {error.what}"
            lab.ports.notify(f"{news}; assistctl doctor removes it")
        raise
    _clear_away(lab, made)


def _clear_away(lab: Lab, made: _Made) -> None:
    ids = [made.id] if made.id else [item.id for item in listing(lab) if item.fields.get("name") == lab.name]
    for remote_id in ids:
        remove_probe(lab.provider, remote_id, owner_mark(lab.owner))
    if ids or not made.lost:
        lab.journal.landed(lab.name, None)


def _create(lab: Lab, made: _Made) -> Probe:
    body: dict[str, Json] = {"model": lab.model, "name": lab.name, "instructions": PROMPT.strip()}
    metadata: dict[str, Json] = {ENTRY: lab.name, KEPT: LONG, DROPPED: "1"}
    try:
        return Probe(lab, _sent(lab, made, {**body, "metadata": metadata}), metadata)
    except NotApplied as error:
        if error.status not in ILLEGAL:
            raise
    try:
        return Probe(lab, _sent(lab, made, body), {})  # a remote that refuses metadata
    except NotApplied as error:
        error.next = error.next or "name a model that this remote has: --model MODEL"
        raise


def _sent(lab: Lab, made: _Made, body: Mapping[str, Json]) -> Remote:
    """Sends the create; where its answer is lost, waits for it to show in the list."""
    made.lost = True
    try:
        found = lab.provider.create(body)
    except NotApplied:
        made.lost = False
        raise
    except OutcomeUnknown:
        shown = _turned_up(lab)
        if shown is None:
            raise
        found = shown
    made.id, made.lost = found.id, False
    return found


def _turned_up(lab: Lab) -> Remote | None:
    for wait in WAITS:
        lab.ports.clock.sleep(wait)
        for item in listing(lab):
            if item.fields.get("name") == lab.name:
                return item
    return None


def listing(lab: Lab) -> list[Remote]:
    from assistctl.providers.paging import Walk

    return [item for page in Walk(lab.provider.page, lab.paging).pages() for item in page]
