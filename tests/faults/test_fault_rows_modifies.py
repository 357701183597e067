"""Changing what is there: never unseen, never blindly twice, never what is not ours (rows U1 to U7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistctl.server.messages import Answer, Handler, Request, error_answer

from .rows import LIST, NOTHING, Fault, Scene, applied_and_lost, at, of_another_owner, raw_answer, scene_in

THREE = ("ann", "bob", "cid")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Three applied manifests that all want another temperature now."""
    with scene_in(tmp_path) as made:
        yield made.applied(*THREE, temperature=0.1).write(*THREE, temperature=0.5)


def one(scene: Scene, key: str) -> str:
    return f"/assistants/{scene.named(key)['id']}"


def temperatures(scene: Scene) -> dict[str, float]:
    return {item["name"]: item["temperature"] for item in scene.all()}


def after_the_list(act: Callable[[], object]) -> Fault:
    """Somebody does something once, right after the list was read."""
    acts = [act]

    def fault(request: Request, server: Handler) -> Answer | None:
        if not acts or (request.method, request.path) != ("GET", "/assistants"):
            return None
        answer = server(request)
        acts.pop()()
        return answer

    return fault


def test_u1_what_moved_since_the_plan_is_skipped_and_the_others_go_on_exit_5(scene: Scene) -> None:
    bob = one(scene, "bob")
    scene.fault = after_the_list(
        lambda: scene.ask("POST", bob.removeprefix("/assistants"), {"temperature": 0.9})
    )
    ran = scene.apply()
    assert ran.code == 5
    assert "somebody changed it since the plan: plan again" in ran.err
    assert ran.last == (
        "Apply incomplete! Resources: 0 added, 2 changed, 0 destroyed; "
        "1 skipped, 0 failed, 0 unknown, 0 not started."
    )
    assert temperatures(scene) == {"ann": 0.5, "bob": 0.9, "cid": 0.5}
    assert f"POST {bob}" not in scene.requests


def test_u1_a_field_that_nobody_manages_counts_as_moved_too(scene: Scene) -> None:
    bob = one(scene, "bob")
    scene.fault = after_the_list(
        lambda: scene.ask("POST", bob.removeprefix("/assistants"), {"description": "by hand"})
    )
    assert scene.apply().code == 5
    assert f"POST {bob}" not in scene.requests
    assert scene.apply().code == 0
    assert scene.named("bob")["description"] == "by hand"


def test_u1_a_saved_plan_skips_what_moved_since_it_was_saved_exit_5(scene: Scene) -> None:
    plan = str(scene.root / "plan.json")
    assert scene.run("plan", "--out", plan).code == 0
    scene.ask("POST", "/" + scene.named("bob")["id"], {"temperature": 0.9})
    ran = scene.run("apply", plan)
    assert ran.code == 5
    assert temperatures(scene) == {"ann": 0.5, "bob": 0.9, "cid": 0.5}
    assert scene.apply("--on-conflict", "overwrite").code == 0
    scene.assert_converged(*THREE)


def test_u1_every_write_looks_at_its_target_right_before(scene: Scene) -> None:
    assert scene.apply("--parallelism", "1").code == 0
    asked = scene.requests[1:]
    for key in THREE:
        place = asked.index(f"POST {one(scene, key)}")
        assert asked[place - 1] == f"GET {one(scene, key)}"


LOST: dict[str, Any] = {
    "closed": NOTHING,
    "408": error_answer(408, "too slow"),
    "500": error_answer(500, "oops"),
    "503": error_answer(503, "busy"),
    "html": raw_answer(b"<html>", "text/html"),
    "empty": raw_answer(b""),
}


@pytest.mark.parametrize("name", LOST)
def test_u3_a_lost_modify_that_had_no_effect_is_sent_again_on_the_same_base_exit_0(
    scene: Scene, name: str
) -> None:
    ann = one(scene, "ann")
    scene.fault = at(f"POST {ann}", LOST[name], 1)
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 0, ran.err
    mine = [asked for asked in scene.requests if asked.endswith(ann)]
    assert mine == [f"GET {ann}", f"POST {ann}"] * 2
    scene.assert_converged(*THREE)


@pytest.mark.parametrize("how", ["closed", "cut", "500", "html"])
def test_u3_a_lost_modify_that_took_effect_is_done_and_not_repeated_exit_0(scene: Scene, how: str) -> None:
    def answer(request: Request, server: Handler) -> Answer:
        real = server(request)
        ways = {
            "closed": replace(real, cut=0),
            "cut": replace(real, cut=300),
            "500": error_answer(500, "oops"),
            "html": raw_answer(b"<html>", "text/html"),
        }
        return ways[how]

    ann = one(scene, "ann")
    scene.fault = at(f"POST {ann}", answer)
    ran = scene.apply()
    assert ran.code == 0, ran.err
    assert ran.last == "Apply complete! Resources: 0 added, 3 changed, 0 destroyed."
    assert scene.writes.count(f"POST {ann}") == 1
    scene.assert_converged(*THREE)


def test_u3_a_lost_modify_whose_target_was_changed_by_somebody_is_a_conflict_exit_5(scene: Scene) -> None:
    ann = one(scene, "ann")

    def lost_then_edited(_request: Request, _server: Handler) -> Answer:
        scene.ask("POST", ann.removeprefix("/assistants"), {"temperature": 0.9})
        return NOTHING

    scene.fault = at(f"POST {ann}", lost_then_edited)
    ran = scene.apply()
    assert ran.code == 5
    assert scene.writes.count(f"POST {ann}") == 1
    assert temperatures(scene) == {"ann": 0.9, "bob": 0.5, "cid": 0.5}


