"""The inside of one changed assistant: settings as a table, long texts side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistctl.model.plan import ABSENT, Absent, Change, FieldChange
from assistctl.model.values import Json, Packed, Value, unpack
from assistctl.render.json_diff import json_edits
from assistctl.render.line_diff import DiffLine, Mark
from assistctl.render.plan_shared import Part
from assistctl.render.value_text import flat, is_text, text_size
from assistctl.render.words import count

from .differences import counted, side_by_side
from .elements import NOTHING, Content, Html, joined, tag
from .labels import cause_label, field_label
from .tools import edit_table, tool_changes, tool_list
from .values import text_block, value_cell

_INLINE = 120
_MARKS: Mapping[str, Mark] = {"@@": "@@", " ": " ", "-": "-", "+": "+", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Links:
    """The shared changes that one assistant takes part in: number, and the fields that it is about."""

    groups: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def about(self, field: str) -> Html:
        """A line that points to them."""
        found = [number for number, fields in self.groups if field in fields]
        if not found:
            return NOTHING
        links = [tag("a", f"shared change {number}", href=f"#shared-{number}") for number in found]
        listed = [piece for link in links for piece in (link, ", ")][:-1]
        return tag("p", "As in many others: ", listed, ".", class_="shared-link")


def changed_fields(change: Change, own: Sequence[Part], links: Links, *, full: bool) -> Html:
    """Everything that an update or an adoption does; ``own`` holds what is not shown once for many."""
    shown = change.shown
    hunks = {part.field for part in own if not part.value}
    long = [f for f in shown if f.field in hunks or (_is_long(f) and links.about(f.field))]
    tools = [f for f in shown if f.field.startswith("tools.") and f not in long]
    settings = [f for f in shown if f not in long and f not in tools]
    texts = [_long_text(f, [part for part in own if part.field == f.field], links, full) for f in long]
    return joined([settings_table(settings), texts, tool_changes(tools, full=full)])


def whole_body(fields: Mapping[str, Value], column: str, *, full: bool, opened: bool) -> Html:
    """Everything that a new assistant gets, or that a deleted one had; ``opened`` shows long texts."""
    flatted = [(name, value) for name, value in flat(fields) if value is not None]
    texts = [(name, value) for name, value in flatted if isinstance(value, str) and is_text(name, value)]
    named = {name for name, _ in texts} | {"tools"}
    rows = [(name, value) for name, value in flatted if name not in named]
    return joined(
        [
            _value_table(rows, column),
            [_folded_text(name, text, full, opened) for name, text in texts],
            tool_list(fields.get("tools", ABSENT), full=full),
        ]
    )


def settings_table(changes: Sequence[FieldChange]) -> Html:
    """``setting``, now, after, why: everything that is short. Structures come below, place by place."""
    short = [change for change in changes if not _is_deep(change)]
    deep = [change for change in changes if _is_deep(change)]
    why = any(cause_label(change) for change in short)
    head = ("Setting", "Now", "After", "Why") if why else ("Setting", "Now", "After")
    rows = [_setting(change, why) for change in short]
    table = _table("Settings that change", head, rows) if rows else NOTHING
    return joined([table, [_deep(change) for change in deep]])


def part_lines(parts: Iterable[Part]) -> list[DiffLine]:
    """The lines of hunks, as a unified diff again."""
    return [DiffLine(_MARKS[mark], text) for part in parts for mark, text in part.lines if mark in _MARKS]


def diff_section(title: Content, label: str, parts: Sequence[Part], *, full: bool) -> Html:
    """Hunks side by side below a heading with their counts."""
    lines = part_lines(parts)
    added, removed = counted(lines)
    counts = tag("span", f"{count(added, 'line')} added, {removed:,} removed", class_="count")
    return tag("section", tag("h4", title, " ", counts), side_by_side(lines, label, full=full))


def _setting(change: FieldChange, why: bool) -> Html:
    before, after = value_cell(change.before), value_cell(change.after)
    if change.kept:
        after = joined([before, tag("span", " (the file says ", after, ")", class_="none")])
    cells = [
        tag("th", field_label(change.field), scope="row"),
        tag("td", before, class_="old", data_label="Now"),
        tag("td", after, class_="new", data_label="After"),
    ]
    words = cause_label(change)
    reason = tag("span", words, class_="why") if words else NOTHING
    cells += [tag("td", reason, data_label="Why")] if why else []
    return tag("tr", cells)


def _table(caption: str, head: Sequence[str], rows: Iterable[Html]) -> Html:
    cells = [tag("th", text, scope="col") for text in head]
    return tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", tag("tr", cells)),
        tag("tbody", rows),
        class_="pairs",
    )


def _value_table(rows: Sequence[tuple[str, Value]], column: str) -> Html:
    lines = [
        tag("tr", tag("th", field_label(name), scope="row"), tag("td", value_cell(value), data_label=column))
        for name, value in rows
    ]
    return _table(f"Settings, {column.lower()}", ("Setting", column), lines) if lines else NOTHING


def _folded_text(name: str, text: str, full: bool, opened: bool) -> Html:
    title = tag("summary", tag("h4", field_label(name)), " ", tag("span", text_size(text), class_="count"))
    lines = text.removesuffix("\n").split("\n")
    return tag("details", title, text_block(lines, full=full), class_="text", open=opened)


def _long_text(change: FieldChange, parts: Sequence[Part], links: Links, full: bool) -> Html:
    label = field_label(change.field)
    why = cause_label(change)
    title: list[Content] = [label, [" ", tag("span", why, class_="why")] if why else NOTHING]
    link = links.about(change.field)
    if parts:
        return joined([diff_section(title, label, parts, full=full), link])
    return tag("section", tag("h4", title), link)


def _is_long(change: FieldChange) -> bool:
    return is_text(change.field, change.before) or is_text(change.field, change.after)


def _is_deep(change: FieldChange) -> bool:
    """Whether both sides are structures of which a part differs, too long to stand in a cell."""
    before, after = change.before, change.after
    if not (isinstance(before, Packed) and isinstance(after, Packed)):
        return False
    return len(before.text) + len(after.text) > _INLINE


def _deep(change: FieldChange) -> Html:
    why = cause_label(change)
    edits = json_edits(*_both(change))
    title = tag("h4", field_label(change.field), [" ", tag("span", why, class_="why")] if why else NOTHING)
    return tag("section", title, edit_table(edits, field_label(change.field)))


def _both(change: FieldChange) -> Iterator[Json]:
    for value in (change.before, change.after):
        yield None if isinstance(value, Absent) else unpack(value)
