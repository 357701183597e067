"""From a plan to the drift in it."""

from __future__ import annotations

from assistctl.model.drift import Drift, Drifted, Kind
from assistctl.model.plan import Action, Cause, Change, FieldChange, Plan


def drift_of(plan: Plan) -> Drift:
    """Outside changes only: what a manifest changed is left out, policies do not matter."""
    found = tuple(item for change in plan.changes if (item := _drifted(change)) is not None)
    checked = sum(change.action is not Action.DELETE and bool(change.file) for change in plan.changes)
    return Drift(plan.owner, plan.provider, plan.origin, found, checked)


def _drifted(change: Change) -> Drifted | None:
    if change.action is Action.CREATE:
        return Drifted(Kind.MISSING, change.key, None, detail="no assistant on the remote stands for it")
    if change.action is Action.UNDECIDED:
        ours = [item for item in change.candidates if item.owner]
        kind = Kind.TWINS if len(ours) > 1 else Kind.LOST
        return Drifted(kind, change.key, None, candidates=change.candidates, detail=change.reason)
    fields = tuple(_turned(item) for item in change.fields if item.cause in (Cause.DRIFT, Cause.CONFLICT))
    return Drifted(Kind.CHANGED, change.key, change.id, fields) if fields else None


def _turned(change: FieldChange) -> FieldChange:
    """Drift runs from the manifest to the remote; a plan runs back."""
    return FieldChange(change.field, change.after, change.before, change.cause)
