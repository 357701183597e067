"""What of a reviewed plan may still be applied: held against the manifests and the remote of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from assistctl.errors import DecisionNeeded, ExitCode
from assistctl.model.assistant import MARKER_KEY
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Change, Plan

from .guard import refusals
from .marker import decode
from .saved import SavedPlan
from .survey import Seen, Survey

Unmoved = Callable[[str, str], bool]
"""Whether the assistant of an id still is what a base was made from."""


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
    owners = {saved.owner, *saved.selection.formerly}

    def stands(change: Change) -> bool:
        if change.id is None:
            return change.key not in remote.ours
        seen = remote.by_id.get(change.id)
        if change.action is Action.DELETE and (seen is None or not remote.is_ours(seen)):
            return False
        if change.action is Action.UPDATE and MARKER_KEY in change.metadata and not _of(owners, seen):
            return False
        return unmoved(change.id, change.base)

    keep = tuple(change for change in saved.writes if stands(change))
    plan = Plan(saved.owner, saved.provider, saved.origin, keep, owned=len(remote.owned()))
    guards = refusals(plan, limits, {}, declared=len(keep), chosen=len(keep))
    plan = replace(plan, refusals=(*saved.refusals, *guards))
    return Rederived(plan, tuple(change for change in saved.writes if not stands(change)))


def _of(owners: set[str], seen: Seen | None) -> bool:
    """Whether one of ``owners`` has its marker on it: an update, unlike an adoption, takes nothing over."""
    return seen is not None and seen.marker is not None and seen.marker.owner in owners


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
