"""One writer at a time, and only after earlier creates have settled."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistctl.engine.settling import Settling
from assistctl.engine.survey import Survey
from assistctl.errors import DecisionNeeded
from assistctl.files import FileRefused, read_chosen, write_private
from assistctl.model.provider import Provider
from assistctl.state import place_for

from .journal import FileJournal, History, begin_anew, history
from .ports import Ports
from .session import LOCAL_ORIGIN, Link

Settle = Literal["auto", "always", "never"]
_LOCK = "lock"
_HOLDER = "holder.json"
_LOOKS, _LOOK_SECONDS = 10, 0.02
"""The holder writes its name a moment after it has taken the lock."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """``--lock-timeout``, ``--settle`` and ``--settle-seconds``."""

    lock_seconds: float = 0.0
    settle: Settle = "auto"
    settle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write, held until the run is over."""

    journal: FileJournal
    past: History
    waiting: Waiting

    def end(self) -> None:
        """Everything that was intended is listed: the next run need not wait."""
        if self.past.pending != frozenset() or self.journal.used:
            self.journal.clean()

    def fresh_wait(self, found: Survey, link: Link) -> float:
        """Seconds to wait because another machine may have created something just now: no journal is
        here, and the newest owned assistant is younger than the bound by the remote's own clock."""
        server_time = getattr(link.provider, "server_time", None)
        unknown = self.past.exists or link.origin == LOCAL_ORIGIN or self.waiting.settle != "auto"
        if unknown or server_time is None:
            return 0.0
        newest = max((seen.remote.created_at for seen in found.owned()), default=None)
        age = None if newest is None else server_time - newest
        left = 0.0 if age is None else self.waiting.settle_seconds - max(age, 0.0)
        return max(left, 0.0)


@contextmanager
def turn(link: Link, owner: str, run: str, waiting: Waiting, ports: Ports) -> Iterator[Turn]:
    """Takes the lock of this owner on this remote and settles what earlier runs left open.

    Raises DecisionNeeded (5) where another process holds the lock, DiskFault (74) where the state folder
    cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = place_for(ports.environ, link.state_key, owner)
    lock = FileLock(str(folder / _LOCK), mode=0o600)
    try:
        lock.acquire(timeout=waiting.lock_seconds)
    except Timeout:
        raise _held(folder, owner, ports) from None
    journal = FileJournal(folder, owner, run)
    try:
        write_private(folder / _HOLDER, json.dumps({"pid": os.getpid(), "started": ports.wall()}).encode())
        past = history(folder, owner)
        if _settled(past, link, owner, waiting, ports):
            begin_anew(folder)
        yield Turn(journal, past, waiting)
    finally:
        journal.close()
        with suppress(OSError):  # a name that stays behind misleads nobody once the lock is free
            (folder / _HOLDER).unlink()
        lock.release()


def _settled(past: History, link: Link, owner: str, waiting: Waiting, ports: Ports) -> bool:
    """Waits until nothing of an earlier run can still land; True where that is certain."""
    wanted = _awaited(past, link, waiting)
    if wanted is None:
        return past.pending == frozenset()
    seconds = waiting.settle_seconds
    names = ", ".join(sorted(wanted)[:5]) or "unknown"
    ports.notify(f"an earlier run did not end cleanly ({names}): waiting up to {seconds:g} s for its creates")
    provider: Provider = link.provider
    settling = Settling(owner, provider, ports.clock, seconds, ports.stopped)
    _, certain = settling.look_for(wanted or {""})
    return certain


def _awaited(past: History, link: Link, waiting: Waiting) -> frozenset[str] | None:
    """The keys to wait for (none named: the whole bound), None for no wait at all."""
    if waiting.settle == "never" or link.origin == LOCAL_ORIGIN:
        return None
    if waiting.settle == "always":
        return past.pending or frozenset()
    return frozenset() if past.pending is None else past.pending or None


def _held(folder: Path, owner: str, ports: Ports) -> DecisionNeeded:
    who, since = _holder(folder, ports)
    return DecisionNeeded(
        f"{who} is applying for {owner} right now{since}",
        undone="nothing was sent",
        next="wait for it, or repeat with --lock-timeout 300",
    )


def _holder(folder: Path, ports: Ports) -> tuple[str, str]:
    """Who holds the lock, and since when, in words."""
    for _ in range(_LOOKS):
        try:
            holder = json.loads(read_chosen(folder / _HOLDER))
            started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(holder["started"]))
        except (FileRefused, ValueError, KeyError, TypeError, OverflowError, OSError):
            ports.clock.sleep(_LOOK_SECONDS)
        else:
            return f"process {holder['pid']}", f", since {started}"
    return "another process", ""
