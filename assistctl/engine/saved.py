"""A saved plan: the reviewed artefact, as plain JSON data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from assistctl.errors import ExitCode, InvalidInput
from assistctl.model.assistant import MARKER_KEY
from assistctl.model.plan import Action, Change, Plan, Refusal
from assistctl.model.selection import Selection
from assistctl.model.values import Json, Value, pack, unpack

from .json_pieces import canonical, in_pieces

FORMAT = 1
_CHANGES = "changes"


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


def dump(plan: Plan, made_at: float, selection: Selection | None = None) -> Iterator[str]:
    """The file's text, in pieces: JSON with a digest over everything else in it, a change a line."""
    head: dict[str, Json] = {
        "assistctl_plan": FORMAT,
        "owner": plan.owner,
        "provider": plan.provider,
        "origin": plan.origin,
        "made_at": made_at,
        "selection": _selection_data(selection or Selection()),
        "refusals": [_refusal_data(each) for each in plan.refusals if each.code == ExitCode.DECISION_NEEDED],
    }
    digest = _digest(head, map(_change_data, plan.writes))
    return in_pieces({**head, "digest": digest}, _CHANGES, map(_change_data, plan.writes))


def load(text: str, where: str) -> SavedPlan:
    """Reads what :func:`dump` wrote.

    Raises InvalidInput where the file is of another kind, was edited or is cut off.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(where, "it is no JSON") from error
    del text  # and with it half of the memory, where nobody else holds it
    if not isinstance(content, dict) or content.get("assistctl_plan") != FORMAT:
        raise _broken(where, "it is no plan of this version of assistctl")
    digest, changes = content.pop("digest", None), content.pop(_CHANGES, None)
    if not isinstance(changes, list) or digest != _digest(content, changes):
        raise _broken(where, "it was edited or cut off after it was saved")
    try:
        return SavedPlan(
            str(content["owner"]),
            str(content["provider"]),
            str(content["origin"]),
            float(content["made_at"]),
            tuple(map(_change, changes)),
            _selection(content["selection"]),
            tuple(_refusal(item) for item in content["refusals"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(where, "it does not hold what a plan holds") from error


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


def _digest(head: Mapping[str, Json], changes: Iterable[Json]) -> str:
    digest = blake2b(digest_size=32)
    for piece in canonical(head, _CHANGES, changes):
        digest.update(piece.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _broken(where: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"not a plan that can be applied: {why}",
        where=where,
        undone="nothing was applied",
        next="assistctl plan --out FILE",
    )
