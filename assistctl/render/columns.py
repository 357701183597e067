"""Text in columns: display width, padding, aligned tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from .escape import escape
from .style import Line, Role, Span, line

_GAP = "  "


def width(text: str) -> int:
    """How many terminal cells ``text`` takes once escaped: wide characters two, combining marks none."""
    shown = escape(text)
    return len(shown) if shown.isascii() else sum(map(_cells, shown))


def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, cells: int) -> str:
    """Escaped ``text`` with blanks behind it up to ``cells`` terminal cells; longer text stays whole."""
    return escape(text) + " " * max(0, cells - width(text))


def fit(least: int, most: int, cells: Iterable[str]) -> int:
    """A column's width: that of the longest cell, within bounds, so that one odd cell cannot stretch it."""
    return min(most, max([least, *map(width, cells)]))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Line]:
    """Aligned columns under dim headings. Cells are raw text; nothing is cut."""
    body = list(rows)
    widths = [max(map(width, column)) for column in zip(headings, *body, strict=True)]
    yield line(Span(_row(headings, widths), Role.DIM))
    for cells in body:
        yield line(_row(cells, widths))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(map(pad, cells, widths)).rstrip()
