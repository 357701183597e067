"""Moods of being called: calls that are missing, other headers, ids that need not be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .app import COLLECTION, App
from .json_body import encode
from .messages import JSON_HEADERS, Answer, Handler, Refused, Request
from .mood_answers import Around
from .mood_errors import is_missing

if TYPE_CHECKING:
    from .store import Store

_KEY_HEADERS = frozenset({"api-key", "astra-api-token"})
_BETA = ("openai-beta", "assistants=v2")
_VERSION = "api-version"


def without(method: str) -> Around:
    """405 for ``method`` on one assistant."""

    def around(inner: Handler) -> Handler:
        def handle(request: Request) -> Answer:
            if request.method != method or request.path in COLLECTION:
                return inner(request)
            return Refused("Method Not Allowed", status=405).answer()

        return handle

    return around


def upserting(store: Store) -> Around:
    """A modify of an unknown id creates it, a delete of one succeeds (Astra Assistants)."""

    def around(inner: Handler) -> Handler:
        def handle(request: Request) -> Answer:
            answer = inner(request)
            if not is_missing(request, answer):
                return answer
            assistant_id = request.path.rpartition("/")[2]
            if request.method == "DELETE":
                return _deleted(assistant_id, True)
            if request.method != "POST":
                return answer
            return App(store, assistant_id=lambda: assistant_id).handle(replace(request, path=COLLECTION[0]))

        return handle

    return around


def denying(inner: Handler) -> Handler:
    """A delete of an unknown id answers 200 with ``deleted: false``."""

    def handle(request: Request) -> Answer:
        answer = inner(request)
        if request.method != "DELETE" or not is_missing(request, answer):
            return answer
        return _deleted(request.path.rpartition("/")[2], False)

    return handle


def other_delete_word(inner: Handler) -> Handler:
    """A delete answers with ``object: assistant``."""
    return _deletes(inner, lambda body: body.replace(b'"assistant.deleted"', b'"assistant"'), 200)


def deletes_unanswered(inner: Handler) -> Handler:
    """A delete answers 204, without a body."""
    return _deletes(inner, lambda _body: b"", 204)


def beta_tables(inner: Handler) -> Handler:
    """Requests without ``OpenAI-Beta: assistants=v2`` go to another table, which is empty."""

    def handle(request: Request) -> Answer:
        name, value = _BETA
        if _header(request, name) == value:
            return inner(request)
        if request.path in COLLECTION and request.method == "GET":
            return Answer(200, JSON_HEADERS, encode({"object": "list", "data": [], "has_more": False}))
        return Refused("No such assistant in version 1.", status=404).answer()

    return handle


def key_headers(inner: Handler) -> Handler:
    """The key is looked for in ``api-key`` or ``astra-api-token``, and nowhere else."""

    def handle(request: Request) -> Answer:
        key = next((v for n, v in request.headers.items() if n.lower() in _KEY_HEADERS), "")
        headers = {n: v for n, v in request.headers.items() if n.lower() != "authorization"}
        return inner(replace(request, headers={**headers, "authorization": f"Bearer {key}"}))

    return handle


def versions_asked(inner: Handler) -> Handler:
    """404 without an ``api-version`` in the query, as Azure's services answer."""

    def handle(request: Request) -> Answer:
        if _VERSION in request.query:
            return inner(request)
        return Refused("Resource not found", status=404, code="404").answer()

    return handle


def _deletes(inner: Handler, change: Callable[[bytes], bytes], status: int) -> Handler:
    def handle(request: Request) -> Answer:
        answer = inner(request)
        if request.method != "DELETE" or answer.status != 200:
            return answer
        return replace(answer, status=status, body=change(answer.body))

    return handle


def _deleted(assistant_id: str, deleted: bool) -> Answer:
    body = encode({"id": assistant_id, "object": "assistant.deleted", "deleted": deleted})
    return Answer(200, JSON_HEADERS, body)


def _header(request: Request, wanted: str) -> str:
    headers: Mapping[str, str] = request.headers
    return next((value for name, value in headers.items() if name.lower() == wanted), "")
