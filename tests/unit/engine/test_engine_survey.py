"""Ownership of the whole list, and whether one assistant moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistctl.engine.survey import fingerprint, see, unmoved


def test_every_assistant_is_ours_foreign_or_unowned(make: Any) -> None:
    former = make.owned("c", "3", owner="old/prod")
    found = make.survey(
        make.owned("a", "1"),
        make.owned("b", "2", owner="other/prod"),
        former,
        make.remote("4"),
        make.remote("5", metadata={"assistctl": "by hand"}),
        formerly=("old/prod",),
    )
    assert {key: [seen.remote.id for seen in group] for key, group in found.ours.items()} == {
        "a": ["1"],
        "c": ["3"],
    }
    assert [seen.remote.id for seen in found.foreign] == ["2"]
    assert [seen.remote.id for seen in found.unowned] == ["4", "5"]
    assert [seen.remote.id for seen in found.owned()] == ["1"]


def test_the_order_of_the_list_says_nothing(make: Any) -> None:
    remotes = [make.owned("a", "1", created=2.0), make.owned("a", "2"), make.remote("4"), make.remote("3")]
    forth, back = make.survey(*remotes), make.survey(*reversed(remotes))
    assert forth.owned() == back.owned()
    assert forth.unowned == back.unowned


def test_a_name_that_is_no_text_is_no_name(make: Any) -> None:
    assert see(make.remote("1", name=None)).name == see(make.remote("1")).name == ""


BASE = {"name": "bot", "temperature": 0.7, "tools": [{"type": "code_interpreter"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "else"},
        {"temperature": 0.8},
        {"tools": []},
        {"metadata": {}},
        {"metadata": {"k": "b"}},
        {"metadata": {"k": "a", "m": ""}},
    ],
)
def test_any_change_of_a_field_or_entry_is_a_move(make: Any, change: Any) -> None:
    base = fingerprint(make.remote("1", **BASE, metadata={"k": "a"}), make.canon)
    now = make.remote("1", **{**BASE, "metadata": {"k": "a"}, **change})
    assert not unmoved(base, now, make.canon)


def test_another_spelling_of_the_same_values_is_no_move(make: Any) -> None:
    base = fingerprint(make.remote("1", **BASE, top_p=1), make.canon)
    now = make.remote("1", created=9.0, **{**BASE, "temperature": 0.699999988}, top_p=None)
    assert unmoved(base, now, make.canon)


def test_fields_that_the_plan_never_saw_cannot_move(make: Any) -> None:
    base = fingerprint(make.remote("1", name="bot"), make.canon)
    assert unmoved(base, make.remote("1", **BASE), make.canon)


def test_a_field_that_vanishes_from_the_answer_moved(make: Any) -> None:
    whole = make.remote("1", **BASE)
    fields = {name: value for name, value in whole.fields.items() if name != "temperature"}
    assert not unmoved(fingerprint(whole, make.canon), replace(whole, fields=fields), make.canon)


@pytest.mark.parametrize("between", ["", "\0"])
def test_a_value_cannot_pose_as_another_field(make: Any, between: str) -> None:
    one = make.remote("1", name="a", description=f"b{between}description=c")
    other = replace(one, fields={"name": f"a{between}description=b", "description": "c"})
    assert fingerprint(one, make.canon) != fingerprint(other, make.canon)
