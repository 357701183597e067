"""First contact: other products under the same path are recognised by what they answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistctl.errors import RemoteError, RemoteGone
from assistctl.providers.connect import connect
from assistctl.providers.first_contact import OtherProtocol, stranger
from assistctl.providers.profiles import built_in
from assistctl.providers.remotes import page_of

LANGGRAPH = {
    "assistant_id": "fe096781-5601-53d2-b2f6-0d3403f7e9ca",
    "graph_id": "agent",
    "config": {},
    "metadata": {"created_by": "system"},
    "name": "agent",
}
OPENGPTS = {"assistant_id": "8f4e", "user_id": "u", "name": "x", "config": {}, "public": False}
PINECONE = {"assistants": [{"name": "one", "status": "Ready", "host": "https://h.example"}]}
TELNYX = {
    "data": [{"id": "assistant-1", "name": "one", "model": "m", "instructions": "i"}],
    "meta": {"total_pages": 1, "total_results": 1, "page_number": 1, "page_size": 20},
}
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>"


class Hurried:
    """A clock that counts its sleeps."""

    def __init__(self) -> None:
        self.sleeps = 0

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1


def list_of(status: int, body: bytes) -> tuple[RemoteError, int]:
    """What listing ends with, and how often it was asked again."""
    clock = Hurried()

    def respond(*_: Any) -> tuple[int, dict[str, str], bytes]:
        return status, {"content-type": "application/json"}, body

    remote = connect(built_in("openai"), "", None, clock=clock, notify=lambda _: None, handler=respond)
    with pytest.raises(RemoteError) as caught:
        list(remote.pages())
    return caught.value, clock.sleeps


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([LANGGRAPH], "`assistant_id` and `graph_id`, as LangGraph Platform's"),
        ({"data": [LANGGRAPH]}, "as LangGraph Platform's"),
        ([OPENGPTS], "`assistant_id` instead of `id`, as OpenGPTs'"),
        ([], "a bare array"),
        (PINECONE, "as Pinecone Assistant's"),
        (TELNYX, "`meta.page_number`), as Telnyx does"),
    ],
)
def test_another_product_is_refused_at_once_by_what_gave_it_away(answer: Any, words: str) -> None:
    error, again = list_of(200, json.dumps(answer).encode())
    assert isinstance(error, OtherProtocol)
    assert (int(error.exit_code), again) == (7, 0)
    assert words in error.what
    assert "base URL" in error.next


def test_a_list_call_that_is_not_allowed_is_another_protocol() -> None:
    error, again = list_of(405, b'{"detail": "Method Not Allowed"}')
    assert (int(error.exit_code), again, "LangGraph" in error.what) == (7, 0, True)


def test_a_login_page_is_called_a_page_and_may_pass() -> None:
    error, again = list_of(200, LOGIN)
    assert (int(error.exit_code), again) == (7, 4)
    assert "an HTML page instead of JSON" in error.what
    assert "Sign in" in error.what
    assert "base URL" in error.next


@pytest.mark.parametrize("error", ["no credit left", {"message": "no credit left", "code": 3}])
def test_an_error_in_a_200_is_told_in_its_own_words(error: Any) -> None:
    found, _ = list_of(200, json.dumps({"error": error}).encode())
    assert "answered 200 with an error in it: no credit left" in found.what
    assert not isinstance(found, OtherProtocol | RemoteGone)


def test_a_long_error_in_a_200_is_not_cut_in_the_middle_of_a_secret() -> None:
    found, _ = list_of(200, json.dumps({"error": "x" * 195 + "sk-secret"}).encode())
    assert found.what.startswith("the remote answered 200 with an error in it (")


@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ({"value": []}, "a map with `value`"),
        ({}, "an empty map"),
        (None, "null"),
        ("x", "a str"),
        ({"data": {}}, "a map with `data`"),
        ({str(n): n for n in range(9)}, "a map with `0`, `1`, `2`, `3`, `4`, `5`, …"),
    ],
)
def test_any_other_shape_is_named(answer: Any, shape: str) -> None:
    with pytest.raises(RemoteError, match="this is no list of assistants") as caught:
        page_of(answer)
    assert caught.value.what.endswith(f"found {shape}")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"data": [{"id": "a"}], "has_more": False, "meta": {"page_number": 1}},
        {"data": [{"id": "a", "assistant_id": "b", "graph_id": "c"}]},
        {"object": "assistants", "data": [], "meta": {"request": "r"}},
        {"data": [], "error": None},
    ],
)
def test_a_list_with_extra_keys_is_a_list(answer: Any) -> None:
    assert stranger(answer) == ""
    assert page_of(answer).keys == tuple(answer)


def test_a_schema_under_a_leaked_name_is_read_under_its_own() -> None:
    leaked = {"type": "json_schema", "json_schema": {"name": "out", "schema_": {"type": "object"}}}
    (item,) = page_of({"data": [{"id": "a", "response_format": leaked}]}).items
    value: Any = item.fields["response_format"]
    assert value.load()["json_schema"] == {"name": "out", "schema": {"type": "object"}}
