"""JSON in pieces is the JSON of the whole."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.json_pieces import canonical, in_pieces

NAMES = st.sampled_from(["a", "list", "z", "ü", '"', "[]"]) | st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
HEADS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4).filter(lambda head: "list" not in head)
ITEMS = st.lists(VALUES, max_size=4)


@given(HEADS, ITEMS)
def test_the_pieces_are_the_text_of_the_whole_object(head: dict[str, Any], items: list[Any]) -> None:
    assert json.loads("".join(in_pieces(head, "list", items))) == {**head, "list": items}


@given(HEADS, ITEMS)
def test_each_item_has_a_line_of_its_own(head: dict[str, Any], items: list[Any]) -> None:
    lines = "".join(in_pieces(head, "list", items)).split("\n")
    own = lines[lines.index(' "list": [') + 1 :][: len(items)]
    assert [json.loads(line.removesuffix(",")) for line in own] == items


@given(HEADS, ITEMS)
def test_the_canonical_pieces_are_the_canonical_text_of_the_whole(
    head: dict[str, Any], items: list[Any]
) -> None:
    whole = json.dumps({**head, "list": items}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert "".join(canonical(head, "list", items)) == whole
