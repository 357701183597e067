"""The plan as data, in the shape of Terraform's plan JSON so that its policy tools read it unchanged.

Terraform's keys come first ("JSON Output Format", format_version 1.2, developer.hashicorp.com); what it
has no words for stands under ``assistctl``. Sides that have no value are null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256

from assistctl.model.plan import Absent, Action, Candidate, Cause, Change, FieldChange, Plan, Refusal
from assistctl.model.values import Json, Value, unpack

from .value_text import tool_name

FORMAT_VERSION = "1.2"
"""Terraform's; readers refuse anything from 2.0 on."""

VERSION = 1
"""Of the part under ``assistctl``."""

_ACTIONS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.ADOPT: "update",
    Action.DELETE: "delete",
    Action.NOOP: "no-op",
}


def plan_document(plan: Plan, *, timestamp: str, full: bool) -> dict[str, Json]:
    """The whole plan; ``timestamp`` is RFC 3339 text. Equal plans give equal documents, key by key.

    Undecided changes are only under ``assistctl``. A no-op has null bodies unless ``full``.
    """
    decided = [change for change in plan.changes if change.action is not Action.UNDECIDED]
    changes: list[Json] = [_resource_change(change, full) for change in decided]
    drift: list[Json] = [_resource_drift(change) for change in decided if _drifted(change)]
    return {
        "format_version": FORMAT_VERSION,
        "timestamp": timestamp,
        "resource_changes": changes,
        "resource_drift": drift,
        "assistctl": _ours(plan),
    }


def _resource_change(change: Change, full: bool) -> dict[str, Json]:
    bodies = full or change.action is not Action.NOOP
    before = _object(change.before, change.id) if bodies else None
    after = _object(change.after, change.id) if bodies else None
    return _resource(change, _ACTIONS[change.action], before, after)


def _resource(change: Change, action: str, before: Json, after: Json) -> dict[str, Json]:
    return {
        **_address(change),
        "change": {
            "actions": [action],
            "before": before,
            "after": after,
            "after_unknown": {"id": True} if action == "create" else {},
            "before_sensitive": {},
            "after_sensitive": {},
        },
    }


def _address(change: Change) -> dict[str, Json]:
    renamed = {"previous_address": f"assistant.{change.previous_key}"} if change.previous_key else {}
    return {
        "address": f"assistant.{change.key}",
        **renamed,
        "mode": "managed",
        "type": "assistant",
        "name": change.key,
        "provider_name": "assistctl",
    }


def _object(fields: Mapping[str, Value] | None, remote_id: str | None) -> dict[str, Json] | None:
    """The managed fields, led by the id where there is one, as Terraform's objects have it."""
    if fields is None:
        return None
    identity: dict[str, Json] = {} if remote_id is None else {"id": remote_id}
    return identity | {name: unpack(value) for name, value in fields.items()}


def _drifted(change: Change) -> tuple[FieldChange, ...]:
    return tuple(field for field in change.fields if field.cause is Cause.DRIFT)


def _resource_drift(change: Change) -> dict[str, Json]:
    """What moved outside: ``before`` is what was applied, ``after`` what the remote holds now.

    Where a field drifted the manifest still says what was applied, so its side is the old value.
    """
    now = _object(change.before or {}, change.id)
    applied = _object(change.before or {}, change.id)
    for field in _drifted(change):
        _put(applied or {}, field.field, field.after)
        _put(now or {}, field.field, field.before)
    return _resource(change, "update", applied, now)


def _put(fields: dict[str, Json], name: str, value: Value | Absent) -> None:
    """Sets one field by its plan name (``metadata.KEY``, ``tools.NAME``); absent takes it out."""
    top, _, inner = name.partition(".")
    if not inner:
        fields[top] = _json(value)
    elif top == "tools":
        fields[top] = _with_tool(fields.get(top), inner, value)
    else:
        entries = fields.get(top)
        known = entries if isinstance(entries, dict) else {}
        changed = {**known, inner: _json(value)}
        fields[top] = {k: v for k, v in changed.items() if k != inner or not isinstance(value, Absent)}


def _with_tool(tools: Json, name: str, value: Value | Absent) -> list[Json]:
    listed = tools if isinstance(tools, list) else []
    place = next((i for i, tool in enumerate(listed) if tool_name(tool) == name), len(listed))
    new: list[Json] = [] if isinstance(value, Absent) else [unpack(value)]
    return [*listed[:place], *new, *listed[place + 1 :]]


def _ours(plan: Plan) -> dict[str, Json]:
    changes: list[Json] = [_our_change(change) for change in plan.changes]
    return {
        "version": VERSION,
        "owner": plan.owner,
        "provider": plan.provider,
        "origin": plan.origin,
        "summary": asdict(plan.summary()),
        "changes": changes,
        "refusals": [_refusal(refusal) for refusal in plan.refusals],
        "notes": list(plan.notes),
        "digest": _digest([*changes, *(_object(change.after, change.id) for change in plan.writes)]),
    }


def _our_change(change: Change) -> dict[str, Json]:
    """One change; keys that would be empty (``previous_key``, ``file``, ``candidates``, …) are left out."""
    optional: dict[str, Json] = {
        "previous_key": change.previous_key,
        "file": change.file,
        "candidates": [_candidate(candidate) for candidate in change.candidates],
        "ways": list(change.ways),
        "digest": change.base,
    }
    return {
        "key": change.key,
        "id": change.id,
        "action": change.action.value,
        "reason": change.reason,
        "fields": [_field(field) for field in change.fields],
        **{name: value for name, value in optional.items() if value},
    }


def _field(field: FieldChange) -> dict[str, Json]:
    kept: dict[str, Json] = {"kept": True} if field.kept else {}
    sides: dict[str, Json] = {"before": _json(field.before), "after": _json(field.after)}
    return {"field": field.field, **sides, "cause": field.cause.value, **kept}


def _json(value: Value | Absent) -> Json:
    return None if isinstance(value, Absent) else unpack(value)


def _candidate(candidate: Candidate) -> dict[str, Json]:
    return {
        "id": candidate.id,
        "name": candidate.name,
        "created_at": candidate.created_at,
        "owner": candidate.owner,
    }


def _refusal(refusal: Refusal) -> dict[str, Json]:
    return {"code": refusal.code, "what": refusal.what, "next": refusal.next}


def _digest(changes: Iterable[Json]) -> str:
    """Of all changes: two plans that would do the same have the same, whenever they were made."""
    return "sha256:" + sha256(json.dumps(list(changes), ensure_ascii=True).encode()).hexdigest()
