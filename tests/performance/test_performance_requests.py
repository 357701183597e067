"""How many requests a command sends; each one is a round trip that somebody waits for."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.performance.conftest import Program


@pytest.mark.parametrize(("number", "lists"), [(1, 1), (100, 1), (101, 2)])
def test_a_plan_asks_for_as_many_pages_as_there_are_hundreds(
    program: Program, number: int, lists: int
) -> None:
    program.write(number)
    program.on_server("apply", "--auto-approve", "-q")
    ran = program.on_server("plan")
    assert program.asked == ["GET"] * lists
    assert ran.out.splitlines()[-1].startswith("No changes.")


def test_a_plan_of_an_empty_remote_asks_once(program: Program) -> None:
    program.write(3)
    program.on_server("plan")
    assert program.asked == ["GET"]


def test_an_apply_without_changes_asks_what_a_plan_asks(program: Program) -> None:
    program.write(2)
    program.on_server("apply", "--auto-approve", "-q")
    program.on_server("apply", "--auto-approve", "-q")
    assert program.asked == ["GET"]


def test_creates_are_one_write_each_between_a_list_and_a_closing_list(program: Program) -> None:
    program.write(5)
    program.on_server("apply", "--auto-approve", "-q")
    assert Counter(program.asked) == {"GET": 2, "POST": 5}


def test_an_update_is_one_write(program: Program) -> None:
    program.write(3)
    program.on_server("apply", "--auto-approve", "-q")
    program.write(3, temperature=0.5)
    program.on_server("apply", "--auto-approve", "-q")
    asked = Counter(program.asked)
    assert asked["POST"] == 1
    assert asked["GET"] <= 2  # the list, and at most one look at what is about to be changed


@pytest.mark.parametrize("words", [["validate"], ["--version"], ["--help"], ["plan", "--help"], ["render"]])
def test_what_needs_no_remote_asks_nothing(program: Program, words: list[str]) -> None:
    program.write(1)
    program.on_server(*words)
    assert program.asked == []
