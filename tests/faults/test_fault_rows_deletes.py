"""Deleting: only with full knowledge, only what is ours at that moment, and never many (rows D1 to D5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistctl.server.messages import Answer, Handler, Request, error_answer

from .rows import (
    LIST,
    NOTHING,
    Scene,
    applied_and_lost,
    at,
    json_answer,
    of_another_owner,
    page_of,
    scene_in,
    small_pages,
)

TEN = tuple(f"bot-{number}" for number in range(10))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Ten applied manifests, of which ``bot-0`` has gone; and one assistant of somebody else."""
    with scene_in(tmp_path) as made:
        made.add(name="by hand")
        yield made.applied(*TEN).drop("bot-0")


def one(scene: Scene, key: str = "bot-0") -> str:
    return f"/assistants/{scene.named(key)['id']}"


def deletions(scene: Scene) -> list[str]:
    return [asked for asked in scene.requests if asked.startswith("DELETE ")]


def assert_all_there(scene: Scene) -> None:
    assert scene.keys() == dict.fromkeys(TEN, 1)
    assert deletions(scene) == []


@pytest.mark.parametrize("status", [500, 503, 408])
def test_d1_a_deletion_whose_answer_got_lost_is_done_when_the_next_attempt_finds_nothing_exit_0(
    scene: Scene, status: int
) -> None:
    def failing(request: Request, server: Handler) -> Answer:
        server(request)
        return error_answer(status, "oops")

    scene.fault = at(f"DELETE {one(scene)}", failing, 1)
    ran = scene.apply()
    assert ran.code == 0, ran.err
    assert ran.last == "Apply complete! Resources: 0 added, 0 changed, 1 destroyed."
    assert len(deletions(scene)) == 2
    scene.assert_converged(*TEN[1:])


def test_d1_a_deletion_that_was_cut_off_after_it_took_effect_is_done_exit_0(scene: Scene) -> None:
    scene.fault = at(f"DELETE {one(scene)}", applied_and_lost, 1)
    assert scene.apply().code == 0
    scene.assert_converged(*TEN[1:])


def test_d1_a_deletion_that_had_no_effect_is_sent_again_exit_0(scene: Scene) -> None:
    scene.fault = at(f"DELETE {one(scene)}", NOTHING, 1, 2)
    assert scene.apply().code == 0
    assert len(deletions(scene)) == 3
    scene.assert_converged(*TEN[1:])


def test_d1_what_was_gone_already_is_done_exit_0(scene: Scene) -> None:
    gone = one(scene)

    def vanish(request: Request, server: Handler) -> Answer:
        answer = server(request)
        scene.ask("DELETE", gone.removeprefix("/assistants"))
        return answer

    scene.fault = at(LIST, vanish, 1)
    assert scene.apply().code == 0
    assert deletions(scene) == []


def test_d1_an_answer_that_denies_the_deletion_is_believed_only_when_it_is_still_there(scene: Scene) -> None:
    denied = json_answer({"id": one(scene).rpartition("/")[2], "deleted": False})
    scene.fault = at(f"DELETE {one(scene)}", denied)
    ran = scene.apply()
    assert ran.code == 7
    assert "1 failed" in ran.last

    def liar(request: Request, server: Handler) -> Answer:
        server(request)
        return denied

    scene.fault = at(f"DELETE {one(scene)}", liar)
    assert scene.apply().code == 0
    scene.assert_converged(*TEN[1:])


@pytest.mark.parametrize(
    "change", [{"temperature": 0.9}, {"metadata": {"assistctl": None}}, {"name": "mine now"}]
)
def test_d2_an_assistant_that_changed_since_the_plan_is_not_deleted_exit_5(
    scene: Scene, change: dict[str, object]
) -> None:
    place = one(scene)

    def edit(request: Request, server: Handler) -> Answer:
        answer = server(request)
        scene.ask("POST", place.removeprefix("/assistants"), change)
        return answer

    scene.fault = at(LIST, edit, 1)
    ran = scene.apply()
    assert ran.code == 5
    assert "1 skipped" in ran.last
    assert deletions(scene) == []
    assert len(scene.all()) == 11


