"""What differs inside two JSON structures: paths with both values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+")


_BUDGET = 1_000_000
"""Longer pairs of lists are compared place by place: difflib could take seconds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One place that differs; :data:`ABSENT` is the side that has nothing there."""

    path: str
    """``parameters.required[1]``, keys with other characters as ``["odd key"]``; empty for the whole."""
    before: Json | Absent
    after: Json | Absent


def json_edits(before: Json, after: Json, path: str = "") -> Iterator[Edit]:
    """Every smallest difference, in the order of the new structure, removed keys after the others.

    Types count: ``true`` is not ``1`` and ``1`` is not ``1.0``. An element that joins or leaves a list
    is one edit; the index is the old one where it leaves and the new one otherwise.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _in_maps(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path)
    elif compact(before) != compact(after):
        yield Edit(path, before, after)


def compact(value: Json) -> str:
    """``value`` as JSON on one line, keys in their own order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pretty(value: Json) -> list[str]:
    """``value`` as indented JSON lines."""
    return json.dumps(value, ensure_ascii=False, indent=2).split("\n")


def _in_maps(before: dict[str, Json], after: dict[str, Json], path: str) -> Iterator[Edit]:
    for key, value in after.items():
        place = _member(path, key)
        if key in before:
            yield from json_edits(before[key], value, place)
        else:
            yield Edit(place, ABSENT, value)
    for key, value in before.items():
        if key not in after:
            yield Edit(_member(path, key), value, ABSENT)


def _in_lists(before: Sequence[Json], after: Sequence[Json], path: str) -> Iterator[Edit]:
    old, new = [_sorted(item) for item in before], [_sorted(item) for item in after]
    small = len(old) * len(new) <= _BUDGET
    codes = SequenceMatcher(None, old, new).get_opcodes() if small else [_all_replaced(old, new)]
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            continue
        paired = min(i2 - i1, j2 - j1)
        for step in range(paired):
            yield from json_edits(before[i1 + step], after[j1 + step], f"{path}[{j1 + step}]")
        yield from (Edit(f"{path}[{i}]", before[i], ABSENT) for i in range(i1 + paired, i2))
        yield from (Edit(f"{path}[{j}]", ABSENT, after[j]) for j in range(j1 + paired, j2))


def _all_replaced(old: Sequence[str], new: Sequence[str]) -> tuple[str, int, int, int, int]:
    return "replace", 0, len(old), 0, len(new)


def _sorted(value: Json) -> str:
    """One text per value, whatever the order of keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _member(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key
