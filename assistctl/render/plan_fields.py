"""The fields of one change as lines: scalars inline, prompts and structures with their differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistctl.model.plan import ABSENT, Absent, FieldChange
from assistctl.model.values import Json, Packed, Value, unpack

from .columns import fit, pad
from .json_diff import Edit, compact, json_edits, pretty
from .line_diff import line_diff
from .style import Line, Role, Span, gutter, line
from .value_text import body_lines, inline, is_text, summary
from .words import cause_words, count

INDENT = " " * 6
FOLD = 400
"""Without ``full`` a field shows this many lines; the rest is counted, never dropped silently."""

_INLINE_EDIT = 100
_ROLES = {"+": Role.CREATE, "-": Role.DELETE, "~": Role.UPDATE, "@@": Role.DIM, "\\": Role.DIM}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field: its heading in columns, then the lines below it as (mark, raw text)."""

    name: str
    value: str
    cause: str = ""
    lines: Sequence[tuple[str, str]] = ()
    """Marks are those of :mod:`~assistctl.render.line_diff`, ``~`` for a changed value, and none."""


def change_lines(changes: Iterable[FieldChange], *, full: bool) -> Iterator[Line]:
    """``name  before → after  why`` for each change, with the differing lines of long values below."""
    yield from _aligned(change_rows(changes), full)


def value_lines(values: Iterable[tuple[str, Value | Absent]], *, full: bool) -> Iterator[Line]:
    """``name  value`` for each field, long ones by their size; with ``full`` their bodies as well."""
    yield from _aligned(value_rows(values, full=full), full)


def change_rows(changes: Iterable[FieldChange]) -> list[FieldRow]:
    """The rows behind :func:`change_lines`, for views with a layout of their own."""
    return [_change_row(change) for change in changes]


def value_rows(values: Iterable[tuple[str, Value | Absent]], *, full: bool) -> list[FieldRow]:
    """The rows behind :func:`value_lines`."""
    return [
        FieldRow(
            name, summary(name, value), lines=[("", text) for text in body_lines(name, value)] if full else ()
        )
        for name, value in values
    ]


def _aligned(rows: Sequence[FieldRow], full: bool) -> Iterator[Line]:
    names = fit(13, 40, (row.name for row in rows))
    values = fit(28, 60, (row.value for row in rows if row.cause))
    for row in rows:
        value = pad(row.value, values) + "  " if row.cause else row.value
        yield line(INDENT, pad(row.name, names), "  ", value, Span(row.cause, Role.DIM))
        yield from _folded(row.lines, full)


def _folded(lines: Sequence[tuple[str, str]], full: bool) -> Iterator[Line]:
    shown = lines if full else lines[:FOLD]
    for mark, text in shown:
        yield gutter(text, _ROLES.get(mark, Role.PLAIN), mark)
    if len(shown) < len(lines):
        yield gutter(f"… {count(len(lines) - len(shown), 'more line')}, --full shows all", Role.DIM)


def _change_row(change: FieldChange) -> FieldRow:
    before, after = change.before, change.after
    words = cause_words(change)
    if isinstance(before, Packed) or isinstance(after, Packed):
        return _structure_row(change.field, before, after, words)
    if is_text(change.field, before) or is_text(change.field, after):
        return _text_row(change.field, _text(before), _text(after), words)
    now, then = _side(change.field, before), _side(change.field, after)
    sides = f"{now}, the manifest says {then}" if change.kept else f"{now} → {then}"
    return FieldRow(change.field, sides, words)


def _side(field: str, value: Value | Absent) -> str:
    """A metadata entry has no server default: null there means that the key goes."""
    return inline(ABSENT if value is None and field.startswith("metadata.") else value)


def _text(value: Value | Absent) -> str:
    return value if isinstance(value, str) else ""


def _text_row(name: str, before: str, after: str, words: str) -> FieldRow:
    diff = line_diff(before, after)
    lines = [(entry.mark, entry.text) for entry in diff.lines]
    return FieldRow(name, f"+{diff.added:,} -{diff.removed:,}", words, lines)


def _structure_row(name: str, before: Value | Absent, after: Value | Absent, words: str) -> FieldRow:
    edits = list(_edits(before, after))
    if len(edits) == 1 and not edits[0].path and _is_short(edits[0]):
        return FieldRow(name, f"{inline(before)} → {inline(after)}", words)
    lines = [entry for edit in edits for entry in _edit_lines(edit)]
    if _is_nothing(before):
        return FieldRow(name, "added", words, lines)
    if _is_nothing(after):
        return FieldRow(name, "removed", words, lines)
    return FieldRow(name, f"{count(len(edits), 'difference')} inside", words, lines)


def _is_nothing(value: Value | Absent) -> bool:
    return value is None or isinstance(value, Absent)


def _edits(before: Value | Absent, after: Value | Absent) -> Iterator[Edit]:
    """A side that has nothing is not compared with null: the other side is new or gone as a whole."""
    if isinstance(before, Absent) or before is None:
        yield Edit("", ABSENT, after if isinstance(after, Absent) else unpack(after))
    elif isinstance(after, Absent) or after is None:
        yield Edit("", unpack(before), ABSENT)
    else:
        yield from json_edits(unpack(before), unpack(after))


def _is_short(edit: Edit) -> bool:
    """Both sides are there and fit one line."""
    if isinstance(edit.before, Absent) or isinstance(edit.after, Absent):
        return False
    return len(compact(edit.before)) + len(compact(edit.after)) <= _INLINE_EDIT


def _edit_lines(edit: Edit) -> Iterator[tuple[str, str]]:
    label = f"{edit.path}  " if edit.path else ""
    old, new = _present(edit.before), _present(edit.after)
    if _is_short(edit):
        yield "~", label + " → ".join(map(compact, old + new))
        return
    for mark, values in (("-", old), ("+", new)):
        for value in values:
            lines = [compact(value)] if len(compact(value)) <= _INLINE_EDIT else pretty(value)
            yield mark, label + lines[0]
            yield from ((mark, text) for text in lines[1:])


def _present(value: Json | Absent) -> list[Json]:
    return [] if isinstance(value, Absent) else [value]