def test_d2_another_owners_marker_is_never_deleted_not_even_by_destroy(scene: Scene) -> None:
    found = scene.named("bot-0")
    marker = of_another_owner(found["metadata"]["assistctl"])
    scene.ask("POST", f"/{found['id']}", {"metadata": {"assistctl": marker}})
    assert scene.run("destroy", "--auto-approve").code == 0
    assert [item["name"] for item in scene.all()] == ["by hand", "bot-0"]


@pytest.mark.parametrize(("gone", "code"), [(3, 0), (4, 6), (9, 6)])
def test_d3_more_than_thirty_percent_of_the_owned_are_refused_before_any_write_exit_6(
    scene: Scene, gone: int, code: int
) -> None:
    scene.drop(*TEN[1:gone])
    ran = scene.apply()
    assert ran.code == code
    assert len(deletions(scene)) == (0 if code else gone)
    if code:
        assert f"{gone} of 10 owned assistants would be deleted; allowed are 3" in ran.err
        assert scene.writes == []


@pytest.mark.parametrize("flag", ["--max-deletes=100%", "--max-deletes=10"])
def test_d4_an_empty_folder_of_manifests_deletes_nothing_whatever_is_allowed_exit_6(
    scene: Scene, flag: str
) -> None:
    scene.drop(*TEN[1:])
    assert scene.apply(flag).code == 6
    assert_all_there(scene)


def test_d4_one_broken_manifest_stops_every_deletion_exit_65(scene: Scene) -> None:
    scene.manifest("bot-1").write_text("model: [gpt-4o\n", "utf-8")
    assert scene.apply().code == 65
    assert scene.requests == []
    assert_all_there(scene)


@pytest.mark.parametrize(("broken", "code"), [("missing", 65), ("link", 65), ("a file", 6)])
def test_d4_a_manifests_folder_that_cannot_be_read_deletes_nothing_exit_65_or_6(
    scene: Scene, broken: str, code: int
) -> None:
    folder = scene.root / "assistants"
    aside = folder.rename(scene.root / "aside")
    if broken == "link":
        folder.symlink_to(aside)
    elif broken == "a file":
        folder.write_text("not a folder", "utf-8")
    ran = scene.apply("--max-deletes", "100%")
    assert ran.code == code, ran
    assert_all_there(scene)


def test_d5_an_incomplete_list_deletes_nothing_exit_7(scene: Scene) -> None:
    scene.fault = small_pages(4, lambda number, _r, _s: NOTHING if number > 1 else None)
    assert scene.apply().code == 7
    assert_all_there(scene)


def test_d5_a_list_that_says_it_has_more_and_shows_no_more_deletes_nothing_exit_7(scene: Scene) -> None:
    def stuck(_number: int, request: Request, server: Handler) -> Answer:
        first = replace(request, query={k: v for k, v in request.query.items() if k != "after"})
        return json_answer({**page_of(server(first)), "has_more": True})

    scene.fault = small_pages(4, stuck)
    assert scene.apply().code == 7
    assert_all_there(scene)


def test_d5_an_unknown_outcome_of_this_run_holds_the_deletions_back_exit_4(scene: Scene) -> None:
    scene.write("bot-1", temperature=0.5)
    scene.fault = at(f"POST {one(scene, 'bot-1')}", NOTHING)
    ran = scene.apply()
    assert ran.code == 4
    assert "1 unknown, 1 not started" in ran.last
    assert "nothing is deleted while the outcome of a write is unknown" in ran.err
    assert_all_there(scene)
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged(*TEN[1:])


def test_d5_deletions_come_after_every_other_write(scene: Scene) -> None:
    scene.write("bot-1", "bot-2", temperature=0.5).write("newcomer")
    assert scene.apply().code == 0
    assert [asked.partition(" ")[0] for asked in scene.writes] == ["POST", "POST", "POST", "DELETE"]
