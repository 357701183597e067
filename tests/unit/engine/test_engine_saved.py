"""A saved plan: read back whole, refused when edited, and held against the remote and manifests of today."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import pytest

from assistctl.engine.reviewed import Rederived, rederive, still_valid
from assistctl.engine.saved import SavedPlan, dump, load
from assistctl.engine.survey import fingerprint, unmoved
from assistctl.errors import DecisionNeeded, InvalidInput
from assistctl.model.assistant import Desired, Lifecycle, Remote
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Plan


@pytest.fixture
def bench(make: Any) -> Any:
    return Bench(make)


class Bench:
    """Saves a plan and re-derives it against another state of the world."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def save(self, desired: list[Desired], remotes: list[Remote], **parts: Any) -> SavedPlan:
        return load(text_of(self.make.plan(desired, remotes, **parts), 1000.0), "plan.json")

    def again(
        self, saved: SavedPlan, desired: list[Desired], remotes: list[Remote], **parts: Any
    ) -> Rederived:
        fresh: Plan = self.make.plan(desired, remotes, run="r2", **parts)
        limits = parts.get("limits", Limits("100%"))
        return rederive(saved, fresh, self.unmoved(remotes), limits, len(desired))

    def alone(self, saved: SavedPlan, remotes: list[Remote], limits: Limits | None = None) -> Rederived:
        found = self.make.survey(*remotes)
        return still_valid(saved, found, limits or Limits("100%"), self.unmoved(remotes))

    def unmoved(self, remotes: list[Remote]) -> Any:
        by_id = {remote.id: remote for remote in remotes}
        return lambda i, base: i in by_id and unmoved(base, by_id[i], self.make.canon)


def keys(plan: Plan) -> list[str]:
    return [change.key for change in plan.writes]


def edited(text: str, **changes: Any) -> str:
    """The file with other content under a digest that fits it."""
    content = {**json.loads(text), **changes}
    del content["digest"]
    return json.dumps({**content, "digest": digest_of(content)})


