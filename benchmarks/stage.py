"""What every measurement needs: a fleet on the disk, a server in another process, a command that is timed.

Imported by ``run.py`` and ``cases.py``; not a program of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
Environ = Mapping[str, str]


@dataclass(frozen=True)
class Cost:
    """What one run of a command took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system, of the process and its copies."""
    peak: float
    """MiB that the largest single process had in memory."""
    requests: int = 0


class Failed(Exception):
    """A timed command did not do what it was timed for."""


def _nothing() -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Command:
    """One command, and what shows that it did its work."""

    name: str
    words: Sequence[str]
    environ: Environ
    expect: int = 0
    """The exit code."""
    last_line: str = ""
    """Of standard output; empty: any."""
    around: Callable[[], AbstractContextManager[None]] = _nothing
    """What is done before and after each run, untimed."""

    def timed(self) -> Cost:
        """Runs it to its end. Raises :class:`Failed` unless it did what was expected."""
        with self.around():
            begin = time.perf_counter()
            process = self._started()
            assert process.stdout is not None and process.stderr is not None  # noqa: PT018
            out, err = process.stdout.read(), process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
            process.stderr.close()
            self._check(process.returncode, out, err)
        return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    def together(self) -> float:
        """The most MiB that the process and its copies had in memory at once, pages that they share counted
        once. A run of its own: looking every few milliseconds takes time from it."""
        with self.around():
            process = self._started()
            most, answer = 0.0, Future[tuple[bytes, bytes]]()
            reader = threading.Thread(target=lambda: answer.set_result(process.communicate()))
            reader.start()
            while not answer.done():
                most = max(most, _resident(process.pid))
                time.sleep(0.005)
            reader.join()
            self._check(process.returncode, *answer.result())
        return most

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.words, env=dict(self.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def _check(self, code: int, out: bytes, err: bytes) -> None:
        found = out.decode().rstrip().rpartition("\n")[2]
        if code != self.expect or (self.last_line and found != self.last_line):
            text = f"{' '.join(self.words)}: exit {code}, {found!r}\n{err.decode()[-2000:]}"
            raise Failed(text)


def _resident(pid: int) -> float:
    """MiB of one process and its children, by the kernel's own proportional count; 0 once it is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return own / 1024 + sum(_resident(int(child)) for child in children)


@dataclass
class Server:
    """The embedded server in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def requests(self) -> int:
        """How many requests came since the last time this was asked."""
        with urllib.request.urlopen(f"{self.url}/bench/count", timeout=10) as answer:
            return int(json.load(answer)["requests"])

    def slow(self, milliseconds: float) -> None:
        """From now on every request waits so long first."""
        urllib.request.urlopen(f"{self.url}/bench/latency/{milliseconds}", timeout=10).close()

    def clear(self) -> None:
        """Drops every assistant."""
        urllib.request.urlopen(f"{self.url}/bench/clear", timeout=60).close()

    def write_phase(self) -> float:
        """Seconds from the arrival of the first POST to the answer to the last, since :meth:`clear`."""
        with urllib.request.urlopen(f"{self.url}/bench/writes", timeout=10) as answer:
            return float(json.load(answer)["seconds"])


@contextmanager
def serving() -> Iterator[Server]:
    """A server in memory, on a free port of loopback."""
    words = [sys.executable, str(HERE / "stage_server.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Server(process.stdout.readline().decode().strip(), process)
        finally:
            process.terminate()
            process.wait()


def make_project(folder: Path, number: int, fleet: Path | None) -> Path:
    """A project of ``number`` manifests: made up, or from the JSON Lines file ``fleet``, repeated as often
    as needed under new names."""
    lines = folder / f"{number}.jsonl"
    if fleet is None:
        _run("make_fleet.py", str(number), str(lines), "--seed", "1")
    else:
        lines.write_text("".join(_repeated(fleet, number)), encoding="utf-8")
    project = folder / f"project-{number}"
    _run("fleet_to_manifests.py", str(lines), str(project), "--one-file")
    return project


def _repeated(fleet: Path, number: int) -> Iterator[str]:
    known = [json.loads(line) for line in fleet.read_text(encoding="utf-8").splitlines() if line.strip()]
    for place in range(number):
        item = known[place % len(known)]
        extra = "" if place < len(known) else f"-{place // len(known)}"
        name = f"{item.get('name') or item['key']}{extra}"[:256]
        yield json.dumps({**item, "key": f"{item['key'][:50]}{extra}", "name": name}) + "\n"


def _run(script: str, *words: str) -> None:
    subprocess.run([sys.executable, str(HERE / script), *words], check=True, stdout=subprocess.DEVNULL)


def raise_file_limit() -> None:
    """Many connections at once need many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
