"""Probes are known by a name that nobody has by chance."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.probes import ENTRY, owner_mark, probe_mark, probe_name
from assistctl.engine.survey import survey
from assistctl.model.assistant import Remote

OWNERS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
RUNS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


def named(name: str, metadata: dict[str, str] | None = None) -> Remote:
    return Remote("asst_1", 0, {"name": name}, metadata)


@given(owner=OWNERS, run=RUNS)
def test_a_probe_is_known_by_its_name_or_by_its_entry_and_tells_its_owner(owner: str, run: str) -> None:
    name = probe_name(owner, run)
    assert len(name) <= 64
    assert probe_mark(named(name)) == owner_mark(owner)
    assert probe_mark(named("renamed", {ENTRY: name})) == owner_mark(owner)


@given(owner=OWNERS, run=RUNS, at=st.integers(0, 60), letter=st.characters(codec="ascii"))
def test_a_name_with_one_other_letter_is_no_probe(owner: str, run: str, at: int, letter: str) -> None:
    name = probe_name(owner, run)
    other = name[: at % len(name)] + letter + name[at % len(name) + 1 :]
    assert probe_mark(named(other)) == (owner_mark(owner) if other == name else "")


@given(st.text())
def test_other_names_are_no_probes(name: str) -> None:
    assert probe_mark(named(name)) == ""
    assert probe_mark(named(name, {ENTRY: name})) == ""


def test_a_survey_counts_a_probe_nowhere_and_knows_its_id() -> None:
    found = survey([named(probe_name("a/b", "r1"))], "a/b")
    assert (found.unowned, found.foreign, found.owned(), list(found.by_id)) == ([], [], [], ["asst_1"])
