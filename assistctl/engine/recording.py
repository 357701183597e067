"""Run records: from a plan and its report to plain JSON text, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from assistctl.errors import InvalidInput
from assistctl.model.plan import ABSENT, Absent, Action, Cause, FieldChange, Plan
from assistctl.model.record import RunRecord, Written
from assistctl.model.report import Outcome, Report
from assistctl.model.values import Json, Value, pack, unpack

from .json_pieces import in_pieces

FORMAT = 1


def written(plan: Plan, report: Report) -> tuple[Written, ...]:
    """What became of each planned write; those that never started are left out."""
    planned = {(change.key, change.id): change for change in plan.writes}
    found = []
    for result in report.results:
        remote_id = None if result.action is Action.CREATE else result.id
        change = planned.get((result.key, remote_id))
        if change is None or result.outcome in (Outcome.NOT_STARTED, Outcome.SKIPPED):
            continue
        fields = tuple(item for item in change.shown if not item.kept)
        found.append(
            Written(
                result.action,
                result.key,
                result.id,
                result.outcome,
                result.detail,
                fields,
                change.before,
                change.after,
            )
        )
    return tuple(found)


def dump(record: RunRecord) -> Iterator[str]:
    """The record as JSON text, in pieces: a write a line."""
    head: dict[str, Json] = {
        "assistctl_run": FORMAT,
        "run": record.run,
        "verb": record.verb,
        "owner": record.owner,
        "provider": record.provider,
        "origin": record.origin,
        "started": record.started,
        "finished": record.finished,
        "version": record.version,
    }
    return in_pieces(head, "writes", map(_written_data, record.writes))


def load(text: str, where: str) -> RunRecord:
    """Reads what :func:`dump` wrote. Raises InvalidInput where the text is nothing of the kind."""
    try:
        content = json.loads(text)
        if content["assistctl_run"] != FORMAT:
            raise ValueError
        return RunRecord(
            run=str(content["run"]),
            verb=str(content["verb"]),
            owner=str(content["owner"]),
            provider=str(content["provider"]),
            origin=str(content["origin"]),
            started=float(content["started"]),
            finished=float(content["finished"]),
            version=str(content["version"]),
            writes=tuple(_written(item) for item in content["writes"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInput(
            "not a run record of this version of assistctl", where=where, next="assistctl runs"
        ) from error


def _written_data(item: Written) -> Json:
    return {
        "action": item.action.value,
        "key": item.key,
        "id": item.id,
        "outcome": item.outcome.value,
        "detail": item.detail,
        "fields": [_field_data(change) for change in item.fields],
        "before": _whole_data(item.before),
        "after": _whole_data(item.after),
    }


def _written(data: dict[str, Json]) -> Written:
    fields = data["fields"]
    return Written(
        Action(str(data["action"])),
        str(data["key"]),
        None if data["id"] is None else str(data["id"]),
        Outcome(str(data["outcome"])),
        str(data["detail"]),
        tuple(_field(item) for item in fields if isinstance(item, dict)) if isinstance(fields, list) else (),
        _whole(data["before"]),
        _whole(data["after"]),
    )


def _field_data(change: FieldChange) -> Json:
    """An absent side is left out: null is a value."""
    sides = {"before": change.before, "after": change.after}
    known: dict[str, Json] = {
        name: unpack(value) for name, value in sides.items() if not isinstance(value, Absent)
    }
    return {"field": change.field, "cause": change.cause.value, **known}


def _field(data: dict[str, Json]) -> FieldChange:
    before: Value | Absent = pack(data["before"]) if "before" in data else ABSENT
    after: Value | Absent = pack(data["after"]) if "after" in data else ABSENT
    return FieldChange(str(data["field"]), before, after, Cause(str(data["cause"])))


def _whole_data(fields: Mapping[str, Value] | None) -> Json:
    return None if fields is None else {name: unpack(value) for name, value in fields.items()}


def _whole(data: Json) -> dict[str, Value] | None:
    return {name: pack(value) for name, value in data.items()} if isinstance(data, dict) else None
