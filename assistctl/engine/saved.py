"""A saved plan: the reviewed artefact, as plain JSON data, and what of it may still be applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

from assistctl.errors import DecisionNeeded, InvalidInput
from assistctl.model.assistant import MARKER_KEY
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.values import Json, pack, unpack

from .guard import refusals
from .marker import decode
from .survey import Survey

FORMAT = 1

Unmoved = Callable[[str, str], bool]
"""Whether the assistant of an id still is what a base was made from."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What ``plan --out`` wrote: the writes, whom they are for and when they were planned."""

    owner: str
    provider: str
    origin: str
    made_at: float
    """Seconds since 1970, UTC."""
    writes: tuple[Change, ...]


def dump(plan: Plan, made_at: float) -> str:
    """The file's text: JSON with a digest over everything else in it."""
    content: dict[str, Json] = {
        "assistctl_plan": FORMAT,
        "owner": plan.owner,
        "provider": plan.provider,
        "origin": plan.origin,
        "made_at": made_at,
        "changes": [_change_data(change) for change in plan.writes],
    }
    content["digest"] = _digest(content)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def load(text: str, where: str) -> SavedPlan:
    """Reads what :func:`dump` wrote.

    Raises InvalidInput where the file is of another kind, was edited or is cut off.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(where, "it is no JSON") from error
    if not isinstance(content, dict) or content.get("assistctl_plan") != FORMAT:
        raise _broken(where, "it is no plan of this version of assistctl")
    if content.pop("digest", None) != _digest(content):
        raise _broken(where, "it was edited or cut off after it was saved")
    changes = tuple(_change(item) for item in content["changes"])
    return SavedPlan(
        content["owner"], content["provider"], content["origin"], float(content["made_at"]), changes
    )


@dataclass(frozen=True, slots=True)
class Rederived:
    """A saved plan held against one made just now."""

    plan: Plan
    """The fresh plan, reduced to what was reviewed."""
    stale: tuple[Change, ...]
    """Reviewed writes whose assistant moved since: skipped and reported."""


def rederive(saved: SavedPlan, fresh: Plan, unmoved: Unmoved) -> Rederived:
    """What of a reviewed plan may be applied now; ``unmoved`` looks at the remote of today.

    Raises DecisionNeeded where the manifests of today would not produce a reviewed write.
    """
    by_place = {(change.key, change.id): change for change in fresh.changes}
    keep: list[Change] = []
    stale: list[Change] = []
    other: list[str] = []
    for change in saved.writes:
        now = by_place.get((change.key, change.id))
        if now is not None and _equal(change, now):
            keep.append(now)
        elif _moved(change, now, fresh, unmoved):
            stale.append(change)
        else:
            other.append(f"{change.action} {change.key}")
    if other:
        raise DecisionNeeded(
            f"the manifests do not produce what the saved plan holds: {', '.join(other)}",
            undone="nothing was applied",
            next="assistctl plan --out FILE, and have the new plan reviewed",
        )
    untouched = [change for change in fresh.changes if not change.action.writes]
    changes = tuple(sorted([*keep, *untouched], key=lambda change: (change.key, change.id or "")))
    return Rederived(replace(fresh, changes=changes), tuple(stale))


def still_valid(saved: SavedPlan, remote: Survey, limits: Limits, unmoved: Unmoved) -> Rederived:
    """The same on a machine without the manifests: only the remote can be asked."""

    def stands(change: Change) -> bool:
        if change.id is None:
            return change.key not in remote.ours
        return unmoved(change.id, change.base)

    keep = tuple(change for change in saved.writes if stands(change))
    plan = Plan(saved.owner, saved.provider, saved.origin, keep, owned=len(remote.owned()))
    plan = replace(plan, refusals=refusals(plan, limits, {}, declared=len(keep), chosen=len(keep)))
    return Rederived(plan, tuple(change for change in saved.writes if not stands(change)))


def _moved(change: Change, now: Change | None, fresh: Plan, unmoved: Unmoved) -> bool:
    """Whether the remote, not the manifests, is why today's plan differs."""
    if change.id is not None:
        return not unmoved(change.id, change.base)
    exists = any(other.key == change.key and other.id is not None for other in fresh.changes)
    return exists or (now is not None and now.action is Action.UNDECIDED)


def _equal(saved: Change, now: Change) -> bool:
    return (
        saved.action is now.action
        and saved.base == now.base
        and saved.body == now.body
        and _without_run(saved.metadata) == _without_run(now.metadata)
    )


def _without_run(metadata: Mapping[str, str | None]) -> dict[str, object]:
    """Two runs plan the same metadata but for the run id inside the marker."""
    marker = decode(metadata.get(MARKER_KEY) or "")
    owned: object = (
        None
        if marker is None
        else (marker.owner, marker.key, marker.fields, marker.metadata, marker.prevent_destroy)
    )
    return {**{key: text for key, text in metadata.items() if key != MARKER_KEY}, MARKER_KEY: owned}


def _change_data(change: Change) -> dict[str, Json]:
    return {
        "action": change.action.value,
        "key": change.key,
        "id": change.id,
        "reason": change.reason,
        "base": change.base,
        "protected": change.protected,
        "file": change.file,
        "body": {name: unpack(value) for name, value in change.body.items()},
        "metadata": dict(change.metadata),
    }


def _change(data: dict[str, Json]) -> Change:
    body, metadata = data["body"], data["metadata"]
    return Change(
        Action(str(data["action"])),
        str(data["key"]),
        None if data["id"] is None else str(data["id"]),
        reason=str(data["reason"]),
        base=str(data["base"]),
        protected=bool(data["protected"]),
        file=str(data["file"]),
        body={name: pack(value) for name, value in body.items()} if isinstance(body, dict) else {},
        metadata={k: None if v is None else str(v) for k, v in metadata.items()}
        if isinstance(metadata, dict)
        else {},
    )


def _digest(content: Mapping[str, Json]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _broken(where: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"not a plan that can be applied: {why}",
        where=where,
        undone="nothing was applied",
        next="assistctl plan --out FILE",
    )
