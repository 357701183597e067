"""Laws of the nested diff: it names what differs, all of it, and nothing else."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json
from assistctl.render.json_diff import Edit, json_edits

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, "a", "b", "", "\0true"])
)
keys = st.sampled_from(["a", "b", "odd key", "c.d", "[0]", "__x"])
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


def same(left: Json, right: Json) -> bool:
    """Equal whatever the order of keys; 1 and 1.0 are one number, true and 1 are not."""
    return re.sub(r"\.0\b", "", json.dumps(left, sort_keys=True)) == re.sub(
        r"\.0\b", "", json.dumps(right, sort_keys=True)
    )


def at(value: Json, path: str) -> Json:
    """Follows a printed path."""
    for quoted, index, plain in re.findall(r'\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|\.?([A-Za-z0-9_$-]+)', path):
        if quoted or plain:
            assert isinstance(value, dict)
            value = value[json.loads(quoted) if quoted else plain]
        else:
            assert isinstance(value, list)
            value = value[int(index)]
    return value


@given(values, values)
def test_there_are_edits_exactly_where_the_values_differ(before: Json, after: Json) -> None:
    assert (list(json_edits(before, after)) == []) == same(before, after)


@given(values)
def test_the_order_of_keys_is_no_difference(value: Json) -> None:
    turned = json.loads(json.dumps(value), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert list(json_edits(value, turned)) == []


@given(values, values)
def test_a_printed_path_leads_to_the_new_value(before: Json, after: Json) -> None:
    for edit in json_edits(before, after):
        if not isinstance(edit.after, Absent):
            assert same(at(after, edit.path), edit.after)


@given(values, values)
def test_no_edit_has_two_equal_or_two_missing_sides(before: Json, after: Json) -> None:
    for edit in json_edits(before, after):
        if isinstance(edit.before, Absent) or isinstance(edit.after, Absent):
            assert edit.before != edit.after
        else:
            assert not same(edit.before, edit.after)


def test_true_is_not_one_but_one_is_one_point_zero() -> None:
    assert list(json_edits({"a": True, "b": 1}, {"a": 1, "b": 1.0})) == [Edit("a", True, 1)]


def test_an_element_that_joins_a_list_is_one_edit() -> None:
    assert list(json_edits(["a", "c"], ["a", "b", "c"])) == [Edit("[1]", ABSENT, "b")]


def test_very_long_lists_are_compared_place_by_place() -> None:
    before: Json = list(range(2_000))
    after: Json = [*range(1_999), -1, 5]
    assert list(json_edits(before, after)) == [Edit("[1999]", 1_999, -1), Edit("[2000]", ABSENT, 5)]


def test_odd_keys_are_quoted_in_paths() -> None:
    assert list(json_edits({"x": {"odd key": 1}}, {"x": {"odd key": 2}})) == [Edit('x["odd key"]', 1, 2)]
