"""Matches and comparisons become one sorted plan."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from assistctl.engine.marker import decode
from assistctl.engine.planner import make_destroy_plan
from assistctl.model.assistant import MARKER_KEY, Lifecycle
from assistctl.model.limits import Limits
from assistctl.model.plan import Action
from assistctl.model.values import pack, unpack


def test_a_create_sends_what_the_manifest_says_and_no_nulls(make: Any) -> None:
    change = make.change(make.desired(temperature=0.5, top_p=None, metadata={"k": "a", "n": None}))
    assert {name: unpack(value) for name, value in change.body.items()} == {
        "name": "bot",
        "model": "gpt-4o",
        "temperature": 0.5,
    }
    assert change.metadata.keys() == {"k", MARKER_KEY}
    assert (change.id, change.before, change.base, change.file) == (None, None, "", "bot.yaml")


def test_a_create_records_every_field_it_manages_null_included(make: Any) -> None:
    change = make.change(make.desired(temperature=0.5, top_p=None, metadata={"k": "a"}))
    marker = decode(change.metadata[MARKER_KEY])
    assert marker is not None
    assert (marker.owner, marker.key, marker.run) == (make.owner, "bot", "r1")
    assert marker.fields.keys() == {"name", "model", "temperature", "top_p"}
    assert len(marker.metadata) == 1


@pytest.mark.parametrize(
    "lifecycle", [Lifecycle(prevent_destroy=True), Lifecycle(keep_on_remove=True), Lifecycle()]
)
def test_the_lifecycle_is_recorded_and_a_change_of_it_is_a_write(make: Any, lifecycle: Lifecycle) -> None:
    flags = {"prevent_destroy": lifecycle.prevent_destroy, "keep_on_remove": lifecycle.keep_on_remove}
    other = {name: not flag for name, flag in flags.items()}
    assert make.change(make.desired(lifecycle=lifecycle), make.owned(**flags)).action is Action.NOOP
    change = make.change(make.desired(lifecycle=lifecycle), make.owned(**other))
    marker = decode(change.metadata[MARKER_KEY])
    assert marker is not None
    assert (change.action, change.shown) == (Action.UPDATE, ())
    assert {name: getattr(marker, name) for name in flags} == flags


def test_an_adoption_of_an_equal_assistant_changes_no_field(make: Any) -> None:
    remote = make.remote(
        "asst_u", name="bot", model="openai/gpt-4o", temperature=1.0, metadata={"by": "hand"}
    )
    plan = make.plan([make.desired(temperature=1)], [remote], adopt_all=True)
    assert (plan.changes[0].shown, plan.summary().adopt, plan.summary().update) == ((), 1, 0)
    assert plan.changes[0].metadata["by"] == "hand"


def test_a_heal_waits_for_the_next_write(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    assert make.change(make.desired(temperature=0.7), remote).action is Action.NOOP
    change = make.change(make.desired(temperature=0.7, description="new"), remote)
    healed = make.remote("asst_1", **plain(change.after), metadata=change.metadata)
    assert make.change(make.desired(temperature=0.7, description="new"), healed).fields == ()


def plain(after: Any) -> dict[str, Any]:
    return {name: unpack(value) for name, value in after.items() if name != "metadata"}


def test_changes_are_sorted_by_key_and_the_order_of_the_input_says_nothing(make: Any) -> None:
    manifests = [make.desired(key) for key in ("delta", "alpha", "charlie")]
    remotes = [make.owned("bravo", "1"), make.owned("alpha", "2"), make.owned("echo", "3")]
    plan = make.plan(manifests, remotes)
    assert [change.key for change in plan.changes] == ["alpha", "bravo", "charlie", "delta", "echo"]
    for mixed in permutations(manifests):
        assert make.plan(mixed, remotes) == make.plan(mixed, remotes[::-1]) == plan


def test_the_summary_counts_what_is_left_alone(make: Any) -> None:
    remotes = [
        make.owned("same", "1"),
        make.owned("drifted", "2", applied={"top_p": 0.5}, now={"top_p": 0.7}),
        make.owned("gone", "3"),
        make.owned("theirs", "4", owner="other/prod"),
        make.remote("5", name="nobodys"),
        make.remote("6", name="asked"),
    ]
    manifests = [make.desired(key) for key in ("same", "new", "asked")] + [make.desired("drifted", top_p=0.5)]
    summary = make.plan(manifests, remotes).summary()
    assert (summary.create, summary.update, summary.delete, summary.adopt) == (1, 1, 1, 0)
    assert (summary.unchanged, summary.unmanaged, summary.foreign) == (1, 1, 1)
    assert (summary.drifted, summary.undecided) == (1, 1)


def test_a_custom_clearing_value_is_what_a_reset_sends(make: Any) -> None:
    from dataclasses import replace

    from assistctl.engine.planner import make_plan

    frame = replace(make.frame(), clearing={"description": ""})
    remote = make.owned(applied={"description": "old"})
    (change,) = make_plan([make.desired()], make.survey(remote), frame).changes
    assert change.body["description"] == ""


# --- deletions


def test_owned_minus_declared_is_deleted_and_nothing_else(make: Any) -> None:
    remotes = [
        make.owned("kept", "1"),
        make.owned("gone", "2", applied={"temperature": 0.5}, metadata={"k": "a"}),
        make.owned("gone", "3", owner="other/prod"),
        make.remote("4", name="gone"),
    ]
    plan = make.plan([make.desired("kept")], remotes)
    (change,) = plan.of(Action.DELETE)
    assert (change.key, change.id, change.after) == ("gone", "2", None)
    assert change.before is not None
    assert (change.before["temperature"], change.before["metadata"]) == (0.5, pack({"k": "a"}))
    assert plan.owned == 2


@pytest.mark.parametrize(("flags", "selection"), [({"keep_on_remove": True}, {}), ({}, {"delete": False})])
def test_what_is_kept_is_listed_and_not_deleted(make: Any, flags: Any, selection: Any) -> None:
    plan = make.plan([make.desired("else")], [make.owned("gone", **flags)], **selection)
    assert [(c.key, c.action, c.reason[:5]) for c in plan.changes if c.id] == [("gone", Action.NOOP, "kept:")]


def test_destroy_plans_everything_owned_and_guards_what_is_protected(make: Any) -> None:
    remotes = [
        make.owned("a", "1"),
        make.owned("b", "2", prevent_destroy=True),
        make.owned("c", "3"),
        make.owned("d", "4", owner="other/prod"),
        make.remote("5", name="a"),
    ]
    frame = make.frame(limits=Limits(None))
    plan = make_destroy_plan(make.survey(*remotes), frame, frozenset({"c"}))
    assert [(c.key, c.action, c.protected) for c in plan.changes] == [
        ("a", Action.DELETE, False),
        ("b", Action.DELETE, True),
        ("c", Action.DELETE, True),
    ]
    assert [(refusal.code, "b, c" in refusal.what) for refusal in plan.refusals] == [(6, True)]


def test_destroy_takes_targets(make: Any) -> None:
    remotes = make.survey(make.owned("a", "1"), make.owned("b", "2"))
    plan = make_destroy_plan(remotes, make.frame(targets=("b",)), frozenset())
    assert [change.key for change in plan.changes] == ["b"]
