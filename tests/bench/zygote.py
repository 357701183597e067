"""The program started in milliseconds and killed at an exact place.

A process without threads imports once what apply and plan need, and then forks a child per command. The
child runs the program's real entry and may be told to kill itself at its n-th effect: a flush or a rename
of a file, a write to a descriptor, a connection, a piece sent to or received from a socket.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill with SIGKILL: at the ``effect``-th effect (1 for the first), or after ``seconds``."""

    effect: int = 0
    how: str = "before"
    """``before`` or ``after`` the effect, or in its ``middle``: half of the bytes are written."""
    seconds: float = 0.0
    of: str = ""
    """Counted are only the effects whose first bytes hold this."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that is sent after ``seconds``, which begin once the file ``after`` is there, where one is
    named; then the file :attr:`sent` is made."""

    number: int
    seconds: float = 0.0
    after: str = ""

    @property
    def sent(self) -> Path:
        return Path(f"{self.after}.sent")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    """The exit code; the negative number of the signal that killed it."""
    out: str
    err: str
    effects: int
    """How many effects it began."""
    seconds: float
    signalled_at: float | None
    """When the signal was sent, by the machine's monotonic clock."""
    told_at: float | None
    """When the program had said that it stops; None where it ended without a word."""
    ended_at: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def data(self) -> Any:
        """The results, read as JSON."""
        return json.loads(self.out)


class Zygote:
    """The test's side: runs one command after another, each in a fresh child."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.zygote_child"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        kill: Kill | None = None,
        signal: Signal | None = None,
    ) -> Ended:
        """One command line in an environment of its own, until it ends or is killed."""
        order = {
            "argv": list(argv),
            "environ": dict(environ),
            "kill": None if kill is None else asdict(kill),
            "signal": None if signal is None else asdict(signal),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the zygote has ended"
        return Ended(**json.loads(answer))
