"""Work in numbered pieces, shared with forked copies of this process: reading a fleet uses every core.

Fork and nothing else: a copy has all that is loaded already and begins at once, where a fresh interpreter
would first spend what it is meant to save. So it is only done where forking is safe and pays: on Linux, in a
process of one thread, with a second processor to use. Everywhere else the pieces are done here, one by one,
with the same results.

A copy opens nothing but what the work itself reads, prints nothing and ends with this process. One that
dies leaves its pieces to us: a bug or a lack of memory shows where it can be told.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_PACKAGE: Final = __name__.partition(".")[0]
_MOST_COPIES: Final = 3
_FEWEST_PIECES: Final = 8
"""Fewer are done before a copy has paid for itself."""
MOST_PIECES: Final = 1000
"""More are not shared: their numbers would not surely fit into a pipe that nobody reads yet."""
_PIPE_BYTES: Final = 1 << 20
"""What a copy may be ahead of us; where the system grants less it only waits more often."""
_NUMBER: Final = 4
_LENGTH: Final = 8
_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})

Pieces = Iterator[tuple[int, T]]
"""The number of each piece with its result, as they are done."""


@contextmanager
def shared(pieces: int, work: Callable[[int], T], copies: int | None = None) -> Iterator[Pieces[T]]:
    """Begins to work on the pieces 0 to ``pieces - 1``; the results come in any order.

    Copies begin at once, this process works while it asks for results. ``copies`` is chosen by the machine
    where it is None. What ``work`` raises comes out of the results; its results must be picklable.
    """
    if copies is None:
        copies = min(_MOST_COPIES, spare_processors()) if pieces >= _FEWEST_PIECES else 0
    if not copies or pieces > MOST_PIECES:
        yield ((piece, work(piece)) for piece in range(pieces))
        return
    with ExitStack() as stack:
        team = _Team(pieces, work, stack)
        for _ in range(copies):
            team.hire()
        yield team.results()


def spare_processors() -> int:
    """How many copies can run beside this process; 0 where it must not be forked."""
    if sys.platform != "linux" or _threads() != 1:
        return 0
    # Where ends of children are ignored, as some supervisors have it, the number of one that has ended may
    # be somebody else's by the time we end it.
    ignored = signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    return 0 if ignored else len(os.sched_getaffinity(0)) - 1


def _threads() -> int:
    """Threads of this process, Python's and others; a lock that one holds would stay locked in a copy."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - pathlib costs more than the answer
    except OSError:
        return 0


class _Copy:
    """One forked process, seen from here: its results come through a pipe."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.descriptor = descriptor
        self._pid = pid
        self._bytes = bytearray()

    def frames(self, *, wait: bool) -> Iterator[bytes]:
        """The results that are complete by now; with ``wait`` all, to the end of the process."""
        os.set_blocking(self.descriptor, wait)
        with suppress(BlockingIOError):
            while data := os.read(self.descriptor, _PIPE_BYTES):
                self._bytes += data
                yield from self._complete()

    def end(self) -> None:
        """Ends it wherever it is."""
        os.close(self.descriptor)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _complete(self) -> Iterator[bytes]:
        while len(self._bytes) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._bytes[:_LENGTH], "big")
            if len(self._bytes) < end:
                return
            yield bytes(memoryview(self._bytes)[_LENGTH:end])
            del self._bytes[:end]


class _OwnData(pickle.Unpickler):
    """Reads what a copy of ours wrote through a pipe of ours, and even there nothing but our own classes."""

    def find_class(self, module: str, name: str) -> object:
        """Raises ``UnpicklingError`` for a class of anybody else."""
        if module.partition(".")[0] != _PACKAGE:
            raise pickle.UnpicklingError(f"{module}.{name} is no result")
        return super().find_class(module, name)


class _Team(Generic[T]):
    """This process and its copies. Whoever is free takes the next number out of one pipe."""

    def __init__(self, pieces: int, work: Callable[[int], T], stack: ExitStack) -> None:
        self._pieces = pieces
        self._work = work
        self._stack = stack
        self._copies: list[_Copy] = []
        self._numbers, numbers = os.pipe()
        stack.callback(os.close, self._numbers)
        _write(numbers, b"".join(number.to_bytes(_NUMBER, "big") for number in range(pieces)))
        os.close(numbers)

    def hire(self) -> None:
        """Adds a copy; without one where the system gives no further process."""
        results, answers = os.pipe()
        _widen(answers)
        usual = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # a copy must not run our handlers
        try:
            pid = os.fork()
            if pid == 0:
                self._serve(answers, [results, *(copy.descriptor for copy in self._copies)], usual)
            self._copies.append(_Copy(pid, results))
            self._stack.callback(self._copies[-1].end)
        except OSError:
            os.close(results)
        finally:
            os.close(answers)
            signal.pthread_sigmask(signal.SIG_SETMASK, usual)

    def results(self) -> Pieces[T]:
        """Works, and gives what it and the copies come to."""
        left = set(range(self._pieces))
        for piece, result in self._found():
            left.discard(piece)
            yield piece, result
        for piece in sorted(left):  # a copy died over it
            yield piece, self._work(piece)

    def _found(self) -> Pieces[T]:
        while (piece := self._next()) is not None:
            yield piece, self._work(piece)
            yield from self._arrived(wait=False)
        yield from self._arrived(wait=True)

    def _arrived(self, *, wait: bool) -> Pieces[T]:
        for copy in self._copies:
            for frame in copy.frames(wait=wait):
                yield _OwnData(BytesIO(frame)).load()

    def _next(self) -> int | None:
        data = os.read(self._numbers, _NUMBER)
        return int.from_bytes(data, "big") if data else None

    def _serve(self, answers: int, others: Sequence[int], mask: Collection[int]) -> None:
        """All that a copy does. It never returns."""
        code = 1
        try:
            for descriptor in others:  # held open here, they would hide from another copy that we are gone
                os.close(descriptor)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to us all: we end the copies
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            while (piece := self._next()) is not None:
                frame = pickle.dumps((piece, self._work(piece)), pickle.HIGHEST_PROTOCOL)
                _write(answers, len(frame).to_bytes(_LENGTH, "big") + frame)
            code = 0
        finally:
            os._exit(code)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _widen(descriptor: int) -> None:
    from fcntl import F_SETPIPE_SZ, fcntl

    with suppress(OSError):
        fcntl(descriptor, F_SETPIPE_SZ, _PIPE_BYTES)
