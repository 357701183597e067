"""The real apply against a simulated remote in virtual time, over thousands of schedules.

Per default 5,000 schedules, always the same ones. The campaign takes 100,000 and prints its first seed::

    pytest -m campaign -n 0 -s tests/simulation/test_simulated_schedules.py

``SIMULATION_SCHEDULES`` chooses another number and ``SIMULATION_SEED`` the first seed. A schedule that breaks
a law is shown with its seed and its trace. To live it alone: that command with ``SIMULATION_SEED=…`` and
``SIMULATION_SCHEDULES=1``.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TypeAlias

import pytest

from assistctl.commands.exclusive import Waiting
from assistctl.errors import ExitCode
from assistctl.model.report import Outcome
from assistctl.providers.message import Request

from .simulated_laws import unconverged, untrue
from .simulated_life import ORIGIN, Life, Twist
from .simulated_network import Fate, Weather

Begin: TypeAlias = Callable[..., AbstractContextManager[Life]]

DEFAULT = 5_000
CHUNK = 250
CAMPAIGN = 100_000
LAGGING = Weather(latency=0.1, lag=28.0)


def check(begin: Begin, seed: int) -> Life:
    """Lives one schedule; where a law is broken, fails with all that is needed to see why."""
    with begin(seed) as life:
        wrongs = life.live()
    if wrongs:
        pytest.fail("\n".join((f"seed {seed}", life.trace, *wrongs)), pytrace=False)
    return life


@contextmanager
def fleet_of_one(begin: Begin) -> Iterator[Life]:
    """A life in fine weather, on an empty remote, whose manifests declare one assistant."""
    with begin(0) as life:
        life.wanted["ant"] = 0
        yield life


@pytest.mark.parametrize("first", range(0, DEFAULT, CHUNK))
def test_no_schedule_breaks_a_law(begin: Begin, first: int) -> None:
    for seed in range(first, first + CHUNK):
        check(begin, seed)


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_no_schedule_of_the_campaign_breaks_a_law(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    first = int(os.environ.get("SIMULATION_SEED") or secrets.randbelow(10**9))
    number = int(os.environ.get("SIMULATION_SCHEDULES") or CAMPAIGN)
    begun, runs, kills = time.monotonic(), 0, 0
    for seed in range(first, first + number):
        if (seed - first) % 10_000 == 0:
            with capsys.disabled():
                print(f"seed {first}: {seed - first} schedules so far")
        life = check(begin, seed)
        runs += len(life.runs)
        kills += sum(ran.killed for ran in life.runs)
    with capsys.disabled():
        seconds = time.monotonic() - begun
        print(
            f"seed {first}: {number} schedules, {runs} runs, {kills} killed, 0 laws broken, {seconds:.0f} s"
        )
        if number == 1:
            print(life.trace)


def test_the_schedules_meet_every_fate_and_end_in_every_way(begin: Begin) -> None:
    lives = [check(begin, seed) for seed in range(500)]
    told = Counter(line.rpartition(": ")[2] for life in lives for line in life.network.trace)
    assert [fate for fate in Fate if not told[fate.value]] == []
    runs = [ran for life in lives for ran in life.runs]
    reports = [ran.report for ran in runs if ran.report]
    assert [outcome for outcome in Outcome if not any(report.count(outcome) for report in reports)] == []
    # 6: the guard against a storm of creates; 7: a list that could not be read.
    assert {ran.exit_code for ran in runs} >= {ExitCode(code) for code in (0, 4, 5, 6, 7, 8, 143)}
    assert sum(ran.killed for ran in runs) > 150
    assert any("an earlier run did not end cleanly" in life.trace for life in lives)
    assert any("outside: takes the marker" in life.trace for life in lives)


def test_a_seed_repeats_everything(begin: Begin) -> None:
    for seed in range(40):
        traces = []
        for _ in range(2):
            with begin(seed) as life:
                life.live()
            traces.append(life.trace)
        assert traces[0] == traces[1]


TWISTS = {
    "the settle wait left out": Twist(Waiting(settle="never")),
    "a bound that is shorter than the remote's": Twist(Waiting(settle_seconds=2.0)),
    "a machine that forgets its journal": Twist(keep_state=False),
    "a list that lags longer than the bound": Twist(lag=90.0),
}


@pytest.mark.parametrize("name", TWISTS)
def test_twins_are_found_where_a_protection_is_taken_out(begin: Begin, name: str) -> None:
    for seed in range(500):
        with begin(seed, TWISTS[name]) as life:
            if any("twins" in wrong for wrong in life.live()):
                return
    pytest.fail(f"no twins with {name}")


def test_g5_what_a_killed_run_made_and_the_list_does_not_show_yet_is_not_made_again(begin: Begin) -> None:
    """The answer was there and in the journal; the closing list was not."""
    with fleet_of_one(begin) as life:
        life.network.weather = LAGGING
        life.network.script = [Fate.FINE, Fate.FINE, Fate.KILL_BEFORE]
        assert life.apply().killed
        assert life.remote.things["asst_000"].listed(life.clock.now() + 1.0) is None
        assert list(life.healed()) == []
        assert list(life.remote.things) == ["asst_000"]


@pytest.mark.parametrize("last", [Fate.LONG_PAUSE, Fate.DENIED, Fate.REFUSED])
def test_g6_a_modify_that_may_still_land_is_unknown_whatever_its_repetition_was_told(
    begin: Begin, last: Fate
) -> None:
    with fleet_of_one(begin) as life:
        life.apply()
        life.wanted["ant"] += 1
        life.network.script = [Fate.FINE, Fate.FINE, Fate.LATE, Fate.FINE, last]
        ran = life.apply()
        assert ran.report is not None
        assert [result.outcome for result in ran.report.results] == [Outcome.UNKNOWN]
        assert ran.exit_code == ExitCode.OUTCOME_UNKNOWN
        assert [*life.healed(), *life.lies()] == []


@pytest.mark.parametrize("last", [Fate.LONG_PAUSE, Fate.DENIED])
def test_g6_a_delete_that_may_have_landed_is_unknown_whatever_its_repetition_was_told(
    begin: Begin, last: Fate
) -> None:
    with fleet_of_one(begin) as life:
        life.wanted["bee"] = 0
        life.apply()
        del life.wanted["bee"]
        life.network.script = [Fate.FINE, Fate.FINE, Fate.ANSWER_LOST, last]
        ran = life.apply()
        assert ran.report is not None
        assert [result.outcome for result in ran.report.results] == [Outcome.UNKNOWN]
        assert [*life.healed(), *life.lies()] == []


def test_the_laws_notice_a_report_that_says_anything_but_what_happened(begin: Begin) -> None:
    with fleet_of_one(begin) as life:
        ran = life.apply()
    assert ran.report is not None
    assert list(untrue(ran, life.remote)) == []
    (result,) = ran.report.results
    for outcome in set(Outcome) - {Outcome.DONE}:
        lie = replace(ran, report=replace(ran.report, results=(replace(result, outcome=outcome),)))
        assert list(untrue(lie, life.remote)), outcome
    silence = replace(ran, report=None)
    assert list(untrue(silence, life.remote))


def test_the_laws_notice_what_is_missing_too_many_or_not_as_wanted(begin: Begin) -> None:
    with fleet_of_one(begin) as life:
        life.apply()
    thing, remote = life.remote.things["asst_000"], life.remote
    desired = life.desired()
    assert list(unconverged(remote, desired)) == []
    assert list(unconverged(remote, ()))
    remote.edit_outside(thing, instructions="something else")
    assert list(unconverged(remote, desired))
    remote.end(thing)
    assert list(unconverged(remote, desired))


def test_the_laws_notice_a_write_to_what_is_not_ours_or_was_edited_since_the_plan(begin: Begin) -> None:
    with fleet_of_one(begin) as life:
        life.apply()
        stranger = life.remote.put({"name": "stranger", "model": "gpt-4o", "metadata": {}})
    life.remote.take("r9", Request("DELETE", f"{ORIGIN}/assistants/{stranger.id}", {}))
    assert [wrong[:2] for wrong in life.remote.wrongs] == ["G2"]
    mine = life.remote.things["asst_000"]
    life.remote.planned = {mine.id: 0}
    life.remote.edit_outside(mine, instructions="by hand")
    life.remote.take("r9", Request("POST", f"{ORIGIN}/assistants/{mine.id}", {}, b"{}"))
    assert [wrong[:2] for wrong in life.remote.wrongs] == ["G2", "G4"]
