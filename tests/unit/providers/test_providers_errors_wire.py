"""The one reader for error bodies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.providers.errors_wire import Fault, read_fault
from assistctl.providers.message import Answer


def read(body: object, **headers: str) -> Fault:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_fault(
        Answer(400, {k.replace("_", "-"): v for k, v in headers.items()}, raw), lambda text: text
    )


def test_openai_shape() -> None:
    body = {
        "error": {"message": "no", "type": "invalid_request_error", "param": "tools", "code": "invalid_type"}
    }
    assert read(body, x_request_id="req_1") == Fault("no", "invalid_type", "tools", "req_1")


def test_error_as_text() -> None:
    assert read({"error": "no such thing"}).message == "no such thing"


def test_aiml_hands_on_its_vendors_error_inside_the_message() -> None:
    inner = {"error": {"message": "Unknown model", "param": "model", "code": "unsupported_model"}}
    body = {
        "requestId": "r-1",
        "statusCode": 400,
        "path": "/assistants",
        "message": "400 " + json.dumps(inner),
    }
    assert read(body) == Fault("Unknown model", "unsupported_model", "model", "r-1")


def test_a_message_that_only_looks_wrapped_stays_as_it_is() -> None:
    assert read({"message": "400 {broken"}).message == "400 {broken"
    assert read({"message": "429 people wait"}).message == "429 people wait"


def test_fastapi_detail_as_text_and_as_list() -> None:
    assert read({"detail": "Not Found"}).message == "Not Found"
    body = {
        "detail": [{"loc": ["body", "model"], "msg": "field required"}, {"loc": ["query", 0], "msg": "bad"}]
    }
    assert read(body).message == "body.model: field required; query.0: bad"


def test_litellm_writes_missing_values_as_the_word_none() -> None:
    assert read({"error": {"message": "x", "param": "None", "code": "400"}}) == Fault("x", "400", "", "")


def test_plain_text_html_and_nothing() -> None:
    assert read(b"Traceback: boom").message == "Traceback: boom"
    assert read(b"<html><title>502 Bad Gateway</title>").message == "an HTML page, '502 Bad Gateway'"
    assert read(b"") == Fault()
    assert read([1, 2]) == Fault()


@pytest.mark.parametrize("body", [{"error": {"message": "m" * 999}}, b"m" * 999])
def test_at_most_200_characters_are_kept(body: object) -> None:
    assert len(read(body).message) == 200


def test_the_key_goes_before_anything_is_cut() -> None:
    body = json.dumps({"error": {"message": "x" * 195 + " sk-secret-value"}}).encode()
    fault = read_fault(Answer(401, {}, body), lambda text: text.replace("sk-secret-value", "***"))
    assert "sk-" not in fault.message


_KEYS = st.sampled_from(["error", "message", "detail", "code", "param", "loc", "msg", "requestId"])
_BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300) | _BODIES.map(lambda value: json.dumps(value).encode()))
def test_any_body_gives_a_fault(body: bytes) -> None:
    fault = read(body)
    assert len(fault.message) <= 200
    assert all(isinstance(part, str) for part in (fault.message, fault.code, fault.param, fault.request_id))
