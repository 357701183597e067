"""Copies of this process: the same results as without them, and none is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from assistctl.model.plan import Absent
from assistctl.workers import shared, spare_processors

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="copies are only made on Linux"),
    # The test runner has a thread of its own; the program makes no copy in such a process.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
_US = os.getpid()
_LONG = 60.0
"""Seconds that the slowest machine may take for what happens at once elsewhere."""


class Roll:
    """Which processes came by, told across them: whoever waits for others waits for what they did."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sign(self) -> None:
        (self._folder / str(os.getpid())).touch()

    def wait_for(self, number: int) -> None:
        """Returns once so many processes have signed."""
        end = time.monotonic() + _LONG
        while len(list(self._folder.iterdir())) < number:
            assert time.monotonic() < end, f"less than {number} processes came by"
            time.sleep(0.001)


@pytest.fixture(autouse=True)
def no_copy_is_left() -> Iterator[None]:
    """Whatever a test does; children of somebody else are none of its own."""
    before = _children()
    yield
    assert _children() <= before


@pytest.fixture
def roll(tmp_path: Path) -> Roll:
    return Roll(tmp_path)


@pytest.mark.parametrize("copies", [0, 1, 3])
@pytest.mark.parametrize("pieces", [0, 1, 100])
def test_every_piece_is_done_once_whoever_does_it(roll: Roll, pieces: int, copies: int) -> None:
    everyone = min(1 + copies, pieces)

    def squared(piece: int) -> tuple[int, int]:
        roll.sign()
        roll.wait_for(everyone)
        return piece * piece, os.getpid()

    with shared(pieces, squared, copies) as results:
        found = list(results)
    assert sorted((piece, square) for piece, (square, _) in found) == [(n, n * n) for n in range(pieces)]
    assert len({pid for _, (_, pid) in found}) == everyone


def test_results_larger_than_a_pipe_arrive_whole() -> None:
    with shared(20, lambda piece: chr(65 + piece) * 3_000_000, 2) as results:
        found = dict(results)
    assert {piece: (len(text), text[0]) for piece, text in found.items()} == {
        piece: (3_000_000, chr(65 + piece)) for piece in range(20)
    }


def test_pieces_of_a_copy_that_dies_are_done_here(roll: Roll) -> None:
    def work(piece: int) -> int:
        if os.getpid() != _US and piece > 10:
            roll.sign()
            os.kill(os.getpid(), signal.SIGKILL)
        return piece

    with shared(50, work, 2) as results:
        roll.wait_for(2)
        assert sorted(results) == [(piece, piece) for piece in range(50)]


def test_what_a_piece_raises_comes_out_here_even_if_a_copy_met_it_first(roll: Roll) -> None:
    def work(piece: int) -> int:
        if piece == 3:
            roll.sign()
            raise ValueError("piece three")
        return piece

    with pytest.raises(ValueError, match="piece three"):
        _late(roll, work, copies=2)


def test_leaving_early_ends_the_copies(roll: Roll) -> None:
    def work(piece: int) -> int:
        if os.getpid() != _US:
            roll.sign()
            time.sleep(_LONG)
        return piece

    with shared(100, work, 2) as results:
        roll.wait_for(2)
        next(results)


def test_only_data_of_our_own_is_taken_from_a_copy(roll: Roll) -> None:
    def work(piece: int) -> object:
        roll.sign()
        return Fraction(piece) if os.getpid() != _US else Absent()

    with pytest.raises(Exception, match=r"fractions.Fraction is no result"):
        _late(roll, work, copies=1)


def test_no_copy_is_made_of_a_process_with_threads() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert spare_processors() == 0
    finally:
        done.set()
        thread.join()


def test_no_copy_is_made_where_the_ends_of_children_are_ignored() -> None:
    asking = "from assistctl.workers import spare_processors; print(spare_processors())"
    ignoring = f"""
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-c", "{asking}"])
"""
    ran = subprocess.run([sys.executable, "-c", ignoring], capture_output=True, text=True, check=True)
    assert ran.stdout == "0\n"


_ORPHANS = r"""
import os, time
from assistctl.workers import shared
def work(piece):
    time.sleep(0.02)
    if os.getpid() != us:
        os.write(1, b"%d\n" % os.getpid())
    return b"x" * 100_000
us = os.getpid()
with shared(500, work, 2) as results:
    for _ in results:
        pass
"""


def test_copies_end_when_this_process_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _ORPHANS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        copies = {int(process.stdout.readline()) for _ in range(20)}
        process.kill()
        process.stdout.read()  # ends when nobody has the pipe any more
    assert copies
    end = time.monotonic() + _LONG
    while any(os.path.exists(f"/proc/{pid}/exe") for pid in copies):
        assert time.monotonic() < end, "a copy outlived this process"


def _late(roll: Roll, work: Callable[[int], object], copies: int) -> None:
    """This process begins once a copy has signed."""
    with shared(20, work, copies) as results:
        roll.wait_for(1)
        list(results)


def _children() -> set[str]:
    """Of this thread, also those that have ended and were not waited for."""
    return {*Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text("ascii").split()}
