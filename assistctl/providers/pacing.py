"""How often and how soon again: the run's manners towards the remote. How many at once: ``gate``."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping

LONGEST_WAIT = 120.0
"""Seconds: a remote that asks for a longer pause stops the run (the official SDKs draw the same line)."""
_BUDGET = 20


class RetryBudget:
    """Retries that the whole run may still spend: 20 at first, one more per success, never over 20.

    It keeps a fleet of requests from turning an outage into a storm.
    """

    def __init__(self) -> None:
        self._left = _BUDGET
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Spends one; False when none is left."""
        with self._lock:
            if not self._left:
                return False
            self._left -= 1
            return True

    def refund(self) -> None:
        """A request succeeded."""
        with self._lock:
            self._left = min(_BUDGET, self._left + 1)


def asked_delay(headers: Mapping[str, str]) -> float | None:
    """Seconds the remote asks to wait, None where it says nothing readable.

    ``retry-after-ms`` comes before ``Retry-After`` (seconds or an HTTP date), as in the official SDKs.
    """
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _seconds(text)
    return seconds if seconds is not None else _until(text, headers.get("date", ""))


def http_date(text: str) -> float | None:
    """Unix seconds of an HTTP date, None where it is none."""
    from email.utils import parsedate_to_datetime  # rarely needed

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, IndexError):
        return None


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) or number < 0 else number


def _until(text: str, date: str) -> float | None:
    moment = http_date(text) if text else None
    if moment is None:
        return None
    # The server's own Date beats our wall clock, which may be off.
    now = http_date(date) if date else None
    return max(0.0, moment - (time.time() if now is None else now))
