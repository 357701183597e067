"""Walking the list: orders, directions, ties, deletions, refused parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from assistctl.server.app import App
from assistctl.server.store import Store

COUNT = 250


@pytest.fixture(scope="module")
def crowded() -> Iterator[tuple[App, list[str]]]:
    """An app with 250 assistants of one second, and their ids in order of insertion."""
    with Store(":memory:") as store:
        app = App(store, clock=lambda: 1_700_000_000.0)
        yield app, _fill(app, COUNT)


def _fill(app: App, count: int) -> list[str]:
    made = [app.respond("POST", "/assistants", {}, {}, b'{"model":"m"}') for _ in range(count)]
    return [json.loads(body)["id"] for _, _, body in made]


def _page(app: App, **query: Any) -> tuple[list[str], bool]:
    status, _, body = app.respond("GET", "/assistants", {k: str(v) for k, v in query.items()}, {}, b"")
    page = json.loads(body)
    assert status == 200, page
    ids = [item["id"] for item in page["data"]]
    assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return ids, page["has_more"]


def _forward(app: App, **query: Any) -> list[str]:
    ids, more = _page(app, **query)
    while more:
        page, more = _page(app, **query, after=ids[-1])
        assert page
        ids += page
    return ids


def _backward(app: App, start: str, **query: Any) -> list[str]:
    ids, more = [start], True
    while more:
        page, more = _page(app, **query, before=ids[0])
        ids = page + ids
    return ids


@pytest.mark.parametrize("limit", [1, 7, 20, 50, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_walk_of_one_second_is_complete_in_both_orders_and_directions(
    crowded: tuple[App, list[str]], order: str, limit: int
) -> None:
    app, ids = crowded
    expected = ids if order == "asc" else ids[::-1]
    assert _forward(app, order=order, limit=limit) == expected
    assert _backward(app, expected[-1], order=order, limit=limit) == expected


def test_newest_come_first_and_twenty_at_a_time_by_default(crowded: tuple[App, list[str]]) -> None:
    app, ids = crowded
    assert _page(app) == (ids[::-1][:20], True)


def test_before_answers_the_page_right_before_it(crowded: tuple[App, list[str]]) -> None:
    app, ids = crowded
    assert _page(app, order="asc", limit=3, before=ids[10]) == (ids[7:10], True)
    assert _page(app, order="asc", limit=3, before=ids[2]) == (ids[:2], False)
    assert _page(app, order="desc", limit=2, before=ids[10]) == ([ids[12], ids[11]], True)


def test_both_cursors_bound_a_walk_that_starts_after_the_first(crowded: tuple[App, list[str]]) -> None:
    app, ids = crowded
    assert _page(app, order="asc", limit=3, after=ids[4], before=ids[10]) == (ids[5:8], True)
    assert _page(app, order="asc", limit=9, after=ids[4], before=ids[10]) == (ids[5:10], False)
    assert _page(app, order="desc", limit=9, after=ids[10], before=ids[4]) == (ids[5:10][::-1], False)
    assert _page(app, order="asc", after=ids[10], before=ids[4]) == ([], False)


def test_has_more_is_false_on_a_last_page_that_is_just_full(crowded: tuple[App, list[str]]) -> None:
    app, ids = crowded
    assert _page(app, order="asc", limit=50, after=ids[199]) == (ids[200:], False)
    assert _page(app, order="asc", limit=50, after=ids[-1]) == ([], False)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("direction", ["after", "before"])
def test_deletions_during_a_walk_neither_repeat_nor_drop_a_survivor(order: str, direction: str) -> None:
    with Store(":memory:") as store:
        app = App(store, clock=lambda: 1.0)
        ids = _fill(app, COUNT)
        expected = ids if order == "asc" else ids[::-1]
        seen, more = _page(app, order=order, limit=30)
        if direction == "before":
            seen = [expected[-1]]
        while more:
            edge = seen[-1] if direction == "after" else seen[0]
            for victim in (edge, expected[len(seen) // 2]):  # the cursor itself, and one in the middle
                app.respond("DELETE", f"/assistants/{victim}", {}, {}, b"")
            page, more = _page(app, order=order, limit=30, **{direction: edge})
            seen = seen + page if direction == "after" else page + seen
        assert len(seen) == len(set(seen))
        left = _forward(app, order="asc", limit=100)
        assert len(left) < COUNT
        assert set(left) <= set(seen)
        assert [found for found in expected if found in set(seen)] == seen


def test_the_list_is_ordered_by_created_at_before_insertion() -> None:
    times = iter([30.0, 10.0, 20.0, 10.9])
    with Store(":memory:") as store:
        app = App(store, clock=lambda: next(times))
        ids = _fill(app, 4)
        assert _forward(app, order="asc", limit=1) == [ids[1], ids[3], ids[2], ids[0]]


def test_other_parameters_and_empty_cursors_are_ignored(crowded: tuple[App, list[str]]) -> None:
    app, ids = crowded
    query = {"api-version": "v1", "after": "", "before": "", "limit": "+02", "order": "asc"}
    assert _page(app, **query) == (ids[:2], True)


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ({"limit": "0"}, "integer_below_min_value", "limit"),
        ({"limit": "-1"}, "integer_below_min_value", "limit"),
        ({"limit": "101"}, "integer_above_max_value", "limit"),
        ({"limit": "ten"}, "invalid_type", "limit"),
        ({"limit": ""}, "invalid_type", "limit"),
        ({"limit": "1.0"}, "invalid_type", "limit"),
        ({"limit": "٣"}, "invalid_type", "limit"),
        ({"limit": "9" * 5000}, "invalid_type", "limit"),
        ({"order": "up"}, "invalid_value", "order"),
        ({"order": ""}, "invalid_value", "order"),
        ({"after": "asst_never"}, "invalid_value", "after"),
        ({"before": "asst_never"}, "invalid_value", "before"),
        ({"after": "\ud800"}, "invalid_value", "after"),
    ],
)
def test_a_parameter_outside_the_rules_is_a_400_that_names_it(
    call: Any, query: Any, code: str, param: str
) -> None:
    assert call.error("GET", "/assistants", **query) == (400, code, param)
