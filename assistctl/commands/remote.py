"""The remote as one complete survey, with the fields that a plan needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from assistctl.engine.match import match_all
from assistctl.engine.survey import Seen, Survey, survey
from assistctl.model.assistant import FIELDS, Desired, Remote
from assistctl.model.provider import Provider
from assistctl.model.selection import Selection

_ALL = frozenset(FIELDS)
_READERS = 8
"""GETs under way at once for items that the list answered without some fields."""


def gather(provider: Provider, owner: str, formerly: tuple[str, ...] = ()) -> Survey:
    """Walks the whole list. Raises where it cannot be trusted to be complete."""
    return survey((remote for page in provider.pages() for remote in page), owner, formerly)


def complete(found: Survey, desired: Sequence[Desired], selection: Selection, provider: Provider) -> Survey:
    """The same survey, with a GET for each assistant that a plan touches and the list answered in part.

    AIML API declares list items with eight fields only.
    """
    if all(seen.remote.fields.keys() >= _ALL for seen in found.by_id.values()):
        return found
    return _filled(found, _incomplete(found, desired, selection), provider)


def whole(found: Survey, ids: Iterable[str], provider: Provider) -> Survey:
    """The same survey, with a GET for each of ``ids`` that the list answered in part."""
    known = (found.by_id[remote_id] for remote_id in ids if remote_id in found.by_id)
    return _filled(found, sorted(seen.remote.id for seen in known if _lacks(seen, FIELDS)), provider)


def _filled(found: Survey, wanted: Sequence[str], provider: Provider) -> Survey:
    """Where the first GET brings nothing new, the fields are not to be had and no further GET is sent."""
    if not wanted:
        return found
    first = _read(provider, wanted[0])
    if first is None or first.fields.keys() <= found.by_id[wanted[0]].remote.fields.keys():
        return found if first is not None else _replaced(found, {wanted[0]: None})
    with ThreadPoolExecutor(_READERS) as pool:
        rest = pool.map(lambda remote_id: _read(provider, remote_id), wanted[1:])
        return _replaced(found, dict(zip(wanted, [first, *rest], strict=True)))


def _incomplete(found: Survey, desired: Sequence[Desired], selection: Selection) -> list[str]:
    """Ids whose list item lacks a field that a manifest or our record manages, sorted."""
    ids: set[str] = set()
    met: set[str] = set()
    for match in match_all(desired, found, selection):
        if match.seen is not None:
            met.add(match.seen.remote.id)
            if _lacks(match.seen, match.desired.fields.keys()):
                ids.add(match.seen.remote.id)
    ids |= {seen.remote.id for seen in found.owned() if seen.remote.id not in met and _lacks(seen, ())}
    return sorted(ids)


def _lacks(seen: Seen, names: Iterable[str]) -> bool:
    recorded = seen.marker.fields if seen.marker else {}
    return any(name not in seen.remote.fields for name in {*names, *recorded})


def _read(provider: Provider, remote_id: str) -> Remote | None:
    return provider.get(remote_id)


def _replaced(found: Survey, news: dict[str, Remote | None]) -> Survey:
    """A survey with some items exchanged; None for one that has vanished meanwhile."""
    remotes = [news.get(seen.remote.id, seen.remote) for seen in found.by_id.values()]
    made = survey((remote for remote in remotes if remote is not None), found.owner, found.formerly)
    made.settled = {remote_id: key for remote_id, key in found.settled.items() if remote_id not in news}
    return made
