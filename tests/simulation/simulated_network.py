"""The way between the program and a simulated remote: virtual time, and everything that may go wrong.

:class:`SimulatedNetwork` stands where the HTTP client stands. All chances come from one source, so a seed
repeats everything. A kill is an exception that no handler of the program catches; what the operating system
would do for a dead process (locks, open files) is left to the program's own ``finally``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from assistctl.errors import OutcomeUnknown
from assistctl.providers.message import Answer, Request, Unreachable

from .simulated_remote import Sent, SimulatedRemote

_STRICTLY = 0.001
"""A late request has happened and shows strictly before the bound."""
_SILENCE = 60.0


class Killed(BaseException):
    """SIGKILL."""


class VirtualClock:
    """Time that only passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since the beginning of the simulation."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Takes no time at all."""
        self.time += seconds


class Fate(Enum):
    """What becomes of one request: how its client learns of it, and whether it takes effect."""

    FINE = "fine"
    THROTTLED = "429"
    PAUSED = "429, come back later"
    LONG_PAUSE = "429, come back in an hour"
    REFUSED = "400"
    DENIED = "401"
    UNREACHABLE = "not sent"
    BUSY = "503 without effect"
    LOST = "the request is lost"
    FAILED_AFTER = "500 after the effect"
    CUT = "the answer is cut off"
    ANSWER_LOST = "the answer is lost"
    LATE = "late"
    STOPPED = "fine, and a signal arrives"
    KILL_BEFORE = "killed before it is sent"
    KILL_LOST = "killed, and it is lost"
    KILL_LATE = "killed, and it is late"
    KILL_AFTER = "killed before its answer is read"


_ANSWERED = {
    Fate.THROTTLED: Answer(429, {}, b'{"error":{"message":"slow down"}}'),
    Fate.PAUSED: Answer(429, {"retry-after": "7"}, b"{}"),
    Fate.LONG_PAUSE: Answer(429, {"retry-after": "3600"}, b"{}"),
    Fate.REFUSED: Answer(400, {}, b'{"error":{"message":"no"}}'),
    Fate.DENIED: Answer(401, {}, b"{}"),
    Fate.BUSY: Answer(503, {}, b"<html>busy</html>"),
}
"""Without effect."""
_KILLS = (Fate.KILL_BEFORE, Fate.KILL_LOST, Fate.KILL_LATE, Fate.KILL_AFTER)
_BOTH = (Fate.THROTTLED, Fate.PAUSED, Fate.UNREACHABLE, Fate.BUSY, Fate.CUT, Fate.ANSWER_LOST, Fate.STOPPED)
_RARE = (Fate.LONG_PAUSE, Fate.REFUSED, Fate.DENIED)
FAULTS = {
    "GET": (*_BOTH * 2, Fate.DENIED),
    "POST": (*_BOTH * 2, *_RARE, *(Fate.LOST, Fate.FAILED_AFTER, Fate.LATE, Fate.LATE) * 2),
    "DELETE": (*_BOTH * 2, *_RARE, *(Fate.LOST, Fate.FAILED_AFTER, Fate.LATE) * 2),
}
KILLS = {"GET": (Fate.KILL_BEFORE, Fate.KILL_AFTER), "POST": _KILLS, "DELETE": _KILLS}


@dataclass(frozen=True, slots=True)
class Weather:
    """How unkind the world is. Shares are per request, times in seconds."""

    faults: float = 0.0
    kills: float = 0.0
    outside: float = 0.0
    latency: float = 0.1
    lag: float = 0.0
    """The longest that the list lags; below ``late``."""
    late: float = 30.0
    """The bound: what was given up has happened and shows before so many seconds have passed."""


