"""A saved plan: the reviewed artefact, as plain JSON data, and what of it may still be applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b

from assistctl.errors import DecisionNeeded, ExitCode, InvalidInput
from assistctl.model.assistant import MARKER_KEY
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Change, Plan, Refusal
from assistctl.model.selection import Selection
from assistctl.model.values import Json, Value, pack, unpack

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
    selection: Selection = field(default_factory=Selection)
    """What the operator chose for it: without the same choices it would not come out again."""
    refusals: tuple[Refusal, ...] = ()
    """Its open decisions; guards are held against the remote of the day it is applied."""


def dump(plan: Plan, made_at: float, selection: Selection | None = None) -> str:
    """The file's text: JSON with a digest over everything else in it."""
    content: dict[str, Json] = {
        "assistctl_plan": FORMAT,
        "owner": plan.owner,
        "provider": plan.provider,
        "origin": plan.origin,
        "made_at": made_at,
        "selection": _selection_data(selection or Selection()),
        "refusals": [_refusal_data(each) for each in plan.refusals if each.code == ExitCode.DECISION_NEEDED],
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
    try:
        return SavedPlan(
            str(content["owner"]),
            str(content["provider"]),
            str(content["origin"]),
            float(content["made_at"]),
            tuple(_change(item) for item in content["changes"]),
            _selection(content["selection"]),
            tuple(_refusal(item) for item in content["refusals"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(where, "it does not hold what a plan holds") from error


@dataclass(frozen=True, slots=True)
class Rederived:
    """A saved plan held against one made just now."""

    plan: Plan
    """The fresh plan, reduced to what was reviewed."""
    stale: tuple[Change, ...]
    """Reviewed writes whose assistant moved since: skipped and reported."""


def rederive(saved: SavedPlan, fresh: Plan, unmoved: Unmoved, limits: Limits, declared: int) -> Rederived:
    """What of a reviewed plan may be applied now; ``unmoved`` looks at the remote of today.

    The guards run over what was reviewed: what came up since must not hold it up. ``declared`` counts
    today's manifests. Raises DecisionNeeded where the manifests of today would not produce a reviewed
    write.
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
    skipped = {change.key for change in stale}
    untouched = [change for change in fresh.changes if not _skips(change, skipped)]
    changes = tuple(sorted([*keep, *untouched], key=lambda change: (change.key, change.id or "")))
    open_still = [
        each
        for each in fresh.refusals
        if each.code == ExitCode.DECISION_NEEDED and not (each.keys and skipped.issuperset(each.keys))
    ]
    reviewed = replace(fresh, changes=changes, refusals=(), notes=())
    guards = refusals(reviewed, limits, {}, declared=declared, chosen=declared)
    kept = tuple(dict.fromkeys([*open_still, *guards]))
    return Rederived(replace(reviewed, refusals=kept), tuple(stale))


def _skips(change: Change, stale: set[str]) -> bool:
    """Writes that nobody reviewed, and questions about what is skipped anyway."""
    return change.action.writes or (change.action is Action.UNDECIDED and change.key in stale)


def still_valid(saved: SavedPlan, remote: Survey, limits: Limits, unmoved: Unmoved) -> Rederived:
    """The same on a machine without the manifests: only the remote can be asked."""

    def stands(change: Change) -> bool:
        if change.id is None:
            return change.key not in remote.ours
        seen = remote.by_id.get(change.id)
        if change.action is Action.DELETE and (seen is None or not remote.is_ours(seen)):
            return False
        return unmoved(change.id, change.base)

    keep = tuple(change for change in saved.writes if stands(change))
    plan = Plan(saved.owner, saved.provider, saved.origin, keep, owned=len(remote.owned()))
    guards = refusals(plan, limits, {}, declared=len(keep), chosen=len(keep))
    plan = replace(plan, refusals=(*saved.refusals, *guards))
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
    owned = None if marker is None else replace(marker, run="")
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
    action, body, metadata = Action(str(data["action"])), data["body"], data["metadata"]
    return Change(
        action,
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
        after=None if action is Action.DELETE else _after(body, metadata),
    )


def _after(body: Json, metadata: Json) -> dict[str, Value]:
    """What the write leaves of the fields it sends: enough to show it and to hold policies against it."""
    fields = body if isinstance(body, dict) else {}
    entries = metadata if isinstance(metadata, dict) else {}
    kept: Json = {key: text for key, text in entries.items() if key != MARKER_KEY and text is not None}
    return {name: pack(value) for name, value in {**fields, "metadata": kept}.items()}


def _selection_data(selection: Selection) -> dict[str, Json]:
    data = asdict(selection)
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in data.items()}


def _selection(data: Mapping[str, Json]) -> Selection:
    """Raises TypeError for names that no selection has."""
    values: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    for name in ("adopt_keys", "takeover"):
        values[name] = frozenset(values[name])  # type: ignore[call-overload]  # a TypeError is an answer
    return Selection(**values)  # type: ignore[arg-type]


def _refusal_data(refusal: Refusal) -> dict[str, Json]:
    return {"code": refusal.code, "what": refusal.what, "next": refusal.next, "keys": list(refusal.keys)}


def _refusal(data: dict[str, Json]) -> Refusal:
    keys = data["keys"]
    told = (str(data["what"]), str(data["next"]))
    return Refusal(int(str(data["code"])), *told, tuple(map(str, keys)) if isinstance(keys, list) else ())


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
