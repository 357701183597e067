"""Creating exactly once: what was lost is looked for before anything is sent again."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.closing import close
from assistctl.engine.settling import WAVES
from assistctl.errors import DiskFault, NotApplied, OutcomeUnknown, RemoteError
from assistctl.model.report import Outcome


def fails(error: Exception) -> Any:
    def fault() -> None:
        raise error

    return fault


def lost_answer() -> Any:
    """The request takes effect, its answer never arrives."""

    def later() -> None:
        raise OutcomeUnknown("the answer was lost")

    return later


LOST_REQUEST = fails(OutcomeUnknown("nobody answered"))


class Paper:
    """A journal that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def intend(self, keys: Any) -> None:
        self.lines.append(("intend", tuple(keys)))

    def landed(self, key: str, remote_id: str | None) -> None:
        self.lines.append(("landed", key, remote_id is not None))


def sent(world: Any) -> int:
    return sum(verb == "create" for verb, _ in world.provider.history)


def test_c2_a_create_that_got_lost_on_the_way_is_sent_again_after_the_bound(world: Any, make: Any) -> None:
    world.provider.faults["create"] = [LOST_REQUEST]
    report = world.apply(world.plan(make.desired("a")))
    assert (report.complete, sent(world), len(world.provider.inner_ids())) == (True, 2, 1)


def test_c3_a_create_whose_answer_was_lost_is_found_and_not_sent_again(world: Any, make: Any) -> None:
    world.provider.faults["create"] = [lost_answer]
    report = world.apply(world.plan(make.desired("a")))
    assert (report.complete, sent(world), len(world.provider.inner_ids())) == (True, 1, 1)
    assert report.results[0].id in world.provider.inner_ids()


def test_settling_is_collective_and_loses_nobody(world: Any, make: Any) -> None:
    world.provider.faults["create"] = [lost_answer, LOST_REQUEST, lost_answer, LOST_REQUEST]
    report = world.apply(world.plan(*(make.desired(f"k{n}") for n in range(6))), parallelism=1)
    assert (report.complete, sent(world), len(world.provider.inner_ids())) == (True, 8, 6)


def test_after_four_waves_the_outcome_stays_unknown(world: Any, make: Any) -> None:
    world.provider.faults["create"] = [LOST_REQUEST] * 9
    report = world.apply(world.plan(make.desired("a")))
    assert [result.outcome for result in report.results] == [Outcome.UNKNOWN]
    assert sent(world) == WAVES


def test_nothing_is_sent_again_while_the_list_cannot_be_read(world: Any, make: Any) -> None:
    plan = world.plan(make.desired("a"))
    world.provider.faults["create"] = [LOST_REQUEST]
    world.provider.pages = lambda: (_ for _ in ()).throw(RemoteError("the list is broken"))
    report = world.apply(plan)
    assert [result.outcome for result in report.results] == [Outcome.UNKNOWN]
    assert sent(world) == 1


def test_the_intent_is_durable_before_anything_is_sent(world: Any, make: Any) -> None:
    paper = Paper()
    world.apply(world.plan(*(make.desired(f"k{n:03}") for n in range(70))), parallelism=1, journal=paper)
    kinds = [line[0] for line in paper.lines]
    assert (kinds[0], kinds.count("intend"), kinds.count("landed")) == ("intend", 2, 70)
    assert len(paper.lines[0][1]) == 64
    assert kinds.index("landed") > 0


def test_a_create_that_was_certainly_refused_is_no_open_intent(world: Any, make: Any) -> None:
    paper = Paper()
    world.provider.faults["create"] = [fails(NotApplied("refused", status=400))]
    world.apply(world.plan(make.desired("a")), journal=paper)
    assert paper.lines == [("intend", ("a",)), ("landed", "a", False)]


def test_p1_no_intent_no_create(world: Any, make: Any) -> None:
    class Full(Paper):
        def intend(self, keys: Any) -> None:
            raise DiskFault("no space left on device")

    report = world.apply(world.plan(make.desired("a"), make.desired("b")), parallelism=1, journal=Full())
    assert sent(world) == 0
    assert [result.outcome for result in report.results] == [Outcome.FAILED, Outcome.NOT_STARTED]
    assert report.results[0].exit_code == 74


def test_the_closing_list_waits_for_what_a_lagging_list_hides(world: Any, make: Any, hours: Any) -> None:
    report = world.apply(world.plan(make.desired("a")))
    pages, looks = world.provider.pages, []

    def lagging() -> Any:
        looks.append(hours.time)
        return pages() if len(looks) > 2 else iter(())

    world.provider.pages = lagging
    assert close(report, make.owner, world.provider, hours).unlisted == ()
    assert looks == [0.0, 1.0, 3.0]


@pytest.mark.parametrize("seconds", [30.0])
def test_what_is_never_listed_is_told_after_the_bound(
    world: Any, make: Any, hours: Any, seconds: float
) -> None:
    report = world.apply(world.plan(make.desired("a")))
    world.provider.pages = lambda: iter(())
    assert close(report, make.owner, world.provider, hours).unlisted == ("a",)
    assert hours.time == seconds


def test_without_creates_no_closing_list_is_asked_for(world: Any, make: Any, hours: Any) -> None:
    world.settle(make.desired("a"))
    report = world.apply(world.plan(make.desired("a", temperature=0.5)))
    world.provider.pages = lambda: (_ for _ in ()).throw(AssertionError("asked"))
    assert close(report, make.owner, world.provider, hours).unlisted == ()