@dataclass(slots=True)
class SimulatedNetwork:
    """The program's only way to the remote; ``weather`` and ``run`` change between runs."""

    remote: SimulatedRemote
    clock: VirtualClock
    chance: Random
    edit: Callable[[], str]
    """Does something to the remote from outside and says what."""
    weather: Weather = field(default_factory=Weather)
    run: str = ""
    stopped: int = 0
    dead: bool = False
    lives: int = 3
    """Kills that may still come."""
    script: list[Fate] = field(default_factory=list)
    """Fates of the next requests; chance decides only once it is empty."""
    trace: list[str] = field(default_factory=list)
    _late: list[tuple[float, float, Request, Sent | None]] = field(default_factory=list)

    def send(self, request: Request, seconds: float) -> Answer:
        """See :class:`~assistctl.providers.message.Sender`."""
        if self.dead:
            raise Killed
        self.clock.sleep(self.chance.uniform(0.1, 1.0) * self.weather.latency)
        self.catch_up()
        # Just before a read: between the program's last look and its write is a window nobody can close.
        if request.method == "GET" and self.chance.random() < self.weather.outside:
            self.note(f"outside: {self.edit()}")
        fate = self._fate(request)
        self.note(f"{request.method} {request.url.partition('.test')[2]}: {fate.value}")
        return self._carried(request, fate, seconds)

    def abandon(self) -> None:
        """Nothing is ever under way when another thread asks."""

    def close(self) -> None:
        """There is nothing to close."""

    def note(self, line: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.clock.time:9.2f} {self.run}: {line}")

    def catch_up(self) -> None:
        """What was late and is due by now happens."""
        while self._late and self._late[0][0] <= self.clock.time:
            _, shows_at, request, sent = self._late.pop(0)
            answer = self.remote.handle(request, sent, shows_at)
            self.note(f"late {request.method} {sent.target if sent else ''}: {answer.status}")

    @property
    def under_way(self) -> frozenset[str]:
        """Ids that a late request is about."""
        return frozenset(sent.target for *_, sent in self._late if sent)

    def _fate(self, request: Request) -> Fate:
        if self.script:
            return self.script.pop(0)
        if self.lives and self.chance.random() < self.weather.kills:
            self.lives -= 1
            return self.chance.choice(KILLS[request.method])
        if self.chance.random() < self.weather.faults:
            return self.chance.choice(FAULTS[request.method])
        return Fate.FINE

    def _carried(self, request: Request, fate: Fate, seconds: float) -> Answer:
        if fate in (Fate.UNREACHABLE, Fate.KILL_BEFORE):
            return self._broken(fate, seconds)
        sent = None if request.method == "GET" else self.remote.take(self.run, request)
        if fate in _ANSWERED:
            return _ANSWERED[fate] if fate is Fate.BUSY else _certain(sent, _ANSWERED[fate])
        if fate in (Fate.LATE, Fate.KILL_LATE):
            return self._late_one(request, sent, fate, seconds)
        if fate in (Fate.LOST, Fate.KILL_LOST):
            return self._broken(fate, seconds)
        answer = self.remote.handle(request, sent)
        if fate in (Fate.FINE, Fate.STOPPED):
            self.stopped = 143 if fate is Fate.STOPPED else self.stopped
            return _certain(sent, answer)
        if fate is Fate.FAILED_AFTER:
            return Answer(500, {}, b"")
        if fate is Fate.CUT:
            return Answer(answer.status, {}, answer.body[: len(answer.body) // 2])
        return self._broken(fate, seconds)

    def _late_one(self, request: Request, sent: Sent | None, fate: Fate, seconds: float) -> Answer:
        """Decided, and listed, before the bound has passed since it was given up."""
        try:
            return self._broken(fate, seconds)
        finally:
            now, bound = self.clock.time, self.weather.late - _STRICTLY
            due = now + self.chance.random() * bound
            self._late.append((due, self.chance.uniform(due, now + bound), request, sent))
            self._late.sort(key=lambda each: each[0])

    def _broken(self, fate: Fate, seconds: float) -> Answer:
        if fate in _KILLS:
            self.dead = True
            raise Killed
        if fate is Fate.UNREACHABLE:
            raise Unreachable("no route", again=True)
        self.clock.sleep(self.chance.uniform(0.0, min(seconds, _SILENCE)))
        raise OutcomeUnknown("nobody answered")


def _certain(sent: Sent | None, answer: Answer) -> Answer:
    if sent is not None:
        sent.answered = True
    return answer
