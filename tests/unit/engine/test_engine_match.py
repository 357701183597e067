"""Which manifest is which remote assistant, and when somebody has to decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistctl.model.assistant import MARKER_KEY, Desired, Remote
from assistctl.model.plan import Action, Change, Plan

PROMPT = "You answer questions about invoices. Be brief, be polite, never promise a refund by mail."


def same_words(prompt: str, changed: int) -> str:
    """The prompt with its last ``changed`` words exchanged."""
    words = prompt.split()
    return " ".join([*words[: len(words) - changed], *(f"other{n}" for n in range(changed))])


def actions(plan: Plan) -> dict[str, str]:
    return {change.key: change.action.value for change in plan.changes}


def candidates(change: Change) -> list[str]:
    return [each.id for each in change.candidates]


def renamed(remote: Remote, name: str) -> Remote:
    return replace(remote, fields={**remote.fields, "name": name})


def damaged(remote: Remote) -> Remote:
    metadata = remote.metadata or {}
    return replace(remote, metadata={**metadata, MARKER_KEY: metadata[MARKER_KEY] + "x"})


def foreign(make: Any, key: str = "bot", remote_id: str = "asst_f", **parts: Any) -> Remote:
    return make.owned(key, remote_id, owner="other/prod", **parts)  # type: ignore[no-any-return]


# --- who is who


def test_without_anything_alike_a_manifest_creates(make: Any) -> None:
    assert (
        make.change(make.desired(), make.remote("a", name="else"), foreign(make, "other")).action
        is Action.CREATE
    )


def test_our_marker_with_the_key_is_the_match_whatever_the_name(make: Any) -> None:
    change = make.change(make.desired(), renamed(make.owned(), "typed outside"))
    assert (change.id, change.action) == ("asst_1", Action.UPDATE)


def test_an_alias_finds_the_former_key_and_the_write_records_the_new_one(make: Any) -> None:
    change = make.change(make.desired("new", aliases=("older", "old")), make.owned("old"))
    assert (change.id, change.action, change.previous_key) == ("asst_1", Action.UPDATE, "old")
    assert " new " in (change.metadata[MARKER_KEY] or "")


def test_a_former_owner_is_taken_over_by_key_with_its_records(make: Any) -> None:
    remote = make.owned(owner="old/prod", applied={"temperature": 0.5}, now={"temperature": 0.7})
    plan = make.plan([make.desired(temperature=0.5)], [remote], formerly=("old/prod",), on_drift="keep")
    (change,) = plan.changes
    assert (change.action, change.id, [f.kept for f in change.fields]) == (Action.UPDATE, "asst_1", [True])
    assert "moves here from old/prod" in change.reason


def test_our_own_assistant_comes_before_one_of_a_former_owner(make: Any) -> None:
    former = make.owned("bot", "asst_0", owner="old/prod", created=0.5)
    plan = make.plan([make.desired()], [former, make.owned()], formerly=("old/prod",))
    assert [(change.action, change.id) for change in plan.changes] == [(Action.NOOP, "asst_1")]
    assert plan.foreign == 1


def test_what_a_former_owner_leaves_is_not_deleted(make: Any) -> None:
    plan = make.plan([make.desired("else")], [make.owned(owner="old/prod")], formerly=("old/prod",))
    assert actions(plan) == {"else": "create"}
    assert plan.foreign == 1


# --- pins


def test_a_pin_to_an_unowned_assistant_adopts_it_whatever_its_name(make: Any) -> None:
    change = make.change(make.desired(pin="asst_9"), make.remote("asst_9", name="else"))
    assert (change.action, change.id) == (Action.ADOPT, "asst_9")


def test_a_pin_comes_before_the_marker_and_the_other_is_a_twin(make: Any) -> None:
    change = make.change(make.desired(pin="asst_9"), make.owned(), make.remote("asst_9", name="bot"))
    assert (change.action, candidates(change)) == (Action.UNDECIDED, ["asst_9", "asst_1"])


def test_adopt_oldest_keeps_the_pinned_one_and_deletes_its_twin(make: Any) -> None:
    remotes = [make.owned(), make.remote("asst_9", name="bot", created=9.0)]
    plan = make.plan([make.desired(pin="asst_9")], remotes, adopt_oldest=True)
    assert [(change.action, change.id) for change in plan.changes] == [
        (Action.DELETE, "asst_1"),
        (Action.ADOPT, "asst_9"),
    ]


def test_a_pin_must_exist(make: Any) -> None:
    plan = make.plan([make.desired(pin="asst_404")], [make.owned()])
    assert actions(plan) == {"bot": "undecided"}
    assert "asst_404" in plan.changes[0].reason


def test_a_pin_to_another_owners_assistant_needs_a_takeover(make: Any) -> None:
    manifest = make.desired(pin="asst_f")
    change = make.change(manifest, foreign(make))
    assert (change.action, change.ways) == (Action.UNDECIDED, ("--takeover other/prod",))
    taken = make.change(manifest, foreign(make), takeover=frozenset({"other/prod"}))
    assert (taken.action, taken.id) == (Action.ADOPT, "asst_f")


def test_a_pin_to_the_assistant_of_another_manifest_is_undecided(make: Any) -> None:
    plan = make.plan([make.desired(), make.desired("b", pin="asst_1")], [make.owned()])
    assert actions(plan) == {"b": "undecided", "bot": "no-op"}


def test_a_pin_to_our_assistant_without_a_manifest_renames_it(make: Any) -> None:
    change = make.change(make.desired("new", pin="asst_1"), make.owned("old"))
    assert (change.action, change.previous_key) == (Action.UPDATE, "old")


# --- strangers


def test_an_unowned_assistant_of_the_same_name_is_undecided(make: Any) -> None:
    change = make.change(make.desired(), make.remote("asst_u", name="bot"))
    assert (change.action, change.id, candidates(change)) == (Action.UNDECIDED, None, ["asst_u"])
    assert change.ways == ("--adopt=bot", "id: asst_u", "--create-anyway")


@pytest.mark.parametrize("flags", [{"adopt_all": True}, {"adopt_keys": frozenset({"bot"})}])
def test_adopt_takes_an_unowned_assistant_of_the_same_name(make: Any, flags: Any) -> None:
    change = make.change(make.desired(), make.remote("asst_u", name="bot"), **flags)
    assert (change.action, change.id) == (Action.ADOPT, "asst_u")


def test_adopt_for_another_key_decides_nothing(make: Any) -> None:
    change = make.change(make.desired(), make.remote("asst_u", name="bot"), adopt_keys=frozenset({"else"}))
    assert change.action is Action.UNDECIDED


@pytest.mark.parametrize("remote_name", ["bot", "else"])
@pytest.mark.parametrize("remote_key", ["bot", "else"])
def test_another_owners_assistant_of_the_same_key_or_name_is_undecided(
    make: Any, remote_key: str, remote_name: str
) -> None:
    change = make.change(make.desired(), renamed(foreign(make, remote_key), remote_name))
    alike = "bot" in (remote_key, remote_name)
    assert change.action is (Action.UNDECIDED if alike else Action.CREATE)
    assert candidates(change) == (["asst_f"] if alike else [])


def test_takeover_takes_only_the_named_owners_assistant(make: Any) -> None:
    taken = make.change(make.desired(), foreign(make), takeover=frozenset({"other/prod"}))
    assert (taken.action, taken.id) == (Action.ADOPT, "asst_f")
    assert "other/prod" in taken.reason
    left = make.change(make.desired(), foreign(make), takeover=frozenset({"third/prod"}))
    assert left.action is Action.UNDECIDED


def test_adopt_does_not_take_what_another_owner_has(make: Any) -> None:
    assert make.change(make.desired(), foreign(make), adopt_all=True).action is Action.UNDECIDED


def test_takeover_ignores_the_other_owners_records(make: Any) -> None:
    remote = foreign(make, applied={"temperature": 0.5, "description": "x"}, now={"temperature": 0.7})
    change = make.change(make.desired(temperature=0.5), remote, takeover=frozenset({"other/prod"}))
    assert [(f.field, f.cause.value) for f in change.shown] == [("temperature", "adopt")]


def test_create_anyway_creates_beside_strangers(make: Any) -> None:
    remotes = [make.remote("asst_u", name="bot"), foreign(make)]
    assert make.change(make.desired(), *remotes, create_anyway=True).action is Action.CREATE


@pytest.mark.parametrize("flags", [{"adopt_all": True}, {"takeover": frozenset({"other/prod"})}])
def test_several_candidates_always_need_a_pin(make: Any, flags: Any) -> None:
    for second in (make.remote("asst_v", name="bot", created=2.0), foreign(make, created=2.0)):
        change = make.change(make.desired(), make.remote("asst_u", name="bot"), second, **flags)
        assert change.action is Action.UNDECIDED
        assert "id: asst_u" in change.ways
        assert len(change.candidates) == 2


def test_a_pin_decides_between_several_candidates(make: Any) -> None:
    remotes = [make.remote("asst_u", name="bot"), make.remote("asst_v", name="bot"), foreign(make)]
    change = make.change(make.desired(pin="asst_v"), *remotes)
    assert (change.action, change.id) == (Action.ADOPT, "asst_v")


def test_what_a_pin_took_is_no_candidate_for_others(make: Any) -> None:
    plan = make.plan(
        [make.desired(name="same"), make.desired("b", name="same", pin="u")], [make.remote("u", name="same")]
    )
    assert actions(plan) == {"b": "adopt", "bot": "create"}


def test_an_edited_marker_means_not_ours_and_is_never_touched_or_doubled(make: Any) -> None:
    remote = damaged(renamed(make.owned(), "typed outside"))
    change = make.change(make.desired(), remote)
    assert (change.action, candidates(change)) == (Action.UNDECIDED, ["asst_1"])
    assert "marker" in change.reason
    assert make.change(make.desired(), remote, adopt_all=True).action is Action.ADOPT


def test_a_removed_marker_means_unowned(make: Any) -> None:
    remote = replace(make.owned(), metadata={})
    assert make.change(make.desired(), remote).action is Action.UNDECIDED
    assert make.plan([], [remote]).changes == ()


# --- twins


def test_two_assistants_with_one_marker_are_twins_shown_oldest_first(make: Any) -> None:
    plan = make.plan([make.desired()], [make.owned("bot", "new", created=2.0), make.owned("bot", "old")])
    (change,) = plan.changes
    assert (change.action, candidates(change)) == (Action.UNDECIDED, ["old", "new"])
    assert [each.created_at for each in change.candidates] == [1.0, 2.0]
    assert change.ways == ("--adopt-oldest", "id: old", "id: new")


def test_adopt_oldest_keeps_the_oldest_and_deletes_the_others(make: Any) -> None:
    remotes = [make.owned("bot", name, created=age) for name, age in (("c", 3.0), ("b", 2.0), ("a", 2.0))]
    plan = make.plan([make.desired()], remotes, adopt_oldest=True)
    assert [(change.action, change.id) for change in plan.changes] == [
        (Action.NOOP, "a"),
        (Action.DELETE, "b"),
        (Action.DELETE, "c"),
    ]


def test_a_key_and_its_alias_both_alive_are_twins(make: Any) -> None:
    remotes = [make.owned("old", "asst_1"), make.owned("new", "asst_2", created=2.0)]
    manifest = make.desired("new", aliases=("old",))
    change = make.change(manifest, *remotes)
    assert (change.action, candidates(change)) == (Action.UNDECIDED, ["asst_1", "asst_2"])
    plan = make.plan([manifest], remotes, adopt_oldest=True, targets=("new",))
    assert [(c.key, c.action, c.id) for c in plan.changes] == [
        ("new", Action.UPDATE, "asst_1"),
        ("new", Action.DELETE, "asst_2"),
    ]


def test_a_twin_goes_although_its_manifest_says_keep_on_remove(make: Any) -> None:
    remotes = [make.owned(keep_on_remove=True), make.owned("bot", "asst_2", created=2.0, keep_on_remove=True)]
    plan = make.plan([make.desired()], remotes, adopt_oldest=True)
    assert [change.id for change in plan.of(Action.DELETE)] == ["asst_2"]


def test_nothing_that_is_undecided_is_planned_for_deletion(make: Any) -> None:
    remotes = [
        make.owned(),
        make.owned("bot", "asst_2"),
        make.owned("b", "asst_3"),
        make.owned("old", "asst_4", applied={"name": "new"}),
    ]
    plan = make.plan([make.desired(), make.desired("b", pin="asst_404"), make.desired("new")], remotes)
    assert len(plan.of(Action.UNDECIDED)) == len(plan.changes) == 3


def test_one_assistant_wanted_by_two_manifests_is_undecided_for_both(make: Any) -> None:
    remote = make.remote("asst_u", name="same")
    plan = make.plan(
        [make.desired("a", name="same"), make.desired("b", name="same")], [remote], adopt_all=True
    )
    assert actions(plan) == {"a": "undecided", "b": "undecided"}


# --- renamed files


def test_a_create_and_a_delete_of_one_name_ask_for_the_alias(make: Any) -> None:
    change = make.change(make.desired("new", name="old"), make.owned("old"))
    assert (change.action, candidates(change)) == (Action.UNDECIDED, ["asst_1"])
    assert change.ways == ("aliases: [old]", "--create-anyway")


@pytest.mark.parametrize(("changed", "asks"), [(0, True), (2, True), (8, False)])
def test_a_create_and_a_delete_of_one_prompt_ask_for_the_alias(make: Any, changed: int, asks: bool) -> None:
    remote = make.owned("old", applied={"instructions": PROMPT})
    change = make.change(make.desired("new", instructions=same_words(PROMPT, changed)), remote)
    assert change.action is (Action.UNDECIDED if asks else Action.CREATE)


def test_create_anyway_creates_the_new_one_and_deletes_the_old(make: Any) -> None:
    plan = make.plan([make.desired("new", name="old")], [make.owned("old")], create_anyway=True)
    assert actions(plan) == {"new": "create", "old": "delete"}


def test_an_alias_answers_the_question(make: Any) -> None:
    plan = make.plan([make.desired("new", name="old", aliases=("old",))], [make.owned("old")])
    assert actions(plan) == {"new": "update"}


def test_several_assistants_that_a_new_manifest_resembles_need_a_pin(make: Any) -> None:
    remotes = [make.owned(key, key, applied={"instructions": PROMPT}) for key in ("a", "b")]
    change = make.change(make.desired("new", instructions=PROMPT), *remotes)
    assert change.ways == ("id: a", "id: b", "--create-anyway")
    assert make.plan([make.desired("new", instructions=PROMPT, pin="a")], remotes).of(Action.UNDECIDED) == ()


@pytest.mark.parametrize("keeps", [True, False])
def test_what_is_not_deleted_is_no_renamed_file(make: Any, keeps: bool) -> None:
    remote = make.owned("old", keep_on_remove=keeps)
    plan = make.plan([make.desired("new", name="old")], [remote], delete=keeps)
    assert actions(plan) == {"new": "create", "old": "no-op"}


def test_an_assistant_with_a_manifest_is_no_renamed_file(make: Any) -> None:
    manifests: list[Desired] = [make.desired("old", name="same"), make.desired("new", name="same")]
    plan = make.plan(manifests, [make.owned("old", applied={"name": "same"})])
    assert actions(plan) == {"new": "create", "old": "no-op"}


# --- targets


def test_targets_select_manifests_and_owned_assistants_by_glob(make: Any) -> None:
    remotes = [make.owned("shop-old", "asst_1"), make.owned("bank-old", "asst_2")]
    manifests = [make.desired("shop-a"), make.desired("bank-a")]
    assert actions(make.plan(manifests, remotes, targets=("shop-*",))) == {
        "shop-a": "create",
        "shop-old": "delete",
    }


def test_what_is_outside_the_targets_still_takes_its_assistant(make: Any) -> None:
    manifests = [make.desired("a", pin="u", name="same"), make.desired("b", name="same")]
    plan = make.plan(manifests, [make.remote("u", name="same")], targets=("b",))
    assert actions(plan) == {"b": "create"}


def test_an_open_question_outside_the_targets_stops_nothing(make: Any) -> None:
    plan = make.plan([make.desired("a"), make.desired("b")], [make.remote("u", name="a")], targets=("b",))
    assert (actions(plan), plan.refusals) == ({"b": "create"}, ())
