"""One remote's ground truth: what exists, and the history of every request that asked for it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from assistctl.server.app import App
from assistctl.server.messages import Answer, Request
from assistctl.server.store import Store

from .fates import Asked, Choose, Effect, Fate, no_faults

MARKER = "assistctl"
Row: TypeAlias = dict[str, Any]
"""One assistant as the server answers it."""


@dataclass(slots=True)
class Exchange:
    """One request and what became of it. Times are seconds of the machine's monotonic clock, which all
    processes share."""

    number: int
    kind: str
    method: str
    path: str
    fate: str
    begun: float
    """Its first byte was there."""
    read: float | None = None
    """Its last byte was there; None for a request that never came in whole."""
    ended: float | None = None
    """Its answer was on the way, or its connection cut."""
    key: str = ""
    """Of the marker in the body, empty where there is none."""
    owner: str = ""
    target: str = ""
    """The id in the path, also of a request that was never read."""
    target_owner: str = ""
    """Whose marker the target carried when the write took effect; empty for nobody's."""
    target_body: str = ""
    """The target as it was when the write took effect."""
    applied_at: float | None = None
    """None for a write without effect."""
    made: str = ""
    """The id that a create got."""

    @property
    def write(self) -> bool:
        return self.method != "GET"

    @property
    def applied(self) -> bool:
        return self.applied_at is not None

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class World:
    """A server of its own, in memory."""

    choose: Choose = no_faults
    clock: Callable[[], float] = time.time
    """Unix seconds, for created_at."""
    rows: Iterable[Row] = ()
    """What is there from the beginning."""
    history: list[Exchange] = field(default_factory=list)
    due: list[tuple[float, Callable[[], bool]]] = field(default_factory=list)
    """From each moment on no list is answered before the condition holds: however busy the machine is, what
    takes effect within a bound is in every list that is asked for after it."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _pending: list[threading.Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._closed = False
        self._store = Store(":memory:")
        self.app = App(self._store, clock=self.clock)
        with self._store.writing() as table:
            for row in self.rows:
                table.insert(row["id"], row["created_at"], json.dumps(row).encode())

    def begin(self, method: str, path: str) -> tuple[Exchange, Fate]:
        """Notes a request of which the first bytes are there, and decides its fate."""
        begun = time.monotonic()
        with self._lock:
            asked = Asked(len(self.history), method, path)
            fate = self.choose(asked)
            exchange = Exchange(asked.number, asked.kind, method, path, fate.name, begun)
            exchange.target = _target(path)
            self.history.append(exchange)
            if fate.lands:
                self.land()
        return exchange, fate

    def carry_out(self, exchange: Exchange, fate: Fate, query: Mapping[str, str], body: bytes) -> Answer:
        """The core's answer; a write takes effect as its fate says, a late one by a timer."""
        exchange.read = time.monotonic()
        _note_marker(exchange, body)
        request = Request(exchange.method, exchange.path, query, {}, body)
        if not exchange.write:
            time.sleep(fate.delay)
            return self._read(exchange, request)
        done = threading.Event()
        if fate.delay or fate.late:
            self.due.append((exchange.read + fate.delay + fate.late, done.is_set))
        time.sleep(fate.delay)
        answer = Answer(500, {}, b"{}")
        if fate.effect is Effect.LATE:
            self._later(fate.late, exchange, request, done)
            return answer
        if fate.effect is Effect.NOW:
            answer = self._apply(exchange, request)
        done.set()
        return answer

    def _later(self, seconds: float, exchange: Exchange, request: Request, done: threading.Event) -> None:
        def land() -> None:
            with self._lock:
                if not done.is_set():
                    self._apply(exchange, request)
                    done.set()

        timer = threading.Timer(seconds, land)
        timer.daemon = True
        self._pending.append(timer)
        timer.start()

    def _read(self, exchange: Exchange, request: Request) -> Answer:
        now = time.monotonic()
        for moment, condition in tuple(self.due) if exchange.kind == "list" else ():
            while moment <= now and not condition() and not self._closed:
                time.sleep(0.001)
        with self._lock:
            return Answer(500, {}, b"{}") if self._closed else self.app.handle(request)

    def _apply(self, exchange: Exchange, request: Request) -> Answer:
        with self._lock:
            if self._closed:
                return Answer(500, {}, b"{}")
            before = self._one(exchange.target) if exchange.target else None
            answer = self.app.handle(request)
            if answer.status == 200:
                exchange.applied_at = time.monotonic()
                exchange.target_owner = owner_of(before) if before else ""
                exchange.target_body = json.dumps(before) if before else ""
                exchange.made = "" if exchange.target else json.loads(answer.body)["id"]
        return answer

    def _one(self, assistant_id: str) -> Row | None:
        text = self._store.get(assistant_id)
        return None if text is None else json.loads(text)

    def truth(self) -> list[Row]:
        """Everything that exists, oldest first."""
        found: list[Row] = []
        more = True
        while more:
            query = {"limit": "100", "order": "asc"} | ({"after": found[-1]["id"]} if found else {})
            page = json.loads(self.app.handle(Request("GET", "/assistants", query)).body)
            found += page["data"]
            more = page["has_more"]
        return found

    def add(self, **fields: Any) -> Row:
        """Somebody else makes an assistant."""
        return self._by_hand("/assistants", {"model": "gpt-4o-mini", **fields})

    def edit(self, assistant_id: str, **fields: Any) -> Row:
        """Somebody else changes one."""
        return self._by_hand(f"/assistants/{assistant_id}", fields)

    def _by_hand(self, path: str, fields: Mapping[str, Any]) -> Row:
        answer = self.app.handle(Request("POST", path, {}, {}, json.dumps(fields).encode()))
        assert answer.status == 200, answer.body
        found: Row = json.loads(answer.body)
        return found

    def land(self) -> None:
        """Every late write takes effect now."""
        for timer in self._pending:
            timer.cancel()
            timer.function()

    def settle(self) -> None:
        """Returns once no late write is under way any more."""
        for timer in self._pending:
            timer.join()

    def close(self) -> None:
        for timer in self._pending:
            timer.cancel()
        with self._lock:
            self._closed = True
            self._store.close()


def owner_of(row: Row) -> str:
    """The owner that an assistant's marker names, empty for none and for a marker that was cut."""
    return _claim(row["metadata"])[0]


def key_of(row: Row) -> str:
    """The key that an assistant's marker names, empty for none and for a marker that was cut."""
    return _claim(row["metadata"])[1]


def _claim(metadata: Mapping[str, str]) -> tuple[str, str]:
    words = str(metadata.get(MARKER, "")).split()
    return (words[1], words[2]) if len(words) > 3 and words[-1].startswith("#") else ("", "")


def exchanges(data: Sequence[Mapping[str, Any]]) -> list[Exchange]:
    """A history that came through a pipe."""
    return [Exchange(**item) for item in data]


def _target(path: str) -> str:
    return path.strip("/").partition("/")[2].partition("/")[0]


def _note_marker(exchange: Exchange, body: bytes) -> None:
    try:
        exchange.owner, exchange.key = _claim(json.loads(body)["metadata"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return