def test_u3_a_modify_that_keeps_getting_lost_stays_unknown_exit_4(scene: Scene) -> None:
    ann = one(scene, "ann")
    scene.fault = at(f"POST {ann}", NOTHING)
    ran = scene.apply()
    assert ran.code == 4
    assert "1 unknown" in ran.last
    assert "Apply complete" not in ran.out
    assert scene.writes.count(f"POST {ann}") <= 5
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged(*THREE)


def test_u3_a_modify_whose_target_cannot_be_seen_afterwards_stays_unknown_exit_4(scene: Scene) -> None:
    ann = one(scene, "ann")

    def blind(request: Request, server: Handler) -> Answer | None:
        if request.path != ann:
            return None
        if request.method == "POST":
            scene.fault = at(f"GET {ann}", error_answer(405, "no"))
            return applied_and_lost(request, server)
        return None

    scene.fault = blind
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 4
    assert "1 unknown" in ran.last
    scene.fault = lambda _request, _server: None
    scene.assert_converged(*THREE)


@pytest.mark.parametrize("status", [404, 410])
def test_u4_a_target_that_is_gone_is_reported_and_not_created_exit_5(scene: Scene, status: int) -> None:
    ann = one(scene, "ann")
    scene.fault = at(f"POST {ann}", error_answer(status, "no such assistant"))
    ran = scene.apply()
    assert ran.code == 5
    assert "it is gone from the remote: plan again to create it" in ran.err
    assert "POST /assistants" not in scene.requests


def test_u4_only_a_new_plan_creates_it_again(scene: Scene) -> None:
    ann = scene.named("ann")["id"]
    scene.fault = after_the_list(lambda: scene.ask("DELETE", f"/{ann}"))
    ran = scene.apply()
    assert ran.code == 5
    assert "POST /assistants" not in scene.requests
    assert scene.keys() == {"bob": 1, "cid": 1}
    assert scene.apply().last == "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
    scene.assert_converged(*THREE)


def without_marker(scene: Scene, key: str, marker: str | None) -> str:
    """Somebody edits or (None) removes our entry; gives the assistant's id."""
    found = scene.named(key)
    metadata = {**found["metadata"], "assistctl": marker}
    scene.ask("POST", f"/{found['id']}", {"metadata": metadata})
    return str(found["id"])


EDITS: dict[str, Callable[[str], str | None]] = {
    "removed": lambda _text: None,
    "cut": lambda text: text[: len(text) // 2],
    "scribbled over": lambda _text: "mine now",
    "another format": lambda text: "9" + text[1:],
    "emptied": lambda _text: "",
}


@pytest.mark.parametrize("name", EDITS)
def test_u6_an_assistant_whose_marker_was_removed_or_edited_is_undecided_exit_5(
    scene: Scene, name: str
) -> None:
    marker = EDITS[name](scene.named("ann")["metadata"]["assistctl"])
    remote_id = without_marker(scene, "ann", marker)
    before = scene.ask("GET", f"/{remote_id}")
    ran = scene.apply()
    assert ran.code == 5
    assert scene.writes == []
    assert "--adopt=ann" in ran.out
    assert remote_id in ran.out
    assert scene.ask("GET", f"/{remote_id}") == before
    assert scene.run("drift", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("way", ["adopt", "pin"])
def test_u6_it_is_taken_back_with_adopt_or_a_pin_and_no_twin_is_made(scene: Scene, way: str) -> None:
    remote_id = without_marker(scene, "ann", None)
    if way == "pin":
        scene.write("ann", id=remote_id, temperature=0.5)
    ran = scene.apply(*(["--adopt=ann"] if way == "adopt" else []))
    assert ran.code == 0, ran.err
    assert scene.named("ann")["id"] == remote_id
    scene.assert_converged(*THREE)


def test_u6_without_its_marker_it_is_not_deleted_when_its_manifest_goes(scene: Scene) -> None:
    remote_id = without_marker(scene, "ann", None)
    ran = scene.drop("ann").apply()
    assert ran.code == 0
    assert remote_id in {item["id"] for item in scene.all()}
    assert not any(remote_id in asked for asked in scene.writes)


def test_u7_an_assistant_of_another_owner_is_undecided_until_it_is_taken_over_exit_5(scene: Scene) -> None:
    marker = scene.named("ann")["metadata"]["assistctl"]
    remote_id = without_marker(scene, "ann", of_another_owner(marker))
    before = scene.ask("GET", f"/{remote_id}")
    ran = scene.apply()
    assert ran.code == 5
    assert scene.writes == []
    assert "--takeover other/prod" in ran.out
    assert scene.apply("--adopt").code == 5
    assert scene.ask("GET", f"/{remote_id}") == before
    assert scene.apply("--takeover", "other/prod").code == 0
    scene.assert_converged(*THREE)


def test_u7_a_marker_that_changes_hands_between_plan_and_write_stops_that_write_exit_5(scene: Scene) -> None:
    marker = scene.named("ann")["metadata"]["assistctl"]
    ann = one(scene, "ann")
    scene.fault = after_the_list(lambda: without_marker(scene, "ann", of_another_owner(marker)))
    assert scene.apply().code == 5
    assert f"POST {ann}" not in scene.requests


def test_u6_a_list_of_nothing_but_strangers_is_never_touched(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        before = [scene.add(name=f"theirs {n}", metadata={"assistctl": f"?{n}"}) for n in range(5)]
        everything = scene.all()
        assert scene.write("ann").apply().code == 0
        assert scene.run("destroy", "--auto-approve").code == 0
        assert scene.all() == everything
        assert {item["id"] for item in scene.all()} == set(before)
        assert scene.requests.count(LIST) == 3
