"""How many requests are under way at once: few at first, more while the remote is at ease, half after 429.

The pool of ``--parallelism`` threads is the ceiling: nobody else sends writes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_FIRST_WRITES = 2
_WEIGHT = 0.25
_TIMES, _NOISE = 2.0, 0.010


@dataclass(frozen=True, slots=True)
class Latency:
    """What answers of one kind have been taking."""

    recent: float
    """Seconds, smoothed over about the last seven answers: one that came late is no trend."""
    floor: float
    """Seconds: the lowest that ``recent`` has been. The quickest answer of all would not do: the more an
    uneven remote answers, the further its luckiest answer is from its usual ones."""

    def after(self, seconds: float) -> Latency:
        """With one more answer."""
        recent = self.recent + _WEIGHT * (seconds - self.recent)
        return Latency(recent, min(recent, self.floor))

    @property
    def is_flat(self) -> bool:
        """Whether requests do not queue up. A server that works one by one doubles its latency with every
        doubling of the window; jitter and new connections stay below twice the floor, and on loopback
        10 ms are the scheduler's."""
        return self.recent <= _TIMES * self.floor + _NOISE


@dataclass(frozen=True, slots=True)
class Ticket:
    """One attempt at a request, from its passing the gate to its end."""

    kind: str
    """Requests of one kind should take about the same time."""
    write: bool
    number: int
    halvings: int
    """How many there had been when it passed."""


class Window:
    """How many may be under way, as arithmetic without threads or clock.

    Writes have a window from the start. Reads are free until the remote says 429; from then on both share
    one window.
    """

    def __init__(self) -> None:
        self.limit = _FIRST_WRITES
        self._reads = self._writes = 0
        self._passed = 0
        self._filled = 0
        """The number of the latest ticket that left no room."""
        self._good = 0
        self._halvings = 0
        self._careful = False
        """Whether the remote has shown signs of congestion."""
        self._latencies: dict[str, Latency] = {}

    def has_room(self, *, write: bool) -> bool:
        """Whether one more may begin."""
        return not self._holds(write) or self._taken < self.limit

    def enter(self, kind: str, *, write: bool) -> Ticket:
        """One more is under way."""
        self._count(write, 1)
        self._passed += 1
        if self._holds(write) and self._taken >= self.limit:
            self._filled = self._passed
        return Ticket(kind, write, self._passed, self._halvings)

    def leave(self, ticket: Ticket) -> None:
        """It is under way no more."""
        self._count(ticket.write, -1)

    def succeeded(self, ticket: Ticket, seconds: float) -> None:
        """It went well and its answer took ``seconds``. To be told before it leaves."""
        known = self._latencies.get(ticket.kind)
        latency = known.after(seconds) if known else Latency(seconds, seconds)
        self._latencies[ticket.kind] = latency
        if not self._holds(ticket.write):
            return
        if not latency.is_flat:
            self._careful = True
        elif self._proves(ticket):
            self._grow()

    def throttled(self, ticket: Ticket) -> None:
        """The remote said 429 to it. To be told before it leaves.

        A burst of 429s answers requests from before the limit shrank: it halves once, not to nothing.
        """
        if ticket.halvings == self._halvings:
            self.limit = max(1, (self._reads + self._writes) // 2)
            self._halvings += 1
        self._good = 0
        self._careful = True

    def latency(self, kind: str) -> Latency | None:
        """What is known of this kind; None before its first success."""
        return self._latencies.get(kind)

    def _holds(self, write: bool) -> bool:
        return write or self._halvings > 0

    @property
    def _taken(self) -> int:
        return self._writes + (self._reads if self._halvings else 0)

    def _count(self, write: bool, change: int) -> None:
        if write:
            self._writes += change
        else:
            self._reads += change

    def _proves(self, ticket: Ticket) -> bool:
        """Whether its success says something about this window: it began after the latest halving, and
        there was no room left at some moment since. So the limit stays below twice the most that were ever
        under way at once."""
        return ticket.halvings == self._halvings and ticket.number <= self._filled

    def _grow(self) -> None:
        """By one per success, which doubles it with every round trip; once careful, by one per round."""
        self._good += 1
        if self._good >= (self.limit if self._careful else 1):
            self.limit, self._good = self.limit + 1, 0


class Gate:
    """Where threads wait until their request fits into the :class:`Window`."""

    def __init__(self) -> None:
        self.window = Window()
        self._stopped = False
        self._changed = threading.Condition()

    @contextmanager
    def passing(self, kind: str, *, write: bool) -> Iterator[Ticket]:
        """Waits for room, then holds it to the end of the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self.window.has_room(write=write))
            ticket = self.window.enter(kind, write=write)
        try:
            yield ticket
        finally:
            with self._changed:
                self.window.leave(ticket)
                # One is enough: all who wait at one time wait for the same.
                self._changed.notify()

    @property
    def stopped(self) -> bool:
        """No further request may begin."""
        return self._stopped

    def stop(self) -> None:
        """Ends the run: those who wait here come through at once and find it stopped."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def throttled(self, ticket: Ticket) -> None:
        """See :meth:`Window.throttled`."""
        with self._changed:
            self.window.throttled(ticket)

    def succeeded(self, ticket: Ticket, seconds: float) -> None:
        """See :meth:`Window.succeeded`."""
        with self._changed:
            before = self.window.limit
            self.window.succeeded(ticket, seconds)
            if self.window.limit > before:
                self._changed.notify()