def digest_of(content: dict[str, Any]) -> str:
    """The digest is one over the whole canonical text, however little of it is in memory at a time."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def text_of(*parts: Any) -> str:
    return "".join(dump(*parts))


# --- the file


def test_a_plan_reads_back_with_everything_that_is_sent(make: Any) -> None:
    remotes = [make.owned("b", "1"), make.owned("c", "2", prevent_destroy=True)]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"b": 1, "a": [1.0, 1e-7]}}}]
    plan = make.plan(
        [make.desired("a", tools=tools, instructions="Ünï\r\n\ud800"), make.desired("b", top_p=0.5)], remotes
    )
    saved = load(text_of(plan, 1234.5), "plan.json")
    assert (saved.owner, saved.provider, saved.origin, saved.made_at) == (
        plan.owner,
        "local",
        "embedded",
        1234.5,
    )
    assert [(c.action, c.key, c.id, c.base, c.protected, c.file) for c in saved.writes] == [
        (c.action, c.key, c.id, c.base, c.protected, c.file) for c in plan.writes
    ]
    assert [(c.body, c.metadata) for c in saved.writes] == [(c.body, c.metadata) for c in plan.writes]


def test_only_writes_are_saved(make: Any) -> None:
    plan = make.plan([make.desired("same"), make.desired("new")], [make.owned("same")])
    assert [c.key for c in load(text_of(plan, 0.0), "p").writes] == ["new"]


def test_the_same_plan_at_the_same_time_is_the_same_file(make: Any) -> None:
    assert text_of(make.plan([make.desired()]), 1.0) == text_of(make.plan([make.desired()]), 1.0)


def test_a_file_says_each_change_in_a_line_of_its_own(make: Any) -> None:
    text = text_of(make.plan([make.desired(key, instructions="two\nlines") for key in "abc"]), 1.0)
    assert [json.loads(line.rstrip(","))["key"] for line in text.splitlines() if line.startswith("  {")] == [
        *"abc"
    ]
    assert json.loads(text)["digest"] == digest_of(
        {name: value for name, value in json.loads(text).items() if name != "digest"}
    )


@pytest.mark.parametrize("old", ["bot", "acme/prod", "gpt-4o", "embedded", "create", "1000.0"])
def test_an_edited_file_is_refused(make: Any, old: str) -> None:
    text = text_of(make.plan([make.desired()]), 1000.0)
    assert old in text
    with pytest.raises(InvalidInput) as caught:
        load(text.replace(old, old[:-1] + "9", 1), "plan.json")
    assert (caught.value.exit_code, caught.value.where, caught.value.undone) == (
        65,
        "plan.json",
        "nothing was applied",
    )


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", "{}", '{"assistctl_plan": 2}', "[" * 100_000])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        load(text, "plan.json")


def test_a_cut_file_is_refused(make: Any) -> None:
    text = text_of(make.plan([make.desired()]), 1.0)
    for size in range(0, len(text) - 2, 7):
        with pytest.raises(InvalidInput):
            load(text[:size], "plan.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"changes": None},
        {"changes": [1]},
        {"changes": [{}]},
        {"made_at": "x"},
        {"made_at": None},
        {"changes": [{"body": 1}]},
    ],
)
def test_a_forged_file_of_another_shape_is_refused_without_a_traceback(make: Any, changes: Any) -> None:
    with pytest.raises(InvalidInput):
        load(edited(text_of(make.plan([make.desired()]), 1.0), **changes), "plan.json")


# --- beside the manifests


def test_an_unchanged_world_gives_the_reviewed_plan(bench: Any, make: Any) -> None:
    desired = [make.desired("a"), make.desired("b", top_p=0.5, metadata={"k": "v"}), make.desired("same")]
    remotes = [make.owned("b", "1"), make.owned("c", "2"), make.owned("same", "3")]
    result = bench.again(bench.save(desired, remotes), desired, remotes)
    assert (keys(result.plan), result.stale, result.plan.refusals) == (["a", "b", "c"], (), ())
    assert result.plan.changes[0].after is not None


@pytest.mark.parametrize(
    "now",
    [
        {"top_p": 0.6},
        {"description": "x"},
        {"metadata": {"k": "v"}},
        {"lifecycle": Lifecycle(prevent_destroy=True)},
        {"lifecycle": Lifecycle(keep_on_remove=True)},
        {},
    ],
)
def test_other_manifests_than_reviewed_need_a_decision_before_any_write(
    bench: Any, make: Any, now: Any
) -> None:
    remotes = [make.owned("b", "1")]
    saved = bench.save([make.desired("a"), make.desired("b", top_p=0.5)], remotes)
    today = [make.desired("a"), make.desired("b", **{"top_p": 0.5 if now else 0.4, **now})]
    with pytest.raises(DecisionNeeded) as caught:
        bench.again(saved, today, remotes)
    assert "update b" in caught.value.what
    assert "a" not in caught.value.what.split(": ")[1].split(", ")
    assert caught.value.undone == "nothing was applied"


@pytest.mark.parametrize("gone", ["create", "delete"])
def test_a_write_that_the_manifests_no_longer_want_needs_a_decision(bench: Any, make: Any, gone: str) -> None:
    remotes = [make.owned("old", "1")]
    saved = bench.save([make.desired("new")], remotes)
    today = [make.desired("else")] if gone == "create" else [make.desired("new"), make.desired("old")]
    with pytest.raises(DecisionNeeded):
        bench.again(saved, today, remotes)


def test_what_was_not_reviewed_is_not_applied(bench: Any, make: Any) -> None:
    saved = bench.save([make.desired("a")], [])
    result = bench.again(saved, [make.desired("a"), make.desired("b")], [make.owned("old")])
    assert keys(result.plan) == ["a"]


def test_what_moved_since_the_review_is_stale_and_the_rest_stands(bench: Any, make: Any) -> None:
    desired = [make.desired("a", top_p=0.5), make.desired("b", top_p=0.5)]
    saved = bench.save(desired, [make.owned("a", "1"), make.owned("b", "2")])
    moved = [make.owned("a", "1", now={"name": "typed"}), make.owned("b", "2")]
    result = bench.again(saved, desired, moved)
    assert (keys(result.plan), [change.key for change in result.stale]) == (["b"], ["a"])


def test_a_conflict_that_came_up_since_the_review_does_not_hold_up_the_rest(bench: Any, make: Any) -> None:
    desired = [make.desired("a", top_p=0.5), make.desired("b", top_p=0.5)]
    before = [make.owned("a", "1", applied={"top_p": 0.4}), make.owned("b", "2", applied={"top_p": 0.4})]
    saved = bench.save(desired, before)
    clash = [make.owned("a", "1", applied={"top_p": 0.4}, now={"top_p": 0.3}), before[1]]
    result = bench.again(saved, desired, clash)
    assert (keys(result.plan), [c.key for c in result.stale], result.plan.refusals) == (["b"], ["a"], ())


def test_a_conflict_that_was_reviewed_is_still_refused(bench: Any, make: Any) -> None:
    desired = [make.desired("a", top_p=0.5)]
    remotes = [make.owned("a", "1", applied={"top_p": 0.4}, now={"top_p": 0.3})]
    result = bench.again(bench.save(desired, remotes), desired, remotes)
    assert [refusal.code for refusal in result.plan.refusals] == [5]


def test_a_delete_whose_target_is_gone_is_stale(bench: Any, make: Any) -> None:
    saved = bench.save([make.desired("a")], [make.owned("old", "1")])
    result = bench.again(saved, [make.desired("a")], [])
    assert (keys(result.plan), [change.key for change in result.stale]) == (["a"], ["old"])


def test_a_create_that_somebody_else_made_meanwhile_is_stale(bench: Any, make: Any) -> None:
    saved = bench.save([make.desired("a"), make.desired("b")], [])
    result = bench.again(saved, [make.desired("a"), make.desired("b")], [make.owned("a", "1")])
    assert (keys(result.plan), [change.key for change in result.stale]) == (["b"], ["a"])


def test_a_create_beside_a_new_stranger_is_stale_and_makes_no_twin(bench: Any, make: Any) -> None:
    desired = [make.desired("a"), make.desired("b")]
    result = bench.again(bench.save(desired, []), desired, [make.remote("u", name="a")])
    assert (keys(result.plan), [change.key for change in result.stale]) == (["b"], ["a"])
    assert result.plan.refusals == ()


def test_all_guards_run_again(bench: Any, make: Any) -> None:
    desired, remotes = [make.desired("a")], [make.owned(f"k{n}", str(n)) for n in range(4)]
    result = bench.again(bench.save(desired, remotes), desired, remotes, limits=Limits("3"))
    assert [refusal.code for refusal in result.plan.refusals] == [6]


# --- without manifests


def test_alone_the_remote_decides_what_still_stands(bench: Any, make: Any) -> None:
    desired = [make.desired("a"), make.desired("b", top_p=0.5), make.desired("c", top_p=0.5)]
    saved = bench.save(desired, [make.owned("b", "1"), make.owned("c", "2"), make.owned("d", "3")])
    moved = [make.owned("b", "1", now={"name": "typed"}), make.owned("c", "2"), make.owned("d", "3")]
    result = bench.alone(saved, moved)
    assert (keys(result.plan), [change.key for change in result.stale]) == (["a", "c", "d"], ["b"])


def test_alone_a_create_is_stale_where_its_key_exists(bench: Any, make: Any) -> None:
    result = bench.alone(bench.save([make.desired("a")], []), [make.owned("a", "9")])
    assert (keys(result.plan), [change.key for change in result.stale]) == ([], ["a"])


def test_alone_the_guards_run_too(bench: Any, make: Any) -> None:
    remotes = [make.owned("a", "1", prevent_destroy=True), make.owned("b", "2"), make.owned("c", "3")]
    result = bench.alone(bench.save([make.desired("x")], remotes), remotes, Limits("1"))
    assert [refusal.code for refusal in result.plan.refusals] == [6, 6]


def test_alone_a_forged_delete_of_a_foreign_assistant_is_stale(bench: Any, make: Any) -> None:
    foreign = make.owned("a", "1", owner="other/prod")
    saved = bench.save([make.desired("x")], [make.owned("a", "1")])
    delete = next(change for change in saved.writes if change.action is Action.DELETE)
    forged = replace(saved, writes=(replace(delete, base=fingerprint(foreign, make.canon)),))
    assert bench.alone(forged, [foreign]).plan.writes == ()


def test_a_reviewed_plan_leaves_the_same_remote_as_a_fresh_one(bench: Any, make: Any, world: Any) -> None:
    manifest = make.desired(top_p=0.5, metadata={"k": "v"})
    saved = load(text_of(world.plan(manifest), 0.0), "p")
    result = bench.again(saved, [manifest], world.remotes())
    assert world.apply(result.plan).complete
    assert world.plan(manifest).writes == ()
