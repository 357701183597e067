"""The sides of one field that was changed outside: what the manifest says, what it shall say instead."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistctl.engine.marker import digest
from assistctl.engine.normalize import Canon
from assistctl.engine.survey import Survey
from assistctl.manifest.editing.merge import merge_values
from assistctl.manifest.editing.source import CannotEdit
from assistctl.model.plan import ABSENT, Absent, Cause, Change, FieldChange
from assistctl.model.values import Json, Packed, Value

from .git import History
from .ports import Ports
from .pull_values import target, tree

if TYPE_CHECKING:
    from assistctl.manifest.editing.desk import Desk
    from assistctl.manifest.editing.resolving import Resolved

_METADATA = "metadata."
_TOOLS = "tools."


@dataclass(frozen=True, slots=True)
class Aim:
    """What a field of the manifest shall read."""

    path: tuple[str, ...]
    target: Json
    merged: bool = False
    """Not the remote's value but both sides' changes together."""
    said: bool = False
    """The manifest reads so already."""


class Sides:
    """Works out aims from the desk, the remote and, for conflicts, the history."""

    def __init__(self, desk: Desk, remote: Survey, canon: Canon, root: Path, ports: Ports) -> None:
        self._desk = desk
        self._remote = remote
        self._canon = canon
        self._history = History(root, ports.environ, ports.clock)

    def aim(self, change: Change, each: FieldChange) -> Aim:
        """What the field shall read.

        Raises Clash for conflicts that do not merge, CannotEdit where nothing is there to merge from.
        """
        now = self._desk.resolve(change.key, change.file)
        if now is None:
            raise CannotEdit("its manifest is not valid")
        name, path = _field_and_path(each.field)
        old, new = self._trees(now, change, each.field)
        merged = each.cause is Cause.CONFLICT and not _same(old, new)
        if merged:
            new = self._merged(now, change, each.field, (old, new))
        if each.field.startswith(_TOOLS):
            new = _with_tool(old, new, each.field.removeprefix(_TOOLS))
        return Aim(path, target(name, now.value(path), old, new), merged, said=_same(old, new))

    def agree(self, change: Change, each: FieldChange) -> bool:
        """Whether the manifest has by now what the remote has."""
        now = self._desk.resolve(change.key, change.file)
        return now is not None and _same(*self._trees(now, change, each.field))

    def _trees(self, now: Resolved, change: Change, field: str) -> tuple[Json, Json]:
        """What the manifest says and what it would say with the remote's value; of tools, with the one."""
        name, _ = _field_and_path(field)
        old = tree(self._canon, name, _wanted(now, field))
        new = self._remote_tree(change, field, name)
        return old, _with_tool(old, new, field.removeprefix(_TOOLS)) if field.startswith(_TOOLS) else new

    def _remote_tree(self, change: Change, field: str, name: str) -> Json:
        before = change.before or {}
        if not field.startswith(_METADATA):
            return tree(self._canon, name, before.get(name, ABSENT))
        packed = before.get("metadata")
        entries = packed.load() if isinstance(packed, Packed) else None
        return entries.get(field.removeprefix(_METADATA)) if isinstance(entries, dict) else None

    def _merged(self, now: Resolved, change: Change, field: str, sides: tuple[Json, Json]) -> Json:
        name, _ = _field_and_path(field)
        found = self._last_applied(now, change, name)
        if isinstance(found, Absent):
            raise CannotEdit("both sides changed it, and no revision in git holds it as last applied")
        trees: tuple[Json, ...] = (tree(self._canon, name, found), *sides)
        if not field.startswith(_TOOLS):
            return _value(merge_values(*trees))
        tool = field.removeprefix(_TOOLS)
        one = merge_values(*(each.get(tool, ABSENT) if isinstance(each, dict) else ABSENT for each in trees))
        return {} if isinstance(one, Absent) else {tool: one}

    def _last_applied(self, now: Resolved, change: Change, name: str) -> Value | Absent:
        """The field as last applied, from the newest revision in which it has the recorded digest."""
        seen = self._remote.by_id.get(change.id or "")
        record = seen.marker.fields.get(name) if seen and seen.marker else None
        if record is None:
            return ABSENT
        files = {place.file for place in now.places()} | {layer.file for layer in now.effective.layers}
        for revision in self._history.revisions(sorted(files)):
            look = partial(self._history.read, revision)
            then = self._desk.resolve_at(look, change.key, change.file)
            if then is None or name not in then.desired.fields:
                continue
            value = then.desired.fields[name]
            if digest(name, self._canon.text(name, value)) == record.digest:
                return value
        return ABSENT


def _field_and_path(field: str) -> tuple[str, tuple[str, ...]]:
    if field.startswith(_METADATA):
        return field, ("metadata", field.removeprefix(_METADATA))
    name = "tools" if field.startswith(_TOOLS) else field
    return name, (name,)


def _wanted(now: Resolved, field: str) -> Value | Absent:
    if field.startswith(_METADATA):
        return now.desired.metadata.get(field.removeprefix(_METADATA))
    return now.desired.fields.get(_field_and_path(field)[0], ABSENT)


def _with_tool(old: Json, new: Json, tool: str) -> Json:
    """The old tools with one of them as it is in the new ones."""
    kept = dict(old) if isinstance(old, dict) else {}
    if isinstance(new, dict) and tool in new:
        return {**kept, tool: new[tool]}
    kept.pop(tool, None)
    return kept


def _same(old: Json, new: Json) -> bool:
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _value(merged: Json | Absent) -> Json:
    return None if isinstance(merged, Absent) else merged
