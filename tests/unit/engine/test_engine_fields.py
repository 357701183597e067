"""The three-way rule, row by row, through whole plans: D = manifest, L = last applied, R = remote."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.marker import decode, digest
from assistctl.model.assistant import MARKER_KEY, Lifecycle
from assistctl.model.plan import ABSENT, Action, Cause, Change
from assistctl.model.values import Json, pack, unpack

EMPTY_RESOURCES: dict[str, Any] = {
    "code_interpreter": {"file_ids": []},
    "file_search": {"vector_store_ids": []},
}
WRITES = {"temperature": 0.9}
"""One field that the manifest changes, so that there is a modify to look at."""


def shown(change: Change) -> dict[str, tuple[Any, Any, Cause]]:
    return {f.field: (plain(f.before), plain(f.after), f.cause) for f in change.shown}


def plain(value: Any) -> Any:
    return value if value is ABSENT else unpack(value)


def recorded(change: Change) -> set[str]:
    marker = decode(change.metadata[MARKER_KEY] or "")
    assert marker is not None
    return set(marker.fields)


def body(change: Change) -> dict[str, Json]:
    return {name: unpack(value) for name, value in change.body.items()}


def test_a_value_never_applied_and_equal_is_recorded_with_the_next_write(make: Any) -> None:
    remote = make.owned(now={"temperature": 0.5})
    alone = make.change(make.desired(temperature=0.5), remote)
    assert (alone.action, alone.shown) == (Action.NOOP, ())
    together = make.change(make.desired(temperature=0.5, description="new"), remote)
    assert shown(together) == {"description": (ABSENT, "new", Cause.MANIFEST)}
    assert "temperature" in recorded(together)


def test_a_value_never_applied_and_different_is_an_update_by_the_manifest(make: Any) -> None:
    change = make.change(make.desired(temperature=0.2), make.owned(now={"temperature": 0.5}))
    assert change.action is Action.UPDATE
    assert shown(change) == {"temperature": (0.5, 0.2, Cause.MANIFEST)}


def test_a_value_that_differs_when_ownership_is_taken_is_an_adoption(make: Any) -> None:
    remote = make.remote("asst_1", name="bot", model="gpt-4o", temperature=0.5)
    change = make.change(make.desired(temperature=0.2), remote, adopt_all=True)
    assert change.action is Action.ADOPT
    assert shown(change) == {"temperature": (0.5, 0.2, Cause.ADOPT)}


def test_an_unchanged_value_is_nothing(make: Any) -> None:
    change = make.change(make.desired(temperature=0.5), make.owned(applied={"temperature": 0.5}))
    assert (change.action, change.fields, change.body, change.metadata) == (Action.NOOP, (), {}, {})


def test_a_value_changed_outside_is_drift(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    change = make.change(make.desired(temperature=0.5), remote)
    assert change.action is Action.UPDATE
    assert shown(change) == {"temperature": (0.7, 0.5, Cause.DRIFT)}
    assert body(change)["temperature"] == 0.5


def test_a_value_changed_in_the_manifest_is_an_update(make: Any) -> None:
    change = make.change(make.desired(temperature=0.7), make.owned(applied={"temperature": 0.5}))
    assert shown(change) == {"temperature": (0.5, 0.7, Cause.MANIFEST)}


def test_a_value_changed_on_both_sides_alike_is_healed_and_not_shown(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    change = make.change(make.desired(temperature=0.7), remote)
    assert (change.action, change.shown) == (Action.NOOP, ())
    assert [f.cause for f in change.fields] == [Cause.HEAL]


def test_a_value_changed_on_both_sides_differently_is_a_conflict(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    plan = make.plan([make.desired(temperature=0.9)], [remote])
    assert shown(plan.changes[0]) == {"temperature": (0.7, 0.9, Cause.CONFLICT)}
    assert [(refusal.code, refusal.keys) for refusal in plan.refusals] == [(5, ("bot",))]


@pytest.mark.parametrize(
    ("name", "applied", "reset"),
    [
        ("temperature", 0.5, None),
        ("description", "old", None),
        ("tools", [{"type": "code_interpreter"}], []),
        ("tool_resources", {"code_interpreter": {"file_ids": ["f"]}}, EMPTY_RESOURCES),
        ("response_format", {"type": "json_object"}, None),
        ("reasoning_effort", "low", None),
    ],
)
def test_a_removed_line_resets_to_the_servers_default(make: Any, name: str, applied: Any, reset: Any) -> None:
    change = make.change(make.desired(), make.owned(applied={name: applied}))
    assert [f.cause for f in change.fields] == [Cause.REMOVED]
    assert body(change)[name] == reset
    assert name not in recorded(change)


def test_a_removed_line_whose_value_is_the_default_needs_no_write(make: Any) -> None:
    change = make.change(make.desired(), make.owned(applied={"temperature": 1, "description": ""}))
    assert (change.action, change.shown) == (Action.NOOP, ())


def test_a_removed_line_whose_value_was_changed_outside_is_left_and_forgotten(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    assert make.change(make.desired(), remote).action is Action.NOOP
    change = make.change(make.desired(description="new"), remote)
    assert "temperature" not in {*change.body, *recorded(change), *shown(change)}


def test_what_was_never_managed_is_neither_compared_nor_sent(make: Any) -> None:
    remote = make.owned(now={"temperature": 0.7, "instructions": "typed in the browser"})
    change = make.change(make.desired(description="new"), remote)
    assert change.body.keys() == {"name", "model", "description"}


def test_null_is_a_value_like_any_other(make: Any) -> None:
    change = make.change(make.desired(temperature=None), make.owned(now={"temperature": 0.5}))
    assert shown(change) == {"temperature": (0.5, None, Cause.MANIFEST)}
    drifted = make.owned(applied={"temperature": None}, now={"temperature": 0.5})
    assert shown(make.change(make.desired(temperature=None), drifted))["temperature"][2] is Cause.DRIFT
    assert make.change(make.desired(temperature=None), make.owned(applied={"temperature": 1})).shown == ()


def test_null_for_tools_is_sent_as_an_empty_list(make: Any) -> None:
    remote = make.owned(now={"tools": [{"type": "code_interpreter"}]})
    assert body(make.change(make.desired(tools=None), remote))["tools"] == []


@pytest.mark.parametrize(
    ("manifest", "applied", "cause"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}, None),
        ({"temperature": 0.7}, {"temperature": 0.5}, Cause.MANIFEST),
        ({"temperature": 0.7}, {}, Cause.MANIFEST),
        ({}, {"temperature": 0.5}, Cause.REMOVED),
        ({}, {"temperature": 1}, None),
        ({}, {}, None),
    ],
)
def test_an_unknown_remote_value_is_never_drift(make: Any, manifest: Any, applied: Any, cause: Any) -> None:
    remote = make.owned(applied=applied, hidden=("temperature",))
    change = make.change(make.desired(**manifest), remote)
    assert [f.cause for f in change.shown] == ([cause] if cause else [])


def test_an_unknown_value_is_sent_when_ownership_is_taken(make: Any) -> None:
    change = make.change(make.desired(temperature=0.5), make.remote("a", name="bot"), adopt_all=True)
    assert shown(change)["temperature"] == (ABSENT, 0.5, Cause.ADOPT)


def test_a_form_that_the_remote_made_of_a_value_is_not_drift(make: Any) -> None:
    applied, stored = {"instructions": "Be brief. "}, {"instructions": "Be brief."}
    remote = make.owned(applied=applied, stored=stored, now=stored)
    assert make.change(make.desired(**applied), remote).fields == ()
    changed = make.change(make.desired(instructions="Be kind."), remote)
    assert shown(changed)["instructions"][2] is Cause.MANIFEST


def test_a_known_form_stays_recorded_when_another_field_is_written(make: Any) -> None:
    applied, stored = {"instructions": "Be brief. "}, {"instructions": "Be brief."}
    remote = make.owned(applied=applied, stored=stored, now=stored)
    change = make.change(make.desired(**applied, **WRITES), remote)
    marker = decode(change.metadata[MARKER_KEY] or "")
    assert marker is not None
    assert marker.fields["instructions"].stored == digest("instructions", "Be brief.")


@pytest.mark.parametrize("policy", ["on_drift", "on_conflict"])
def test_keep_lists_the_field_on_every_run_and_counts_as_no_change(make: Any, policy: str) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    wanted = 0.5 if policy == "on_drift" else 0.6
    plan = make.plan([make.desired(temperature=wanted)], [remote], **{policy: "keep"})
    (change,) = plan.changes
    assert (change.action, [f.kept for f in change.shown], plan.refusals) == (Action.NOOP, [True], ())
    assert (plan.open_questions, plan.summary().update) == (1, 0)


@pytest.mark.parametrize("policy", ["on_drift", "on_conflict"])
def test_keep_sends_the_remotes_value_and_keeps_the_record(make: Any, policy: str) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    wanted = 0.5 if policy == "on_drift" else 0.6
    change = make.change(make.desired(temperature=wanted, description="new"), remote, **{policy: "keep"})
    marker = decode(change.metadata[MARKER_KEY] or "")
    assert marker is not None
    assert (change.action, body(change)["temperature"]) == (Action.UPDATE, 0.7)
    assert marker.fields["temperature"].digest == digest("temperature", "0.5")


def test_fail_refuses_drift_before_any_write(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    plan = make.plan([make.desired(temperature=0.5)], [remote], on_drift="fail")
    assert [(refusal.code, "temperature" in refusal.what) for refusal in plan.refusals] == [(5, True)]


def test_overwrite_lets_the_manifest_win_a_conflict(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7})
    plan = make.plan([make.desired(temperature=0.9)], [remote], on_conflict="overwrite")
    assert (plan.refusals, body(plan.changes[0])["temperature"]) == ((), 0.9)


def test_an_ignored_field_is_sent_on_create_but_not_recorded(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"temperature"}))
    change = make.change(make.desired(temperature=0.5, lifecycle=lifecycle))
    assert body(change)["temperature"] == 0.5
    assert "temperature" not in recorded(change)


def test_an_ignored_field_is_not_compared_and_a_modify_sends_the_remotes_value(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"temperature", "tools"}))
    remote = make.owned(applied={"temperature": 0.5}, now={"temperature": 0.7, "tools": None})
    assert make.change(make.desired(temperature=0.5, lifecycle=lifecycle), remote).fields == ()
    change = make.change(make.desired(temperature=0.5, description="new", lifecycle=lifecycle), remote)
    assert (body(change)["temperature"], body(change)["tools"]) == (0.7, [])
    assert "temperature" not in recorded(change)


def test_a_modify_sends_every_managed_field_and_the_model(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"model"}))
    manifest = {"instructions": "Hi", "top_p": 0.5, **WRITES}
    remote = make.owned(applied={"instructions": "Hi", "top_p": 0.5}, hidden=("model",))
    change = make.change(make.desired(**manifest, lifecycle=lifecycle), remote)
    assert body(change) == {"name": "bot", "model": "gpt-4o", **manifest}


def test_a_modify_always_sends_both_members_of_the_resources(make: Any) -> None:
    both = {"code_interpreter": {"file_ids": ["f"]}, "file_search": {"vector_store_ids": ["v"]}}
    change = make.change(
        make.desired(tool_resources={"code_interpreter": {"file_ids": ["f"]}}),
        make.owned(applied={"tool_resources": both}),
    )
    assert body(change)["tool_resources"] == {**EMPTY_RESOURCES, "code_interpreter": {"file_ids": ["f"]}}


def test_only_the_tools_that_differ_are_shown_each_by_its_name(make: Any) -> None:
    def tool(name: str, text: str) -> dict[str, Any]:
        return {"type": "function", "function": {"name": name, "description": text}}

    before = [tool("a", "same"), tool("b", "old"), {"type": "code_interpreter"}]
    after = [tool("c", "new"), tool("b", "new"), tool("a", "same")]
    change = make.change(make.desired(tools=after), make.owned(applied={"tools": before}))
    assert [f.field for f in change.shown] == ["tools.b", "tools.c", "tools.code_interpreter"]
    assert (change.shown[1].before, change.shown[2].after) == (ABSENT, ABSENT)
    assert body(change)["tools"] == after


def test_before_and_after_are_whole_and_hold_no_marker(make: Any) -> None:
    remote = make.owned(applied={"temperature": 0.5}, metadata={"by": "hand"})
    change = make.change(make.desired(temperature=0.7, metadata={"team": "s"}), remote)
    assert change.before is not None
    assert change.after is not None
    assert (change.before["temperature"], change.after["temperature"]) == (0.5, 0.7)
    assert change.before["metadata"] == pack({"by": "hand"})
    assert change.after["metadata"] == pack({"by": "hand", "team": "s"})
