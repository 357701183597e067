"""Waits that take no time: what the program gets for the standard library's clock and events."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest


class Clock:
    """The standard library's time for the program: a sleep ends at once, and the clock shows it."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "a negative wait"
        with self._lock:
            self.waits.append(seconds)
            self.skipped += seconds

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        """In the one module that waits, the standard library's time and events are these."""

        class Event(threading.Event):
            def wait(event, timeout: float | None = None) -> bool:  # noqa: N805
                self.sleep(timeout or 0)
                return event.is_set()

        patched_time = SimpleNamespace(**{**vars(time), "monotonic": self.monotonic})
        patch.setattr("assistctl.cli.signals.time", patched_time)
        patch.setattr(
            "assistctl.cli.signals.threading", SimpleNamespace(**{**vars(threading), "Event": Event})
        )
