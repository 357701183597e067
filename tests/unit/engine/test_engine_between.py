"""Two revisions of the manifests become a plan, as if the older one had just been applied."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.between import Declared, between
from assistctl.engine.capability import Abilities
from assistctl.engine.planner import Frame
from assistctl.model.assistant import Desired, Lifecycle
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Cause, Change, Plan
from assistctl.model.selection import Selection
from assistctl.model.values import pack, unpack

OWNER = "acme/prod"
FRAME = Frame(OWNER, "main → work tree", "git:0123", "diff", limits=Limits("100%"))


def compared(old: Any, new: Any, frame: Frame = FRAME, **past: Any) -> Plan:
    return between(Declared(past.pop("owner", OWNER), tuple(old), **past), Declared(OWNER, tuple(new)), frame)


def only(old: Any, new: Any, frame: Frame = FRAME) -> Change:
    (change,) = compared(old, new, frame).changes
    return change


def told(change: Change) -> dict[str, tuple[Any, Any, Cause]]:
    def side(value: Any) -> Any:
        return unpack(value) if type(value).__name__ != "Absent" else "absent"

    return {each.field: (side(each.before), side(each.after), each.cause) for each in change.shown}


def test_a_new_manifest_is_a_create_with_all_that_it_says(make: Any) -> None:
    change = only([], [make.desired(temperature=0.5, top_p=None, metadata={"team": "a"})])
    assert (change.action, change.before, change.reason) == (Action.CREATE, None, "")
    assert {name: unpack(value) for name, value in (change.after or {}).items()} == {
        "name": "bot",
        "model": "gpt-4o",
        "temperature": 0.5,
        "metadata": {"team": "a"},
    }


def test_a_manifest_that_is_gone_is_a_delete_with_all_that_it_said(make: Any) -> None:
    plan = compared([make.desired("a"), make.desired("b", instructions="Bye.")], [make.desired("a")])
    gone = plan.of(Action.DELETE)[0]
    assert (gone.key, gone.after) == ("b", None)
    assert {name: unpack(value) for name, value in (gone.before or {}).items()} == {
        "name": "b",
        "model": "gpt-4o",
        "instructions": "Bye.",
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("old", "new", "field", "sides"),
    [
        ({"temperature": 0.2}, {"temperature": 0.7}, "temperature", (0.2, 0.7, Cause.MANIFEST)),
        ({}, {"temperature": 0.7}, "temperature", (None, 0.7, Cause.MANIFEST)),
        ({"temperature": 0.2}, {}, "temperature", (0.2, None, Cause.REMOVED)),
        ({"temperature": 0.2}, {"temperature": None}, "temperature", (0.2, None, Cause.MANIFEST)),
        ({"metadata": {"k": "a"}}, {}, "metadata.k", ("a", "absent", Cause.REMOVED)),
        ({"metadata": {"k": "a"}}, {"metadata": {"k": "b"}}, "metadata.k", ("a", "b", Cause.MANIFEST)),
        ({"instructions": "A\n"}, {"instructions": "B\n"}, "instructions", ("A\n", "B\n", Cause.MANIFEST)),
    ],
)
def test_a_field_changes_with_its_cause(make: Any, old: Any, new: Any, field: str, sides: Any) -> None:
    change = only([make.desired(**old)], [make.desired(**new)])
    assert (change.action, told(change)) == (Action.UPDATE, {field: sides})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"temperature": 1}, {}),
        ({}, {"temperature": 1.0}),
        ({"temperature": 0.5}, {"temperature": 0.5000000001}),
        ({"tools": [{"type": "file_search"}, {"type": "code_interpreter"}]},
         {"tools": [{"type": "code_interpreter"}, {"type": "file_search"}]}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_no_change(make: Any, old: Any, new: Any) -> None:
    assert only([make.desired(**old)], [make.desired(**new)]).action is Action.NOOP


def test_a_tool_is_named_with_its_change(make: Any) -> None:
    def tools(words: str) -> list[Any]:
        lookup = {"name": "lookup", "description": words}
        return [{"type": "function", "function": lookup}, {"type": "file_search"}]

    change = only([make.desired(tools=tools("Old."))], [make.desired(tools=tools("New."))])
    assert told(change).keys() == {"tools.lookup"}


def test_an_alias_makes_one_update_of_a_rename(make: Any) -> None:
    change = only([make.desired("old")], [make.desired("new", aliases=("old",))])
    assert (change.action, change.key, change.previous_key) == (Action.UPDATE, "new", "old")
    assert told(change) == {"name": ("old", "new", Cause.RENAME)}


def test_a_rename_without_alias_is_two_changes_and_names_the_line_that_makes_it_one(make: Any) -> None:
    prompt = "You look after the invoices of our customers and answer them."
    plan = compared([make.desired("old", instructions=prompt)], [make.desired("new", instructions=prompt)])
    assert [(change.key, change.action) for change in plan.changes] == [
        ("new", Action.CREATE),
        ("old", Action.DELETE),
    ]
    assert "renamed?" in plan.changes[0].reason
    assert "aliases: [old]" in plan.changes[0].reason


def test_a_key_and_its_alias_both_declared_before_have_to_be_decided(make: Any) -> None:
    change = only([make.desired("a"), make.desired("b")], [make.desired("a", aliases=("b",))])
    assert (change.action, change.candidates, change.ways) == (Action.UNDECIDED, (), ("--adopt-oldest",))


def test_a_pin_is_not_followed_but_told(make: Any) -> None:
    assert "asst_9" in only([], [make.desired(pin="asst_9")]).reason
    assert only([make.desired()], [make.desired(pin="asst_9")]).action is Action.NOOP


def test_nothing_that_only_a_remote_knows_is_in_it(make: Any) -> None:
    old = [make.desired("a"), make.desired("b"), make.desired("c")]
    plan = compared(old, [make.desired("a", temperature=0.1), make.desired("b"), make.desired("d")])
    assert plan.offline
    for change in plan.changes:
        assert (change.id, change.base, change.body, change.metadata) == (None, "", {}, {}), change.key


def test_ignored_changes_are_no_changes(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"temperature"}))
    sides = [make.desired(temperature=heat, lifecycle=lifecycle) for heat in (0.1, 0.9)]
    assert only(sides[:1], sides[1:]).action is Action.NOOP


def test_what_stays_on_removal_is_told_though_nothing_changes(make: Any) -> None:
    kept = make.desired("kept", lifecycle=Lifecycle(keep_on_remove=True))
    plan = compared([make.desired(), kept], [make.desired()])
    assert (plan.writes, plan.notes) == (
        (),
        ("kept: no manifest declares it any more (kept: on_remove: keep)",),
    )


def test_guards_say_before_the_merge_what_they_will_say_after_it(make: Any) -> None:
    guarded = make.desired("safe", lifecycle=Lifecycle(prevent_destroy=True))
    plan = compared([make.desired(), guarded], [make.desired()])
    assert [refusal.code for refusal in plan.refusals] == [6]
    many = [make.desired(f"b{n}") for n in range(9)]
    assert compared(many, many[:2], replace(FRAME, limits=Limits("30%"))).refusals[0].code == 6


def test_a_field_that_the_remote_does_not_keep_is_left_out(make: Any) -> None:
    frame = replace(FRAME, abilities=Abilities("azure", ignored=frozenset({"top_p"})))
    plan = compared([make.desired(top_p=0.1)], [make.desired(top_p=0.2)], frame)
    assert plan.writes == ()
    assert "does not keep top_p" in plan.notes[0]


def test_an_unreadable_key_of_the_past_is_compared_with_nothing_and_says_so(make: Any) -> None:
    plan = compared([], [make.desired("a"), make.desired("b", aliases=("c",))], unreadable=frozenset("ac"))
    assert [change.action for change in plan.changes] == [Action.CREATE, Action.CREATE]
    assert all("invalid in the older revision" in change.reason for change in plan.changes)


def test_a_new_owner_takes_over_only_what_formerly_says(make: Any) -> None:
    old, new = [make.desired()], [make.desired()]
    alone = compared(old, new, owner="acme/old")
    assert [change.action for change in alone.changes] == [Action.CREATE]
    assert "--takeover acme/old" in alone.changes[0].reason
    heir = replace(FRAME, selection=Selection(formerly=("acme/old",)))
    moved = compared(old, new, heir, owner="acme/old").changes[0]
    assert (moved.action, moved.reason) == (Action.UPDATE, "moves here from acme/old")


FIELDS = st.fixed_dictionaries(
    {"name": st.sampled_from(["A", "B", None]), "model": st.sampled_from(["gpt-4o", "gpt-4o-mini"])},
    optional={
        "temperature": st.sampled_from([None, 0, 0.2, 1]),
        "instructions": st.sampled_from(["", "Be brief and kind to everybody.", None]),
        "tools": st.sampled_from([[], [{"type": "file_search"}], [{"type": "code_interpreter"}]]),
        "response_format": st.sampled_from([None, "auto", {"type": "text"}]),
    },
)
FLEETS = st.dictionaries(st.sampled_from("abcd"), FIELDS, max_size=4)


def fleet(spec: dict[str, dict[str, Any]]) -> tuple[Desired, ...]:
    return tuple(
        Desired(key, {name: pack(value) for name, value in fields.items()}) for key, fields in spec.items()
    )


@given(FLEETS)
def test_a_revision_does_not_differ_from_itself(spec: dict[str, dict[str, Any]]) -> None:
    assert compared(fleet(spec), fleet(spec)).writes == ()


@given(FLEETS, FLEETS)
def test_keys_say_what_is_created_changed_and_deleted(old: Any, new: Any) -> None:
    plan = compared(fleet(old), fleet(new))
    keys = {action: {change.key for change in plan.of(action)} for action in Action}
    assert keys[Action.CREATE] == new.keys() - old.keys()
    assert keys[Action.DELETE] == old.keys() - new.keys()
    assert keys[Action.UPDATE] | keys[Action.NOOP] == old.keys() & new.keys()


@given(FLEETS, FLEETS)
def test_the_way_back_changes_the_same_fields(old: Any, new: Any) -> None:
    def fields(plan: Plan) -> dict[str, set[str]]:
        return {c.key: {each.field for each in c.shown} for c in plan.of(Action.UPDATE)}

    assert fields(compared(fleet(old), fleet(new))) == fields(compared(fleet(new), fleet(old)))


@given(FLEETS, FLEETS)
def test_the_order_of_manifests_changes_nothing(old: Any, new: Any) -> None:
    plans = [compared(fleet(old), order) for order in permutations(fleet(new))]
    assert all(plan == plans[0] for plan in plans)
