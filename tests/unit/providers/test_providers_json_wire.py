"""Decoding JSON from a stranger."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.errors import RemoteError
from assistctl.providers.json_wire import MAX_DEPTH, decode, excerpt, too_deep

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | _FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON, st.booleans())
def test_ordinary_json_comes_out_as_it_went_in(value: object, ascii_only: bool) -> None:
    assert decode(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!doctype html><p>Sign in</p>", "HTML"),
        (b'{"data": [', "not valid JSON"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 31 + b"}", "digits"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "digits"),
        (b"[" * 100_000, "deeply"),
        (b'{"a": ' * 100_000, "deeply"),
        (b'"\xff"', "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
    ],
)
def test_l9_l10_hostile_or_broken_json_is_one_clear_error(body: bytes, reason: str) -> None:
    with pytest.raises(RemoteError) as caught:
        decode(body)
    assert reason in caught.value.what


def test_whole_numbers_stay_whole_and_pairs_of_surrogates_are_one_character() -> None:
    value = decode(b'\xef\xbb\xbf{"t": 1, "u": 1.0, "e": "\\ud83d\\ude00"}')
    assert isinstance(value, dict)
    assert [type(value["t"]), type(value["u"]), value["e"]] == [int, float, "😀"]


@pytest.mark.parametrize(("depth", "refused"), [(MAX_DEPTH, False), (MAX_DEPTH + 1, True), (900, True)])
def test_depth_is_counted_in_nested_structures_only(depth: int, refused: bool) -> None:
    text = "[" * depth + "]" * depth
    assert too_deep(text, json.loads(text)) is refused
    flat = ["{[" * 50] * 3
    assert not too_deep(json.dumps(flat), flat)


def test_an_excerpt_has_at_most_200_characters() -> None:
    assert excerpt(" short ") == "short"
    assert len(excerpt("x" * 500)) == 200


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    try:
        value = decode(body)
    except RemoteError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
