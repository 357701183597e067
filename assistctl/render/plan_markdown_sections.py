"""The folded sections of a plan in Markdown: one per assistant, one per change that many share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistctl.model.plan import Action, Change
from assistctl.model.values import Value

from .columns import fit, pad
from .elided import elided
from .markdown import Room, clipped, fenced, folded, html_code, names
from .plan_fields import value_rows
from .plan_shared import Mark, Part
from .plan_text import question_lines, set_values
from .style import Line, Role, Span, line, texts
from .words import ACTION, count

_NAMED_FIELDS = 6
_FEW_NAMES = 200
_SIGNS = {"~": "!", "": " "}


@dataclass(frozen=True, slots=True)
class Sections:
    """Makes sections as text with a blank line behind them."""

    full: bool
    room: Room
    """Of the whole plan; one body gets an eighth of it."""
    groups: int
    """How many lists of names share half of the room."""

    def is_urgent(self, change: Change) -> bool:
        """What a reviewer has to see before anything else."""
        return change.action in (Action.UNDECIDED, Action.DELETE)

    def is_deletion(self, change: Change) -> bool:
        """Whether something is lost."""
        return change.action is Action.DELETE

    def of_change(self, change: Change, own: Sequence[Part], joined: Sequence[int]) -> str:
        """``own`` is what only this change has, ``joined`` the places of the groups that it belongs to."""
        title = [f"<b>{ACTION[change.action]}</b>", html_code(change.key)]
        title += [html_code(change.id)] if change.id else []
        title += [f"was {html_code(change.previous_key)}"] if change.previous_key else []
        body = clipped(texts(self._body(change, own, joined)), self._body_room)
        return _closed(folded(" ".join(title) + _named(own), fenced(body, "diff")))

    def of_group(self, number: int, parts: Sequence[Part], keys: Sequence[str]) -> str:
        """What the assistants ``keys`` have in common, then their names."""
        title = f"<b>shared change {number}</b>, the same in {count(len(keys), 'assistant')}{_named(parts)}"
        lines = clipped(texts(_part_lines(parts)), self._body_room)
        share = max(_FEW_NAMES, self.room.most // 2 // self.groups)
        who = f"In {count(len(keys), 'assistant')}: {names(keys, self.room.part(share))}."
        return _closed(folded(title, [*fenced(lines, "diff"), "", who]))

    @property
    def _body_room(self) -> Room:
        return self.room.part(self.room.most // 8)

    def _body(self, change: Change, own: Sequence[Part], joined: Sequence[int]) -> Iterator[Line]:
        if change.file:
            yield _ours(f"from {change.file}")
        if change.reason:
            yield _ours(change.reason)
        if change.action is Action.CREATE:
            yield from self._values("+", change.body if change.after is None else change.after)
        elif change.action is Action.DELETE:
            yield from self._values("-", change.before or {})
        elif change.action is Action.UNDECIDED:
            yield from question_lines(change)
        else:
            yield from _part_lines(own)
        for place in joined:
            yield _ours(f"and shared change {place + 1}")

    def _values(self, sign: str, fields: Mapping[str, Value]) -> Iterator[Line]:
        rows = value_rows(set_values(fields), full=self.full)
        names_width = fit(13, 40, (row.name for row in rows))
        for row in rows:
            yield line(f"{sign} ", pad(row.name, names_width), "  ", row.value)
            yield from (_below((sign, f"   {text}")) for _, text in row.lines)


def _part_lines(parts: Sequence[Part]) -> Iterator[Line]:
    """Lines of a ``diff`` block: ``!`` is its mark for what changes in place."""
    names_width = fit(13, 40, (part.field for part in parts))
    titled = ""
    for part in parts:
        title = f"{part.field}\n{part.cause}"
        if part.value or title != titled:
            said = "  ".join(filter(None, (part.value, f"({part.cause})" if part.cause else "")))
            yield line("! ", f"{pad(part.field, names_width)}  {said}" if said else part.field)
        titled = "" if part.value else title
        yield from map(_below, elided(part.lines))


def _below(mark: Mark) -> Line:
    sign, text = mark
    return (Span(f"{_SIGNS.get(sign, sign)} {text}", tabs=True),)


def _ours(text: str) -> Line:
    return line("  ", Span(text, Role.DIM))


def _named(parts: Sequence[Part]) -> str:
    """The first fields by name, the others counted; safe HTML, empty for none."""
    fields = list(dict.fromkeys(part.field for part in parts))
    shown = ", ".join(map(html_code, fields[:_NAMED_FIELDS]))
    rest = len(fields) - _NAMED_FIELDS
    return (f": {shown} and {rest:,} more" if rest > 0 else f": {shown}") if fields else ""


def _closed(section: Iterator[str]) -> str:
    return "\n".join([*section, "", ""])
