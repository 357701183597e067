"""Eight applies at once on one machine: one writes, the others are told or wait (N4)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.bench import history
from tests.bench.fates import OK, Asked, Choose, Fate, no_faults, seeded
from tests.bench.fault_server import FaultServer
from tests.bench.fleet import OWNER, write_fleet
from tests.bench.world import World

APPLIERS = 8
CREATED = 12


@dataclass
class Crowd:
    """A project, a remote, and appliers that are real processes of one machine."""

    project: Path
    environ: Mapping[str, str]
    world: World
    wanted: tuple[str, ...]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *options: str, appliers: int = APPLIERS) -> list[subprocess.Popen[str]]:
        words = ["-m", "assistctl", "-C", str(self.project), "apply", "--auto-approve", *options]
        started = [
            subprocess.Popen(
                [sys.executable, *words],
                env=self.environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(appliers)
        ]
        self.started += started
        return started

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def violations(self) -> list[str]:
        truth = self.world.truth()
        return [
            *history.twins(truth, OWNER),
            *history.wrong_keys(truth, OWNER, self.wanted),
            *history.created_twice(self.world.history),
        ]


@pytest.fixture
def crowd(fault_server: FaultServer, tmp_path: Path) -> Iterator[Crowd]:
    fleet = write_fleet(tmp_path, 0, 0, 0, CREATED)
    world = World()
    url = fault_server.open(tmp_path.name, world)
    environ = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "HOME": str(tmp_path),
        "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
        "ASSISTCTL_BASE_URL": url,
    }
    crowd = Crowd(fleet.after, environ, world, fleet.wanted)
    yield crowd
    crowd.end()
    fault_server.drop(tmp_path.name)


def ended(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    return [process for process in processes if process.poll() is not None]


@dataclass
class HeldUp:
    """Creates wait for ``release``: whoever has the lock keeps it so long."""

    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def __call__(self, asked: Asked) -> Fate:
        if asked.kind == "create":
            self.reached.set()
            self.release.wait(60)
        return OK


def test_n4_of_eight_applies_at_once_seven_are_told_who_holds_the_lock_since_when(crowd: Crowd) -> None:
    crowd.world.choose = held = HeldUp()
    processes = crowd.start("--lock-timeout", "0")
    deadline = time.monotonic() + 60
    while len(ended(processes)) < APPLIERS - 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    losers = ended(processes)
    (winner,) = (process for process in processes if process not in losers)
    named = rf"process {winner.pid} is applying for {OWNER} right now, since \d{{4}}-\d\d-\d\dT[\d:]+Z"
    # Who comes while the winner has the lock and is about to write its name may not learn it.
    unnamed = rf"another process is applying for {OWNER} right now"
    assert held.reached.wait(60)
    late = crowd.start("--lock-timeout", "0", appliers=1)
    assert late[0].wait(60) == 5
    held.release.set()
    assert winner.wait(60) == 0
    assert [process.returncode for process in losers] == [5] * (APPLIERS - 1)
    for process in (*losers, *late):
        said = process.communicate()[1]
        assert re.search(named if process in late else f"{named}|{unnamed}", said), said
        assert "Not done: nothing was sent" in said
    assert not crowd.violations()
    assert len([one for one in crowd.world.history if one.write]) == CREATED


def test_n4_eight_applies_that_wait_for_each_other_make_nothing_twice(crowd: Crowd) -> None:
    processes = crowd.start("--lock-timeout", "100")
    said = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0] * APPLIERS, said
    assert not crowd.violations()
    assert len([one for one in crowd.world.history if one.write]) == CREATED
    added = sorted(int(match[1]) for out, _ in said if (match := re.search(r"(\d+) added", out)))
    assert added == [0] * (APPLIERS - 1) + [CREATED]


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(int(os.environ.get("APPLIERS_ROUNDS", "10"))))
def test_campaign_of_appliers_on_a_faulty_remote_of_which_one_is_killed(crowd: Crowd, seed: int) -> None:
    """``APPLIERS_ROUNDS=50 pytest -m campaign -n 0 tests/faults/test_faults_appliers.py``"""
    crowd.world.choose = slowly(seeded(seed, 0.2), 0.02)
    processes = crowd.start("--lock-timeout", "300", "--settle-seconds", "1")
    while not any(one.write for one in crowd.world.history) and len(ended(processes)) < APPLIERS:
        time.sleep(0.001)
    time.sleep(seed % 10 * 0.02)
    processes[seed % APPLIERS].kill()
    told = [process.communicate(timeout=300)[1] for process in processes]
    codes = [process.returncode for process in processes]
    crowd.world.settle()
    crowd.world.choose = no_faults
    (last, *_) = crowd.start("--lock-timeout", "300", "--settle-seconds", "1")
    assert last.wait(300) == 0
    assert set(codes) <= {-9, 0, 3, 4, 7}, "\n\n".join(told)
    assert not crowd.violations()


def slowly(choose: Choose, seconds: float) -> Choose:
    """The same fates, each after a while."""
    return lambda asked: replace(choose(asked), delay=seconds)
