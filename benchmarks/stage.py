"""What every measurement needs: a fleet on the disk, a server in another process, a command that is timed.

Imported by ``run.py``; not a program of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
Environ = Mapping[str, str]


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    peak: float
    """MiB."""
    requests: int = 0


class Failed(Exception):
    """A timed command did not do what it was timed for."""


def timed(words: Sequence[str], environ: Environ, *, expect: int = 0, last_line: str = "") -> Cost:
    """Runs a command to its end. Raises :class:`Failed` unless it answers ``expect`` and its last line is
    ``last_line`` (empty: any)."""
    begin = time.perf_counter()
    process = subprocess.Popen(words, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None  # noqa: PT018
    out = process.stdout.read()
    err = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    process.stderr.close()
    found = out.decode().rstrip().rpartition("\n")[2]
    if process.returncode != expect or (last_line and found != last_line):
        raise Failed(f"{' '.join(words)}: exit {process.returncode}, {found!r}\n{err.decode()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


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


Measure = Callable[[], Cost]
