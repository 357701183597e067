"""A look at the list call, for ``doctor``: its shape, its pages, its items, its clock. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from assistctl.engine.probing import ListSeen
from assistctl.errors import RemoteError
from assistctl.model.assistant import Remote

if TYPE_CHECKING:
    from assistctl.providers.remotes import Page
    from assistctl.providers.wire import WireProvider

Paging: TypeAlias = Literal["cursor", "none", "refused"]
_REFUSING = frozenset({400, 404, 405, 422, 501})
"""Answers that say "not with these parameters"."""
_BROKEN = 500
"""From this status on a server says that it failed: a GET that does is as good as none."""


def look(provider: WireProvider, claimed: Paging, wall: Callable[[], float]) -> tuple[ListSeen, list[Remote]]:
    """What the list shows, and every assistant in it as far as it can be read.

    ``claimed`` is how the list is walked where nothing shows how it pages; ``wall`` gives Unix seconds.
    """
    first = _first_page(provider)
    there = provider.server_time
    skew = None if there is None else there - wall()
    paging = _turned(provider, first)
    everything, incomplete = walked(provider, paging or claimed, first.items)
    return (
        ListSeen(
            keys=first.keys,
            total=None if incomplete else len(everything),
            incomplete=incomplete,
            paging=paging,
            lacking=_lacking(provider, everything),
            skew=skew,
        ),
        everything,
    )


def _first_page(provider: WireProvider) -> Page:
    """One assistant; the list without parameters where it takes none."""
    try:
        return provider.page({"limit": "1", "order": "asc"})
    except RemoteError as error:
        if error.status not in (400, 422):
            raise
    return provider.page({})


def _turned(provider: WireProvider, first: Page) -> Paging | None:
    """What becomes of ``after``: what it names must not come again."""
    if not first.items:
        return None
    last = first.items[-1].id
    try:
        page = provider.page({"limit": "1", "order": "asc", "after": last})
    except RemoteError as error:
        if error.status in _REFUSING:
            return "refused"
        raise
    return "none" if any(item.id == last for item in page.items) else "cursor"


def walked(provider: WireProvider, paging: Paging, first: Sequence[Remote]) -> tuple[list[Remote], str]:
    """Everything that the walk brings (at least what came ``first``), and why it could not be ended; ""
    where it could."""
    from assistctl.providers.paging import Walk

    everything: list[Remote] = []
    try:
        for page in Walk(provider.page, paging).pages():
            everything += page
    except RemoteError as error:
        return everything or list(first), error.what
    return everything, ""


def _lacking(provider: WireProvider, everything: list[Remote]) -> frozenset[str] | None:
    """Fields that a GET of the first assistant has and its list item lacks."""
    if not everything:
        return None
    try:
        whole = provider.get(everything[0].id)
    except RemoteError as error:
        if error.status in _REFUSING or (error.status or 0) >= _BROKEN:
            return None
        raise
    return None if whole is None else frozenset(whole.fields.keys() - everything[0].fields.keys())
