"""Which manifest is which remote assistant: pin, then marker, then alias, then none.

Whatever is left open is *undecided*: it is shown, and apply writes nothing until somebody decides. The
alternatives would be twins, or touching what is not ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistctl.model.assistant import Desired
from assistctl.model.selection import Selection

from .resemblance import Orphans
from .strangers import Strangers
from .survey import Seen, Survey


@dataclass(frozen=True, slots=True)
class Match:
    """What one manifest meets on the remote.

    ``seen`` is the one it stands for, None for a create. ``undecided`` explains an open choice between
    ``candidates``; ``ways`` decide it. ``surplus`` are younger twins that ``--adopt-oldest`` removes.
    """

    desired: Desired
    seen: Seen | None = None
    undecided: str = ""
    candidates: tuple[Seen, ...] = ()
    ways: tuple[str, ...] = ()
    surplus: tuple[Seen, ...] = ()


def match_all(desired: Sequence[Desired], remote: Survey, selection: Selection) -> tuple[Match, ...]:
    """One match per manifest, in the order given. The order changes nothing else."""
    keys = frozenset(item.key for item in desired)
    first = [_match_owned(item, remote, selection, keys) for item in desired]
    taken = frozenset(m.seen.remote.id for m in first if m is not None and m.seen is not None)
    strangers = Strangers(remote, taken)
    claimed = keys.union(alias for item in desired for alias in item.aliases)
    leaving = [s for s in remote.owned() if s.remote.id not in taken and _key(s) not in claimed]
    orphans = Orphans([s for s in leaving if selection.delete and not (s.marker and s.marker.keep_on_remove)])
    return _without_clashes(
        [
            found if found is not None else _match_new(item, strangers, selection, orphans)
            for item, found in zip(desired, first, strict=True)
        ]
    )


def _without_clashes(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Two manifests that meet the same assistant are undecided, both."""
    users = Counter(match.seen.remote.id for match in matches if match.seen is not None)
    return tuple(
        _clash(match, match.seen) if match.seen is not None and users[match.seen.remote.id] > 1 else match
        for match in matches
    )


def _clash(match: Match, seen: Seen) -> Match:
    reason = f"several manifests stand for {seen.remote.id}: a pin must choose"
    ways = (f"id: {seen.remote.id}",)
    return Match(match.desired, undecided=reason, candidates=(seen, *match.surplus), ways=ways)


def _match_owned(
    desired: Desired, remote: Survey, selection: Selection, declared: frozenset[str]
) -> Match | None:
    if desired.pin is not None:
        return _match_pin(desired, desired.pin, remote, selection, declared)
    alive = [seen for key in (desired.key, *desired.aliases) for seen in remote.ours.get(key, ())]
    found = sorted([s for s in alive if remote.is_ours(s)] or alive, key=lambda seen: seen.age)
    if len(found) > 1:
        return _twins(desired, found, selection)
    return Match(desired, found[0]) if found else None


def _twins(desired: Desired, found: Sequence[Seen], selection: Selection) -> Match:
    if selection.adopt_oldest:
        return Match(desired, found[0], surplus=tuple(found[1:]))
    keys = {_key(seen) for seen in found}
    reason = (
        f"{len(found)} assistants carry the marker of this key"
        if len(keys) == 1
        else f"its key and an alias are both alive ({', '.join(sorted(keys))})"
    )
    ways = ("--adopt-oldest", *(f"id: {seen.remote.id}" for seen in found))
    return Match(desired, undecided=reason, candidates=tuple(found), ways=ways)


