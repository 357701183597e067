"""The walk over the list: complete, or an error.

Why not simply "until has_more is false": servers of this protocol leave has_more out, say true and ignore
the cursor, say true on an empty page, or refuse cursors altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from assistctl.errors import RemoteError
from assistctl.model.assistant import Remote

from .message import AnswerTooLarge
from .remotes import Page

PAGE_SIZE = 100
"""The largest ``limit`` of the protocol (OpenAI's OpenAPI description, listAssistants)."""
MAX_ASSISTANTS = 200_000
"""A list that goes on beyond this is a server that invents ids."""
_CURSOR_LOST = frozenset({400, 404, 410, 422})
"""Answers to a cursor whose assistant was deleted during the walk."""

Fetch = Callable[[Mapping[str, str]], Page]
"""The query parameters of paging to one page."""


class Walk:
    """One walk, oldest first. ``paging`` says what the remote understands: ``cursor``; ``none`` (answers
    everything at once); ``refused`` (the same, and any paging parameter is an error)."""

    def __init__(
        self,
        fetch: Fetch,
        paging: Literal["cursor", "none", "refused"],
        get: Callable[[str], Remote | None] = lambda _id: None,
    ) -> None:
        self._fetch = fetch
        self._paging = paging
        self._get = get
        self._limit = PAGE_SIZE
        self._after: str | None = None
        self._walked: set[str] = set()
        self._given: dict[str, int] = {}
        self._may_restart = True

    def pages(self) -> Iterator[tuple[Remote, ...]]:
        """Every assistant once; one that changed between two appearances is given again, as a GET shows it.

        Raises ``RemoteError`` where the list may be incomplete.
        """
        while True:
            page = self._next_page()
            if page is None:
                continue
            progress = self._has_progress(page)
            fresh = self._fresh(page)
            if fresh:
                yield fresh
            if self._ends(page, progress):
                return

    def _next_page(self) -> Page | None:
        """None when the cursor was lost and the walk begins anew, which it does once."""
        try:
            return self._shrinking()
        except RemoteError as error:
            if self._after is None or not self._may_restart or error.status not in _CURSOR_LOST:
                raise
        self._may_restart, self._after = False, None
        self._walked.clear()
        return None

    def _shrinking(self) -> Page:
        while True:
            try:
                return self._fetch(self._query())
            except AnswerTooLarge:
                if self._limit == 1 or self._paging != "cursor":
                    raise
                self._limit //= 2

    def _query(self) -> dict[str, str]:
        if self._paging == "refused":
            return {}
        query = {"limit": str(self._limit), "order": "asc"}
        if self._after is not None:
            query["after"] = self._after
        return query

    def _has_progress(self, page: Page) -> bool:
        before = len(self._walked)
        self._walked.update(item.id for item in page.items)
        return len(self._walked) > before

    def _fresh(self, page: Page) -> tuple[Remote, ...]:
        fresh = {item.id: item for item in page.items if item.id not in self._given}
        for item in page.items:
            if item.id not in fresh and _state(item) != self._given[item.id]:
                now = self._get(item.id)
                fresh |= {} if now is None else {item.id: now}
        self._given.update((item.id, _state(item)) for item in fresh.values())
        if len(self._given) > MAX_ASSISTANTS:
            raise RemoteError(f"the list does not end: {MAX_ASSISTANTS:,} assistants came so far")
        return tuple(fresh.values())

    def _ends(self, page: Page, progress: bool) -> bool:
        if not page.items or page.has_more is False:
            return True
        if self._paging != "cursor":
            if page.has_more:
                raise RemoteError("the list is incomplete: the remote has more but cannot turn pages")
            return True
        if not progress:
            if page.has_more:
                raise RemoteError(
                    "the list is incomplete: has_more is true, but the page brought nothing new"
                )
            return True
        self._after = page.items[-1].id
        return False


def _state(remote: Remote) -> int:
    """Stands for everything in it: a number, since the walk would otherwise hold every prompt to its end."""
    metadata = None if remote.metadata is None else frozenset(remote.metadata.items())
    return hash((remote.created_at, frozenset(remote.fields.items()), metadata))
