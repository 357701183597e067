"""Ctrl-C, SIGTERM and ``--timeout`` while a plan is carried out: nothing new is sent, what is under way may
end, and the report tells how everything ended."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
"""How long the report may take, at least, once the requests under way were cut."""
_CUT = "left at once: what became of the requests under way is not known; the next run finds out\n"
_UNTOLD = "left at once: the report was not printed; assistctl runs tells what was done\n"
_OVER = 255
"""Heard when the work is over; no signal has this number."""

Hearing = Callable[[float | None], int | None]
"""Waits for the next signal: its number, None once so many seconds have passed, 0 when nothing more comes."""


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
        self._working = False
        self._ears: _Ears | None = None

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
        """From here to :meth:`end`, a signal raises nothing: it stops ``provider`` and shows in
        :meth:`stopped`.

        Requests under way and the report get 6 s where ``CI`` is set, else 30 s; then what is under way is
        cut. A second signal leaves the process at once. Outside the main thread signals keep their meaning.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self.end()
        self._working = True
        self._ears = ears = _Ears(lambda heard: self._watch(heard, provider))
        try:
            yield
        finally:
            self._working = False
            ears.tell(_OVER)

    def end(self) -> None:
        """Signals have their usual meaning again."""
        ears, self._ears = self._ears, None
        if ears is not None:
            ears.close()

    def _watch(self, heard: Hearing, provider: Provider) -> None:
        number = _signal(heard, None)
        if not number:
            return
        self._code, end = 128 + number, self.now() + self._drain
        self._arrived.set()
        provider.stop()
        self._tell()
        more = heard(self._drain)
        if more is None and self._working:
            provider.abandon()
            more = heard(_REPORT_SECONDS)
        if more == _OVER:
            more = _signal(heard, max(_REPORT_SECONDS, end - self.now()))
        if more != 0:
            _leave(self._code, _CUT if self._working else _UNTOLD)

    def _tell(self) -> None:
        """In a thread of its own: a full pipe must not hold up the second signal."""
        rest = f"what is under way has {self._drain:g} s" if self._working else "the report is printed"
        news = f"stopping: nothing new is sent, {rest} (again: leave at once)"
        threading.Thread(target=self._note, args=(news,), daemon=True).start()


class _Ears:
    """A thread that hears every signal at once, whatever the main thread is doing.

    ``watch`` runs in it, and is given its :data:`Hearing`.
    """

    def __init__(self, watch: Callable[[Hearing], None]) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._thread = threading.Thread(target=watch, args=(self._next,), daemon=True)
        with _held_back():
            self._thread.start()
            self._earlier = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
            heard = [number for number in _NUMBERS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, _nothing) for number in heard}

    def tell(self, number: int) -> None:
        """Has the thread hear a number that is no signal's."""
        with suppress(BlockingIOError):  # full of signals: it will leave at the second
            self._writer.send(bytes([number]))

    def close(self) -> None:
        """Ends the thread, and gives the signals back to whoever had them."""
        with _held_back():
            for number, handler in self._before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._earlier)
            self._writer.shutdown(socket.SHUT_WR)
            self._thread.join()
            self._reader.close()
            self._writer.close()

    def _next(self, seconds: float | None) -> int | None:
        self._reader.settimeout(seconds)
        try:
            data = self._reader.recv(1)
        except TimeoutError:
            return None
        return data[0] if data else 0


def _signal(heard: Hearing, seconds: float | None) -> int | None:
    """The next signal; the news that the work is over, which comes once, is passed over."""
    number = heard(seconds)
    return heard(seconds) if number == _OVER else number


@contextmanager
def _held_back() -> Iterator[None]:
    """Signals wait, here and in threads that are started here: none falls between two ways to hear it."""
    if sys.platform == "win32":
        yield
        return
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    return None


def _leave(code: int, news: str) -> None:
    """Ends the process like a kill: the journal is on the disk, the lock goes with the process."""
    try:
        os.write(2, news.encode())
    finally:
        os._exit(code)