def _match_pin(
    desired: Desired, pin: str, remote: Survey, selection: Selection, declared: frozenset[str]
) -> Match:
    seen = remote.by_id.get(pin)
    if seen is None:
        reason = f"its id pin names {pin}, which this remote does not have"
        return Match(desired, undecided=reason, ways=("remove or correct the id: line",))
    if seen.marker is None:
        return _pin_leaves_twins(desired, seen, remote, selection)
    if seen.marker.owner == remote.owner or seen.marker.owner in remote.formerly:
        key = seen.marker.key
        if key != desired.key and key in declared:
            reason = f"its id pin names {pin}, which belongs to the manifest {key}"
            return Match(desired, undecided=reason, candidates=(seen,), ways=("correct the id: line",))
        return _pin_leaves_twins(desired, seen, remote, selection)
    if seen.marker.owner in selection.takeover:
        return Match(desired, seen)
    reason = f"its id pin names {pin}, which {seen.marker.owner} owns"
    return Match(desired, undecided=reason, candidates=(seen,), ways=(f"--takeover {seen.marker.owner}",))


def _pin_leaves_twins(desired: Desired, pinned: Seen, remote: Survey, selection: Selection) -> Match:
    """A pin says which one is meant; others that bear our marker for the key are still twins."""
    others = sorted(
        (
            seen
            for key in (desired.key, *desired.aliases)
            for seen in remote.ours.get(key, ())
            if seen.remote.id != pinned.remote.id and remote.is_ours(seen)
        ),
        key=lambda seen: seen.age,
    )
    if not others or selection.adopt_oldest:
        return Match(desired, pinned, surplus=tuple(others))
    ids = ", ".join(seen.remote.id for seen in others)
    reason = f"it is pinned to {pinned.remote.id}, but its marker is also on {ids}"
    ways = ("--adopt-oldest  (keeps the pinned one, deletes the others)", f"assistctl release {desired.key}")
    return Match(desired, undecided=reason, candidates=(pinned, *others), ways=ways[:1])


def _match_new(desired: Desired, strangers: Strangers, selection: Selection, orphans: Orphans) -> Match:
    foreign, unowned = strangers.like(desired)
    willing = [seen for seen in foreign if seen.marker and seen.marker.owner in selection.takeover]
    chosen = willing + (unowned if selection.adopts(desired.key) else [])
    if len(chosen) == 1 and len(foreign) + len(unowned) == 1:
        return Match(desired, chosen[0])
    if selection.create_anyway and not chosen:
        return Match(desired)
    if foreign or unowned:
        return _ask(desired, foreign, unowned)
    renamed = orphans.like(desired)
    return _ask_rename(desired, renamed) if renamed else Match(desired)


def _ask(desired: Desired, foreign: list[Seen], unowned: list[Seen]) -> Match:
    candidates = (*foreign, *unowned)
    if len(candidates) > 1:
        ways = tuple(f"id: {seen.remote.id}" for seen in candidates)
        reason = f"{len(candidates)} assistants that are not ours have its name or key: a pin must choose"
        return Match(desired, undecided=reason, candidates=candidates, ways=(*ways, "--create-anyway"))
    seen = candidates[0]
    if seen.marker is None:
        reason, way = "an unowned assistant has the same name", f"--adopt={desired.key}"
        if seen.claim == desired.key:
            reason = "its ownership marker cannot be read: cut, edited or of another version"
    else:
        reason = f"{seen.marker.owner} owns an assistant of the same name or key"
        way = f"--takeover {seen.marker.owner}"
    return Match(
        desired,
        undecided=reason,
        candidates=candidates,
        ways=(way, f"id: {seen.remote.id}", "--create-anyway"),
    )


def _ask_rename(desired: Desired, renamed: tuple[Seen, ...]) -> Match:
    if len(renamed) > 1:
        reason = f"it looks like {len(renamed)} assistants that have no manifest any more: a pin must choose"
        ways = tuple(f"id: {seen.remote.id}" for seen in renamed)
        return Match(desired, undecided=reason, candidates=renamed, ways=(*ways, "--create-anyway"))
    old = _key(renamed[0])
    reason = f"it looks like {old}, which has no manifest any more: renamed?"
    ways = (f"aliases: [{old}]", "--create-anyway")
    return Match(desired, undecided=reason, candidates=renamed, ways=ways)


def _key(seen: Seen) -> str:
    return seen.marker.key if seen.marker else ""
