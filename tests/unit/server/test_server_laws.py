"""Laws: no request whatever makes the server fail, and what it answers is stable."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistctl.server.app import App
from assistctl.server.connections import encode
from assistctl.server.defaults import filled
from assistctl.server.messages import Request
from assistctl.server.store import Store

QUIET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "model",
        "name",
        "description",
        "instructions",
        "tools",
        "tool_resources",
        "metadata",
        "temperature",
        "top_p",
        "response_format",
        "reasoning_effort",
    ]
)
word = st.sampled_from(
    [
        "type",
        "function",
        "file_search",
        "code_interpreter",
        "name",
        "vector_stores",
        "vector_store_ids",
        "file_ids",
        "ranking_options",
        "score_threshold",
        "ranker",
        "json_schema",
        "schema",
        "strict",
        "parameters",
        "auto",
        "chunking_strategy",
        "static",
        "max_num_results",
        "metadata",
    ]
)
protocol_like = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 60) | st.floats() | word,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=4),
    max_leaves=10,
)
bodies = st.one_of(
    anything,
    st.dictionaries(fields, anything, max_size=5),
    st.dictionaries(fields, protocol_like, max_size=5).map(lambda body: {"model": "m", **body}),
)

text_or_null = st.none() | st.text(st.characters(codec="utf-8"), max_size=30)
name = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=10)
tool = st.one_of(
    st.just({"type": "code_interpreter"}),
    st.builds(
        lambda results: {"type": "file_search", **results},
        st.sampled_from([{}, {"file_search": {}}, {"file_search": {"max_num_results": 3}}]),
    ),
    st.builds(
        lambda n, s: {"type": "function", "function": {"name": n, "strict": s}},
        name,
        st.none() | st.booleans(),
    ),
)
valid = st.fixed_dictionaries(
    {"model": st.text(st.characters(codec="utf-8"), max_size=10)},
    optional={
        "name": text_or_null,
        "description": text_or_null,
        "instructions": text_or_null,
        "temperature": st.none() | st.floats(0, 2) | st.integers(0, 2),
        "top_p": st.none() | st.floats(0, 1),
        "tools": st.lists(tool, max_size=4),
        "metadata": st.dictionaries(name, st.text(st.characters(codec="utf-8"), max_size=10), max_size=5),
        "reasoning_effort": st.sampled_from([None, "low", "max"]),
        "response_format": st.sampled_from([None, "auto", {"type": "text"}]),
        "tool_resources": st.sampled_from([None, {}, {"code_interpreter": {"file_ids": ["f"]}}]),
    },
)


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with Store(":memory:") as store:
        yield App(store, key=None)


def check(app: App, request: Request) -> Any:
    answer = app.handle(request)
    assert answer.status < 500, answer.body
    decoded = json.loads(answer.body.decode("utf-8"))
    if answer.status != 200:
        assert set(decoded["error"]) == {"message", "type", "param", "code"}
    assert encode(answer, close=False).count(b"\r\n\r\n") == 1
    return decoded


@QUIET
@given(body=st.binary(max_size=300))
def test_any_bytes_as_a_body_get_a_proper_answer(app: App, body: bytes) -> None:
    check(app, Request("POST", "/assistants", body=body))


@QUIET
@given(body=bodies)
def test_any_json_as_a_body_gets_a_proper_answer(app: App, body: Any) -> None:
    raw = json.dumps(body).encode()
    made = check(app, Request("POST", "/assistants", body=raw))
    target = (
        made["id"]
        if isinstance(made.get("id"), str)
        else check(app, Request("POST", "/assistants", body=b'{"model":"m"}'))["id"]
    )
    check(app, Request("POST", f"/assistants/{target}", body=raw))
    check(app, Request("GET", f"/assistants/{target}"))


@QUIET
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD"]) | st.text(max_size=5),
    path=st.one_of(
        st.text(max_size=20), st.text(st.characters(), max_size=30).map(lambda tail: f"/v1/assistants/{tail}")
    ),
    query=st.dictionaries(
        st.sampled_from(["limit", "order", "after", "before"]) | st.text(max_size=5),
        st.text(max_size=10),
        max_size=4,
    ),
    headers=st.dictionaries(st.sampled_from(["authorization", "x"]), st.text(max_size=20), max_size=2),
)
def test_any_request_line_and_headers_get_a_proper_answer(
    app: App, method: str, path: str, query: dict[str, str], headers: dict[str, str]
) -> None:
    check(app, Request(method, path, query, headers))
    check(app, Request("GET", "/assistants", query, headers))
    with Store(":memory:") as store:
        check(App(store, key="k?"), Request("GET", "/assistants", query, headers))


@QUIET
@given(body=valid)
def test_sending_an_answer_back_as_a_modify_changes_nothing(app: App, body: Any) -> None:
    made = check(app, Request("POST", "/assistants", body=json.dumps(body).encode()))
    assert made.get("object") == "assistant", made
    sent = {key: value for key, value in made.items() if key not in {"id", "object", "created_at"}}
    again = check(app, Request("POST", f"/assistants/{made['id']}", body=json.dumps(sent).encode()))
    assert again == made
    assert check(app, Request("GET", f"/assistants/{made['id']}")) == made


@QUIET
@given(body=valid)
def test_filling_defaults_twice_changes_nothing(body: Any) -> None:
    assert filled(filled(body)) == filled(body)


@QUIET
@given(body=valid, change=valid)
def test_a_modify_with_every_field_equals_a_create_but_for_foreign_metadata(
    app: App, body: Any, change: Any
) -> None:
    first = check(app, Request("POST", "/assistants", body=json.dumps({**body, "metadata": {}}).encode()))
    sent = filled(change)
    resources: dict[str, Any] = {
        "code_interpreter": {"file_ids": []},
        "file_search": {"vector_store_ids": []},
    }
    sent["tool_resources"] = {**resources, **sent["tool_resources"]}  # type: ignore[dict-item]
    after = check(app, Request("POST", f"/assistants/{first['id']}", body=json.dumps(sent).encode()))
    fresh = check(app, Request("POST", "/assistants", body=json.dumps(change).encode()))
    assert {**after, "id": "", "created_at": 0} == {**fresh, "id": "", "created_at": 0}
