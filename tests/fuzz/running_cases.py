"""Many cases, each from its own number: the same seed and number give the same case, in whatever process.

A case is a function of a generator that gives a problem in words, "" where all is well. It has 10 s of
processor time before it counts as hanging; a campaign also holds it to 1 s and its process to 256 MiB.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import FrameType

Case = Callable[[Random], str]
MOST_SECONDS = 1.0
MOST_MIB = 256
_HANGS = 10.0
_SHOWN = 20


class Hanging(BaseException):
    """Not an Exception: nothing in the program may catch it."""


@contextmanager
def watched(seconds: float = _HANGS) -> Iterator[None]:
    """Raises :class:`Hanging` inside after so much processor time."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hanging(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seed() -> int:
    """``FUZZ_SEED``, else a new one."""
    return int(os.environ.get("FUZZ_SEED") or time.time_ns() % 10**9)


def cases(default: int) -> int:
    """``FUZZ_CASES``, else ``default``."""
    return int(os.environ.get("FUZZ_CASES") or default)


def run_cases(case: Case, seed: int, numbers: range, *, strictly: bool = False) -> list[str]:
    """The problems of the cases of these numbers, each with what it takes to see it again."""
    problems = []
    for number in numbers:
        began = time.process_time()
        try:
            with watched():
                problem = case(Random(f"{seed}:{number}"))  # noqa: S311 - numbers to repeat, not to hide
        except Hanging as error:
            problem = f"hangs: {error}"
        except Exception as error:
            problem = f"raises {error!r}"
        took = time.process_time() - began
        if strictly and not problem and took > MOST_SECONDS:
            problem = f"took {took:.2f} s of processor time"
        if problem:
            problems.append(f"seed {seed}, case {number}: {problem}")
    return problems


def spread(make_case: Callable[[int], Case], seed: int, count: int) -> tuple[list[str], float]:
    """The same over one process per core; ``make_case`` gets the number of the process.

    Answers the problems and the most MiB that a process held.
    """
    workers = os.cpu_count() or 1
    share = -(-count // workers)
    pipes = []
    for worker in range(workers):
        reader, writer = os.pipe()
        if os.fork() == 0:
            _child(make_case, seed, worker, range(worker * share, min(count, (worker + 1) * share)), writer)
        os.close(writer)
        pipes.append(reader)
    said = [_everything(reader) for reader in pipes]
    for _ in said:
        os.wait()
    assert all(said), "a process died"
    ends = [json.loads(text) for text in said]
    problems = [problem for end in ends for problem in end["problems"]]
    return problems[:_SHOWN], max(end["mib"] for end in ends)


def _child(make_case: Callable[[int], Case], seed: int, worker: int, numbers: range, writer: int) -> None:
    try:
        problems = run_cases(make_case(worker), seed, numbers, strictly=True)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with os.fdopen(writer, "w") as stream:
            json.dump({"problems": problems[:_SHOWN], "mib": held}, stream)
    finally:
        os._exit(0)


def _everything(reader: int) -> str:
    with os.fdopen(reader) as stream:
        return stream.read()
