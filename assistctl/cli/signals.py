"""Ctrl-C, SIGTERM and ``--timeout`` while a plan is carried out: nothing new is sent, what is under way may
end, and the report tells how everything ended."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from assistctl.errors import ExitCode

if TYPE_CHECKING:
    from assistctl.model.provider import Provider

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_DRAIN_SECONDS = 30.0
_DRAIN_SECONDS_CI = 6.0
"""GitHub's runner kills a cancelled step 7.5 s after its first signal."""
_REPORT_SECONDS = 0.4
"""How long the report may take once the requests under way were cut."""


class Signals:
    """The signals of one run, and its clock: a wait ends as soon as the run should.

    ``note`` tells people a line; ``seconds`` is the time limit of the run, None for no limit.
    """

    def __init__(
        self, environ: Mapping[str, str], note: Callable[[str], None], seconds: float | None = None
    ) -> None:
        self._drain = _DRAIN_SECONDS_CI if environ.get("CI") else _DRAIN_SECONDS
        self._note = note
        self._end = float("inf") if seconds is None else self.now() + seconds
        self._code = 0
        self._arrived = threading.Event()

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Returns after ``seconds``, or sooner when the run should end."""
        left = min(seconds, self._end - self.now(), threading.TIMEOUT_MAX)
        self._arrived.wait(max(0.0, left))

    def stopped(self) -> int:
        """130 or 143 once a signal came, 7 once the time is over, else 0."""
        if self._code:
            return self._code
        return int(ExitCode.REMOTE_FAILED) if self.now() >= self._end else 0

    @contextmanager
    def graceful(self, provider: Provider) -> Iterator[None]:
        """While it lasts, a signal raises nothing: it stops ``provider`` and shows in :meth:`stopped`.

        Requests under way get 6 s to end where ``CI`` is set, else 30 s; then they are cut. A second signal
        leaves the process at once. Outside the main thread signals keep their meaning.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        reader, writer = socket.socketpair()
        with reader, writer:
            writer.setblocking(False)
            watcher = threading.Thread(target=self._watch, args=(reader, provider), daemon=True)
            watcher.start()
            with _delivered_to(writer):
                yield
            writer.shutdown(socket.SHUT_WR)
            watcher.join()

    def _watch(self, reader: socket.socket, provider: Provider) -> None:
        number = _next(reader, None)
        if not number:
            return
        self._code = 128 + number
        self._arrived.set()
        provider.stop()
        self._tell()
        more = _next(reader, self._drain)
        if more is None:
            provider.abandon()
            more = _next(reader, _REPORT_SECONDS)
        if more != 0:
            _leave(self._code)

    def _tell(self) -> None:
        """In a thread of its own: a full pipe must not hold up the second signal."""
        news = (
            f"stopping: nothing new is sent, what is under way has {self._drain:g} s (again: leave at once)"
        )
        threading.Thread(target=self._note, args=(news,), daemon=True).start()


def _next(reader: socket.socket, seconds: float | None) -> int | None:
    """The number of the next signal; 0 when the work is over, None when ``seconds`` have passed."""
    reader.settimeout(seconds)
    try:
        data = reader.recv(1)
    except TimeoutError:
        return None
    return data[0] if data else 0


@contextmanager
def _delivered_to(writer: socket.socket) -> Iterator[None]:
    """Signals become bytes on ``writer``, at once and whatever the main thread is doing."""
    heard = [number for number in _NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _nothing) for number in heard}
    earlier = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    return None


def _leave(code: int) -> None:
    """Ends the process like a kill: the journal is on the disk, the lock goes with the process."""
    text = "left at once: what became of the requests under way is not known; the next run finds out\n"
    try:
        os.write(2, text.encode())
    finally:
        os._exit(code)
