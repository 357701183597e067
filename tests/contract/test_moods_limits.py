"""Remotes on which not everything can be done: what is said there, and that nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

MANY = 205
COMPLETE = (
    (),
    ("no-paging",),
    ("no-has-more",),
    ("empty-last-page",),
    ("summary-list", "no-has-more"),
    ("no-paging", "cursors-refused"),
    ("uuid-ids", "empty-last-page"),
)
INCOMPLETE = (("cursors-refused",), ("cursors-refused", "no-has-more"), ("no-paging", "empty-last-page"))
"""What is beyond the first page cannot be read, or nothing says that there is nothing."""

FleetFactory = Callable[..., AbstractContextManager[Any]]


def fill(fleet: Any) -> None:
    for number in range(MANY):
        fleet.ask("POST", "", {"model": "gpt-4o", "name": f"stranger {number}"})


@pytest.mark.parametrize("moods", COMPLETE, ids="+".join)
def test_a_list_of_many_pages_is_read_to_its_end(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        fill(fleet)
        fleet.apply()
        summary = fleet.plan()["summary"]
        assert (summary["unmanaged"], summary["unchanged"]) == (MANY, 3)


@pytest.mark.parametrize("moods", INCOMPLETE, ids="+".join)
def test_an_incomplete_list_is_never_planned_against(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        fill(fleet)
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, ran.out) == (7, "")
        newest = fleet.ask("GET", limit=3, order="desc")["data"]
        assert [item["name"] for item in newest] == [f"stranger {MANY - n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("moods", [(), ("flat-errors",), ("text-errors",)], ids="+".join)
def test_an_errors_meaning_does_not_hang_on_its_body(
    fleet_in: FleetFactory, moods: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789")
    with fleet_in(*moods, key="sk-right") as fleet:
        refused = fleet.run("plan")
        assert (refused.code, "Incorrect API key provided." in refused.err) == (8, True)
    with fleet_in(*moods) as fleet:
        gone = fleet.url_below("/elsewhere").run("plan")
        assert (gone.code, "Invalid URL" in gone.err) == (9, True)


def test_without_metadata_the_marker_is_missed_and_no_twin_is_made(fleet_in: FleetFactory) -> None:
    with fleet_in("metadata-drop") as fleet:
        first = fleet.run("apply", "--auto-approve")
        assert first.code == 5
        assert "did not store the ownership marker" in first.err
        made = fleet.stored()
        second = fleet.run("apply", "--auto-approve")
        assert second.code == 5
        assert fleet.stored() == made
        assert set(fleet.pending()) == {"support", "judge", "translator"}


def test_without_metadata_nothing_is_deleted(fleet_in: FleetFactory) -> None:
    with fleet_in("metadata-drop") as fleet:
        fleet.run("apply", "--auto-approve")
        made = fleet.stored()
        fleet.run("destroy", "--auto-approve")
        assert fleet.stored() == made
