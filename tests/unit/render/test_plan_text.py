"""Rules of the text plan that hold for every plan; single situations are goldens."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.plan import ABSENT, Action, Candidate, Cause, Change, FieldChange, Plan, Refusal
from assistctl.model.values import Value, pack
from assistctl.render.plan_text import plan_lines
from assistctl.render.style import Role, texts
from assistctl.render.value_text import created
from assistctl.render.words import NO_CHANGES

words = st.text(st.sampled_from("ab:#[]v so\n\r\x1b\u202e\u200b\U000e0041"), max_size=12)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.floats(0, 2), words, st.dictionaries(words, words, max_size=2).map(pack)
)
names = st.one_of(
    st.sampled_from(["instructions", "model", "tools"]),
    words.map("metadata.".__add__),
    words.map("tools.".__add__),
)
fields = st.builds(
    FieldChange,
    names,
    st.just(ABSENT) | values,
    st.just(ABSENT) | values,
    st.sampled_from(Cause),
    st.booleans(),
)
changes = st.builds(
    Change,
    st.sampled_from(Action),
    words,
    st.none() | words,
    st.lists(fields, max_size=3).map(tuple),
    words,
    st.none() | words,
    before=st.none() | st.dictionaries(names, values, max_size=2),
    after=st.none() | st.dictionaries(names, values, max_size=2),
    candidates=st.lists(st.builds(Candidate, words, words, st.floats(), words), max_size=2).map(tuple),
    ways=st.lists(words, max_size=2).map(tuple),
)
plans = st.builds(
    Plan,
    words,
    words,
    words,
    st.lists(changes, max_size=4).map(tuple),
    refusals=st.lists(st.builds(Refusal, st.just(5), words, words), max_size=1).map(tuple),
    notes=st.lists(words, max_size=1).map(tuple),
)


def shown(*changes: Change) -> list[str]:
    return list(texts(plan_lines(Plan("a/b", "local", "", changes), full=False)))


@given(plans, st.booleans())
def test_any_plan_can_be_shown_and_no_line_is_hostile(plan: Plan, full: bool) -> None:
    for text in texts(plan_lines(plan, full=full)):
        assert "##[" not in text
        assert "##vso[" not in text
        assert not text.lstrip().startswith("::")
        assert not re.search(
            r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\U000e0000-\U000e007f]", text
        )


@given(plans, st.booleans())
def test_the_last_line_is_the_verdict_to_the_letter_and_without_colour(plan: Plan, full: bool) -> None:
    *_, last = plan_lines(plan, full=full)
    assert all(span.role is Role.PLAIN for span in last)
    (text,) = texts([last])
    counts = [len(plan.of(action)) for action in (Action.CREATE, Action.UPDATE, Action.DELETE, Action.ADOPT)]
    verdict = f"Plan: {counts[0]} to add, {counts[1] + counts[3]} to change, {counts[2]} to destroy."
    settled = not any(counts) and not plan.open_questions and not plan.refusals
    assert text == (NO_CHANGES if settled else verdict)


@given(plans)
def test_an_open_question_is_always_counted(plan: Plan) -> None:
    said = f"{plan.open_questions} need a decision." in texts(plan_lines(plan, full=False))
    assert said == bool(plan.open_questions)


@given(plans, st.booleans())
def test_every_listed_key_appears_with_its_symbol(plan: Plan, full: bool) -> None:
    heads = [text for text in texts(plan_lines(plan, full=full)) if re.match(r"  [+~>=?-] ", text)]
    listed = [change for change in plan.changes if change.action is not Action.NOOP or change.shown]
    assert len(heads) >= len(listed)


def test_healed_records_and_no_ops_are_not_listed() -> None:
    heal = FieldChange("temperature", 0.2, 0.3, Cause.HEAL)
    lines = shown(Change(Action.NOOP, "a", "asst_1", (heal,)), Change(Action.UPDATE, "b", "asst_2", (heal,)))
    assert not any("temperature" in text or " a " in text for text in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("gpt-4o", "gpt-4o"),
        ("", '""'),
        (" x", '" x"'),
        ("server default", '"server default"'),
        ("true", '"true"'),
        (True, "true"),
        (None, "server default"),
        (ABSENT, "(none)"),
        (1, "1"),
        (0.5, "0.5"),
    ],
)
def test_values_are_told_apart_from_words(value: Value, text: str) -> None:
    lines = shown(Change(Action.UPDATE, "a", "asst_1", (FieldChange("name", "x", value, Cause.MANIFEST),)))
    assert f"      name           x → {text}" in lines


def test_nonsense_times_are_shown_as_numbers() -> None:
    assert [created(value) for value in (1_763_800_000, 1e300, float("nan"))] == [
        "2025-11-22 08:26 UTC",
        "1e+300",
        "nan",
    ]
