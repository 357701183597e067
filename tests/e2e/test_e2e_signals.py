"""Ctrl-C, SIGTERM and the time limit in the middle of an apply: nothing new, an honest report (N1, N2)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PROJECT = "project: shop\nprovider: aimlapi\n"
FLEET = 12
STOPPING = "nothing new is sent"
ATTEMPTS = 6
"""How often the program may try what a busy machine does not leave it the time for."""


@dataclass
class Slow:
    """Lets writes through one by one, so that a test knows what is under way."""

    remote: Any
    held: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, request: Any) -> Any:
        if request.method != "GET":
            self.arrived.release()
            self.held.acquire(timeout=30)

    def let(self, number: int) -> None:
        self.held.release(number)

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.arrived.acquire(timeout=30)


@pytest.fixture
def slow(remote: Any) -> Iterator[Slow]:
    made = Slow(remote)
    remote.replaced = made
    yield made
    made.let(1000)


@pytest.fixture
def fleet(folder: Any, yaml_of: Any) -> Any:
    return filled(folder, yaml_of)


def filled(folder: Any, yaml_of: Any) -> Any:
    return folder.write(**{f"bot-{number:02}": yaml_of(f"bot-{number:02}") for number in range(FLEET)})


@dataclass
class Stand:
    """A remote that lets writes through one by one, a project for it, and no state yet."""

    remote: Any
    fleet: Any
    slow: Slow
    state: Path


@pytest.fixture
def stands(
    tmp_path: Path, start_server: Any, open_folder: Any, yaml_of: Any
) -> Callable[[], AbstractContextManager[Stand]]:
    """``with stands() as stand``, as often as a test likes."""
    numbers = count()

    @contextmanager
    def made() -> Iterator[Stand]:
        place = tmp_path / f"stand-{next(numbers)}"
        with start_server() as remote:
            empty = open_folder(place, remote.url).put({"assistctl.yaml": PROJECT})
            remote.replaced = slow = Slow(remote)
            try:
                yield Stand(remote, filled(empty, yaml_of), slow, place / "state")
            finally:
                slow.let(1000)

    return made


def apply(folder: Any, state: Path, *words: str, **environ: str) -> subprocess.Popen[bytes]:
    """A real process that reports as JSON."""
    line = ["-m", "assistctl", "-C", str(folder.path), "--base-url", folder.base_url, *words]
    return subprocess.Popen(
        [sys.executable, *line, "apply", "--auto-approve", "--format", "json", "--parallelism", "2"],
        env={**os.environ, "ASSISTCTL_STATE_DIR": str(state), "AIMLAPI_API_KEY": "none", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # a line that was read takes nothing with it of those behind
        start_new_session=True,
    )


def heard(process: subprocess.Popen[bytes], word: str) -> str:
    """The program's news up to the line that holds ``word``."""
    news = ""
    assert process.stderr is not None
    while word not in news:
        line = process.stderr.readline().decode()
        assert line, news
        news += line
    return news


