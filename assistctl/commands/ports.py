"""What a command needs from the world outside, in one value that tests can build."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from assistctl.model.clock import Clock
from assistctl.model.provider import Provider

_RUN_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RUN_LENGTH = 6


class SystemClock:
    """The process's own monotonic clock."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


def new_run_id() -> str:
    """Six letters and digits, random."""
    import secrets

    return "".join(secrets.choice(_RUN_LETTERS) for _ in range(_RUN_LENGTH))


def _quiet(_line: str) -> None:
    return None


def _never_stopped() -> int:
    return 0


@contextmanager
def _as_it_is(_provider: Provider) -> Iterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class Ports:
    """Environment, time, randomness, and the way to tell people something while it happens."""

    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    wall: Callable[[], float] = time.time
    """Seconds since 1970, UTC."""
    run_id: Callable[[], str] = new_run_id
    notify: Callable[[str], None] = _quiet
    """A line of news, unescaped: retries, waits."""
    stopped: Callable[[], int] = _never_stopped
    """130 or 143 once a signal asked to stop, 7 once the time limit has passed, else 0."""
    hide: Callable[[str], None] = _quiet
    """From now on this text appears in no output."""
    graceful: Callable[[Provider], AbstractContextManager[None]] = _as_it_is
    """Around writes: a signal stops the provider and shows in ``stopped`` instead of raising."""

    def today(self) -> str:
        """The date, UTC, as ``2026-11-22``."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.wall()))
