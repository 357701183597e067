"""What a list may look like that is none: nothing is ever planned on a guess (rows L1 to L8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistctl.server.messages import Answer, Handler, Request, error_answer

from .rows import (
    LIST,
    NO_CHANGES,
    NOTHING,
    Scene,
    at,
    json_answer,
    page_of,
    raw_answer,
    scene_in,
    small_pages,
)

THREE = ("ann", "bob", "cid")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Three applied manifests, and one assistant of somebody else."""
    with scene_in(tmp_path) as made:
        made.add(name="by hand")
        yield made.applied(*THREE)


def assert_untouched(scene: Scene) -> None:
    """Nothing was written, and the same commands succeed as soon as the remote is well again."""
    assert scene.writes == []
    scene.fault = lambda _request, _server: None
    assert scene.apply().last == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
    scene.assert_converged(*THREE)


@pytest.mark.parametrize("verb", ["plan", "apply", "drift", "list", "ids", "import", "pull", "destroy"])
@pytest.mark.parametrize("status", [404, 410])
def test_l1_a_404_or_410_on_the_collection_is_no_assistants_exit_9(
    scene: Scene, verb: str, status: int
) -> None:
    scene.fault = at(LIST, error_answer(status, "no such thing"))
    options = {"apply": ["--auto-approve"], "destroy": ["--auto-approve"], "import": ["--all"]}
    ran = scene.run(verb, *options.get(verb, []))
    assert ran.code == 9
    assert "this remote offers no assistants" in ran.err
    assert "--provider local" in ran.err
    assert ran.out == ""
    assert scene.requests == [LIST]
    assert_untouched(scene)


def test_l1_a_404_on_a_later_page_is_a_lost_cursor_and_not_a_remote_without_assistants(scene: Scene) -> None:
    scene.fault = small_pages(2, broken_page(2, error_answer(404, "no cursor")))
    assert scene.run("plan").last == NO_CHANGES
    assert_untouched(scene)


def broken_page(number: int, answer: Answer) -> Callable[..., Answer | None]:
    return lambda found, _request, _server: answer if found == number else None


@pytest.mark.parametrize(
    "answer",
    [
        error_answer(500, "oops"),
        error_answer(429, "slow down"),
        NOTHING,
        raw_answer(b'{"object": "list", "data": [{"id": "asst_'),
        raw_answer(b"<html>", "text/html"),
    ],
    ids=["500", "429", "closed", "cut", "html"],
)
def test_l3_a_page_that_fails_once_is_asked_for_again(scene: Scene, answer: Answer) -> None:
    scene.fault = small_pages(2, broken_page(2, answer))
    ran = scene.run("plan")
    assert ran.last == NO_CHANGES
    assert len(scene.requests) == 3
    assert len(scene.clock.waits) == 1
    assert_untouched(scene)


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_l3_a_page_that_keeps_failing_fails_the_list_after_five_attempts_exit_7(
    scene: Scene, verb: str
) -> None:
    scene.drop("cid")
    scene.fault = small_pages(2, lambda number, _r, _s: NOTHING if number > 1 else None)
    ran = scene.run(verb, *(["--auto-approve"] if verb == "apply" else []))
    assert ran.code == 7
    assert "5 attempts were made" in ran.err
    assert ran.out == ""
    assert scene.requests == [LIST] * 6
    scene.write("cid")
    assert_untouched(scene)


def test_l3_a_cut_page_is_never_half_a_list(scene: Scene) -> None:
    scene.fault = small_pages(2, lambda _n, request, server: replace(server(request), cut=900))
    ran = scene.apply()
    assert ran.code == 7
    assert_untouched(scene)


def test_l4_has_more_without_progress_is_an_error_exit_7(scene: Scene) -> None:
    def stuck(_number: int, request: Request, server: Handler) -> Answer:
        first = replace(request, query={k: v for k, v in request.query.items() if k != "after"})
        return json_answer({**page_of(server(first)), "has_more": True})

    scene.fault = small_pages(2, stuck)
    ran = scene.apply()
    assert ran.code == 7
    assert "the list is incomplete: has_more is true, but the page brought nothing new" in ran.err
    assert len(scene.requests) == 2
    assert_untouched(scene)


def test_l4_two_pages_that_name_each_other_as_the_next_end_in_an_error(scene: Scene) -> None:
    first, second = (json_answer({**page_of(scene.handle(r)), "has_more": True}) for r in two_pages(scene))
    scene.forget()
    scene.fault = small_pages(2, lambda number, _r, _s: first if number % 2 else second)
    ran = scene.apply()
    assert ran.code == 7
    assert len(scene.requests) == 3
    assert_untouched(scene)


def two_pages(scene: Scene) -> list[Request]:
    query = {"limit": "2", "order": "asc"}
    return [
        Request("GET", "/assistants", {**query, **more}) for more in ({}, {"after": scene.all()[1]["id"]})
    ]


def test_l4_an_empty_page_ends_the_list_whatever_has_more_says(scene: Scene) -> None:
    def endless(_number: int, request: Request, server: Handler) -> Answer:
        return json_answer({**page_of(server(request)), "has_more": True})

    scene.fault = small_pages(2, endless)
    assert scene.run("plan").last == NO_CHANGES
    assert scene.requests == [LIST] * 3
    assert_untouched(scene)


def test_l4_without_has_more_the_walk_goes_on_until_nothing_new_comes(scene: Scene) -> None:
    def silent(_number: int, request: Request, server: Handler) -> Answer:
        page = page_of(server(request))
        return json_answer({"object": "list", "data": page["data"]})

    scene.fault = small_pages(2, silent)
    assert scene.run("plan").last == NO_CHANGES
    assert scene.requests == [LIST] * 3
    assert_untouched(scene)


