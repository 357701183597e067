"""Moods of listing: no pages, odd or refused cursors, and a list that lags behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from assistctl.model.values import Json

from .app import COLLECTION
from .checks import unknown
from .json_body import encode
from .messages import Answer, Handler, Request
from .paging import MAX_LIMIT

LAG = 3
"""Requests that pass before ``lagging-list`` shows what was created."""
_CURSORS = ("after", "before")
NEWEST = 20
"""Items that ``newest-twenty`` lists."""


def unpaged(inner: Handler) -> Handler:
    """The whole list in one answer, whatever limit and cursors say; ``order`` is obeyed."""

    def handle(request: Request) -> Answer:
        return _everything(inner, request) if _is_list(request) else inner(request)

    return handle


def cursors_refused(inner: Handler) -> Handler:
    """400 for ``after`` and ``before``; what is beyond the first page cannot be read."""

    def handle(request: Request) -> Answer:
        answer = inner(request)
        given = [name for name in _CURSORS if request.query.get(name)]
        if not given or not _is_list(request) or answer.status >= 400:
            return answer
        return replace(unknown(given[0]).answer(), headers=answer.headers)

    return handle


def newest_twenty(inner: Handler) -> Handler:
    """The newest twenty, whatever is asked for (LiteLLM's proxy); ``has_more`` tells the truth."""
    return _asked_for(inner, lambda _request: {"limit": str(NEWEST), "order": "desc"})


def newest_first(inner: Handler) -> Handler:
    """``order`` is ignored."""
    return _asked_for(inner, lambda request: {**request.query, "order": "desc"})


def cursors_ignored(inner: Handler) -> Handler:
    """``after`` and ``before`` are ignored, ``limit`` is not: every page is the first."""
    return _asked_for(inner, lambda request: _without_cursors(request.query))


def forgetting(inner: Handler) -> Handler:
    """An unknown or deleted id as cursor is none: the first page comes again."""

    def known(request: Request) -> dict[str, str]:
        cursors = {n: v for n, v in request.query.items() if n in _CURSORS and _one(inner, request, v)}
        return {**_without_cursors(request.query), **cursors}

    return _asked_for(inner, known)


def inclusive(inner: Handler) -> Handler:
    """A page begins with the assistant that ``after`` names: pages overlap by one."""

    def handle(request: Request) -> Answer:
        answer = inner(request)
        after = request.query.get("after")
        if not after or not _is_list(request) or answer.status >= 400:
            return answer
        first = _one(inner, request, after)
        page = json.loads(answer.body)
        items = [json.loads(first), *page["data"]] if first else page["data"]
        return replace(answer, body=_page(items, page["has_more"]))

    return handle


def lagging(inner: Handler) -> Handler:
    """A create shows in the list only once three further requests have passed; GET finds it at once."""
    lag = _Lag()

    def handle(request: Request) -> Answer:
        lag.count()
        if request.method == "POST" and request.path in COLLECTION:
            return lag.created(inner, request)
        return lag.listed(inner, request) if _is_list(request) else inner(request)

    return handle


class _Lag:
    """Who was created when, counted in requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = 0
        self._born: dict[str, int] = {}

    def count(self) -> None:
        with self._lock:
            self._requests += 1

    def created(self, inner: Handler, request: Request) -> Answer:
        with self._lock:  # a list that finds the new row also finds it noted here
            answer = inner(request)
            if answer.status < 400:
                self._born[json.loads(answer.body)["id"]] = self._requests
        return answer

    def listed(self, inner: Handler, request: Request) -> Answer:
        """The first page from there on that is not hidden as a whole."""
        answer = inner(request)
        if answer.status >= 400:
            return answer
        page = json.loads(answer.body)
        hidden = self._hidden()
        shown = [item for item in page["data"] if item["id"] not in hidden]
        if page["data"] and not shown and page["has_more"]:
            return self.listed(inner, _turned(request, page))
        return replace(answer, body=_page(shown, page["has_more"]))

    def _hidden(self) -> frozenset[str]:
        with self._lock:
            self._born = {found: born for found, born in self._born.items() if self._requests - born <= LAG}
            return frozenset(self._born)


def _is_list(request: Request) -> bool:
    return request.method == "GET" and request.path in COLLECTION


def _turned(request: Request, page: dict[str, Json]) -> Request:
    """The request for the page behind ``page``, in the direction of the walk."""
    backwards = request.query.get("before") and not request.query.get("after")
    cursor = {"before": str(page["first_id"])} if backwards else {"after": str(page["last_id"])}
    return replace(request, query={**request.query, **cursor})


def _asked_for(inner: Handler, change: Callable[[Request], Mapping[str, str]]) -> Handler:
    """The list, with another query than was asked for."""

    def handle(request: Request) -> Answer:
        return inner(replace(request, query=change(request)) if _is_list(request) else request)

    return handle


def _without_cursors(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in _CURSORS}


def _one(inner: Handler, request: Request, assistant_id: str) -> bytes:
    """One assistant, asked for with the key of ``request``; empty where there is none."""
    answer = inner(Request("GET", f"{COLLECTION[0]}/{assistant_id}", {}, request.headers))
    return answer.body if answer.status < 400 else b""


def _everything(inner: Handler, request: Request) -> Answer:
    query = _without_cursors(request.query)
    query["limit"] = str(MAX_LIMIT)
    items: list[Json] = []
    while True:
        answer = inner(replace(request, query=query))
        if answer.status >= 400:
            return answer
        page = json.loads(answer.body)
        items += page["data"]
        if not page["has_more"]:
            return replace(answer, body=_page(items, has_more=False))
        query["after"] = page["last_id"]


def _page(items: list[Json], has_more: bool) -> bytes:
    ids = [item["id"] for item in items if isinstance(item, dict)]
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    return encode({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more})
