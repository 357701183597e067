"""An Assistants server in memory, in virtual time, whose list lags; and the whole truth about it.

A GET by id answers what is; the list answers what was: every version of an assistant, and its end, shows
some time after it came about, in order. Whatever is done to it is written down by whom.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from assistctl.engine.marker import decode
from assistctl.model.assistant import FIELDS, MARKER_KEY
from assistctl.model.clock import Clock
from assistctl.providers.message import Answer, Request

Body = dict[str, Any]
EPOCH = 1_750_000_000
"""Unix seconds when the virtual clock shows 0."""
_EMPTY: Body = {name: [] if name == "tools" else None for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an assistant; ``body`` is None once it is deleted."""

    shows_at: float
    body: Body | None
    text: bytes
    outside: int
    """How many edits other than ours it has seen."""


@dataclass(slots=True)
class Thing:
    """One assistant with its whole life, newest version last."""

    id: str
    versions: list[Version]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def listed(self, now: float) -> Version | None:
        """What the list shows of it, None before its beginning."""
        return next((version for version in reversed(self.versions) if version.shows_at <= now), None)


@dataclass(slots=True)
class Sent:
    """One write request that left the client, and what became of it."""

    run: str
    verb: str
    target: str
    """The key of a create, else the id."""
    effects: int = 0
    made: str = ""
    answered: bool = False
    """Whether its answer said for certain what became of it."""


def marker_of(body: Mapping[str, Any] | None) -> tuple[str, str]:
    """Owner and key that an assistant's marker names, empty for none."""
    metadata = (body or {}).get("metadata") or {}
    marker = decode(metadata.get(MARKER_KEY) or "")
    return (marker.owner, marker.key) if marker else ("", "")


