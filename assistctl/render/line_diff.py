"""Unified line diffs of prompts, bounded in time whatever the texts.

difflib alone is quadratic where many lines repeat or every second line differs. So lines that occur once
on both sides pin the two texts together first (the idea of patience diff), and difflib only compares what
lies between; stretches beyond :data:`BUDGET` are shown as replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal, TypeAlias

CONTEXT = 3
"""Unchanged lines around a hunk, as ``diff -u`` shows them."""

BUDGET = 1_000_000
"""Pairs of lines that one diff may compare between its pins: below 0.3 s."""

_HEADING = re.compile(r"#{1,6}[ \t]+\S.{0,100}\n?")

Mark: TypeAlias = Literal["@@", " ", "-", "+", "\\"]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff: its mark and its raw text without the line end."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class LineDiff:
    """A whole unified diff with its counts."""

    added: int
    removed: int
    lines: tuple[DiffLine, ...]


_Block: TypeAlias = tuple[int, int, int, int]
"""Lines ``[0]:[1]`` of the old text are replaced by ``[2]:[3]`` of the new; either may be empty."""


def line_diff(before: str, after: str) -> LineDiff:
    """The unified diff of two texts; only ``\\n`` ends a line, so a changed ``\\r`` shows.

    A hunk starts with ``@@ -12,3 +12,4 @@`` and the Markdown heading above it. Time is bounded for any
    input of 256,000 characters.
    """
    old, new = _split(before), _split(after)
    blocks = _changed(old, new)
    ends_differ = bool(before and after) and before.endswith("\n") != after.endswith("\n")
    headings = [i for i, text in enumerate(old) if _HEADING.fullmatch(text)]
    raw = (line for hunk in _hunks(blocks) for line in _hunk_lines(hunk, old, new, headings))
    lines = tuple(_finished(raw, ends_differ))
    removed = sum(block[1] - block[0] for block in blocks)
    added = sum(block[3] - block[2] for block in blocks)
    return LineDiff(added, removed, lines)


def _split(text: str) -> list[str]:
    """The lines with their ends, so that a lost last line end counts as a change."""
    parts = [part + "\n" for part in text.split("\n")]
    last = parts.pop()[:-1]
    return [*parts, last] if last else parts


def _changed(old: Sequence[str], new: Sequence[str]) -> list[_Block]:
    """Where the two differ, in order, as blocks that never touch."""
    pins = [(-1, -1), *_pins(old, new), (len(old), len(new))]
    budget = BUDGET
    blocks: list[_Block] = []
    for (i1, j1), (i2, j2) in pairwise(pins):
        gap = _trimmed(old, new, (i1 + 1, i2, j1 + 1, j2))
        cost = (gap[1] - gap[0]) * (gap[3] - gap[2])
        blocks += _compare(old, new, gap) if cost <= budget else [gap]
        budget -= min(cost, budget)
    return blocks


def _compare(old: Sequence[str], new: Sequence[str], gap: _Block) -> list[_Block]:
    i1, i2, j1, j2 = gap
    if i1 == i2 or j1 == j2:
        return [gap] if (i1, j1) != (i2, j2) else []
    codes = SequenceMatcher(None, old[i1:i2], new[j1:j2]).get_opcodes()
    return [(i1 + a, i1 + b, j1 + c, j1 + d) for tag, a, b, c, d in codes if tag != "equal"]


def _trimmed(old: Sequence[str], new: Sequence[str], gap: _Block) -> _Block:
    """The gap without the lines that both sides begin or end with."""
    i1, i2, j1, j2 = gap
    while i1 < i2 and j1 < j2 and old[i1] == new[j1]:
        i1, j1 = i1 + 1, j1 + 1
    while i1 < i2 and j1 < j2 and old[i2 - 1] == new[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    return i1, i2, j1, j2


def _pins(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of equal lines that occur once on both sides, rising on both, as many as possible."""
    in_old, in_new = Counter(old), Counter(new)
    place = {text: j for j, text in enumerate(new) if in_new[text] == 1 and in_old.get(text) == 1}
    pairs = [(i, place[text]) for i, text in enumerate(old) if text in place]
    return _longest_rise(pairs)


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers rise (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(ends[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(j)
            ends.append(index)
        else:
            tops[pile], ends[pile] = j, index
    chain: list[tuple[int, int]] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _hunks(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Blocks whose context would meet or overlap, together."""
    hunk: list[_Block] = []
    for block in blocks:
        if hunk and block[0] - hunk[-1][1] > 2 * CONTEXT:
            yield hunk
            hunk = []
        hunk.append(block)
    if hunk:
        yield hunk


def _hunk_lines(
    hunk: Sequence[_Block], old: Sequence[str], new: Sequence[str], headings: Sequence[int]
) -> Iterator[tuple[Mark, str]]:
    first, last = hunk[0], hunk[-1]
    lead = min(CONTEXT, first[0])
    tail = min(CONTEXT, len(old) - last[1])
    start, stop = first[0] - lead, last[1] + tail
    above = bisect_left(headings, start)
    heading = old[headings[above - 1]].strip() if above else ""
    yield "@@", _header((start, stop), (first[2] - lead, last[3] + tail), heading)
    for i1, i2, j1, j2 in hunk:
        yield from _marked(" ", old[start:i1])
        yield from _marked("-", old[i1:i2])
        yield from _marked("+", new[j1:j2])
        start = i2
    yield from _marked(" ", old[start:stop])


def _header(olds: tuple[int, int], news: tuple[int, int], heading: str) -> str:
    """``-12,3 +12,4 @@ ## Tone``: places as ``diff -u`` counts them, then the heading above."""
    return f"-{_place(*olds)} +{_place(*news)} @@ {heading}".rstrip()


def _place(start: int, stop: int) -> str:
    size = stop - start
    first = start + 1 if size else start
    return f"{first}" if size == 1 else f"{first},{size}"


def _marked(mark: Mark, lines: Iterable[str]) -> Iterator[tuple[Mark, str]]:
    return ((mark, text) for text in lines)


def _finished(raw: Iterable[tuple[Mark, str]], ends_differ: bool) -> Iterator[DiffLine]:
    """The lines without their ends; a missing last one is named where only one side has it."""
    for mark, text in raw:
        yield DiffLine(mark, text.removesuffix("\n"))
        if ends_differ and mark in "-+" and not text.endswith("\n"):
            yield DiffLine("\\", "no newline at the end")
