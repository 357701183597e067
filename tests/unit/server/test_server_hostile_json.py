"""Bodies made to hurt a reader are a clear 400 (or 413), never a fault."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.server.json_body import MAX_BODY, MAX_DEPTH, MAX_DIGITS


def nested(levels: int) -> bytes:
    """A create whose maps and lists nest ``levels`` deep."""
    outside = 5  # the body, tools, the tool, its function, parameters
    inner = b"[" * (levels - outside) + b"]" * (levels - outside)
    return (
        b'{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":{"x":'
        + inner
        + b"}}}]}"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"not json", "Expecting value"),
        (b'{"model": "m"} trailing', "Extra data"),
        (b'{"model": "m"', "line 1 column 14"),
        (b"[]", "expected an object"),
        (b"null", "expected an object"),
        (b'"model"', "expected an object"),
        (b'{"model": "a", "model": "b"}', "'model' is there twice"),
        (b'{"model": "m", "metadata": {"k": "1", "k": "2"}}', "'k' is there twice"),
        (b'{"model": "m", "temperature": NaN}', "NaN is not a JSON number"),
        (b'{"model": "m", "temperature": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"model": "m", "temperature": 1e999}', "too large"),
        (b'{"model": "m", "temperature": ' + b"9" * (MAX_DIGITS + 1) + b"}", "digits"),
        (b'{"model": "m", "temperature": ' + b"9" * 1_000_000 + b"}", "digits"),
        (b'{"model": "\xff"}', "not UTF-8"),
        ('{"model": "m"}'.encode("utf-16"), "not UTF-8"),
        (b'{"model": "\\ud800"}', "surrogate"),
        (b'{"model": "m", "metadata": {"\\uDFFF": "x"}}', "surrogate"),
        (b'{"model": "raw\x00control"}', "control character"),
        (nested(MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels"),
        (nested(100_000), f"more than {MAX_DEPTH} levels"),
        (b"[" * 500_000, f"more than {MAX_DEPTH} levels"),
        (b'{"a":' * 500_000, f"more than {MAX_DEPTH} levels"),
    ],
)
def test_a_hostile_body_is_a_400_that_says_why(call: Any, body: bytes, reason: str) -> None:
    status, answer = call("POST", "/assistants", body)
    assert status == 400
    assert reason in answer["error"]["message"]
    assert (answer["error"]["param"], answer["error"]["code"]) == (None, None)


def test_nesting_up_to_the_limit_is_stored(call: Any) -> None:
    status, made = call("POST", "/assistants", nested(MAX_DEPTH))
    assert status == 200
    assert call("GET", f"/assistants/{made['id']}") == (200, made)


def test_a_body_over_eight_mebibytes_is_a_413(call: Any) -> None:
    assert call.error("POST", "/assistants", b" " * (MAX_BODY + 1)) == (413, None, None)
    status, _ = call("POST", "/assistants", b'{"model":"m"}' + b" " * (MAX_BODY - 13))
    assert status == 200


def test_whole_surrogate_pairs_and_line_separators_are_text(call: Any) -> None:
    status, made = call("POST", "/assistants", b'{"model": "\\ud83d\\ude00 \\u2028 \\u0000"}')
    assert (status, made["model"]) == (200, "😀 \u2028 \x00")
