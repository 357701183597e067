"""Two texts side by side, as a table that a screen reader can follow and a narrow screen can stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistctl.render.line_diff import DiffLine
from assistctl.render.plan_fields import FOLD
from assistctl.render.side_by_side import Hunk, Row, Side, split_hunks
from assistctl.render.word_diff import Piece
from assistctl.render.words import count

from .elements import NOTHING, Content, Html, joined, tag
from .values import clip, rest_note

_EQUAL = 300
"""Equal characters in a row, within a changed line, that are shown whole."""


def side_by_side(lines: Sequence[DiffLine], label: str, *, full: bool) -> Html:
    """A unified diff as a table; ``label`` says of what. Without ``full`` its first lines."""
    shown = lines if full else lines[:FOLD]
    table = tag(
        "table",
        tag("caption", f"{label}: now and after", class_="unseen"),
        tag("colgroup", *(tag("col", class_=kind) for kind in ("number", "", "number", ""))),
        tag("thead", tag("tr", *map(_heading, ("Now", "After")))),
        [_hunk(hunk, full) for hunk in split_hunks(shown)],
        class_="diff",
    )
    return joined([tag("div", table, class_="frame"), rest_note(len(lines) - len(shown))])


def _heading(text: str) -> Html:
    return tag("th", text, scope="col", colspan="2")


def _hunk(hunk: Hunk, full: bool) -> Html:
    rows = [_row(row, full) for row in hunk.rows]
    where = _where(hunk)
    place = tag("td", where, colspan="4", dir="auto")
    return tag("tbody", tag("tr", place, class_="place") if where else NOTHING, rows)


def _where(hunk: Hunk) -> str:
    """The Markdown heading above, else the number of the first line; nothing at the start of the text."""
    first = next((side.number for row in hunk.rows for side in (row.before, row.after) if side), None)
    if hunk.heading or first == 1:
        return hunk.heading
    return "somewhere in the text" if first is None else f"from line {first:,}"


def _row(row: Row, full: bool) -> Html:
    kinds = ("old", "new") if row.changed else ("", "again")
    sides = zip((row.before, row.after), kinds, strict=True)
    cells = [cell for side, kind in sides for cell in _cells(side, row, kind, full)]
    return tag("tr", cells, class_="" if row.changed else "same")


def _cells(side: Side | None, row: Row, kind: str, full: bool) -> tuple[Html, Html]:
    if side is None:
        return tag("td", class_="number gap"), tag("td", class_="gap")
    number = "" if side.number is None else str(side.number)
    pieces = [_piece(piece, row, kind, full) for piece in side.pieces]
    text = tag("div", _sign(kind), pieces, _end(side), dir="auto")
    return tag("td", number, class_=f"number {kind}".strip()), tag("td", text, class_=kind)


def _sign(kind: str) -> Html:
    """For those who do not see the colours."""
    words = {"old": "removed: ", "new": "added: "}
    return tag("span", words[kind], class_="unseen") if kind in words else NOTHING


def _piece(piece: Piece, row: Row, kind: str, full: bool) -> Html:
    if piece.changed:
        return tag("del" if kind == "old" else "ins", piece.text if full else clip(piece.text))
    if full:
        return joined(piece.text)
    return joined(_without_middle(piece.text) if row.before and row.after else clip(piece.text))


def _without_middle(text: str) -> Content:
    """An equal stretch that stays short, so that what differs stays in sight."""
    rest = len(text) - _EQUAL
    if rest <= _EQUAL:
        return text
    half = _EQUAL // 2
    gap = tag("span", f" … {count(rest, 'equal character')} … ", class_="rest")
    return [text[:half], gap, text[-half:]]


def _end(side: Side) -> Html:
    return NOTHING if side.ended else tag("span", "no line break at the end", class_="mark")


def counted(lines: Iterable[DiffLine]) -> tuple[int, int]:
    """How many lines come and how many go."""
    marks = [line.mark for line in lines]
    return marks.count("+"), marks.count("-")
