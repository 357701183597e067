"""A unified line diff as two columns: line numbers, what stood there, what stands there now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from .line_diff import DiffLine
from .word_diff import Piece, Pieces, paired, word_marks

BUDGET = 300_000
"""Pairs of words that the marks of one diff may cost: below 0.3 s."""

_PLACES = re.compile(r"(?:-(\d+)(?:,\d+)? \+(\d+)(?:,\d+)?|…) @@ ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Side:
    """One cell: the number of the line (from 1; None where it is not known) and its text. ``ended`` is
    False for a last line without its line end, where only one of the texts has it."""

    number: int | None
    pieces: Pieces
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row. None is a side that has no such line; an unchanged line stands on both."""

    before: Side | None
    after: Side | None
    changed: bool


@dataclass(frozen=True, slots=True)
class Hunk:
    """Rows that belong together, below the Markdown heading above them (may be empty)."""

    heading: str
    rows: tuple[Row, ...]


def split_hunks(lines: Iterable[DiffLine]) -> Iterator[Hunk]:
    """The hunks of :func:`~assistctl.render.line_diff.line_diff`'s lines, or of any first part of them."""
    budget = BUDGET
    found: list[list[DiffLine]] = []
    for entry in lines:
        if entry.mark == "@@":
            found.append([entry])
        elif found:
            found[-1].append(entry)
    for header, *body in found:
        places = _PLACES.fullmatch(header.text)
        if places is not None:
            columns = _Columns(_number(places[1]), _number(places[2]), budget)
            rows = tuple(columns.rows(body))
            budget = columns.budget
            yield Hunk(places[3], rows)


class _Columns:
    """Counts the lines of both sides while a hunk is laid out."""

    def __init__(self, old: int | None, new: int | None, budget: int) -> None:
        self._old = old
        self._new = new
        self.budget = budget

    def rows(self, body: Iterable[DiffLine]) -> Iterator[Row]:
        """Unchanged lines beside each other, each run of changed lines paired up."""
        for unchanged, run in groupby(body, lambda entry: entry.mark == " "):
            if unchanged:
                yield from (self._row((Piece(entry.text),), (Piece(entry.text),), False) for entry in run)
            else:
                yield from self._changed(list(run))

    def _changed(self, run: list[DiffLine]) -> Iterator[Row]:
        removed = [entry.text for entry in run if entry.mark == "-"]
        added = [entry.text for entry in run if entry.mark == "+"]
        rows = [self._pair(before, after) for before, after in paired(removed, added)]
        # The mark of a missing line end follows the line that it is about.
        cut = {line.mark for line, mark in pairwise(run) if mark.mark == "\\"}
        if "-" in cut:
            last = max(i for i, row in enumerate(rows) if row.before)
            rows[last] = replace(rows[last], before=_cut(rows[last].before))
        if "+" in cut:
            last = max(i for i, row in enumerate(rows) if row.after)
            rows[last] = replace(rows[last], after=_cut(rows[last].after))
        yield from rows

    def _pair(self, before: str | None, after: str | None) -> Row:
        if before is None or after is None:
            left = None if before is None else (Piece(before),)
            right = None if after is None else (Piece(after),)
            return self._row(left, right, True)
        marks = word_marks(before, after, self.budget)
        self.budget -= marks.cost
        return self._row(marks.before, marks.after, True)

    def _row(self, left: Pieces | None, right: Pieces | None, changed: bool) -> Row:
        before = None if left is None else Side(self._old, left)
        after = None if right is None else Side(self._new, right)
        if self._old is not None and before is not None:
            self._old += 1
        if self._new is not None and after is not None:
            self._new += 1
        return Row(before, after, changed)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _cut(side: Side | None) -> Side | None:
    return None if side is None else replace(side, ended=False)
