"""What would be deleted: owned minus declared, and the younger of twins that were given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistctl.model.plan import Action, Change
from assistctl.model.selection import Selection

from .match import Match
from .metadata import foreign_metadata
from .normalize import Canon
from .states import whole
from .survey import Seen, Survey, fingerprint


def deletes(matches: Sequence[Match], remote: Survey, selection: Selection, canon: Canon) -> Iterator[Change]:
    """A deletion, or a no-op that says why it is kept, for everything owned that no manifest stands for.

    What an undecided manifest may still turn out to mean is left out.
    """
    met = {match.seen.remote.id for match in matches if match.seen is not None}
    met |= {seen.remote.id for match in matches for seen in match.candidates}
    asked = {key for match in matches if match.undecided for key in _keys(match)}
    surplus = {seen.remote.id: match for match in matches for seen in match.surplus}
    for seen in remote.owned():
        key = seen.marker.key if seen.marker else ""
        if seen.remote.id in met:
            continue
        if seen.remote.id in surplus:
            if selection.includes(surplus[seen.remote.id].desired.key):
                yield _delete(seen, key, "younger twin", "", selection, canon)
        elif key not in asked and selection.includes(key):
            keep = "kept: on_remove: keep" if seen.marker and seen.marker.keep_on_remove else ""
            yield _delete(seen, key, "no manifest declares it", keep, selection, canon)


def _keys(match: Match) -> tuple[str, ...]:
    return (match.desired.key, *match.desired.aliases)


def _delete(seen: Seen, key: str, reason: str, keep: str, selection: Selection, canon: Canon) -> Change:
    if not selection.delete:
        keep = "kept: --no-delete"
    before = whole(seen.remote.fields, foreign_metadata(seen))
    if keep:
        return Change(Action.NOOP, key, seen.remote.id, reason=keep, before=before, after=before)
    return Change(
        Action.DELETE,
        key,
        seen.remote.id,
        reason=reason,
        before=before,
        base=fingerprint(seen.remote, canon),
        protected=bool(seen.marker and seen.marker.prevent_destroy),
    )
