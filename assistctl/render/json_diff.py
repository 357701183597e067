"""What differs inside two JSON structures: paths with both values. The only user of deepdiff.

It is asked only about structures that are known to differ, tools already paired by name: deepdiff takes
milliseconds even for equal input, and its way of ignoring order folds several edits into one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json

if TYPE_CHECKING:
    from deepdiff.model import DiffLevel

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+")
_KINDS = (
    "values_changed",
    "type_changes",
    "dictionary_item_added",
    "dictionary_item_removed",
    "iterable_item_added",
    "iterable_item_removed",
)
_MARK = "\0"
"""Begins the texts that stand for booleans while deepdiff compares."""
_BUDGET = 200_000
"""Characters of both sides beyond which the whole structure is one edit: effort stays bounded."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One place that differs; :data:`ABSENT` is the side that has nothing there."""

    path: str
    """``parameters.required[1]``, keys with other characters as ``["odd key"]``; empty for the whole."""
    before: Json | Absent
    after: Json | Absent


def json_edits(before: Json, after: Json) -> list[Edit]:
    """Every smallest difference, by path. Types count (``true`` is not ``1``), ``1`` and ``1.0`` are one."""
    old, new = compact(_typed(before)), compact(_typed(after))
    if old == new:
        return []
    nested = isinstance(before, dict | list) and type(before) is type(after)
    if not nested or len(old) + len(new) > _BUDGET:
        return [Edit("", before, after)]
    return [_edit(level) for level in sorted(_levels(before, after), key=_order)]


def compact(value: Json) -> str:
    """``value`` as JSON on one line, keys in their own order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pretty(value: Json) -> list[str]:
    """``value`` as indented JSON lines."""
    return json.dumps(value, ensure_ascii=False, indent=2).split("\n")


def _levels(before: Json, after: Json) -> Iterator[DiffLevel]:
    from deepdiff import DeepDiff  # heavy, and only a nested difference needs it

    # By default deepdiff is blind to keys that start with two underscores.
    tree = DeepDiff(_typed(before), _typed(after), view="tree", ignore_private_variables=False)
    for kind in _KINDS:
        yield from tree.get(kind, ())


def _typed(value: Json) -> Json:
    """Inside lists deepdiff takes ``false`` for ``0``, and everywhere ``1`` and ``1.0`` for a change of
    type: booleans become marked texts and whole numbers integers."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, bool) or (isinstance(value, str) and value.startswith(_MARK)):
        return _MARK + json.dumps(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _untyped(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _untyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_untyped(item) for item in value]
    if isinstance(value, str) and value.startswith(_MARK):
        plain: Json = json.loads(value.removeprefix(_MARK))
        return plain
    return value


def _order(level: DiffLevel) -> list[tuple[bool, int, str]]:
    """Sorts by path, list places by number."""
    parts = _parts(level)
    return [(isinstance(part, str), part if isinstance(part, int) else 0, str(part)) for part in parts]


def _parts(level: DiffLevel) -> list[str | int]:
    parts: list[str | int] = level.path(output_format="list")
    return parts


def _edit(level: DiffLevel) -> Edit:
    kind = level.report_type or ""
    before = ABSENT if kind.endswith("_added") else _untyped(level.t1)
    after = ABSENT if kind.endswith("_removed") else _untyped(level.t2)
    return Edit(_joined(_parts(level)), before, after)


def _joined(parts: list[str | int]) -> str:
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{json.dumps(part, ensure_ascii=False)}]"
    return path