def test_l5_the_same_assistant_on_two_pages_is_one_and_no_twin(scene: Scene) -> None:
    def overlapping(number: int, request: Request, server: Handler) -> Answer | None:
        if number != 2:
            return None
        before = replace(request, query={**request.query, "after": scene.all()[0]["id"]})
        return json_answer({**page_of(server(before)), "has_more": True})

    scene.fault = small_pages(2, overlapping)
    assert scene.run("plan").last == NO_CHANGES
    assert "3 unchanged, 1 unmanaged" in scene.run("plan").out
    assert_untouched(scene)


def test_l5_an_assistant_that_changed_between_its_two_appearances_is_asked_for_itself(scene: Scene) -> None:
    bob = scene.named("bob")

    def edited(number: int, request: Request, server: Handler) -> Answer | None:
        if number != 2:
            return None
        scene.ask("POST", f"/{bob['id']}", {"temperature": 0.1, "description": "edited by hand"})
        before = replace(request, query={**request.query, "after": scene.named("ann")["id"]})
        return json_answer({**page_of(server(before)), "has_more": True})

    scene.write("bob", description="from the manifest").apply()
    scene.forget()
    scene.fault = small_pages(3, edited)
    ran = scene.run("plan", "--format", "json")
    (change,) = (c for c in ran.data["assistctl"]["changes"] if c["key"] == "bob")
    assert [(f["field"], f["before"], f["cause"]) for f in change["fields"]] == [
        ("description", "edited by hand", "drift")
    ]
    assert scene.requests.count(f"GET /assistants/{bob['id']}") == 1


def test_l5_a_long_prompt_that_was_let_go_before_its_second_appearance_is_seen_all_the_same(
    scene: Scene,
) -> None:
    bob, edited_text = scene.named("bob"), "Edited by hand. " * 30

    def edited(number: int, request: Request, server: Handler) -> Answer | None:
        if number != 2:
            return None
        scene.ask("POST", f"/{bob['id']}", {"model": "gpt-4o-mini", "instructions": edited_text})
        before = replace(request, query={**request.query, "after": scene.named("ann")["id"]})
        return json_answer({**page_of(server(before)), "has_more": True})

    scene.write("bob", instructions="From the manifest. " * 30).apply()
    scene.forget()
    scene.fault = small_pages(3, edited)
    ran = scene.run("plan", "--format", "json")
    (change,) = (c for c in ran.data["assistctl"]["changes"] if c["key"] == "bob")
    assert [(f["field"], f["before"], f["cause"]) for f in change["fields"]] == [
        ("instructions", edited_text, "drift")
    ]
    assert scene.requests.count(LIST) > 2  # the list was walked once more, and everything held


def test_l6_when_the_cursor_vanishes_between_two_pages_the_list_is_read_once_more(scene: Scene) -> None:
    extra = scene.add(name="goes away")
    names = [item["id"] for item in scene.all()]

    def vanishing(number: int, request: Request, server: Handler) -> Answer | None:
        if number == 2 and request.query.get("after") == names[1]:
            scene.ask("DELETE", f"/{extra}")
            return error_answer(400, "no assistant found with that id", param="after")
        return None

    scene.fault = small_pages(2, vanishing)
    ran = scene.run("list", "--format", "json")
    assert {item["id"] for item in ran.data} == {item["id"] for item in scene.all()}
    assert_untouched(scene)


def test_l6_an_assistant_that_appears_between_two_pages_is_seen(scene: Scene) -> None:
    def appearing(number: int, _request: Request, _server: Handler) -> None:
        if number == 2:
            scene.add(name="newcomer")

    scene.fault = small_pages(2, appearing)
    assert "3 unchanged, 2 unmanaged" in scene.run("plan").out


def test_l6_a_cursor_that_is_lost_twice_fails_the_list_exit_7(scene: Scene) -> None:
    lost_cursor = error_answer(400, "no assistant found with that id", param="after")
    scene.fault = small_pages(2, lambda _n, r, _s: lost_cursor if "after" in r.query else None)
    assert scene.apply().code == 7
    assert scene.requests == [LIST] * 4
    assert_untouched(scene)


def without(*names: str) -> Callable[[int, Request, Handler], Answer]:
    """List items that lack some keys."""

    def fewer(_number: int, request: Request, server: Handler) -> Answer:
        page = page_of(server(request))
        items = [{k: v for k, v in item.items() if k not in names} for item in page["data"]]
        return json_answer({**page, "data": items})

    return fewer


def test_l8_what_the_list_leaves_out_is_asked_for_by_id(scene: Scene) -> None:
    scene.write("ann", temperature=0.5).apply()
    scene.forget()
    scene.fault = small_pages(100, without("temperature", "tools", "top_p"))
    assert scene.run("plan").last == NO_CHANGES
    assert scene.requests == [LIST, f"GET /assistants/{scene.named('ann')['id']}"]
    scene.ask("POST", f"/{scene.named('ann')['id']}", {"temperature": 0.9})
    assert "0.9 → 0.5" in scene.run("plan").out


def test_l8_a_field_that_no_answer_shows_is_unknown_and_no_endless_difference(scene: Scene) -> None:
    hides = without("temperature")
    scene.write("ann", temperature=0.5).apply()

    def never_shown(request: Request, server: Handler) -> Answer | None:
        answer = server(request)
        if request.path == "/assistants" and request.method == "GET":
            return hides(1, request, server)
        body = json.loads(answer.body)
        body.pop("temperature", None)
        return replace(answer, body=json.dumps(body).encode())

    scene.fault = never_shown
    assert scene.run("plan").last == NO_CHANGES
    assert scene.write("ann", temperature=0.7).apply().code == 0
    assert scene.named("ann")["temperature"] == 0.7
    assert scene.run("plan").last == NO_CHANGES
