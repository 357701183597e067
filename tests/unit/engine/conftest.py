"""Manifests, remotes and plans by hand, and an embedded server whose every request is on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest

from assistctl.engine.applier import Run, apply_plan
from assistctl.engine.marker import Marker, Record, digest, metadata_records
from assistctl.engine.normalize import Canon
from assistctl.engine.planner import Frame, make_plan
from assistctl.engine.survey import Survey, survey
from assistctl.model.assistant import MARKER_KEY, Desired, Remote
from assistctl.model.limits import Limits
from assistctl.model.plan import Change, Plan
from assistctl.model.provider import Provider
from assistctl.model.report import Report
from assistctl.model.selection import Selection
from assistctl.model.values import Json, pack
from assistctl.providers.connect import connect
from assistctl.providers.profiles import built_in
from assistctl.server.app import App
from assistctl.server.store import Store

OWNER = "acme/prod"
T = TypeVar("T")


class Hours:
    """A clock that passes as fast as anybody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Make:
    """Builds both sides and plans them. Values are plain JSON; the model is gpt-4o unless said."""

    canon = Canon({"openai/gpt-4o": "gpt-4o"})
    owner = OWNER

    def desired(self, key: str = "bot", **parts: Any) -> Desired:
        """A manifest: fields by name, and ``metadata``, ``pin``, ``aliases``, ``lifecycle``."""
        own = {name: parts.pop(name) for name in ("metadata", "pin", "aliases", "lifecycle") if name in parts}
        fields = {"name": key, "model": "gpt-4o", **parts}
        return Desired(key, {name: pack(value) for name, value in fields.items()}, file=f"{key}.yaml", **own)

    def marker(self, key: str = "bot", applied: Mapping[str, Json] | None = None, **parts: Any) -> str:
        """The text of a marker that records ``applied`` fields and ``entries`` of metadata."""
        entries: Mapping[str, str] = parts.pop("entries", {})
        stored: Mapping[str, Json] = parts.pop("stored", {})
        records = {
            name: Record(
                digest(name, self.canon.text(name, pack(value))),
                digest(name, self.canon.text(name, pack(stored[name]))) if name in stored else None,
            )
            for name, value in (applied or {}).items()
        }
        digests = {name: digest(f"metadata.{name}", text) for name, text in entries.items()}
        marker = Marker(OWNER, key, "r0", fields=records, metadata=metadata_records(digests))
        return replace(marker, **parts).encode()

    def remote(self, remote_id: str, *, created: float = 1.0, **parts: Any) -> Remote:
        """A remote assistant without a marker unless ``metadata`` holds one."""
        metadata = parts.pop("metadata", {})
        return Remote(remote_id, created, {name: pack(value) for name, value in parts.items()}, metadata)

    def owned(self, key: str = "bot", remote_id: str = "asst_1", **parts: Any) -> Remote:
        """An assistant of ours: ``applied`` once, holding ``now`` today; the same for metadata with
        ``entries`` and ``metadata``. Other arguments go into the marker."""
        applied = {"name": key, "model": "gpt-4o", **parts.pop("applied", {})}
        now, created = parts.pop("now", {}), parts.pop("created", 1.0)
        entries = parts.pop("entries", {})
        metadata = {**entries, **parts.pop("metadata", {})}
        hidden = parts.pop("hidden", ())
        fields = {name: value for name, value in {**applied, **now}.items() if name not in hidden}
        text = self.marker(key, applied, entries=entries, **parts)
        kept = {name: value for name, value in metadata.items() if value is not None}
        return self.remote(remote_id, created=created, metadata={**kept, MARKER_KEY: text}, **fields)

    def survey(self, *remotes: Remote, formerly: tuple[str, ...] = ()) -> Survey:
        return survey(remotes, OWNER, formerly)

    def frame(self, limits: Limits | None = None, run: str = "r1", **selection: Any) -> Frame:
        return Frame(
            OWNER, "local", "embedded", run, self.canon, Selection(**selection), limits or Limits("100%")
        )

    def plan(self, desired: Sequence[Desired], remotes: Sequence[Remote] = (), **parts: Any) -> Plan:
        """Plans; keyword arguments are those of Selection, and ``limits``."""
        found = survey(remotes, OWNER, parts.get("formerly", ()))
        return make_plan(desired, found, self.frame(**parts))

    def change(self, desired: Desired, *remotes: Remote, **parts: Any) -> Change:
        """The one change of a plan with one manifest."""
        plan = self.plan([desired], remotes, **parts)
        return next(change for change in plan.changes if change.key == desired.key)


@dataclass
class Recorded:
    """A provider that records its writes and can misbehave: ``faults`` are run before the call of a verb
    (or after it, where they return a callable)."""

    inner: Provider
    history: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Mapping[str, Json]] = field(default_factory=list)
    faults: dict[str, list[Callable[[], Any] | None]] = field(default_factory=dict)

    def inner_ids(self) -> list[str]:
        """What stands on the server, whoever asks."""
        return [remote.id for page in self.inner.pages() for remote in page]

    def pages(self) -> Iterator[tuple[Remote, ...]]:
        return self.inner.pages()

    def get(self, remote_id: str) -> Remote | None:
        return self._call("get", lambda: self.inner.get(remote_id))

    def create(self, body: Mapping[str, Json]) -> Remote:
        self.history.append(("create", str(body.get("name"))))
        self.bodies.append(body)
        return self._call("create", lambda: self.inner.create(body))

    def update(
        self, remote_id: str, body: Mapping[str, Json], before_repeat: Callable[[], object] | None = None
    ) -> Remote:
        self.history.append(("update", remote_id))
        self.bodies.append(body)
        return self._call("update", lambda: self.inner.update(remote_id, body, before_repeat))

    def delete(self, remote_id: str) -> bool:
        self.history.append(("delete", remote_id))
        return self._call("delete", lambda: self.inner.delete(remote_id))

    def stop(self) -> None:
        self.inner.stop()

    def abandon(self) -> None:
        self.inner.abandon()

    def _call(self, verb: str, action: Callable[[], T]) -> T:
        waiting = self.faults.get(verb)
        fault = waiting.pop(0) if waiting else None
        later = fault() if fault else None
        answer = action()
        if callable(later):
            later()
        return answer


class Clock:
    now = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the embedded server never has to be waited for")


def _unexpected(line: str) -> None:
    raise AssertionError(line)


class World:
    """An embedded server with a plan and apply around it."""

    def __init__(self, store: Store, make: Make) -> None:
        handler = App(store).respond
        self.outside = connect(
            built_in("local"), "", None, clock=Clock(), notify=_unexpected, handler=handler
        )
        self.provider = Recorded(self.outside)
        self.make = make

    def remotes(self) -> list[Remote]:
        return [remote for page in self.outside.pages() for remote in page]

    def one(self, name: str) -> Remote:
        return next(remote for remote in self.remotes() if remote.fields["name"] == name)

    def plan(self, *desired: Desired, **parts: Any) -> Plan:
        return self.make.plan(desired, self.remotes(), **parts)

    def apply(self, plan: Plan, **parts: Any) -> Report:
        return apply_plan(plan, Run(self.provider, self.make.canon, Hours(), **parts))

    def settle(self, *desired: Desired, **parts: Any) -> Report:
        """Plans and applies, and forgets the history of it."""
        report = self.apply(self.plan(*desired, **parts))
        assert report.complete
        self.provider.history.clear()
        self.provider.bodies.clear()
        return report


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def world(make: Make) -> Iterator[World]:
    with Store(":memory:") as store:
        yield World(store, make)
