"""Matches and comparisons become a plan: sorted, guarded, ready to show, save and apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistctl.model.assistant import MARKER_KEY, Desired
from assistctl.model.held import refuse_not_held
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Candidate, Cause, Change, FieldChange, Plan
from assistctl.model.selection import Selection
from assistctl.model.values import Value

from .capability import Abilities, fitted, incapable, match_pins
from .deletes import deletes
from .fields import compare
from .guard import refusals
from .marker import Marker, Record, digest, metadata_records
from .match import Match, match_all
from .meeting import agreement
from .metadata import foreign_metadata
from .normalize import Canon
from .settled import settled
from .states import after, whole
from .survey import Seen, Survey, fingerprint
from .threeway import Comparison, Rules


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything beside the two sides that a plan depends on."""

    owner: str
    provider: str
    origin: str
    run: str
    """Id of this run, at most eight of ``[a-z0-9]``: written into the markers."""
    canon: Canon = field(default_factory=Canon)
    selection: Selection = field(default_factory=Selection)
    limits: Limits = field(default_factory=Limits)
    clearing: Mapping[str, Value] = field(default_factory=dict)
    abilities: Abilities = field(default_factory=Abilities)


def make_plan(desired: Sequence[Desired], remote: Survey, frame: Frame) -> Plan:
    """What apply would do. Pure: the same two sides give the same plan, in whatever order they come."""
    fit, notes = fitted(sorted(desired, key=lambda d: d.key), frame.abilities)
    chosen = [item for item in fit if frame.selection.includes(item.key)]
    everyone = _matches(fit, remote, frame)
    matches = [match for match in everyone if frame.selection.includes(match.desired.key)]
    failures: dict[str, tuple[str, ...]] = {}
    changes = [agreement(match, remote) or _change(match, frame, failures) for match in matches]
    changes += _deletes(everyone, remote, frame)
    changes.sort(key=lambda change: (change.key, change.id or ""))
    plan = Plan(
        run=frame.run,
        owner=frame.owner,
        provider=frame.provider,
        origin=frame.origin,
        changes=tuple(changes),
        unmanaged=len(remote.unowned) - _touched(everyone, remote.unowned),
        foreign=len(remote.foreign) - _touched(everyone, remote.foreign) + _former_left(everyone, remote),
        owned=len(remote.owned()),
        notes=notes,
    )
    guarded = refusals(plan, frame.limits, failures, declared=len(desired), chosen=len(chosen))
    return replace(plan, refusals=(*guarded, *incapable(plan, frame.abilities)))


def _deletes(matches: Sequence[Match], remote: Survey, frame: Frame) -> Iterator[Change]:
    """None where ownership cannot be written on the remote: what looks like a marker there is not ours."""
    if not frame.abilities.keeps_metadata:
        return iter(())
    return deletes(matches, remote, frame.selection, frame.canon)


def _matches(desired: Sequence[Desired], remote: Survey, frame: Frame) -> tuple[Match, ...]:
    if frame.abilities.keeps_metadata:
        return match_all(desired, remote, frame.selection)
    return match_pins(desired, remote)


def make_destroy_plan(remote: Survey, frame: Frame, protected: frozenset[str]) -> Plan:
    """The deletion of everything owned (or of the targets). ``protected`` are keys whose manifest says
    prevent_destroy; a recorded one protects as well."""
    planned = [
        replace(change, reason="", protected=change.protected or change.key in protected)
        for change in _deletes((), remote, frame)
    ]
    plan = Plan(
        frame.owner,
        frame.provider,
        frame.origin,
        tuple(planned),
        run=frame.run,
        unmanaged=len(remote.unowned),
        foreign=len(remote.foreign),
        owned=len(remote.owned()),
    )
    return replace(plan, refusals=refusals(plan, frame.limits, {}, declared=1, chosen=1))


def _change(match: Match, frame: Frame, failures: dict[str, tuple[str, ...]]) -> Change:
    desired = match.desired
    if match.undecided:
        return Change(
            Action.UNDECIDED,
            desired.key,
            None,
            reason=match.undecided,
            candidates=tuple(_candidate(seen) for seen in match.candidates),
            ways=match.ways,
            file=desired.file,
        )
    if match.seen is None:
        return _create(desired, frame)
    return _meet(desired, match.seen, frame, failures)


def _create(desired: Desired, frame: Frame) -> Change:
    body = {name: value for name, value in desired.fields.items() if value is not None}
    metadata = {key: text for key, text in desired.metadata.items() if text is not None}
    marker = _marker(desired, frame, _recorded(desired, frame.canon))
    return Change(
        Action.CREATE,
        desired.key,
        None,
        body=body,
        metadata={**metadata, MARKER_KEY: marker.encode()},
        after=whole(desired.fields, metadata),
        file=desired.file,
    )