@dataclass(slots=True)
class SimulatedRemote:
    """``lag`` answers how many seconds a change needs to show in the list, asked once per change."""

    owner: str
    clock: Clock
    lag: Callable[[], float]
    page_size: int = 100
    things: dict[str, Thing] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    """Laws that were broken, in plain words."""
    shown: dict[str, int] = field(default_factory=dict)
    """Per id the number of outside edits that the list has shown to the client."""
    planned: dict[str, int] = field(default_factory=dict)
    """The same at the moment of the plan: nothing that was edited since may be written."""

    def take(self, run: str, request: Request) -> Sent:
        """Notes a write that reaches the network. Must be called before it can have an effect."""
        path = _path(request)
        if request.method == "DELETE":
            sent = Sent(run, "delete", path)
        elif path:
            sent = Sent(run, "update", path)
        else:
            sent = Sent(run, "create", marker_of(json.loads(request.body))[1])
        self.sent.append(sent)
        if path:
            self._judge(sent)
        return sent

    def handle(self, request: Request, sent: Sent | None = None, shows_at: float | None = None) -> Answer:
        """Does what a request asks, now. ``shows_at`` fixes when the list shows it."""
        path = _path(request)
        if request.method == "GET":
            return self._get(path) if path else self._list(request.url.partition("?")[2])
        thing = self.things.get(path)
        if path and (thing is None or thing.latest.body is None):
            return _answer(404, {"error": {"message": "No assistant found"}})
        if request.method == "DELETE" and thing is not None:
            return self._delete(thing, sent, shows_at)
        return self._write(thing, json.loads(request.body), sent, shows_at)

    def put(self, body: Body, remote_id: str = "", outside: int = 0, shows_at: float | None = None) -> Thing:
        """A new assistant, or a new version of one."""
        thing = self.things.get(remote_id)
        if thing is None:
            thing = Thing(f"asst_{len(self.things):03}", [])
            self.things[thing.id] = thing
            created = {"created_at": EPOCH + int(self.clock.now())}
            body = {"id": thing.id, "object": "assistant", **created, **_EMPTY, **body}
        text = json.dumps(body, separators=(",", ":")).encode()
        thing.versions.append(Version(self._shows_at(thing, shows_at), body, text, outside))
        return thing

    def edit_outside(self, thing: Thing, **fields: Any) -> None:
        """A person at a console, or another program."""
        body = thing.latest.body
        if body is not None:
            self.put({**body, **fields}, thing.id, thing.latest.outside + 1)

    def end(self, thing: Thing, outside: int = 0, shows_at: float | None = None) -> None:
        """Deletes one."""
        gone = Version(self._shows_at(thing, shows_at), None, b"", thing.latest.outside + outside)
        thing.versions.append(gone)

    def living(self) -> Iterator[tuple[Thing, Body]]:
        """Everything that exists now, oldest first."""
        for thing in self.things.values():
            body = thing.latest.body
            if body is not None:
                yield thing, body

    def ours(self) -> Counter[str]:
        """How many living assistants bear our marker, by key."""
        marks = (marker_of(body) for _, body in self.living())
        return Counter(key for owner, key in marks if owner == self.owner)

    def taken_away(self, thing: Thing) -> bool:
        """Whether it is gone, or not ours any more, by somebody else's doing."""
        if thing.latest.body is None:
            return thing.latest.outside > thing.versions[-2].outside
        return marker_of(thing.latest.body)[0] != self.owner

    def _shows_at(self, thing: Thing, fixed: float | None) -> float:
        moment = self.clock.now() + self.lag() if fixed is None else fixed
        return max([moment, *(version.shows_at for version in thing.versions[-1:])])

    def _judge(self, sent: Sent) -> None:
        """G2 and G4: only what bears our marker is touched, and only as the plan has seen it.

        What this very run made has no base in its plan: G4 says nothing of it.
        """
        thing = self.things.get(sent.target)
        if thing is None or thing.latest.body is None:
            return
        if marker_of(thing.latest.body)[0] != self.owner:
            self.wrongs.append(f"G2: {sent.verb} of {sent.target}, which is not ours")
        elif thing.latest.outside != self.planned.get(sent.target, thing.latest.outside):
            self.wrongs.append(f"G4: {sent.verb} of {sent.target}, edited outside since the plan")

    def _get(self, remote_id: str) -> Answer:
        thing = self.things.get(remote_id)
        if thing is None or thing.latest.body is None:
            return _answer(404, {"error": {"message": "No assistant found"}})
        return Answer(200, {}, thing.latest.text)

    def _list(self, query: str) -> Answer:
        asked = dict(parse_qsl(query))
        now = self.clock.now()
        visible = [(thing, version) for thing in self.things.values() if (version := thing.listed(now))]
        items = [(thing, version) for thing, version in visible if version.body is not None]
        begin = 0
        if "after" in asked:
            ids = [thing.id for thing, _ in items]
            if asked["after"] not in ids:
                return _answer(404, {"error": {"message": "no such cursor"}})
            begin = ids.index(asked["after"]) + 1
        size = min(int(asked.get("limit", "20")), self.page_size)
        page = items[begin : begin + size]
        self.shown.update((thing.id, version.outside) for thing, version in page)
        more = b"true" if begin + size < len(items) else b"false"
        data = b",".join(version.text for _, version in page)
        return Answer(200, {}, b'{"object":"list","data":[' + data + b'],"has_more":' + more + b"}")

    def _delete(self, thing: Thing, sent: Sent | None, shows_at: float | None) -> Answer:
        self.end(thing, shows_at=shows_at)
        if sent:
            sent.effects += 1
        return _answer(200, {"id": thing.id, "object": "assistant.deleted", "deleted": True})

    def _write(self, thing: Thing | None, body: Body, sent: Sent | None, shows_at: float | None) -> Answer:
        if thing is not None and thing.latest.body is not None:
            before = thing.latest.body
            metadata = {**(before["metadata"] or {}), **(body.get("metadata") or {})}
            kept = {key: text for key, text in metadata.items() if text is not None}
            thing = self.put({**before, **body, "metadata": kept}, thing.id, thing.latest.outside, shows_at)
        else:
            thing = self.put(body, shows_at=shows_at)
            self._count(marker_of(body))
        if sent:
            sent.effects, sent.made = sent.effects + 1, thing.id
        return Answer(200, {}, thing.latest.text)

    def _count(self, mark: tuple[str, str]) -> None:
        if mark[0] == self.owner and self.ours()[mark[1]] > 1:
            self.wrongs.append(f"G1: twins of {mark[1]}")


def _path(request: Request) -> str:
    """The id in an address, empty for the collection."""
    return request.url.partition("?")[0].partition("/assistants")[2].lstrip("/")


def _answer(status: int, body: Body) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())
