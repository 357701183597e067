"""What a remote cannot do is left out with a note, refused by name, or decided by pins alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistctl.engine.capability import Abilities
from assistctl.engine.planner import make_plan
from assistctl.engine.survey import survey
from assistctl.errors import ExitCode
from assistctl.model.plan import Action, Cause

PINS = Abilities("facade", keeps_metadata=False)


def plan(make: Any, able: Abilities, desired: list[Any], remotes: list[Any] = []) -> Any:  # noqa: B006
    frame = replace(make.frame(), abilities=able)
    return make_plan(desired, survey(remotes, frame.owner), frame)


def test_an_ignored_field_is_neither_compared_nor_sent_and_a_note_names_it(make: Any) -> None:
    able = Abilities("azure-foundry", ignored=frozenset({"reasoning_effort"}))
    desired = make.desired("bot", model="o3-mini", reasoning_effort="low")
    remote = make.owned("bot", applied={"model": "o3-mini"}, now={"reasoning_effort": "high"})
    planned = plan(make, able, [desired], [remote])
    assert planned.writes == ()
    (note,) = planned.notes
    assert note == "azure-foundry does not keep reasoning_effort: it is left out of 1 manifest, not compared"
    created = plan(make, able, [desired]).changes[0]
    assert "reasoning_effort" not in created.body


def test_an_ignored_field_that_was_recorded_once_is_not_reset(make: Any) -> None:
    able = Abilities("some", ignored=frozenset({"temperature"}))
    remote = make.owned("bot", applied={"temperature": 0.5})
    assert plan(make, able, [make.desired("bot")], [remote]).writes == ()


@pytest.mark.parametrize(
    ("missing", "word"), [("create", "create"), ("update", "modify"), ("delete", "delete")]
)
def test_a_write_without_a_call_is_refused_by_name(make: Any, missing: str, word: str) -> None:
    able = Abilities("litellm", verbs=frozenset({"list", "create", "update", "delete"} - {missing}))
    remotes = [
        make.owned("old", "asst_old"),
        make.owned("bot", "asst_bot", applied={"temperature": 0.5}),
        *(make.owned(f"k{n}", f"asst_{n}") for n in range(9)),
    ]
    desired = [make.desired(f"k{n}") for n in range(9)]
    desired += [make.desired("new"), make.desired("bot", temperature=0.7)]
    (refusal,) = plan(make, able, desired, remotes).refusals
    assert refusal.code == ExitCode.GUARD_REFUSED
    assert f"litellm has no {word} call: 1 of the changes" in refusal.what


def test_where_nothing_needs_the_missing_call_nothing_is_refused(make: Any) -> None:
    able = Abilities("litellm", verbs=frozenset({"list", "create", "delete"}))
    assert plan(make, able, [make.desired("new")]).refusals == ()


def test_without_metadata_a_pin_compares_and_updates_without_a_marker(make: Any) -> None:
    remote = make.remote("asst_1", name="bot", model="gpt-4o", temperature=0.2)
    desired = make.desired("bot", pin="asst_1", model="gpt-4o", temperature=0.7, metadata={"team": "x"})
    planned = plan(make, PINS, [desired], [remote])
    (change,) = planned.changes
    assert (change.action, dict(change.metadata)) == (Action.UPDATE, {})
    assert [(f.field, f.cause) for f in change.shown] == [("temperature", Cause.MANIFEST)]
    assert planned.notes == ("facade does not keep metadata: it is left out of 1 manifest, not compared",)
    same = plan(make, PINS, [make.desired("bot", pin="asst_1", model="gpt-4o", temperature=0.2)], [remote])
    assert same.writes == ()


def test_without_metadata_and_pin_nothing_is_created_and_the_lines_to_paste_are_shown(make: Any) -> None:
    remote = make.remote("asst_1", name="bot", model="gpt-4o")
    planned = plan(make, PINS, [make.desired("bot"), make.desired("new")], [remote])
    assert {change.key: change.action for change in planned.changes} == dict.fromkeys(
        ("bot", "new"), Action.UNDECIDED
    )
    ways = {change.key: change.ways for change in planned.changes}
    assert ways["bot"] == ("id: asst_1",)
    assert "by hand" in ways["new"][0]


def test_without_metadata_nothing_is_ever_deleted(make: Any) -> None:
    remotes = [make.owned("old", "asst_old"), make.remote("asst_1", name="x", model="gpt-4o")]
    planned = plan(make, PINS, [make.desired("bot", pin="asst_1", name="x")], remotes)
    assert planned.of(Action.DELETE) == ()


def test_without_metadata_a_pin_that_is_wrong_or_used_twice_is_undecided(make: Any) -> None:
    remote = make.remote("asst_1", name="x", model="gpt-4o")
    desired = [make.desired("a", pin="asst_1"), make.desired("b", pin="asst_1"), make.desired("c", pin="no")]
    planned = plan(make, PINS, desired, [remote])
    assert [change.action for change in planned.changes] == [Action.UNDECIDED] * 3
