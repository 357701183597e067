"""Time as a port, so that retries and waits can be tested without waiting."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can also wait."""

    def now(self) -> float:
        """Seconds on a clock that never jumps; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns after ``seconds``."""
        ...
