"""Guards: what may be shown but not applied."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.guard import METADATA_ENTRIES
from assistctl.model.assistant import Lifecycle
from assistctl.model.limits import Limits, is_limit
from assistctl.model.plan import Action, Plan


def fleet(make: Any, size: int, deleted: int, **parts: Any) -> Plan:
    remotes = [make.owned(f"k{n:02}", f"asst_{n}") for n in range(size)]
    manifests = [make.desired(f"k{n:02}") for n in range(deleted, size)]
    return make.plan(manifests, remotes, **parts)  # type: ignore[no-any-return]


def codes(plan: Plan) -> list[int]:
    return [refusal.code for refusal in plan.refusals]


@pytest.mark.parametrize(
    ("limit", "owned", "allowed"),
    [
        ("30%", 0, 2),
        ("30%", 6, 2),
        ("30%", 9, 2),
        ("30%", 10, 3),
        ("30%", 100, 30),
        ("29%", 100, 29),
        ("0%", 100, 2),
        ("0", 100, 0),
        ("5", 1, 5),
        ("1", 100, 1),
        (None, 100, None),
    ],
)
def test_a_share_always_allows_two_and_a_count_is_a_count(limit: Any, owned: int, allowed: Any) -> None:
    assert Limits(limit).allowed(owned) == allowed


@pytest.mark.parametrize(
    ("limit", "cap", "allowed"), [("50%", "3", 3), ("3", "50%", 3), ("1", "5", 1), ("9", "0", 0)]
)
def test_the_operators_cap_wins_where_it_is_lower(limit: str, cap: str, allowed: int) -> None:
    assert Limits(limit, cap).allowed(10) == allowed


@pytest.mark.parametrize("text", ["", "-1", "x", "101%", "1.5", "30 %", "٣"])
def test_only_a_count_or_a_share_is_a_limit(text: str) -> None:
    assert not is_limit(text)


@pytest.mark.parametrize(("size", "deleted", "refused"), [(4, 2, []), (4, 3, [6]), (10, 3, []), (10, 4, [6])])
def test_more_deletions_than_allowed_are_refused(
    make: Any, size: int, deleted: int, refused: list[int]
) -> None:
    assert codes(fleet(make, size, deleted, limits=Limits())) == refused


def test_the_refusal_names_both_numbers_and_the_way_out(make: Any) -> None:
    (refusal,) = fleet(make, 10, 4, limits=Limits()).refusals
    assert refusal.what == "4 of 10 owned assistants would be deleted; allowed are 3"
    assert "--max-deletes 4" in refusal.next


def test_creates_never_count_against_the_limit(make: Any) -> None:
    plan = make.plan([make.desired(f"n{n}") for n in range(50)], [], limits=Limits("0"))
    assert codes(plan) == []


def test_what_is_kept_does_not_count_against_the_limit(make: Any) -> None:
    assert codes(fleet(make, 10, 9, limits=Limits(), delete=False)) == []


def test_no_manifests_delete_nothing(make: Any) -> None:
    plan = fleet(make, 1, 1)
    assert codes(plan) == [6]
    assert "no manifest was found" in plan.refusals[0].what


def test_no_manifests_and_nothing_owned_is_no_fault(make: Any) -> None:
    assert codes(make.plan([], [make.remote("1", name="x")])) == []


def test_prevent_destroy_refuses_by_name_even_where_the_manifest_is_gone(make: Any) -> None:
    remotes = [make.owned("bank", "1", prevent_destroy=True), make.owned("shop", "2")]
    plan = make.plan([make.desired("else")], remotes)
    assert [change.key for change in plan.of(Action.DELETE) if change.protected] == ["bank"]
    assert codes(plan) == [6]
    assert "bank" in plan.refusals[0].what
    assert "shop" not in plan.refusals[0].what


def test_no_delete_goes_on_past_prevent_destroy(make: Any) -> None:
    plan = make.plan([make.desired("else")], [make.owned("bank", prevent_destroy=True)], delete=False)
    assert codes(plan) == []


def test_prevent_destroy_does_not_forbid_an_update(make: Any) -> None:
    manifest = make.desired(temperature=0.5, lifecycle=Lifecycle(prevent_destroy=True))
    assert codes(make.plan([manifest], [make.owned(prevent_destroy=True)])) == []


def test_c12_a_seventeenth_metadata_entry_is_refused_by_name(make: Any) -> None:
    foreign = {f"f{n}": "x" for n in range(METADATA_ENTRIES - 2)}
    fits = make.plan([make.desired(metadata={"a": "1"})], [make.owned(metadata=foreign)])
    full = make.plan([make.desired(metadata={"a": "1", "b": "2"})], [make.owned(metadata=foreign)])
    assert codes(fits) == []
    assert [(refusal.code, refusal.keys) for refusal in full.refusals] == [(5, ("bot",))]
    assert "17 metadata entries" in full.refusals[0].what


def test_c12_entries_that_are_removed_make_room(make: Any) -> None:
    foreign = {f"f{n}": "x" for n in range(METADATA_ENTRIES - 2)}
    plan = make.plan([make.desired(metadata={"b": "2"})], [make.owned(entries={"a": "1"}, metadata=foreign)])
    assert codes(plan) == []


def test_undecided_changes_are_all_named_at_once(make: Any) -> None:
    remotes = [make.remote("1", name="a"), make.remote("2", name="b")]
    plan = make.plan([make.desired("a"), make.desired("b")], remotes)
    assert [(refusal.code, refusal.keys) for refusal in plan.refusals] == [(5, ("a", "b"))]


def test_every_guard_speaks_in_one_run(make: Any) -> None:
    remotes = [
        make.remote("1", name="asked"),
        make.owned("clash", "2", applied={"top_p": 0.5}, now={"top_p": 0.6}),
        make.owned("bank", "3", prevent_destroy=True),
    ]
    manifests = [make.desired("asked"), make.desired("clash", top_p=0.7)]
    assert codes(make.plan(manifests, remotes, limits=Limits("0"))) == [5, 5, 6, 6]


def test_targets_that_select_nothing_are_a_usage_error(make: Any) -> None:
    assert codes(make.plan([make.desired()], [], targets=("x*",))) == [64]
    assert codes(make.plan([make.desired()], [make.owned("xx")], targets=("x*",))) == []
