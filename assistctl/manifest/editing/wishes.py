"""The members in which two values differ, in an order in which one edit after the other keeps its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assistctl.manifest.yaml_nodes import Path
from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json

from .hunks import changed_runs
from .source import exactly


@dataclass(frozen=True, slots=True)
class Wish:
    """One member that shall have another value; absent takes it away, or did not have it."""

    path: Path
    old: Json | Absent
    new: Json | Absent


def wishes(old: Json | Absent, new: Json | Absent, path: Path = ()) -> Iterator[Wish]:
    """The smallest members that differ. In lists the last ones come first."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from wishes(old.get(name, ABSENT), new.get(name, ABSENT), (*path, name))
    elif isinstance(old, list) and isinstance(new, list) and new:
        yield from _in_list(old, new, path)
    elif isinstance(old, Absent) or isinstance(new, Absent):
        if type(old) is not type(new):
            yield Wish(path, old, new)
    elif exactly(old) != exactly(new):
        yield Wish(path, old, new)


def _in_list(old: list[Json], new: list[Json], path: Path) -> Iterator[Wish]:
    runs = [*changed_runs([exactly(each) for each in old], [exactly(each) for each in new])]
    for low, high, first, last in reversed(runs):
        both = min(high - low, last - first)
        for index in reversed(range(low + both, high)):
            yield Wish((*path, index), old[index], ABSENT)
        for offset in range(both, last - first):
            yield Wish((*path, low + offset), ABSENT, new[first + offset])
        for offset in reversed(range(both)):
            yield from wishes(old[low + offset], new[first + offset], (*path, low + offset))
