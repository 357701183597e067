"""Ctrl-C and SIGTERM while a slow remote answers: nothing new is sent, what is under way gets a little time,
the report is true, and the next run converges (N1, N2)."""

from __future__ import annotations

import os
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.bench import history
from tests.bench.fates import Fate, scripted, slow
from tests.bench.fault_server import FaultServer
from tests.bench.fleet import OWNER, Fleet, write_fleet
from tests.bench.server_process import ServerProcess, Weather
from tests.bench.world import Row, World
from tests.bench.zygote import Ended, Signal, Zygote

LONGEST = 6.5
"""Seconds from the signal to the end of the process where CI is set."""
QUIET = 0.05
"""Seconds after which no new write may reach the remote."""
SLACK = 0.25
"""On top of that in the tests that everybody runs: on a busy machine the sender's and the server's threads
may each wait for several turns of the scheduler. The campaign reports the latest write that was seen."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SLOW = Weather(latency=0.04)
FAULTY = Weather(rate=0.25, latency=0.04)
HANGING = Weather(latency=0.06, hang=8.0)
"""Every second write takes longer than the program waits for it, and takes effect at the end."""
CALM = Weather()


@dataclass
class Stopped:
    """What became of one apply that was sent a signal."""

    ended: Ended
    number: int
    latest: float = 0.0
    """Seconds from the signal to the first byte of the last write, 0 for none."""
    took: float = 0.0
    """Seconds from the signal to the end."""
    violations: tuple[str, ...] = ()

    @property
    def in_time(self) -> bool:
        """Whether the signal came before the end."""
        return self.ended.signalled_at is not None


@dataclass
class Office:
    """A fleet, a slow remote in a process of its own, and applies that are stopped."""

    server: ServerProcess
    zygote: Zygote
    folder: Path
    fleet: Fleet
    rows: list[Row]
    numbers: count[int]

    def stop(self, weather: Weather, number: int, seconds: float) -> Stopped:
        """Starts an apply, sends it a signal, looks at what it did, and lets the next one converge."""
        name = f"w{next(self.numbers)}"
        environ = self.environ(name, self.server.open(name, weather, self.rows))
        words = ["-C", str(self.fleet.after), "apply", "--auto-approve", "--format", "json"]
        words += ["--settle-seconds", "2.5" if weather.hang else "0.3"]
        ended = self.zygote.run(words, environ, signal=Signal(number, seconds))
        stopped = Stopped(ended, number)
        if ended.signalled_at is not None:
            stopped.took = ended.ended_at - ended.signalled_at
            seen = [one for one in self.server.history(name) if one.write]
            stopped.latest = max([0.0, *(one.begun - ended.signalled_at for one in seen)])
            stopped.violations = tuple(self.lies(name, ended, number))
        self.server.turn(name, CALM)
        again = self.zygote.run(words, environ)
        if again.code:
            stopped.violations += (f"the next run ends with {again.code}: {again.err}",)
        stopped.violations += tuple(self.harm(name))
        self.server.drop(name)
        return stopped

    def environ(self, name: str, url: str) -> dict[str, str]:
        state = str(self.folder / f"state-{name}")
        return {
            "CI": "true",
            "HOME": str(self.folder),
            "ASSISTCTL_STATE_DIR": state,
            "ASSISTCTL_BASE_URL": url,
        }

    def lies(self, name: str, ended: Ended, number: int) -> list[str]:
        """What the exit code and the report say wrongly."""
        found = (
            [] if ended.code == CODES[signal.Signals(number)] else [f"exit code {ended.code}: {ended.err}"]
        )
        seen = self.server.history(name)
        if ended.out:
            return found + history.misreported(ended.data, seen)
        return found + ["there is no report, but there were writes" for one in seen if one.write][:1]

    def harm(self, name: str) -> list[str]:
        """What is wrong on the remote in the end."""
        truth = self.server.truth(name)
        return [
            *history.twins(truth, OWNER),
            *history.wrong_keys(truth, OWNER, self.fleet.wanted),
            *history.unmarked(self.server.history(name), OWNER),
        ]


@pytest.fixture(scope="module")
def office(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    fleet = write_fleet(folder, 1, 4, 2, 8)
    with ServerProcess() as server:
        office = Office(server, zygote, folder, fleet, [], count())
        environ = office.environ("before", server.open("before", CALM))
        assert zygote.run(["-C", str(fleet.before), "apply", "--auto-approve"], environ).code == 0
        office.rows = [{**row, "created_at": row["created_at"] - 3600} for row in server.truth("before")]
        yield office


def check(stopped: Stopped, where: str, slack: float = SLACK) -> None:
    assert not faults(stopped, slack), f"{where}\n" + "\n".join(faults(stopped, slack))


def faults(stopped: Stopped, slack: float) -> list[str]:
    """Everything that one story did wrong."""
    found = list(stopped.violations)
    if stopped.took > LONGEST:
        found.append(f"it took {stopped.took:.2f} s to end")
    if stopped.latest > QUIET + slack:
        found.append(f"a write came {stopped.latest:.3f} s after the signal")
    return found


@pytest.mark.parametrize("weather", [SLOW, FAULTY], ids=["slow", "faulty"])
def test_n1_a_signal_at_any_instant_ends_the_run_with_a_true_report(office: Office, weather: Weather) -> None:
    seed = secrets.token_hex(4)
    dice, heard = random.Random(seed), 0  # noqa: S311 - not for secrets
    for number in range(15):
        which = dice.choice(list(CODES))
        stopped = office.stop(weather, which, dice.uniform(0.01, 0.4))
        if stopped.in_time:
            heard += 1
            check(stopped, f"seed {seed}, signal {number}")
    assert heard >= 8, "most runs were over before their signal"


def test_n1_a_request_that_hangs_is_given_up_after_six_seconds_and_is_told_as_unknown(office: Office) -> None:
    stopped = office.stop(HANGING, signal.SIGTERM, 0.5)
    check(stopped, "hanging")
    assert stopped.took > 5
    outcomes = Counter(result["outcome"] for result in stopped.ended.data["results"])
    assert outcomes["unknown"]
    assert outcomes["not started"]
    assert stopped.ended.data["complete"] is False


@pytest.mark.parametrize("fates", [["ok", slow(1.2)], ["ok", "503", slow(1.2)]], ids=["slow", "retried"])
def test_n1_a_signal_while_the_closing_list_is_read_wins_over_everything_done(
    fault_server: FaultServer, zygote: Zygote, tmp_path: Path, fates: list[str | Fate]
) -> None:
    fleet = write_fleet(tmp_path, 0, 0, 0, 2)
    world = World(scripted({"list": fates}))
    environ = {
        "CI": "true",
        "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
        "ASSISTCTL_BASE_URL": fault_server.open(tmp_path.name, world),
    }
    words = ["-C", str(fleet.after), "apply", "--auto-approve", "--format", "json", "--settle-seconds", "0.3"]
    ended = zygote.run(words, environ, signal=Signal(signal.SIGTERM, 0.6))
    assert ended.code == 143, ended.err
    assert ended.data["interrupted"] == 143
    assert not history.misreported(ended.data, world.history)
    again = zygote.run(words, environ)
    assert again.code == 0
    assert ("an earlier run did not end cleanly" in again.err) == ("could not be looked at" in ended.err)
    assert not history.created_twice(world.history)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_campaign_of_signals(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """``SIGNALS=1000 SIGNALS_SEED=… pytest -m campaign -n 0 -s tests/faults/test_faults_signals.py``"""
    seed = os.environ.get("SIGNALS_SEED") or secrets.token_hex(4)
    dice, begun = random.Random(seed), time.monotonic()  # noqa: S311 - not for secrets
    all_stopped: list[Stopped] = []
    wrong: list[str] = []
    while len(all_stopped) < int(os.environ.get("SIGNALS", "200")):
        weather = dice.choices((SLOW, FAULTY, HANGING), (10, 9, 1))[0]
        stopped = office.stop(weather, dice.choice(list(CODES)), dice.uniform(0.001, 0.5))
        if stopped.in_time:
            all_stopped.append(stopped)
            wrong += [f"signal {len(all_stopped)}: {fault}" for fault in faults(stopped, slack=1.0)]
    latest = sorted(stopped.latest for stopped in all_stopped)
    longest = max(stopped.took for stopped in all_stopped)
    with capsys.disabled():
        print(
            f"\nSIGNALS_SEED={seed}: {len(all_stopped)} signals in {time.monotonic() - begun:.0f} s; "
            f"the longest way to the end took {longest:.2f} s; the latest write came "
            f"{latest[-1] * 1000:.0f} ms after its signal, {sum(one > QUIET for one in latest)} came later "
            "than 50 ms"
        )
    assert not wrong, "\n".join([f"SIGNALS_SEED={seed}", *wrong])