def _recorded(desired: Desired, canon: Canon) -> Comparison:
    """What a create records: every managed field but the ignored ones."""
    ignored = desired.lifecycle.ignore_changes
    result = Comparison()
    for name, value in desired.fields.items():
        if name not in ignored:
            result.records[name] = Record(digest(name, canon.text(name, value)))
    for key, text in desired.metadata.items():
        name = f"metadata.{key}"
        if name not in ignored:
            result.metadata_records[key] = digest(name, canon.text(name, text))
    return result


def _meet(desired: Desired, seen: Seen, frame: Frame, failures: dict[str, tuple[str, ...]]) -> Change:
    """A manifest and the assistant it stands for: nothing, an update, or taking ownership."""
    known = seen.marker is not None and seen.marker.owner == frame.owner
    marked = frame.abilities.keeps_metadata
    adopting = marked and (seen.marker is None or not (known or _is_formerly(seen, frame)))
    base = seen if not adopting else Seen(seen.remote, None)
    policies = (frame.selection.on_drift, frame.selection.on_conflict)
    rules = Rules(
        frame.canon,
        *policies,
        clearing=frame.clearing,
        adopting=adopting,
        ignored=frame.abilities.ignored,
    )
    reason, previous = _ownership(desired, seen, adopting, known) if marked else ("", None)
    refuse_not_held(desired.fields, seen.remote.fields)
    unchanged = not reason and settled(desired, base, rules)
    result = Comparison() if unchanged else compare(desired, base, rules)
    if result.failures:
        failures[desired.key] = tuple(result.failures)
    writes = result.writes or adopting or bool(reason)
    action = Action.ADOPT if adopting else Action.UPDATE if writes else Action.NOOP
    before = whole(seen.remote.fields, foreign_metadata(seen))
    return Change(
        action,
        desired.key,
        seen.remote.id,
        fields=tuple(_renamed(item, desired) if previous else item for item in result.changes),
        reason=reason,
        previous_key=previous,
        body=result.send if writes else {},
        metadata=_union(seen, result, _marker(desired, frame, result)) if writes and marked else {},
        before=before,
        after=after(before, result) if writes else before,
        base=fingerprint(seen.remote, frame.canon) if writes else "",
        file=desired.file,
    )


def _is_formerly(seen: Seen, frame: Frame) -> bool:
    return seen.marker is not None and seen.marker.owner in frame.selection.formerly


def _ownership(desired: Desired, seen: Seen, adopting: bool, known: bool) -> tuple[str, str | None]:
    """Why the marker itself must be written, and the key before a rename."""
    if seen.marker is None:
        return ("adopt: it has no owner yet", None)
    if adopting:
        return (f"taken over from {seen.marker.owner}", None)
    if not known:
        return (f"moves here from {seen.marker.owner}", None)
    if seen.marker.key != desired.key:
        return (f"renamed from {seen.marker.key}", seen.marker.key)
    flags = (desired.lifecycle.prevent_destroy, desired.lifecycle.keep_on_remove)
    if (seen.marker.prevent_destroy, seen.marker.keep_on_remove) != flags:
        return ("its lifecycle is recorded anew", None)
    return ("", None)


def _renamed(change: FieldChange, desired: Desired) -> FieldChange:
    """A manifest without a name is named by its key: a new key is why the name changes."""
    by_key = change.field == "name" and change.cause is Cause.MANIFEST
    return replace(change, cause=Cause.RENAME) if by_key and change.after == desired.key else change


def _marker(desired: Desired, frame: Frame, result: Comparison) -> Marker:
    return Marker(
        owner=frame.owner,
        key=desired.key,
        run=frame.run,
        prevent_destroy=desired.lifecycle.prevent_destroy,
        keep_on_remove=desired.lifecycle.keep_on_remove,
        fields=result.records,
        metadata=metadata_records(result.metadata_records),
        metadata_stored=result.metadata_stored,
    )


def _union(seen: Seen, result: Comparison, marker: Marker) -> dict[str, str | None]:
    """Foreign entries as they are, managed ones as intended, and our marker: right whether the remote
    merges the map by key (OpenAI) or replaces it (self-hosted servers)."""
    return {**foreign_metadata(seen), **result.metadata, MARKER_KEY: marker.encode()}


def _candidate(seen: Seen) -> Candidate:
    owner = seen.marker.owner if seen.marker else ""
    return Candidate(seen.remote.id, seen.name, seen.remote.created_at, owner)


def _touched(matches: Sequence[Match], group: Sequence[Seen]) -> int:
    ids = {match.seen.remote.id for match in matches if match.seen is not None}
    ids |= {seen.remote.id for match in matches for seen in match.candidates}
    return sum(seen.remote.id in ids for seen in group)


def _former_left(matches: Sequence[Match], remote: Survey) -> int:
    """Assistants of an owner we take over that no manifest asks for: left to that owner."""
    ids = {match.seen.remote.id for match in matches if match.seen is not None}
    former = (seen for found in remote.ours.values() for seen in found if not remote.is_ours(seen))
    return sum(seen.remote.id not in ids for seen in former)