def ended(process: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and news. The report is empty where nothing was printed."""
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err, err.decode()
    return process.returncode, json.loads(out) if out.strip() else {}, err.decode()


def outcomes(report: dict[str, Any]) -> dict[str, int]:
    kinds = [result["outcome"] for result in report["results"]]
    return {kind: kinds.count(kind) for kind in kinds}


def converges(folder: Any, remote: Any, state: Path, landed: int) -> None:
    """Once ``landed`` creates have taken effect, the next run needs nobody's help and makes nothing twice."""
    until = time.monotonic() + 60
    while len(remote.all()) < landed and time.monotonic() < until:
        time.sleep(0.001)
    remote.replaced = lambda _request: None
    line = [sys.executable, "-m", "assistctl", "-C", str(folder.path), "--base-url", folder.base_url, "apply"]
    again = subprocess.run(
        [*line, "--auto-approve", "--settle-seconds", "1"],
        env={**os.environ, "ASSISTCTL_STATE_DIR": str(state), "AIMLAPI_API_KEY": "none"},
        capture_output=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr.decode()
    keys = sorted(item["metadata"]["assistctl"].split()[2] for item in remote.all())
    assert keys == [f"bot-{number:02}" for number in range(FLEET)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_n1_after_a_signal_what_is_under_way_ends_and_nothing_new_is_sent(
    remote: Any, fleet: Any, slow: Slow, tmp_path: Path, number: int, code: int
) -> None:
    process = apply(fleet, tmp_path / "state")
    slow.let(3)
    slow.wait_for(5)  # three are through, two are under way
    process.send_signal(number)
    heard(process, STOPPING)
    slow.let(1000)
    exit_code, report, _ = ended(process)
    assert exit_code == report["interrupted"] == code
    assert outcomes(report) == {"done": 5, "not started": FLEET - 5}
    assert len(remote.all()) == len(remote.writes) == 5
    converges(fleet, remote, tmp_path / "state", 5)


def test_n1_what_does_not_end_in_time_is_cut_and_reported_as_unknown(
    stands: Callable[[], AbstractContextManager[Stand]],
) -> None:
    for _ in range(ATTEMPTS):
        with stands() as stand:
            report, news = cut_in_time(stand)
        if report:
            break
        assert "left at once" in news  # the report has 0.4 s once the requests were cut
    assert outcomes(report) == {"done": 1, "unknown": 2, "not started": FLEET - 3}


def cut_in_time(stand: Stand) -> tuple[dict[str, Any], str]:
    """The report and the news of a run that is stopped while two of its creates are held."""
    process = apply(stand.fleet, stand.state, CI="true")
    stand.slow.let(1)
    stand.slow.wait_for(3)
    process.send_signal(signal.SIGTERM)
    exit_code, report, news = ended(process)
    assert exit_code == 143
    assert len(stand.remote.writes) == 3
    stand.slow.let(1000)  # the two take effect after all
    converges(stand.fleet, stand.remote, stand.state, 3)
    return report, news


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_n2_a_second_signal_leaves_at_once_and_loses_nothing(
    remote: Any, fleet: Any, slow: Slow, tmp_path: Path, number: int, code: int
) -> None:
    process = apply(fleet, tmp_path / "state")
    slow.let(2)
    slow.wait_for(4)
    process.send_signal(number)
    heard(process, STOPPING)
    process.send_signal(number)
    exit_code, report, news = ended(process)
    assert (exit_code, report) == (code, {})
    assert "left at once" in news
    slow.let(1000)
    converges(fleet, remote, tmp_path / "state", 4)


def test_n1_a_signal_while_a_retry_is_waited_for_ends_the_wait(
    remote: Any, fleet: Any, tmp_path: Path
) -> None:
    from assistctl.server.messages import Answer

    def throttles(request: Any) -> Any:
        if request.method == "GET":
            return None
        return Answer(429, {"retry-after": "100"}, b'{"error": {"message": "slow down"}}')

    remote.replaced = throttles
    process = apply(fleet, tmp_path / "state")
    heard(process, "retrying in 100.0 s")
    process.send_signal(signal.SIGINT)
    exit_code, report, _ = ended(process)
    assert exit_code == 130
    assert outcomes(report).keys() <= {"failed", "not started"}
    assert remote.all() == []


def test_the_time_limit_of_the_command_ends_an_apply_with_a_report(
    stands: Callable[[], AbstractContextManager[Stand]],
) -> None:
    for attempt in range(ATTEMPTS):
        with stands() as stand:
            process = apply(stand.fleet, stand.state, "--timeout", str(3 * 2**attempt))
            stand.slow.let(3)
            exit_code, report, _ = ended(process)
            assert exit_code
            written = len(stand.remote.writes)
            stand.slow.let(1000)
            converges(stand.fleet, stand.remote, stand.state, written)
        if written == 5:  # so many begin before the limit, unless the machine is too busy
            break
    assert exit_code == 4
    assert outcomes(report) == {"done": 3, "unknown": 2, "not started": FLEET - 5}
