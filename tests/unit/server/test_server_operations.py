"""The five operations: what they store, fill in and answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from assistctl.errors import DiskFault
from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store

RANKING = {"ranker": "default_2024_08_21", "score_threshold": 0.0}


def test_a_created_assistant_comes_back_with_every_default(store: Store) -> None:
    app = App(store, clock=lambda: 1_700_000_000.9, new_id=lambda: "x" * 24)
    answer = app.handle(Request("POST", "/v1/assistants", body=b'{"model": "gpt-4o"}'))
    assert json.loads(answer.body) == {
        "id": "asst_" + "x" * 24,
        "object": "assistant",
        "created_at": 1_700_000_000,
        "name": None,
        "description": None,
        "model": "gpt-4o",
        "instructions": None,
        "tools": [],
        "top_p": 1.0,
        "temperature": 1.0,
        "reasoning_effort": None,
        "tool_resources": {},
        "metadata": {},
        "response_format": "auto",
    }


def test_ids_are_a_prefix_and_24_random_letters_and_digits(call: Any) -> None:
    ids = {call.create()["id"] for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch(r"asst_[A-Za-z0-9]{24}", found) for found in ids)


def test_every_field_of_a_full_create_is_kept_as_sent(call: Any) -> None:
    fields = {
        "name": "Support",
        "description": "Answers",
        "instructions": "\n  Be brief — “yes”.\r\n\tπ 😀 \x00",
        "reasoning_effort": "low",
        "temperature": 0.25,
        "top_p": 0.5,
        "metadata": {"team": "support", "empty": ""},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "out", "schema": {"z": 1, "a": []}},
        },
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "strict": True, "parameters": {"b": {"x": 10**30}, "a": 1.5}},
            }
        ],
        "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}},
    }
    made = call.create(**fields)
    assert {key: made[key] for key in fields} == fields
    assert list(made["tools"][0]["function"]["parameters"]) == ["b", "a"]
    assert call("GET", f"/assistants/{made['id']}") == (200, made)


@pytest.mark.parametrize(
    ("tool", "back"),
    [
        ({"type": "code_interpreter"}, {"type": "code_interpreter"}),
        (
            {"type": "file_search"},
            {"type": "file_search", "file_search": {"max_num_results": 20, "ranking_options": RANKING}},
        ),
        (
            {
                "type": "file_search",
                "file_search": {"ranking_options": {"score_threshold": 1, "ranker": "auto"}},
            },
            {
                "type": "file_search",
                "file_search": {
                    "ranking_options": {"score_threshold": 1.0, "ranker": "auto"},
                    "max_num_results": 20,
                },
            },
        ),
        (
            {"type": "function", "function": {"name": "f"}},
            {"type": "function", "function": {"name": "f", "strict": False}},
        ),
        (
            {"type": "function", "function": {"name": "f", "strict": None}},
            {"type": "function", "function": {"name": "f", "strict": False}},
        ),
    ],
)
def test_tools_come_back_with_their_settings_filled(call: Any, tool: Any, back: Any) -> None:
    assert call.create(tools=[tool])["tools"] == [back]


def test_an_enabled_tool_without_resources_gets_an_empty_list(call: Any) -> None:
    made = call.create(tools=[{"type": "file_search"}, {"type": "code_interpreter"}])
    assert made["tool_resources"] == {
        "code_interpreter": {"file_ids": []},
        "file_search": {"vector_store_ids": []},
    }
    assert call.modify(made["id"], tools=[])["tool_resources"] == {}


def test_inline_vector_stores_become_one_id_and_are_not_echoed(call: Any) -> None:
    inline = [
        {
            "file_ids": ["file-1"],
            "metadata": {"a": "b"},
            "chunking_strategy": {
                "type": "static",
                "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
            },
        }
    ]
    search = call.create(tool_resources={"file_search": {"vector_stores": inline}})["tool_resources"][
        "file_search"
    ]
    assert list(search) == ["vector_store_ids"]
    assert [
        re.fullmatch(r"vs_[A-Za-z0-9]{24}", found) is not None for found in search["vector_store_ids"]
    ] == [True]
    assert call.create(tool_resources={"file_search": {"vector_stores": []}})["tool_resources"] == {}


def test_a_modify_keeps_what_it_leaves_out(call: Any) -> None:
    made = call.create(name="a", temperature=0.3, tools=[{"type": "code_interpreter"}], metadata={"k": "v"})
    assert call.modify(made["id"]) == made
    assert call.modify(made["id"], name="b") == {**made, "name": "b"}
    assert call("GET", f"/assistants/{made['id']}")[1]["name"] == "b"


def test_null_brings_the_default_back(call: Any) -> None:
    bare = call.create()
    full = call.create(
        name="n",
        description="d",
        instructions="i",
        temperature=0.3,
        top_p=0.3,
        reasoning_effort="high",
        response_format={"type": "text"},
        metadata={"k": "v"},
        tool_resources={"code_interpreter": {"file_ids": ["f"]}},
    )
    nulls = {key: None for key in full if key not in {"id", "object", "created_at", "model", "tools"}}
    cleared = call.modify(full["id"], **nulls)
    assert {**cleared, "id": "", "created_at": 0} == {**bare, "id": "", "created_at": 0}


def test_an_empty_text_is_stored_as_it_is(call: Any) -> None:
    made = call.create(name="n", instructions="i")
    changed = call.modify(made["id"], name="", instructions="")
    assert (changed["name"], changed["instructions"]) == ("", "")


def test_metadata_is_merged_by_key_and_null_removes_one(call: Any) -> None:
    made = call.create(metadata={"keep": "1", "change": "1", "drop": "1"})
    changed = call.modify(made["id"], metadata={"change": "2", "drop": None, "new": "", "never": None})
    assert changed["metadata"] == {"keep": "1", "change": "2", "new": ""}


def test_the_merged_metadata_may_have_sixteen_pairs_at_most(call: Any) -> None:
    made = call.create(metadata={f"k{n}": "v" for n in range(16)})
    path = f"/assistants/{made['id']}"
    assert call.error("POST", path, {"metadata": {"more": "v"}}) == (
        400,
        "object_above_max_properties",
        "metadata",
    )
    assert call("GET", path)[1] == made
    swapped = call.modify(made["id"], metadata={"more": "v", "k0": None})["metadata"]
    assert len(swapped) == 16
    assert swapped["more"] == "v"


def test_tool_resources_are_merged_by_member_and_their_lists_replaced(call: Any) -> None:
    made = call.create(
        tool_resources={
            "code_interpreter": {"file_ids": ["a", "b"]},
            "file_search": {"vector_store_ids": ["v"]},
        }
    )
    changed = call.modify(made["id"], tool_resources={"code_interpreter": {"file_ids": ["c"]}})
    assert changed["tool_resources"] == {
        "code_interpreter": {"file_ids": ["c"]},
        "file_search": {"vector_store_ids": ["v"]},
    }
    cleared = call.modify(
        made["id"],
        tool_resources={"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}},
    )
    assert cleared["tool_resources"] == {}


def test_a_deleted_assistant_is_gone_for_every_operation(call: Any) -> None:
    made = call.create()
    path = f"/assistants/{made['id']}"
    assert call("DELETE", path) == (200, {"id": made["id"], "object": "assistant.deleted", "deleted": True})
    for method, body in (("GET", None), ("POST", {"name": "x"}), ("DELETE", None)):
        assert call.error(method, path, body) == (404, None, None)
    assert call("GET")[1]["data"] == []


def test_an_unknown_id_is_named_in_a_404_with_null_code(call: Any) -> None:
    status, answer = call("GET", "/assistants/asst_nobody")
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (404, None, None)
    assert answer["error"]["type"] == "invalid_request_error"
    assert "asst_nobody" in answer["error"]["message"]


@pytest.mark.parametrize("assistant_id", ["../x", "a b", "é", "\ud800", "a/b", "x" * 200, "a\x00b"])
def test_ids_that_could_never_be_are_a_404(call: Any, assistant_id: str) -> None:
    for method, body in (("GET", None), ("POST", {}), ("DELETE", None)):
        assert call.error(method, f"/assistants/{assistant_id}", body) == (404, None, None)


@pytest.mark.parametrize(
    "path", ["/", "", "/assistants/", "/v2/assistants", "/v1/v1/assistants", "/files", "*"]
)
def test_other_paths_are_a_404(call: Any, path: str) -> None:
    assert call.error("GET", path) == (404, None, None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/assistants", "GET, POST"),
        ("PATCH", "/assistants/x", "GET, POST, DELETE"),
        ("get", "/assistants", "GET, POST"),
    ],
)
def test_other_methods_are_a_405_that_names_the_right_ones(
    store: Store, method: str, path: str, allowed: str
) -> None:
    answer = App(store).handle(Request(method, path))
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),
        ({"Authorization": "sk-right"}, None),
        ({"Authorization": "Basic sk-right"}, None),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": "Bearer sk-wrong"}, "invalid_api_key"),
        ({"Authorization": "Bearer \ud800é"}, "invalid_api_key"),
    ],
)
def test_without_the_right_key_everything_is_a_401(
    store: Store, headers: dict[str, str], code: str | None
) -> None:
    app = App(store, key="sk-right")
    for request in (Request("GET", "/assistants", {}, headers), Request("PUT", "/other", {}, headers)):
        answer = app.handle(request)
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (401, code)
        assert b"sk-right" not in answer.body


@pytest.mark.parametrize(
    "headers", [{"AUTHORIZATION": "bearer sk-right"}, {"authorization": "Bearer  sk-right"}]
)
def test_the_right_key_is_accepted_in_any_case_of_the_words(store: Store, headers: dict[str, str]) -> None:
    assert App(store, key="sk-right").handle(Request("GET", "/assistants", {}, headers)).status == 200


def test_every_answer_has_a_request_id_of_its_own(store: Store) -> None:
    app = App(store)
    ids = {
        app.handle(Request("GET", path)).headers["x-request-id"]
        for path in ("/assistants", "/assistants", "/no")
    }
    assert len(ids) == 3


def test_a_failing_disk_is_a_500_and_no_exception() -> None:
    store = Store(":memory:")
    store.close()
    with pytest.raises(DiskFault):
        store.get("x")
    for request in (Request("GET", "/assistants"), Request("POST", "/assistants", body=b'{"model":"m"}')):
        answer = App(store).handle(request)
        assert (answer.status, json.loads(answer.body)["error"]["type"]) == (500, "server_error")


def test_plain_types_go_in_and_out_of_respond(store: Store) -> None:
    status, headers, body = App(store).respond("GET", "/assistants", {"limit": "1"}, {}, b"")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
