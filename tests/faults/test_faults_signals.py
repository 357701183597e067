"""Ctrl-C and SIGTERM while a slow remote answers: nothing new is sent, what is under way gets a little time,
the report is true, and the next run converges (N1, N2)."""

from __future__ import annotations

import os
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.bench import history
from tests.bench.fleet import OWNER, Fleet, write_fleet
from tests.bench.server_process import ServerProcess, Weather
from tests.bench.world import Exchange, Row
from tests.bench.zygote import Ended, Signal, Zygote

LONGEST = 7.5
"""Seconds from the signal to GitHub's kill. Where CI is set, requests under way have 6 s and the report has
0.4 s; on a busy machine each step may wait for several turns of the scheduler."""
DRAIN = 6.0
PARALLELISM = 4
"""The default: so many writes may have been on their way to the remote when the run said that it stops."""
QUIET = 0.05
"""Seconds after which no new write should reach the remote. The campaign reports the latest that was seen."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
ENDS = (0, 3, 4, 7)
"""How a run ends that no signal cuts short, on a faulty remote."""
AT_ONCE = "left at once"
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
    news: int = 0
    """How many writes reached the remote after the run had said that it stops."""
    took: float = 0.0
    """Seconds from the signal to the end."""
    violations: tuple[str, ...] = ()
    story: str = ""
    """What it said, and each request, in seconds from the signal; for whoever has to see why."""

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
        words += ["--settle-seconds", "5" if weather.hang else "0.3"]
        ended = self.zygote.run(words, environ, signal=Signal(number, seconds))
        stopped = Stopped(ended, number)
        if ended.signalled_at is not None:
            stopped.took = ended.ended_at - ended.signalled_at
            seen = [one for one in self.server.history(name) if one.write]
            stopped.latest = max([0.0, *(one.begun - ended.signalled_at for one in seen)])
            stopped.news = len(history.writes_after(seen, ended.told_at or ended.ended_at))
            stopped.violations = tuple(self.lies(name, stopped))
            stopped.story = story(ended, self.server.history(name))
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

    def lies(self, name: str, stopped: Stopped) -> list[str]:
        """What the exit code and the report say wrongly."""
        ended, seen = stopped.ended, self.server.history(name)
        over = was_over(seen, ended.signalled_at)
        codes = (CODES[signal.Signals(stopped.number)], *(ENDS if over and ended.out else ()))
        found = [] if ended.code in codes else [f"exit code {ended.code}: {ended.err}"]
        if ended.out:
            return found + history.misreported(ended.data, seen)
        wrote = any(one.write for one in seen)
        silent = AT_ONCE in ended.err and stopped.took > DRAIN
        return found + ["there is no report, but there were writes"] * (wrote and not silent)

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


def story(ended: Ended, seen: Sequence[Exchange]) -> str:
    signal = ended.signalled_at or 0.0
    steps = [
        f"{one.begun - signal:.4f} {one.method} {one.path} {one.key} {one.fate} {one.applied}" for one in seen
    ]
    return "\n".join((ended.err, ended.out, *steps))


def was_over(seen: Sequence[Exchange], moment: float | None) -> bool:
    """Whether the work was done, up to the closing list, when the signal came: by then the report is on its
    way, and it depends on the instant whether the signal still shows in it."""
    if moment is None or not any(one.write for one in seen):
        return False
    return seen[-1].kind == "list" and all(one.ended is not None and one.ended <= moment for one in seen)


def check(stopped: Stopped, where: str) -> None:
    assert not faults(stopped), "\n".join((where, *faults(stopped), stopped.story))


def faults(stopped: Stopped) -> list[str]:
    """Everything that one story did wrong."""
    found = list(stopped.violations)
    if stopped.took > LONGEST:
        found.append(f"it took {stopped.took:.2f} s to end")
    if stopped.news > PARALLELISM:
        found.append(f"{stopped.news} writes came after the run had said that it stops")
    return found


@pytest.mark.parametrize("weather", [SLOW, FAULTY], ids=["slow", "faulty"])
def test_n1_a_signal_at_any_instant_ends_the_run_with_a_true_report(office: Office, weather: Weather) -> None:
    seed = secrets.token_hex(4)
    dice, heard = random.Random(seed), 0  # noqa: S311 - not for secrets
    for number in range(150):
        if number >= 15 and heard >= 8:
            break
        which = dice.choice(list(CODES))
        stopped = office.stop(weather, which, dice.uniform(0.01, 0.4))
        if stopped.in_time:
            heard += 1
            check(stopped, f"seed {seed}, signal {number}")
    assert heard >= 8, "most runs were over before their signal"


def test_n1_a_request_that_hangs_is_given_up_after_six_seconds_and_is_told_as_unknown(office: Office) -> None:
    for seconds in (0.5, 0.5, 1.0, 1.0, 2.0, 2.0):  # on a busy machine nothing may hang yet
        stopped = office.stop(HANGING, signal.SIGTERM, seconds)
        check(stopped, "hanging")
        if stopped.ended.out and stopped.took > DRAIN:
            break
    outcomes = Counter(result["outcome"] for result in stopped.ended.data["results"])
    assert outcomes["unknown"]
    assert outcomes["not started"]
    assert stopped.ended.data["complete"] is False


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
            wrong += [f"signal {len(all_stopped)}: {fault}" for fault in faults(stopped)]
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
