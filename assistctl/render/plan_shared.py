"""The parts of changes that many assistants have in common, so that a view can show each of them once.

A fragment that a thousand manifests extend makes a thousand equal differences. Two hunks count as equal
when what they take out and put in is equal, wherever in its prompt each stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TypeAlias

from assistctl.model.plan import Action, Change

from .plan_fields import FieldRow, change_rows

Mark: TypeAlias = tuple[str, str]
"""One line below a field: its mark and its raw text."""

_PartKey: TypeAlias = tuple[str, str, str, tuple[Mark, ...]]
_ANYWHERE = "… @@"
_COMPARED = frozenset({Action.UPDATE, Action.ADOPT, Action.NOOP})


@dataclass(frozen=True, slots=True)
class Part:
    """A hunk of one field, or all that changes in a field without hunks."""

    field: str
    value: str
    """``0.2 → 0.7``; empty for a hunk."""
    cause: str
    lines: tuple[Mark, ...] = ()

    @property
    def key(self) -> _PartKey:
        """Equal for parts that are the same change: the context around a hunk does not count."""
        return self.field, self.value, self.cause, self.lines if self.value else _core(self.lines)

    def within(self, other: Part) -> Part:
        """This part with the context that it has in common with an equal one."""
        if self.value or self.lines == other.lines:
            return self
        mine, theirs = _split(self.lines), _split(other.lines)
        lead = _shared_tail(mine[1], theirs[1])
        tail = _shared_head(mine[3], theirs[3])
        heading = mine[0] if _heading(mine[0]) == _heading(theirs[0]) else ("@@", _ANYWHERE)
        return Part(self.field, self.value, self.cause, (heading, *lead, *mine[2], *tail))

    def placed_anywhere(self) -> Part:
        """Without the line numbers, which differ from assistant to assistant."""
        if self.value or not self.lines:
            return self
        header = ("@@", _heading(self.lines[0]))
        return Part(self.field, self.value, self.cause, (header, *self.lines[1:]))


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that the same assistants have in common."""

    parts: tuple[Part, ...]
    members: tuple[int, ...]
    """Places in the list of changes, rising."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A list of changes with what repeats taken out. Changes are named by their place in the list, since
    a key may stand there twice (twins)."""

    groups: tuple[Group, ...]
    """The largest first."""
    own: Mapping[int, tuple[Part, ...]]
    """What only this change has; creates, deletes and undecided ones are not there."""
    joined: Mapping[int, tuple[int, ...]]
    """The places in ``groups`` of those that this change belongs to."""


def shared_parts(changes: Sequence[Change], *, hunks: int, rows: int | None) -> Shared:
    """What is shown once: hunks that at least so many assistants have, and likewise whole rows (None: no
    rows)."""
    parts = {i: _parts(change) for i, change in enumerate(changes) if change.action in _COMPARED}
    having: dict[_PartKey, list[int]] = defaultdict(list)
    for place, found in parts.items():
        for key in dict.fromkeys(part.key for part in found):
            having[key].append(place)
    least = {True: hunks, False: rows}
    many = {key: tuple(i) for key, i in having.items() if len(i) >= (least[not key[1]] or len(changes) + 1)}
    groups = _groups(parts, many)
    own = {i: tuple(part for part in found if part.key not in many) for i, found in parts.items()}
    joined: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        for member in group.members:
            joined[member].append(index)
    return Shared(groups, own, {place: tuple(indexes) for place, indexes in joined.items()})


def _groups(
    parts: Mapping[int, Sequence[Part]], many: Mapping[_PartKey, tuple[int, ...]]
) -> tuple[Group, ...]:
    common: dict[_PartKey, Part] = {}
    for part in (part for found in parts.values() for part in found if part.key in many):
        common[part.key] = common[part.key].within(part) if part.key in common else part
    together: dict[tuple[int, ...], list[Part]] = defaultdict(list)
    for key, members in many.items():
        together[members].append(common[key].placed_anywhere())
    groups = (Group(tuple(found), members) for members, found in together.items())
    return tuple(sorted(groups, key=lambda group: -len(group.members)))


def _parts(change: Change) -> list[Part]:
    return [part for row in change_rows(change.shown) for part in _parts_of(row)]


def _parts_of(row: FieldRow) -> Iterator[Part]:
    lines = tuple(row.lines)
    starts = [i for i, (mark, _) in enumerate(lines) if mark == "@@"]
    if not starts:
        yield Part(row.name, row.value, row.cause, lines)
    for start, stop in pairwise([*starts, len(lines)]):
        yield Part(row.name, "", row.cause, lines[start:stop])


def _split(lines: Sequence[Mark]) -> tuple[Mark, Sequence[Mark], Sequence[Mark], Sequence[Mark]]:
    """The header of a hunk, the context before its first change, the changes, the context after them."""
    header, *body = lines
    lead = sum(1 for _ in takewhile(_is_context, body))
    tail = sum(1 for _ in takewhile(_is_context, reversed(body)))
    return header, body[:lead], body[lead : len(body) - tail], body[len(body) - tail :]


def _core(lines: Sequence[Mark]) -> tuple[Mark, ...]:
    return tuple(_split(lines)[2])


def _is_context(line: Mark) -> bool:
    return line[0] == " "


def _heading(header: Mark) -> str:
    """``… @@ ## Tone`` of ``-1,4 +1,4 @@ ## Tone``."""
    return _ANYWHERE + header[1].partition("@@")[2]


def _shared_head(mine: Sequence[Mark], theirs: Sequence[Mark]) -> list[Mark]:
    return [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(mine, theirs, strict=False))]


def _shared_tail(mine: Sequence[Mark], theirs: Sequence[Mark]) -> list[Mark]:
    return _shared_head(mine[::-1], theirs[::-1])[::-1]
