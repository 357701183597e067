"""``list``, ``show`` and ``ids``: what stands on the remote, and whose it is.

Where the remote keeps no metadata, the ``id:`` pins of the manifests say what is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assistctl.engine.survey import Seen, Survey
from assistctl.errors import DecisionNeeded, UsageFault
from assistctl.model.listing import Holder, Listed
from assistctl.settings import Settings

from .ports import Ports
from .remote import gather
from .session import open_session


def list_remote(settings: Settings, ports: Ports) -> tuple[Listed, ...]:
    """Every assistant of the remote: ours first, then others', then unmanaged; each by key and age."""
    with open_session(settings, ports) as session:
        found = gather(session.link.provider, settings.owner)
    pins = _pins(settings)
    items = [_listed(seen, found, settings, pins) for seen in found.by_id.values()]
    order = list(Holder)
    return tuple(
        sorted(items, key=lambda i: (order.index(i.holder), i.key, i.remote.created_at, i.remote.id))
    )


def ids(settings: Settings, ports: Ports) -> dict[str, str]:
    """Key to remote id for everything owned, by key. Raises DecisionNeeded where a key has twins, or where
    a pin names what the remote does not have."""
    with open_session(settings, ports) as session:
        found = gather(session.link.provider, settings.owner)
    pins = _pins(settings)
    return _owned_ids(found) if pins is None else _pinned_ids(found, pins)


def _owned_ids(remote: Survey) -> dict[str, str]:
    found: dict[str, str] = {}
    for seen in remote.owned():
        key = seen.marker.key if seen.marker else ""
        if key in found:
            raise DecisionNeeded(
                f"two assistants carry the marker of {key}: {found[key]} and {seen.remote.id}",
                undone="no id was printed: a program must not guess between twins",
                next="assistctl plan",
            )
        found[key] = seen.remote.id
    return found


def _pinned_ids(remote: Survey, pins: Mapping[str, str]) -> dict[str, str]:
    missing = sorted(f"{pins[pin]} ({pin})" for pin in pins if pin not in remote.by_id)
    if missing:
        raise DecisionNeeded(
            f"the remote does not have what these manifests are pinned to: {', '.join(missing)}",
            undone="no id was printed",
            next="assistctl plan",
        )
    return {key: pin for pin, key in sorted(pins.items(), key=lambda item: item[1])}


def show(settings: Settings, key_or_id: str, ports: Ports, *, everything: bool) -> Listed:
    """One remote assistant: the fields that its manifest manages, or ``everything`` the remote holds.

    An assistant that nobody manages is always shown whole. Raises UsageFault where there is none.
    """
    pins = _pins(settings)
    with open_session(settings, ports) as session:
        provider = session.link.provider
        found = gather(provider, settings.owner)
        seen = _find(found, _pin_of(key_or_id, pins))
        remote = provider.get(seen.remote.id) or seen.remote
    if seen.marker is not None and pins is None and not everything:
        managed = {name: value for name, value in remote.fields.items() if name in seen.marker.fields}
        remote = replace(remote, fields=managed)
    return replace(_listed(seen, found, settings, pins), remote=remote)


def _pins(settings: Settings) -> Mapping[str, str] | None:
    """Remote id to key by the manifests; None where markers on the assistants tell."""
    from assistctl.manifest.writing.declared import declared

    if settings.profile.keeps_metadata:
        return None
    return declared(settings.project, settings.environment).pinned


def _pin_of(key_or_id: str, pins: Mapping[str, str] | None) -> str:
    return next((pin for pin, key in (pins or {}).items() if key == key_or_id), key_or_id)


def _find(found: Survey, key_or_id: str) -> Seen:
    ours = [seen for seen in found.ours.get(key_or_id, []) if found.is_ours(seen)]
    seen = ours[0] if len(ours) == 1 else found.by_id.get(key_or_id)
    if seen is not None:
        return seen
    if ours:
        twins = ", ".join(item.remote.id for item in ours)
        raise UsageFault(
            f"{len(ours)} assistants carry the marker of {key_or_id}: {twins}", next="name one id"
        )
    raise UsageFault(f"the remote has no owned key and no id {key_or_id!r}", next="assistctl list")


def _listed(seen: Seen, found: Survey, settings: Settings, pins: Mapping[str, str] | None) -> Listed:
    if pins is not None:
        key = pins.get(seen.remote.id)
        return Listed(seen.remote, Holder.OURS, key, settings.owner) if key else _unmanaged(seen)
    if seen.marker is None:
        return _unmanaged(seen)
    holder = Holder.OURS if found.is_ours(seen) else Holder.OTHER
    return Listed(seen.remote, holder, seen.marker.key, seen.marker.owner)


def _unmanaged(seen: Seen) -> Listed:
    return Listed(seen.remote, Holder.UNMANAGED)
