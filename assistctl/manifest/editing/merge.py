"""Three-way merging: what two sides made of one base, where their changes do not meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json

from .hunks import LINE, changed_runs

_Run = tuple[int, int, list[str]]


class Clash(Exception):
    """Both sides changed the same lines or value, differently."""


def merge_texts(base: str, ours: str, theirs: str) -> str:
    """Both sides' changes to ``base``, line by line. Raises :class:`Clash`.

    Changes clash where their lines overlap or touch and are not the same.
    """
    lines: list[str] = LINE.findall(base)
    merged: list[str] = []
    at = 0
    for start, end, text in _both(_runs(lines, ours), _runs(lines, theirs)):
        merged += [*lines[at:start], *text]
        at = end
    return "".join(merged + lines[at:])


def merge_values(base: Json | Absent, ours: Json | Absent, theirs: Json | Absent) -> Json | Absent:
    """The same for values: maps key by key, texts line by line, everything else whole. Raises Clash."""
    if _same(ours, theirs) or _same(base, theirs):
        return ours
    if _same(base, ours):
        return theirs
    if isinstance(base, dict) and isinstance(ours, dict) and isinstance(theirs, dict):
        return _merge_maps(base, ours, theirs)
    if isinstance(base, str) and isinstance(ours, str) and isinstance(theirs, str):
        return merge_texts(base, ours, theirs)
    raise Clash


def _merge_maps(
    base: Mapping[str, Json], ours: Mapping[str, Json], theirs: Mapping[str, Json]
) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for name in dict.fromkeys([*ours, *theirs]):
        value = merge_values(base.get(name, ABSENT), ours.get(name, ABSENT), theirs.get(name, ABSENT))
        if not isinstance(value, Absent):
            merged[name] = value
    return merged


def _same(left: Json | Absent, right: Json | Absent) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _runs(lines: Sequence[str], changed: str) -> list[_Run]:
    new: list[str] = LINE.findall(changed)
    return [(a, b, new[c:d]) for a, b, c, d in changed_runs(lines, new)]


def _both(ours: Sequence[_Run], theirs: Sequence[_Run]) -> Iterator[_Run]:
    at = -1
    last: _Run | None = None
    for run in sorted([*ours, *theirs], key=lambda each: (each[0], each[1])):
        if run == last:
            continue
        if run[0] <= at:
            raise Clash
        yield run
        at, last = run[1], run
