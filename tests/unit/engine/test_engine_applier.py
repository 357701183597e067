"""A plan is carried out against the embedded server: order, checks before each write, honest reports."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest

from assistctl.engine.applier import exit_codes
from assistctl.errors import CredentialsRefused, ExitCode, NotApplied, OutcomeUnknown, RemoteError
from assistctl.model.plan import Action
from assistctl.model.report import Outcome, Report, Result


def fails(error: RemoteError) -> Callable[[], None]:
    """The call does not reach the server."""

    def fault() -> None:
        raise error

    return fault


def lost_answer() -> Callable[[], None]:
    """The call takes effect, but its answer never arrives."""
    return LOST_REQUEST


LOST_REQUEST = fails(OutcomeUnknown("the answer was lost"))
"""The call never arrives, and nobody knows."""


def ends(report: Report) -> dict[str, str]:
    return {f"{result.action.value} {result.key}": result.outcome.value for result in report.results}


def test_the_report_has_one_result_per_write_in_the_plans_order(world: Any, make: Any) -> None:
    world.settle(make.desired("b"), make.desired("c", temperature=0.5), make.desired("same"))
    plan = world.plan(
        make.desired("d"), make.desired("c", temperature=0.7), make.desired("a"), make.desired("same")
    )
    report = world.apply(plan)
    assert ends(report) == {"create a": "done", "delete b": "done", "update c": "done", "create d": "done"}
    assert [*ends(report)] == ["create a", "delete b", "update c", "create d"]
    assert (report.count(Outcome.DONE), report.count(Outcome.DONE, Action.CREATE)) == (4, 2)
    assert (report.complete, exit_codes(report)) == (True, set())
    assert all(result.id for result in report.results)


def test_an_empty_plan_sends_nothing(world: Any, make: Any) -> None:
    world.settle(make.desired())
    report = world.apply(world.plan(make.desired()))
    assert (report.results, report.complete, world.provider.history) == ((), True, [])


def test_deletions_come_after_everything_else(world: Any, make: Any) -> None:
    world.settle(*(make.desired(f"old{n}") for n in range(3)))
    world.apply(world.plan(*(make.desired(f"new{n}") for n in range(5))))
    assert [verb for verb, _ in world.provider.history] == ["create"] * 5 + ["delete"] * 3


def test_nothing_is_deleted_while_an_outcome_is_unknown(world: Any, make: Any) -> None:
    world.settle(make.desired("old"))
    world.provider.faults["create"] = [LOST_REQUEST] * 4
    report = world.apply(world.plan(make.desired("a")), parallelism=1)
    assert ends(report) == {"create a": "unknown", "delete old": "not started"}
    assert exit_codes(report) == {ExitCode.OUTCOME_UNKNOWN}
    assert world.one("old")


def test_a_refused_write_does_not_stop_the_others(world: Any, make: Any) -> None:
    world.settle(make.desired("old"))
    world.provider.faults["create"] = [fails(NotApplied("too many", status=429))]
    report = world.apply(world.plan(make.desired("a"), make.desired("b")), parallelism=1)
    assert ends(report) == {"create a": "failed", "create b": "done", "delete old": "done"}
    assert "too many" in report.results[0].detail
    assert exit_codes(report) == {ExitCode.REMOTE_FAILED, ExitCode.PARTLY_APPLIED}


def test_a_body_that_the_server_refuses_is_a_failure(world: Any, make: Any) -> None:
    report = world.apply(world.plan(make.desired(temperature=99)))
    assert ends(report) == {"create bot": "failed"}
    assert world.remotes() == []


def test_refused_credentials_stop_every_write_that_follows(world: Any, make: Any) -> None:
    world.settle(make.desired("old"))
    world.provider.faults["create"] = [fails(CredentialsRefused("no credit", status=402))]
    report = world.apply(world.plan(*(make.desired(key) for key in "abc")), parallelism=1)
    assert ends(report) == {
        "create a": "failed",
        "create b": "not started",
        "create c": "not started",
        "delete old": "not started",
    }
    assert world.provider.history == [("create", "a")]
    assert exit_codes(report) == {ExitCode.CREDENTIALS}


def test_after_a_signal_nothing_new_is_started(world: Any, make: Any) -> None:
    seen: list[Result] = []
    plan = world.plan(*(make.desired(key) for key in "abc"))
    report = world.apply(plan, parallelism=1, stopped=lambda: 143 if seen else 0, on_result=seen.append)
    assert ends(report) == {"create a": "done", "create b": "not started", "create c": "not started"}
    assert (report.interrupted, report.complete) == (143, False)
    assert ExitCode.TERMINATED in exit_codes(report)


def test_every_end_is_told_once_as_it_happens(world: Any, make: Any) -> None:
    world.settle(make.desired("old"))
    seen: list[Result] = []
    world.provider.faults["create"] = [LOST_REQUEST]
    report = world.apply(world.plan(make.desired("a"), make.desired("b")), on_result=seen.append)
    assert sorted(seen, key=lambda r: r.key) == sorted(report.results, key=lambda r: r.key)


def test_as_many_writes_are_under_way_as_parallelism_says(world: Any, make: Any) -> None:
    together = Barrier(3, timeout=60)
    world.provider.faults["create"] = [lambda: together.wait() and None] * 3
    report = world.apply(world.plan(*(make.desired(key) for key in "abc")), parallelism=3)
    assert report.complete


# --- the remote moved since the plan (U1, U3, U4, D1, D2)


def test_u1_what_moved_since_the_plan_is_skipped_and_the_rest_goes_on(world: Any, make: Any) -> None:
    world.settle(make.desired("a"), make.desired("b"))
    plan = world.plan(make.desired("a", temperature=0.5), make.desired("b", temperature=0.5))
    world.outside.update(world.one("a").id, {"description": "typed meanwhile"})
    report = world.apply(plan)
    assert ends(report) == {"update a": "skipped", "update b": "done"}
    assert exit_codes(report) == {ExitCode.DECISION_NEEDED, ExitCode.PARTLY_APPLIED}
    assert (world.one("a").fields["description"], world.one("a").fields["temperature"]) == (
        "typed meanwhile",
        1.0,
    )


def test_u1_a_marker_that_was_taken_away_since_the_plan_is_a_move(world: Any, make: Any) -> None:
    world.settle(make.desired("a"), make.desired("gone"))
    plan = world.plan(make.desired("a", temperature=0.5))
    for name in ("a", "gone"):
        world.outside.update(world.one(name).id, {"metadata": {"assistctl": None}})
    assert set(ends(world.apply(plan)).values()) == {"skipped"}
    assert world.provider.history == []


def test_u3_a_modify_whose_answer_was_lost_but_took_effect_is_done(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.provider.faults["update"] = [lost_answer]
    report = world.apply(world.plan(make.desired(temperature=0.5)))
    assert ends(report) == {"update bot": "done"}
    assert [verb for verb, _ in world.provider.history] == ["update"]
    assert world.plan(make.desired(temperature=0.5)).writes == ()


def test_u3_a_modify_that_was_lost_on_the_way_is_sent_again(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.provider.faults["update"] = [LOST_REQUEST, LOST_REQUEST]
    report = world.apply(world.plan(make.desired(temperature=0.5)))
    assert ends(report) == {"update bot": "done"}
    assert [verb for verb, _ in world.provider.history] == ["update"] * 3


def test_u3_after_a_lost_modify_somebody_elses_value_is_not_overwritten(world: Any, make: Any) -> None:
    world.settle(make.desired())

    def lost_and_changed() -> None:
        world.outside.update(world.one("bot").id, {"temperature": 0.9})
        raise OutcomeUnknown("the answer was lost")

    world.provider.faults["update"] = [lost_and_changed]
    report = world.apply(world.plan(make.desired(temperature=0.5)))
    assert ends(report) == {"update bot": "skipped"}
    assert world.one("bot").fields["temperature"] == 0.9


def test_u3_a_modify_that_is_lost_every_time_ends_as_unknown(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.provider.faults["update"] = [LOST_REQUEST] * 9
    report = world.apply(world.plan(make.desired(temperature=0.5)))
    assert ends(report) == {"update bot": "unknown"}
    assert len(world.provider.history) == 3


def test_u3_a_last_attempt_that_took_effect_is_done(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.provider.faults["update"] = [LOST_REQUEST, LOST_REQUEST, lost_answer]
    assert ends(world.apply(world.plan(make.desired(temperature=0.5)))) == {"update bot": "done"}


def test_u3_a_lost_modify_stays_unknown_where_the_target_cannot_be_read(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.provider.faults["update"] = [lost_answer]
    world.provider.faults["get"] = [None, fails(RemoteError("502", status=502))]
    report = world.apply(world.plan(make.desired(temperature=0.5)))
    assert ends(report) == {"update bot": "unknown"}
    assert exit_codes(report) == {ExitCode.OUTCOME_UNKNOWN}


def test_a_target_that_cannot_be_read_is_not_written(world: Any, make: Any) -> None:
    world.settle(make.desired("a"), make.desired("gone"))
    world.provider.faults["get"] = [fails(RemoteError("502", status=502))] * 2
    report = world.apply(world.plan(make.desired("a", temperature=0.5)))
    assert set(ends(report).values()) == {"failed"}
    assert world.provider.history == []


@pytest.mark.parametrize("status", [None, 404, 410])
def test_u4_what_is_gone_is_reported_and_not_created(world: Any, make: Any, status: int | None) -> None:
    world.settle(make.desired())
    plan = world.plan(make.desired(temperature=0.5))
    if status is None:
        world.outside.delete(world.one("bot").id)
    else:
        world.provider.faults["update"] = [fails(NotApplied("gone", status=status))]
    report = world.apply(plan)
    assert ends(report) == {"update bot": "skipped"}
    assert exit_codes(report) == {ExitCode.DECISION_NEEDED}
    assert [verb for verb, _ in world.provider.history if verb == "create"] == []


def test_d1_a_delete_of_what_is_gone_is_done(world: Any, make: Any) -> None:
    world.settle(make.desired("gone"))
    plan = world.plan(make.desired("else"))
    world.outside.delete(world.one("gone").id)
    assert world.apply(plan).complete


def test_d1_a_delete_answered_with_404_is_done(world: Any, make: Any) -> None:
    world.settle(make.desired("gone"))
    target = world.one("gone").id
    world.provider.faults["delete"] = [lambda: world.outside.delete(target) and None]
    assert world.apply(world.plan(make.desired("else"))).complete


def test_d2_what_changed_since_the_plan_is_not_deleted(world: Any, make: Any) -> None:
    world.settle(make.desired("gone"))
    plan = world.plan(make.desired("else"))
    world.outside.update(world.one("gone").id, {"instructions": "precious"})
    report = world.apply(plan)
    assert ends(report) == {"create else": "done", "delete gone": "skipped"}
    assert world.one("gone").fields["instructions"] == "precious"


# --- what is sent


def test_a_write_carries_the_marker_in_the_same_request(world: Any, make: Any) -> None:
    world.apply(world.plan(make.desired()))
    world.apply(world.plan(make.desired(temperature=0.5)))
    assert [verb for verb, _ in world.provider.history] == ["create", "update"]
    assert all("assistctl" in body["metadata"] for body in world.provider.bodies)


def test_foreign_metadata_and_unmanaged_fields_survive_a_write(world: Any, make: Any) -> None:
    world.settle(make.desired())
    world.outside.update(world.one("bot").id, {"description": "typed", "metadata": {"by": "hand"}})
    world.settle(make.desired(temperature=0.5))
    found = world.one("bot")
    assert found.fields["description"] == "typed"
    assert (found.metadata or {})["by"] == "hand"


def test_a_remote_that_drops_the_marker_is_reported_as_unmanageable(world: Any, make: Any) -> None:
    class Forgetful:
        def create(self, body: Any) -> Any:
            return world.outside.create({**body, "metadata": {}})

    world.provider.inner = Forgetful()
    report = world.apply(world.plan(make.desired()))
    assert ends(report) == {"create bot": "failed"}
    assert exit_codes(report) == {ExitCode.DECISION_NEEDED}
