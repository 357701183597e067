"""Assistants that are not ours but look like a manifest's: by key or by name."""

from __future__ import annotations

from assistctl.model.assistant import Desired

from .survey import Seen, Survey


class Strangers:
    """Assistants that are not ours, found by key and name; those that a pin took already are left out."""

    def __init__(self, remote: Survey, taken: frozenset[str]) -> None:
        self._foreign: dict[str, list[Seen]] = {}
        self._unowned: dict[str, list[Seen]] = {}
        for seen in remote.foreign:
            if seen.remote.id not in taken:
                _file(self._foreign, seen, seen.marker.key if seen.marker else "")
        for seen in remote.unowned:
            if seen.remote.id not in taken:
                _file(self._unowned, seen, seen.claim)

    def like(self, desired: Desired) -> tuple[list[Seen], list[Seen]]:
        """Another owner's with this key or name, and unowned ones with this name or an unreadable marker
        of this key; each oldest first."""
        labels = ("key " + desired.key, f"name {desired.fields.get('name') or ''}")
        return _found(self._foreign, labels), _found(self._unowned, labels)


def _file(shelf: dict[str, list[Seen]], seen: Seen, key: str) -> None:
    for label in ("key " + key if key else "", "name " + seen.name if seen.name else ""):
        if label:
            shelf.setdefault(label, []).append(seen)


def _found(shelf: dict[str, list[Seen]], labels: tuple[str, ...]) -> list[Seen]:
    found = {seen.remote.id: seen for label in labels for seen in shelf.get(label, ())}
    return sorted(found.values(), key=lambda seen: seen.age)
