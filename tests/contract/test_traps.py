"""Known traps of servers of this protocol, each met by the whole program; the test's name says the trap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from assistctl.errors import RemoteError
from assistctl.providers.connect import connect
from assistctl.providers.profiles import built_in
from assistctl.server.app import App
from assistctl.server.faults import with_faults
from assistctl.server.messages import Answer, Ending, Request, error_answer
from assistctl.server.moods import with_moods
from assistctl.server.store import Store

NOTHING = "No changes. Your infrastructure matches the configuration."
ONE = "key: one\nmodel: gpt-4o\ninstructions: Be brief.\n"
FleetFactory = Callable[..., AbstractContextManager[Any]]


def recorded(stage: Any) -> list[Request]:
    """Every request from now on."""
    asked: list[Request] = []
    inner = stage.handler

    def handle(request: Request) -> Answer:
        asked.append(request)
        answer: Answer = inner(request)
        return answer

    stage.handler = handle
    return asked


def first_answered(stage: Any, method: str, spoil: Callable[[Request, Any], Answer]) -> None:
    """Spoils the answer to the first request of a method."""
    inner, left = stage.handler, [1]

    def handle(request: Request) -> Answer:
        if request.method == method and left and left.pop():
            return spoil(request, inner)
        answer: Answer = inner(request)
        return answer

    stage.handler = handle


def bodies(asked: list[Request]) -> list[Any]:
    return [json.loads(request.body) for request in asked if request.method == "POST"]


def assert_nothing_pending(fleet: Any) -> None:
    ran = fleet.run("plan", "--detailed-exitcode")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, NOTHING), ran.out + ran.err


class Hurried:
    """A clock that does not wait."""

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        """At once."""


@contextmanager
def wired(*moods: str) -> Iterator[tuple[Any, App]]:
    """The wire provider on a server in some moods, without sockets and waits, and the plain core beside."""
    with Store(":memory:") as store:
        handler = with_moods(store, moods)

        def respond(method: str, path: str, query: Any, headers: Any, body: bytes) -> Any:
            answer = handler(Request(method, path, query, headers, body))
            return answer.status, answer.headers, answer.body

        profile = built_in("openai")
        yield connect(profile, "", None, clock=Hurried(), notify=print, handler=respond), App(store)


# --- the twelve -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
def test_trap_1_an_api_that_is_gone_is_not_an_empty_one(
    fleet_in: FleetFactory, stage: Any, status: int
) -> None:
    with fleet_in() as fleet:
        stage.handler = lambda _request: error_answer(status, "gone")
        asked = recorded(stage)
        for verb in (("plan",), ("apply", "--auto-approve"), ("doctor",), ("list",)):
            ran = fleet.run(*verb)
            assert (ran.code, "offers no assistants" in ran.err, "azure-foundry" in ran.err) == (
                9,
                True,
                True,
            )
        assert {request.method for request in asked} == {"GET"}


def test_trap_2_a_summary_list_hides_no_field_and_costs_one_get_per_match(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in("summary-list") as fleet:
        for number in range(30):
            fleet.ask("POST", "", {"model": "gpt-4o", "name": f"stranger {number}"})
        fleet.apply()
        asked = recorded(stage)
        assert_nothing_pending(fleet)
        assert len([request for request in asked if request.path != "/assistants"]) == 3


@pytest.mark.parametrize("mood", ["cursors-ignored", "newest-twenty"])
def test_trap_3_a_list_that_says_more_and_brings_nothing_new_is_no_list(
    fleet_in: FleetFactory, stage: Any, mood: str
) -> None:
    with fleet_in(mood) as fleet:
        for number in range(101):
            fleet.ask("POST", "", {"model": "gpt-4o", "name": f"stranger {number}"})
        asked = recorded(stage)
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, "brought nothing new" in ran.err) == (7, True)
        assert [request.method for request in asked] == ["GET", "GET"]


def test_trap_3_a_proxy_that_lists_the_newest_twenty_serves_twenty_and_no_more(
    fleet_in: FleetFactory,
) -> None:
    moods = ("newest-twenty", "no-get", "no-modify", "none-errors")
    with fleet_in(*moods, provider="litellm") as fleet:
        for number in range(20):
            fleet.ask("POST", "", {"model": "gpt-4o", "name": f"n{number}"})
        assert len(json.loads(fleet.run("export", "--remote").out)) == 20
        fleet.ask("POST", "", {"model": "gpt-4o", "name": "one too many"})
        for verb in (("export", "--remote"), ("plan",), ("import", "--all")):
            ran = fleet.run(*verb)
            assert (ran.code, ran.out, "cannot turn pages" in ran.err) == (7, "", True)


def test_trap_4_a_modify_says_every_cleared_field_and_always_the_model(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in() as fleet:
        fleet.apply()
        fleet.remove("tools:\n", "metadata:")
        asked = recorded(stage)
        fleet.apply()
        (body,) = bodies(asked)
        assert (body["model"], body["tools"]) == ("gpt-4o", [])
        both = {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}
        assert body["tool_resources"] == both
        assert not body.keys() & {"id", "object", "created_at"}


@pytest.mark.parametrize("mood", ["metadata-replace", "metadata-null-refused", "null-ignored"])
def test_trap_5_a_dropped_metadata_key_goes_and_foreign_ones_stay(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        fleet.write(ONE + "metadata: {team: support, tier: first}\n")
        fleet.apply()
        fleet.ask("POST", f"/{fleet.stored()['one']['id']}", {"metadata": {"by": "hand"}})
        fleet.write(ONE + "metadata: {team: support}\n")
        fleet.apply()
        metadata = fleet.stored()["one"]["metadata"]
        assert (metadata["team"], metadata["by"], metadata.get("tier", "")) == ("support", "hand", "")
        assert_nothing_pending(fleet)


def test_trap_5_sixteen_pairs_are_counted_with_ours_and_foreign_ones(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE + "metadata: {team: support}\n")
        fleet.apply()
        foreign = {f"foreign_{number}": "1" for number in range(14)}
        fleet.ask("POST", f"/{fleet.stored()['one']['id']}", {"metadata": foreign})
        fleet.write(ONE + "metadata: {team: support, tier: first}\n")
        asked = recorded(stage)
        ran = fleet.run("apply", "--auto-approve")
        assert ran.code in (5, 65)
        assert "16" in ran.err
        assert bodies(asked) == []


def test_trap_6_defaults_that_the_server_fills_in_are_no_change(fleet_in: FleetFactory) -> None:
    with fleet_in("nulls-added") as fleet:
        fleet.write(
            ONE + "tools: [{type: file_search}, {type: code_interpreter}, "
            "{type: function, function: {name: look}}]\ntemperature: 1\nresponse_format: auto\n"
        )
        fleet.apply()
        assert_nothing_pending(fleet)


def test_trap_7_another_spelling_of_a_model_is_no_change(fleet_in: FleetFactory) -> None:
    with fleet_in("model-respelled") as fleet:
        fleet.write(ONE)
        assert "warning" not in fleet.apply().err.lower()
        assert fleet.stored()["one"]["model"] == "openai/gpt-4o"
        assert_nothing_pending(fleet)


@pytest.mark.parametrize("kind", ["504", "lost", "truncated"])
def test_trap_8_a_create_whose_answer_was_lost_is_found_again(
    fleet_in: FleetFactory, stage: Any, kind: str
) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE)
        first_answered(stage, "POST", lambda request, inner: with_faults(inner, 1, [kind], 0)(request))
        asked = recorded(stage)
        ran = fleet.run("apply", "--auto-approve", "--settle-seconds", "2")
        assert (ran.code, len(fleet.stored()), len(bodies(asked))) == (0, 1, 1), ran.err


def test_trap_9_a_field_that_is_silently_ignored_is_told_and_strict_answers_3(fleet_in: FleetFactory) -> None:
    with fleet_in("effort-dropped") as fleet:
        fleet.write("key: one\nmodel: o3-mini\nreasoning_effort: low\n")
        ran = fleet.run("apply", "--auto-approve", "--strict")
        assert (ran.code, "reasoning_effort" in ran.err) == (3, True)
        assert_nothing_pending(fleet)
        assert "warning" not in fleet.apply().err.lower()


ERRORS = ("flat", "wrapped", "none", "detail", "word", "text", "empty")


@pytest.mark.parametrize("shape", ERRORS)
def test_trap_10_a_refusal_keeps_its_meaning_in_every_shape(fleet_in: FleetFactory, shape: str) -> None:
    with (
        fleet_in(f"{shape}-errors", "null-refused", key="right") as fleet,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("OPENAI_API_KEY", "wrong-0123456789")
        ran = fleet.run("plan")
        told = shape == "empty" or "Incorrect API key provided." in ran.err
        assert (ran.code, told, "export OPENAI_API_KEY" in ran.err) == (8, True, True)


def test_trap_10_an_update_may_be_answered_with_201(fleet_in: FleetFactory) -> None:
    with fleet_in("created-201") as fleet:
        fleet.write(ONE)
        fleet.apply()
        fleet.edit("Be brief.", "Be polite.")
        fleet.apply()
        assert fleet.stored()["one"]["instructions"] == "Be polite."


def test_trap_11_a_throttled_request_waits_as_it_is_asked_to(fleet_in: FleetFactory, stage: Any) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE)
        first_answered(stage, "POST", lambda request, inner: with_faults(inner, 1, ["429"], 0)(request))
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, "retrying in 0.1 s" in ran.err, len(fleet.stored())) == (0, True, 1)


def test_trap_11_a_quota_that_is_used_up_is_final(fleet_in: FleetFactory, stage: Any) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE)
        stage.handler = lambda _request: error_answer(429, "no credit", code="insufficient_quota")
        asked = recorded(stage)
        assert (fleet.run("plan").code, len(asked)) == (8, 1)


def test_trap_12_the_beta_header_and_the_query_go_with_every_request(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in("beta-tables", "version-asked", provider="azure-openai") as fleet:
        asked = recorded(stage)
        fleet.write(ONE)
        fleet.apply()
        assert_nothing_pending(fleet)
        assert {request.headers["openai-beta"] for request in asked} == {"assistants=v2"}
        assert {request.query["api-version"] for request in asked} == {"2024-05-01-preview"}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/assistants", "/v1/v1"])
def test_trap_12_v1_is_never_doubled(fleet_in: FleetFactory, stage: Any, path: str) -> None:
    with fleet_in() as fleet:
        asked = recorded(stage)
        assert fleet.url_below(path).run("list").code == 0
        assert {request.path for request in asked} == {"/v1/assistants"}


def test_trap_12_a_move_to_a_reasoning_model_resets_sampling_in_the_same_request(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE + "temperature: 0.2\ntop_p: 0.9\n")
        fleet.apply()
        fleet.write(ONE.replace("gpt-4o", "o3-mini"))
        asked = recorded(stage)
        fleet.apply()
        (body,) = bodies(asked)
        assert (body["model"], body["temperature"], body["top_p"]) == ("o3-mini", None, None)


# --- smaller ones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["uuid-ids", "hex-ids", "dash-ids", "ms-times", "float-times", "list-word"])
def test_trap_other_ids_times_and_words_are_taken_as_they_are(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        fleet.write(ONE)
        fleet.apply()
        assert_nothing_pending(fleet)


@pytest.mark.parametrize("mood", ["delete-word", "deletes-204", "deletes-denied"])
def test_trap_a_delete_may_be_answered_in_other_words(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        fleet.write(ONE)
        fleet.apply()
        assert fleet.run("destroy", "--auto-approve").code == 0
        assert fleet.stored() == {}


@pytest.mark.parametrize("mood", ["deletes-denied", "upserting"])
def test_trap_a_second_delete_may_be_a_200(mood: str) -> None:
    with wired(mood) as (remote, _):
        made = remote.create({"model": "m"})
        assert remote.delete(made.id) is True
        assert remote.delete(made.id) is (mood == "upserting")
        assert remote.get(made.id) is None


def test_trap_a_modify_of_a_vanished_assistant_must_not_bring_it_back(fleet_in: FleetFactory) -> None:
    with fleet_in("upserting") as fleet:
        fleet.write(ONE)
        fleet.apply()
        fleet.edit("Be brief.", "Be polite.")
        saved = fleet.root / "saved.plan"
        assert fleet.run("plan", "--out", str(saved)).code == 0
        fleet.ask("DELETE", f"/{fleet.stored()['one']['id']}")
        ran = fleet.run("apply", str(saved))
        assert (ran.code, fleet.stored()) == (5, {})


def test_trap_a_500_for_an_unknown_id_does_not_mean_that_it_is_gone() -> None:
    with wired("missing-500") as (remote, _), pytest.raises(RemoteError) as caught:
        remote.get("asst_nobody")
    assert caught.value.status == 500


def test_trap_inline_vector_stores_are_refused_in_manifests(fleet_in: FleetFactory) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE + "tool_resources: {file_search: {vector_stores: [{file_ids: [f]}]}}\n")
        ran = fleet.run("validate")
        assert (ran.code, "vector_stores" in ran.out + ran.err) == (65, True)


def test_trap_without_an_etag_each_target_is_looked_at_right_before_its_write(
    fleet_in: FleetFactory, stage: Any
) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE)
        fleet.apply()
        fleet.edit("Be brief.", "Be polite.")
        saved = fleet.root / "saved.plan"
        fleet.run("plan", "--out", str(saved))
        fleet.ask("POST", f"/{fleet.stored()['one']['id']}", {"instructions": "By hand."})
        asked = recorded(stage)
        assert fleet.run("apply", str(saved)).code == 5
        assert bodies(asked) == []


# --- seen on independent servers ------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["metadata-drop", "few-fields"])
def test_trap_a_200_does_not_mean_that_the_marker_was_stored(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        fleet.write(ONE)
        for _ in range(2):
            assert fleet.run("apply", "--auto-approve").code == 5
        assert len(fleet.stored()) == 1


def test_trap_a_server_that_resets_what_a_modify_leaves_out_loses_nothing(fleet_in: FleetFactory) -> None:
    with fleet_in("omitted-wiped") as fleet:
        fleet.write(ONE)
        fleet.apply()
        tool = {"type": "function", "function": {"name": "by_hand"}}
        fleet.ask("POST", f"/{fleet.stored()['one']['id']}", {"tools": [tool], "top_p": 0.5})
        fleet.edit("Be brief.", "Be polite.")
        fleet.apply()
        stored = fleet.stored()["one"]
        assert (stored["tools"][0]["function"]["name"], stored["top_p"]) == ("by_hand", 0.5)


@pytest.mark.parametrize("mood", ["null-ignored", "null-refused", "empty-ignored"])
def test_trap_a_text_is_cleared_in_whichever_way_the_server_takes(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        fleet.write(ONE + "description: Answers first.\n")
        fleet.apply()
        fleet.write(ONE)
        fleet.apply()
        assert not fleet.stored()["one"]["description"]
        assert_nothing_pending(fleet)


def test_trap_the_list_is_walked_oldest_first_a_hundred_at_a_time(fleet_in: FleetFactory, stage: Any) -> None:
    with fleet_in() as fleet:
        for number in range(101):
            fleet.ask("POST", "", {"model": "gpt-4o", "name": f"stranger {number}"})
        asked = recorded(stage)
        fleet.run("list")
        assert [(r.query["order"], r.query["limit"]) for r in asked] == [("asc", "100")] * 2


@pytest.mark.parametrize("mood", ["inclusive-cursor", "forgets-cursors", "newest-first", "empty-last-page"])
def test_trap_pages_that_overlap_or_begin_anew_show_each_assistant_once(
    fleet_in: FleetFactory, mood: str
) -> None:
    with fleet_in(mood) as fleet:
        made = {fleet.ask("POST", "", {"model": "gpt-4o"})["id"] for _ in range(205)}
        listed = [entry["id"] for entry in json.loads(fleet.run("list", "--format", "json").out)]
        assert (len(listed), set(listed)) == (205, made)


def test_trap_an_assistant_deleted_during_the_walk_hides_no_other_one() -> None:
    with wired("forgets-cursors") as (remote, plain):
        ids = [json.loads(plain.handle(_create()).body)["id"] for _ in range(150)]
        seen: list[str] = []
        for page in remote.pages():
            if not seen:
                plain.handle(Request("DELETE", f"/assistants/{page[-1].id}"))
            seen += [item.id for item in page]
        assert (len(seen), set(seen)) == (150, set(ids))


def _create() -> Request:
    return Request("POST", "/assistants", {}, {}, b'{"model": "m"}')


def test_trap_after_a_500_the_connection_is_not_used_again(fleet_in: FleetFactory, stage: Any) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE)

        def fail(_request: Request, _inner: Any) -> Answer:
            return replace(error_answer(500, "oops"), ending=Ending.RESET_NEXT)

        first_answered(stage, "GET", fail)
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, "reset" in ran.err, len(fleet.stored())) == (0, False, 1)


@pytest.mark.parametrize("mood", ["nulls-added", "defaults-null", "schema-renamed", "defaults-omitted"])
def test_trap_other_forms_of_the_same_answer_are_no_change(fleet_in: FleetFactory, mood: str) -> None:
    with fleet_in(mood) as fleet:
        assert "warning" not in fleet.apply().err.lower()
        assert_nothing_pending(fleet)


def test_trap_neither_tools_nor_the_model_are_ever_sent_as_null(fleet_in: FleetFactory, stage: Any) -> None:
    with fleet_in() as fleet:
        asked = recorded(stage)
        fleet.write(ONE + "tools: [{type: file_search}]\n")
        fleet.apply()
        fleet.write(ONE + "tools: null\ntool_resources: null\n")
        fleet.apply()
        created, modified = bodies(asked)
        assert "tool_resources" not in created
        assert (modified["model"], modified["tools"]) == ("gpt-4o", [])
        assert_nothing_pending(fleet)


def test_trap_file_search_resources_without_an_id_are_refused_in_manifests(fleet_in: FleetFactory) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE + "tools: [{type: file_search}]\ntool_resources: {file_search: {}}\n")
        assert fleet.run("validate").code == 65


def test_trap_ranking_options_need_a_threshold(fleet_in: FleetFactory) -> None:
    with fleet_in() as fleet:
        fleet.write(ONE + "tools: [{type: file_search, file_search: {ranking_options: {ranker: auto}}}]\n")
        assert fleet.run("validate").code == 65
