"""Laws of the prompt diff: it is a true patch, and it is bounded."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.plan import Action, Cause, Change, FieldChange, Plan
from assistctl.render.line_diff import DiffLine, line_diff
from assistctl.render.plan_text import plan_lines
from assistctl.render.style import texts
from tests.fuzz.running_cases import watched

lines = st.sampled_from(["a\n", "b\n", "c\n", "## H\n", "\n", "a\r\n", *(f"line {n}\n" for n in range(30))])
prompts = st.builds(
    lambda body, end: "".join(body) + end, st.lists(lines, max_size=60), st.sampled_from(["", "end"])
)


def patched(before: str, diff: tuple[DiffLine, ...]) -> str:
    """Applies a unified diff the way ``patch`` does, trusting its line numbers."""
    old = re.findall(r"[^\n]*\n|[^\n]+", before)
    new: list[str] = []
    taken = 0
    for entry in diff:
        if entry.mark == "@@":
            start, size = re.match(r"-(\d+)(?:,(\d+))? ", entry.text).groups()  # type: ignore[union-attr]
            first = int(start) if size == "0" else int(start) - 1
            new += old[taken:first]
            taken = first
        elif entry.mark == "\\":
            continue
        elif entry.mark == "+":
            new.append(entry.text + "\n")
        else:
            assert old[taken].removesuffix("\n") == entry.text
            new += [old[taken]] if entry.mark == " " else []
            taken += 1
    return "".join(new + old[taken:])


@given(prompts, prompts)
def test_the_diff_is_a_patch_that_makes_the_new_text(before: str, after: str) -> None:
    result = patched(before, line_diff(before, after).lines)
    assert result.removesuffix("\n") == after.removesuffix("\n")


@given(prompts, prompts)
def test_the_counts_are_those_of_the_marks(before: str, after: str) -> None:
    diff = line_diff(before, after)
    marks = [entry.mark for entry in diff.lines]
    assert (diff.added, diff.removed) == (marks.count("+"), marks.count("-"))


@given(prompts)
def test_equal_texts_have_no_lines(text: str) -> None:
    assert line_diff(text, text).lines == ()


@given(prompts, prompts)
def test_different_texts_always_show_something(before: str, after: str) -> None:
    assert bool(line_diff(before, after).lines) == (before != after)


@given(prompts, prompts)
def test_hunk_headers_count_both_sides(before: str, after: str) -> None:
    diff = line_diff(before, after).lines
    starts = [i for i, entry in enumerate(diff) if entry.mark == "@@"]
    for start, stop in pairwise([*starts, len(diff)]):
        marks = [entry.mark for entry in diff[start + 1 : stop]]
        sizes = re.match(r"-\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", diff[start].text).groups("1")  # type: ignore[union-attr]
        context = marks.count(" ")
        assert [int(size) for size in sizes] == [context + marks.count("-"), context + marks.count("+")]


def test_one_changed_line_is_one_pair_even_among_many_equal_lines() -> None:
    before = "same\n" * 3_000 + "old\n" + "same\n" * 3_000
    diff = line_diff(before, before.replace("old", "new"))
    assert (diff.added, diff.removed) == (1, 1)


def test_a_heading_above_the_hunk_names_it() -> None:
    before = "## Tone\n" + "x\n" * 5 + "y\n"
    assert line_diff(before, before + "z\n").lines[0] == DiffLine("@@", "-5,3 +5,4 @@ ## Tone")


def rows(make: Callable[[int], str], limit: int = 256_000) -> str:
    """Lines until the longest prompt that the API takes is full."""
    text: list[str] = []
    size = number = 0
    while size + len(make(number)) < limit:
        text.append(make(number))
        size += len(text[-1])
        number += 1
    return "".join(text)


RANDOM = random.Random(3)  # noqa: S311 - repeatable, not secret

HOSTILE = {
    "every second line changed": (rows(lambda n: f"a{n}\nx\n"), rows(lambda n: f"a{n}\ny{n}\n")),
    "nothing but empty lines": ("\n" * 256_000, "x\n" * 128_000),
    "a hundred lines repeated at random": (
        rows(lambda n: f"{RANDOM.randrange(100)}\n"),
        rows(lambda n: f"{RANDOM.randrange(100)}\n"),
    ),
    "all lines in reverse": (
        rows(lambda n: f"{n}\n"),
        "".join(reversed(rows(lambda n: f"{n}\n").splitlines(True))),
    ),
    "every line twice": (rows(lambda n: f"{n // 2}\n"), rows(lambda n: f"{n // 2 + 1}\n")),
    "one line": ("x" * 256_000, "x" * 255_999 + "y"),
    "ordinary prose": (
        rows(lambda n: f"Rule {n}: be kind.\n"),
        rows(lambda n: f"Rule {n + n % 9 // 8}: be kind.\n"),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_longest_prompts_are_shown_in_bounded_time(name: str) -> None:
    """Of the processor, in seconds; quadratic work would take minutes."""
    before, after = HOSTILE[name]
    change = FieldChange("instructions", before, after, Cause.MANIFEST)
    plan = Plan("a/b", "local", "", (Change(Action.UPDATE, "k", "asst_1", (change,)),))
    with watched(20):
        assert len(list(texts(plan_lines(plan, full=False)))) < 420


def test_folded_lines_are_counted_to_the_last() -> None:
    before, after = HOSTILE["nothing but empty lines"]
    change = FieldChange("instructions", before, after, Cause.MANIFEST)
    plan = Plan("a/b", "local", "", (Change(Action.UPDATE, "k", "asst_1", (change,)),))
    folded = list(texts(plan_lines(plan, full=False)))
    whole = list(texts(plan_lines(plan, full=True)))
    (note,) = (text for text in folded if "more line" in text)
    hidden = int(note.split()[2].replace(",", ""))
    assert note == f"        | … {hidden:,} more lines, --full shows all"
    assert len(whole) == len(folded) - 1 + hidden
