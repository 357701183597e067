"""SIGKILL is how CI cancels: after any kill the next run converges, without twins or lost creates (G5)."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from dataclasses import replace
from itertools import count

import pytest

from tests.bench import history
from tests.bench.fates import Choose, Fate, Reply, late, no_faults, scripted, seeded
from tests.bench.fleet import OWNER
from tests.bench.killing import Scene, Stage, Told
from tests.bench.world import Exchange, World
from tests.bench.zygote import Kill

RANDOM_KILLS = 30
OUTLIVED = 3
"""So many runs that end before their kill show that there is no further effect: their number differs."""
CAMPAIGN = 2_000


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Scene:
    return stage.scene()


def check(told: Told, what: str) -> None:
    story = "\n".join(told.steps)
    assert not told.violations, f"{what}\n" + "\n".join(told.violations) + f"\n{story}"


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("how", "parallelism"), [("before", "1"), ("middle", "4"), ("after", "8")])
def test_g5_a_kill_at_every_effect_of_an_apply_is_mended_by_the_next_one(
    stage: Stage, scene: Scene, how: str, parallelism: str
) -> None:
    killed, outlived = 0, 0
    for effect in count(1):
        told = stage.story(
            scene,
            [Kill(effect, how)],
            "--parallelism",
            parallelism,
            drained=True,
            same_machine=how == "before",
        )
        check(told, f"killed {how} effect {effect} with --parallelism {parallelism}")
        killed, outlived = killed + told.killed, outlived + (not told.killed)
        if outlived == OUTLIVED:
            break
    assert killed >= 2 * scene.requests, "effects are counted wrongly: each request is sent and received"


def test_g5_a_kill_at_any_instant_is_mended_by_the_next_run(stage: Stage, scene: Scene) -> None:
    seed = secrets.token_hex(4)
    dice, longest, killed = random.Random(seed), scene.seconds, 0  # noqa: S311 - not for secrets
    for place in range(10 * RANDOM_KILLS):
        if place >= RANDOM_KILLS and killed >= RANDOM_KILLS // 2:
            break
        told = stage.story(scene, [Kill(seconds=dice.uniform(0.001, longest))])
        check(told, f"instant {place} of seed {seed}")
        killed += told.killed
        if not told.killed:
            longest = min(longest, told.runs[0].seconds)
    assert killed >= RANDOM_KILLS // 2, f"seed {seed}: most runs were over before their kill"


def test_g5_a_run_that_mends_may_be_killed_as_well(stage: Stage, scene: Scene) -> None:
    for first in range(8, scene.effects, 7):
        told = stage.story(scene, [Kill(first), Kill(first // 2), Kill(first, "after")], drained=True)
        check(told, f"killed at {first}, {first // 2} and after {first}")


def test_the_laws_notice_a_twin_where_the_settle_wait_is_left_out(stage: Stage, scene: Scene) -> None:
    """The killed create takes effect after the next run has looked: only waiting helps against that."""
    kill = Kill(2, of="/assistants?")  # as the run is about to look for the create that it has given up on
    options = ("--parallelism", "1", "--settle-seconds", "2")
    unsettled = stage.story(scene, [kill], *options, "--settle", "never", choose=first_create_late())
    assert "created-0 was created 2 times" in unsettled.violations
    check(stage.story(scene, [kill], *options, choose=first_create_late()), "settled")


def first_create_late() -> Choose:
    """The first create is answered with a reset and takes effect before the third list is answered: the
    second look of a run that settles, the closing list of one that does not."""
    return scripted({"create": [late(600, Reply.RESET)], "list": ["ok", "ok", Fate(lands=True)]})


def test_every_law_notices_what_it_forbids() -> None:
    marker = "1 bench/default bot abc123 n:abcdef #abcde"
    ours = {"id": "asst_1", "metadata": {"assistctl": marker}}
    twin, stranger = {**ours, "id": "asst_2"}, {"id": "asst_3", "metadata": {}}
    create = Exchange(0, "create", "POST", "/assistants", "ok", 1.0, read=1.1, key="bot", applied_at=1.2)
    delete = Exchange(1, "delete", "DELETE", "/assistants/asst_3", "ok", 2.0, target="asst_3", applied_at=2.2)
    report = {"results": [{"action": "delete", "key": "bot", "id": "asst_3", "outcome": "failed"}]}
    assert history.twins([ours, twin, stranger], OWNER) == ["bot has 2 assistants"]
    assert history.wrong_keys([ours], OWNER, ["cat"]) == ["cat is missing", "bot is still there"]
    assert history.lost_creates([{"landed": "bot", "id": "asst_9"}], [ours], []) != []
    assert history.touched([delete], [], OWNER) == ["DELETE /assistants/asst_3 of nobody"]
    assert history.touched([replace(delete, applied_at=None)], ["asst_3"], OWNER) != []
    assert history.altered([stranger], [], ["asst_3"]) == ["asst_3 is not what it was"]
    assert history.unmarked([create], OWNER) == ["POST /assistants carries the marker of nobody"]
    assert history.created_twice([create, create]) == ["bot was created 2 times"]
    assert history.writes_after([create, delete], 1.5) == [delete]
    assert history.misreported(report, [delete]) == ["delete bot is reported as failed"]
    clean = replace(create, owner=OWNER), replace(delete, target="asst_1", target_owner=OWNER)
    assert not history.touched(clean, ["asst_3"], OWNER) + history.unmarked(clean, OWNER)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_unknown_is_the_honest_word_for_what_was_reset_before_it_was_read(method: str) -> None:
    world = World()
    world.begin(method, "/assistants/asst_1")
    result = {"action": "update", "key": "bot", "id": "asst_1", "outcome": "unknown"}
    assert history.misreported({"results": [result]}, world.history) == []
    assert history.misreported({"results": [{**result, "id": "asst_2"}]}, world.history) != []


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_campaign_of_kills(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Fleets of all shapes, several kills in a row, honest remotes and faulty ones.

    ``KILLS=10000 KILLS_SEED=… pytest -m campaign -n 0 -s tests/faults/test_faults_kills.py``
    """
    seed = os.environ.get("KILLS_SEED") or secrets.token_hex(4)
    wanted = int(os.environ.get("KILLS", CAMPAIGN))
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    counts, begun = Counter[str](), time.monotonic()
    scene = stage.scene(seed=seed)
    while counts["kills"] < wanted:
        if counts["stories"] % 50 == 0:
            shape = [dice.randint(0, 3), dice.randint(1, 4), dice.randint(0, 2), dice.randint(2, 5)]
            scene = stage.scene(*shape, seed=(seed, counts["stories"]))
        kills = [_any_kill(dice, scene) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
        choose = _any_remote(dice, (seed, counts["stories"]))
        drained = choose is no_faults and dice.random() < 0.7
        told = stage.story(
            scene,
            kills,
            "--parallelism",
            dice.choice("148"),
            choose=choose,
            drained=drained,
            same_machine=dice.random() < 0.5,
        )
        check(told, f"KILLS_SEED={seed}, story {counts['stories']}: {kills}")
        counts.update(stories=1, kills=told.killed, commands=told.commands, faulty=choose is not no_faults)
    with capsys.disabled():
        print(
            f"\nKILLS_SEED={seed}: {dict(counts)} in {time.monotonic() - begun:.0f} s; 0 twins, 0 lost, "
            "0 foreign touched"
        )


def _any_kill(dice: random.Random, scene: Scene) -> Kill:
    if dice.random() < 0.3:
        return Kill(seconds=dice.uniform(0.001, scene.seconds * 1.2))
    return Kill(dice.randint(1, scene.effects + 5), dice.choice(("before", "middle", "after")))


def _any_remote(dice: random.Random, seed: object) -> Choose:
    """One remote in six loses answers or takes effect after it said 504, within the settle bound."""
    if dice.random() < 5 / 6:
        return no_faults
    return seeded(seed, 0.15, ("lost", "cut", "500-applied", "503", late(0.05), "429"))
