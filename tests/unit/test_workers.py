"""Copies of this process: the same results as without them, and none is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
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


def _squared(piece: int) -> tuple[int, int]:
    time.sleep(0.002)
    return piece * piece, os.getpid()


@pytest.mark.parametrize("copies", [0, 1, 3])
@pytest.mark.parametrize("pieces", [0, 1, 100])
def test_every_piece_is_done_once_whoever_does_it(pieces: int, copies: int) -> None:
    with shared(pieces, _squared, copies) as results:
        found = list(results)
    assert sorted((piece, square) for piece, (square, _) in found) == [(n, n * n) for n in range(pieces)]
    assert len({pid for _, (_, pid) in found}) == (min(1 + copies, pieces) if pieces < 100 else 1 + copies)
    _no_child_is_left()


def test_results_larger_than_a_pipe_arrive_whole() -> None:
    with shared(20, lambda piece: chr(65 + piece) * 3_000_000, 2) as results:
        found = dict(results)
    assert {piece: (len(text), text[0]) for piece, text in found.items()} == {
        piece: (3_000_000, chr(65 + piece)) for piece in range(20)
    }


def test_pieces_of_a_copy_that_dies_are_done_here() -> None:
    def work(piece: int) -> int:
        time.sleep(0.002)
        if os.getpid() != _US and piece > 10:
            os.kill(os.getpid(), signal.SIGKILL)
        return piece

    with shared(50, work, 2) as results:
        assert sorted(results) == [(piece, piece) for piece in range(50)]
    _no_child_is_left()


def test_what_a_piece_raises_comes_out_here_even_if_a_copy_met_it_first() -> None:
    def work(piece: int) -> int:
        time.sleep(0.002)
        if piece == 3:
            raise ValueError("piece three")
        return piece

    with pytest.raises(ValueError, match="piece three"), shared(20, work, 2) as results:
        list(results)
    _no_child_is_left()


def test_leaving_early_ends_the_copies() -> None:
    with shared(100, lambda piece: time.sleep(60) if os.getpid() != _US else piece, 2) as results:
        next(results)
    _no_child_is_left()


def test_only_data_of_our_own_is_taken_from_a_copy() -> None:
    def work(piece: int) -> object:
        time.sleep(0.002)
        return Fraction(piece) if os.getpid() != _US else Absent()

    with pytest.raises(Exception, match=r"fractions.Fraction is no result"), shared(50, work, 1) as results:
        list(results)
    _no_child_is_left()


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
    assert not any(os.path.exists(f"/proc/{pid}/exe") for pid in copies)


def _no_child_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
