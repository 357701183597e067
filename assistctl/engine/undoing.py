"""Undoing a run: only what still stands as that run wrote it is put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from assistctl.model.assistant import FIELDS, MARKER_KEY
from assistctl.model.plan import ABSENT, Absent, Action, Cause, Change, FieldChange, Plan
from assistctl.model.record import RunRecord, Written
from assistctl.model.report import Outcome
from assistctl.model.values import Json, Packed, Value, pack

from .clearing import clear_value
from .guard import refusals
from .marker import Marker, Record, digest, metadata_records
from .metadata import foreign_metadata
from .normalize import tool_name, tools_by_name
from .planner import Frame
from .survey import Seen, Survey, fingerprint


@dataclass(slots=True)
class _Draft:
    """What one update puts back."""

    changes: list[FieldChange] = field(default_factory=list)
    fields: dict[str, Value] = field(default_factory=dict)
    metadata: dict[str, str | None] = field(default_factory=dict)


def undo_plan(record: RunRecord, remote: Survey, frame: Frame) -> Plan:
    """The plan that takes ``record`` back. What moved since is listed in its notes and left alone."""
    changes: list[Change] = []
    notes: list[str] = []
    for item in record.writes:
        if item.outcome is Outcome.DONE:
            change = _undo(item, remote, frame, notes)
            if change is not None:
                changes.append(change)
    changes.sort(key=lambda change: (change.key, change.id or ""))
    plan = Plan(
        frame.owner, frame.provider, frame.origin, tuple(changes), owned=len(remote.owned()), run=frame.run
    )
    guarded = refusals(plan, frame.limits, {}, declared=1, chosen=1)
    return replace(plan, refusals=guarded, notes=tuple(notes))


def _undo(item: Written, remote: Survey, frame: Frame, notes: list[str]) -> Change | None:
    if item.action is Action.DELETE:
        return _recreated(item, remote, frame, notes)
    seen = remote.by_id.get(item.id or "")
    if seen is None or seen.marker is None or seen.marker.owner != frame.owner:
        notes.append(f"{item.key}: {item.id} is gone or no longer ours: left as it is")
        return None
    if item.action is Action.CREATE:
        return _deleted(item, seen, seen.marker, frame, notes)
    draft = _Draft()
    for change in item.fields:
        _put_back(draft, item, change, seen, frame, notes)
    return _updated(seen, seen.marker, draft, frame) if draft.changes else None


def _deleted(item: Written, seen: Seen, marker: Marker, frame: Frame, notes: list[str]) -> Change | None:
    moved = [
        name
        for name, value in (item.after or {}).items()
        if name in FIELDS and not frame.canon.same(name, value, seen.remote.fields.get(name, ABSENT))
    ]
    if moved or marker.key != item.key:
        notes.append(f"{item.key}: changed since it was created ({', '.join(moved) or 'key'}): not deleted")
        return None
    return Change(
        Action.DELETE,
        item.key,
        seen.remote.id,
        reason="undo: that run created it",
        before=item.after,
        base=fingerprint(seen.remote, frame.canon),
        protected=marker.prevent_destroy,
    )


def _recreated(item: Written, remote: Survey, frame: Frame, notes: list[str]) -> Change | None:
    if item.key in remote.ours:
        notes.append(f"{item.key}: it exists again: left as it is")
        return None
    before = item.before or {}
    body = {name: value for name, value in before.items() if name in FIELDS and value is not None}
    entries = _entries(before)
    marker = Marker(
        frame.owner,
        item.key,
        frame.run,
        fields={name: Record(digest(name, frame.canon.text(name, value))) for name, value in body.items()},
        metadata=metadata_records({key: digest(f"metadata.{key}", text) for key, text in entries.items()}),
    )
    metadata = {**entries, MARKER_KEY: marker.encode()}
    reason = f"undo: that run deleted it as {item.id}; it gets a new id"
    return Change(Action.CREATE, item.key, None, reason=reason, body=body, metadata=metadata, after=before)


def _put_back(
    draft: _Draft, item: Written, change: FieldChange, seen: Seen, frame: Frame, notes: list[str]
) -> None:
    current = _current(change.field, seen, draft)
    if not _same(change.field, change.after, current, frame):
        notes.append(f"{item.key}: {change.field} changed since that run: left as it is")
        return
    draft.changes.append(FieldChange(change.field, current, change.before, Cause.MANIFEST))
    top, _, rest = change.field.partition(".")
    if top == "metadata" and rest:
        draft.metadata[rest] = None if isinstance(change.before, Absent) else str(change.before)
    elif top == "tools" and rest:
        now = draft.fields.get("tools", seen.remote.fields.get("tools"))
        draft.fields["tools"] = _with_tool(now, rest, change.before)
    else:
        empty = isinstance(change.before, Absent) or change.before is None
        draft.fields[top] = clear_value(top, frame.clearing) if empty else _value(change.before)


def _current(name: str, seen: Seen, draft: _Draft) -> Value | Absent:
    top, _, rest = name.partition(".")
    if top == "metadata" and rest:
        return foreign_metadata(seen).get(rest, ABSENT)
    if top == "tools" and rest:
        return tools_by_name(draft.fields.get("tools", seen.remote.fields.get("tools"))).get(rest, ABSENT)
    return seen.remote.fields.get(top, ABSENT)


def _same(name: str, left: Value | Absent, right: Value | Absent, frame: Frame) -> bool:
    if name.startswith("tools."):
        left, right = _listed(left), _listed(right)
        name = "tools"
    return frame.canon.same(name, left, right)


def _listed(tool: Value | Absent) -> Value:
    return Packed(f"[{tool.text}]") if isinstance(tool, Packed) else None


def _with_tool(tools: Value | Absent, name: str, tool: Value | Absent) -> Value:
    """The list with one tool exchanged, added at its end or taken out."""
    listed = tools.load() if isinstance(tools, Packed) else []
    items: list[Json] = list(listed) if isinstance(listed, list) else []
    new: list[Json] = [tool.load()] if isinstance(tool, Packed) else []
    places = [i for i, known in enumerate(items) if isinstance(known, dict) and tool_name(known) == name]
    place = places[0] if places else len(items)
    return pack([*items[:place], *new, *items[place + 1 :]])


def _value(value: Value | Absent) -> Value:
    return None if isinstance(value, Absent) else value


def _updated(seen: Seen, marker: Marker, draft: _Draft, frame: Frame) -> Change:
    managed = {n: v for n, v in seen.remote.fields.items() if n in marker.fields or n == "model"}
    records = {**marker.fields}
    for name, value in draft.fields.items():
        records[name] = Record(digest(name, frame.canon.text(name, value)))
    noted = replace(marker, run=frame.run, fields=records, metadata=_noted(marker, draft))
    before: dict[str, Value] = {**seen.remote.fields, "metadata": pack({**foreign_metadata(seen)})}
    entries: dict[str, str | None] = {**foreign_metadata(seen), **draft.metadata}
    kept: dict[str, Json] = {key: text for key, text in entries.items() if text is not None}
    return Change(
        Action.UPDATE,
        marker.key,
        seen.remote.id,
        fields=tuple(draft.changes),
        reason="undo",
        body={**managed, **draft.fields},
        metadata={**entries, MARKER_KEY: noted.encode()},
        before=before,
        after={**before, **draft.fields, "metadata": pack(kept)},
        base=fingerprint(seen.remote, frame.canon),
    )


def _noted(marker: Marker, draft: _Draft) -> tuple[tuple[str, str], ...]:
    """The metadata record with what was put back; entries of one key begin with the same two characters."""
    fresh = metadata_records(
        {key: digest(f"metadata.{key}", text) for key, text in draft.metadata.items() if text is not None}
    )
    touched = {pair[0] for pair in _pairs(draft.metadata)}
    return tuple(sorted({pair for pair in marker.metadata if pair[0] not in touched} | set(fresh)))


def _pairs(metadata: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    yield from metadata_records(dict.fromkeys(metadata, ""))


def _entries(fields: Mapping[str, Value]) -> dict[str, str]:
    packed = fields.get("metadata")
    loaded = packed.load() if isinstance(packed, Packed) else {}
    return {key: str(text) for key, text in loaded.items()} if isinstance(loaded, dict) else {}
