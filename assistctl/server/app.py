"""The server's core: one request in, one answer out.

Operations, fields and error bodies follow OpenAI's OpenAPI description (listAssistants,
createAssistant, getAssistant, modifyAssistant, deleteAssistant). Where it is silent:

- ``after`` and ``before`` may name a deleted assistant; an id that never was is a 400 with
  ``param: after``. Not a 404, which on the collection means that a remote has no assistants at all.
- ``before`` alone answers the page right before that id ("fetch the previous page of the list"),
  ``has_more`` then tells of still earlier ones. With both cursors the page starts after ``after``.
- Equal ``created_at`` are ordered by insertion.
- The ``OpenAI-Beta`` header is not asked for.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from assistctl.errors import DiskFault
from assistctl.model.values import Json

from .assistants import Received, as_sent, created, modified
from .json_body import MAX_BODY, decode_object, encode, too_large
from .messages import JSON_HEADERS, Answer, Refused, Request, clip, error_answer
from .paging import Wanted, wanted
from .validation import check_create, check_modify

if TYPE_CHECKING:
    from .store import Place, Store

COLLECTION = ("/assistants", "/v1/assistants")
"""The paths of the list and of creates."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN_LENGTH = 24


def random_token() -> str:
    """24 random letters and digits: what follows ``asst_`` and ``vs_``."""
    number = int.from_bytes(os.urandom(_TOKEN_LENGTH), "big")
    letters = []
    for _ in range(_TOKEN_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


class App:
    """The five operations on ``/assistants`` and ``/v1/assistants``.

    ``key`` is the bearer key that every request must carry, None for no check; ``clock`` gives Unix
    seconds; ``new_id`` gives what follows the prefix of a new id. Where other servers differ:
    ``assistant_id`` gives whole ids of assistants (``asst_`` and a ``new_id`` by default), ``received``
    says what is taken from a checked request. Safe to call from many threads.
    """

    def __init__(
        self,
        store: Store,
        *,
        key: str | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = random_token,
        assistant_id: Callable[[], str] | None = None,
        received: Received = as_sent,
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._new_id = new_id
        self._assistant_id = assistant_id or (lambda: f"asst_{new_id()}")
        self._received = received

    def handle(self, request: Request) -> Answer:
        """The answer to any request, with an ``x-request-id``; never raises.

        A failing disk is answered with 500 and a body of type ``server_error``.
        """
        try:
            answer = self._routed(request)
        except Refused as refused:
            answer = refused.answer()
        except DiskFault as fault:
            answer = error_answer(500, "; ".join(fault.lines()), kind="server_error")
        return Answer(
            answer.status, {**answer.headers, "x-request-id": f"req_{os.urandom(16).hex()}"}, answer.body
        )

    def respond(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """:meth:`handle` in plain types, for callers that know nothing of this package."""
        answer = self.handle(Request(method, path, query, headers, body))
        return answer.status, answer.headers, answer.body

    def _routed(self, request: Request) -> Answer:
        self._authorise(request.headers)
        if len(request.body) > MAX_BODY:
            raise too_large()
        if request.path in COLLECTION:
            return self._on_collection(request)
        folder, _, assistant_id = request.path.rpartition("/")
        if folder in COLLECTION and assistant_id:
            return self._on_assistant(request, assistant_id)
        raise Refused(f"Invalid URL ({clip(request.method)} {clip(request.path)})", status=404)

    def _on_collection(self, request: Request) -> Answer:
        if request.method == "GET":
            return self._list(wanted(request.query))
        if request.method == "POST":
            return self._create(decode_object(request.body))
        raise _not_allowed(request, "GET, POST")

    def _on_assistant(self, request: Request, assistant_id: str) -> Answer:
        if request.method == "GET":
            return self._retrieve(assistant_id)
        if request.method == "POST":
            return self._modify(assistant_id, decode_object(request.body))
        if request.method == "DELETE":
            return self._delete(assistant_id)
        raise _not_allowed(request, "GET, POST, DELETE")

    def _list(self, part: Wanted) -> Answer:
        page = self._store.page(
            newest_first=part.newest_first,
            limit=part.limit,
            after=self._cursor(part.after, "after"),
            before=self._cursor(part.before, "before"),
        )
        first, last = (page.ids[0], page.ids[-1]) if page.ids else (None, None)
        rest = encode({"first_id": first, "last_id": last, "has_more": page.has_more})
        return _ok(b'{"object":"list","data":[' + b",".join(page.bodies) + b"]," + rest[1:])

    def _cursor(self, assistant_id: str | None, param: str) -> Place | None:
        if assistant_id is None:
            return None
        place = self._store.place(assistant_id) if _ID.match(assistant_id) else None
        if place is None:
            raise Refused(
                f"Invalid '{param}': no assistant found with id '{clip(assistant_id)}'.",
                param=param,
                code="invalid_value",
            )
        return place

    def _create(self, body: dict[str, Json]) -> Answer:
        check_create(body)
        taken = self._received(None, body)
        assistant_id = self._assistant_id()
        with self._store.writing() as rows:
            now = int(self._clock())  # read while no other write runs, so that time and order agree
            text = created(assistant_id, now, taken, lambda: f"vs_{self._new_id()}")
            rows.insert(assistant_id, now, text)
        return _ok(text)

    def _retrieve(self, assistant_id: str) -> Answer:
        text = self._store.get(assistant_id) if _ID.match(assistant_id) else None
        if text is None:
            raise _not_found(assistant_id)
        return _ok(text)

    def _modify(self, assistant_id: str, body: dict[str, Json]) -> Answer:
        check_modify(body)
        if not _ID.match(assistant_id):
            raise _not_found(assistant_id)
        with self._store.writing() as rows:
            before = rows.get(assistant_id)
            if before is None:
                raise _not_found(assistant_id)
            after = modified(before, body, self._received)
            rows.replace(assistant_id, after)
        return _ok(after)

    def _delete(self, assistant_id: str) -> Answer:
        if not _ID.match(assistant_id):
            raise _not_found(assistant_id)
        with self._store.writing() as rows:
            if not rows.replace(assistant_id, None):
                raise _not_found(assistant_id)
        return _ok(encode({"id": assistant_id, "object": "assistant.deleted", "deleted": True}))

    def _authorise(self, headers: Mapping[str, str]) -> None:
        if self._key is None:
            return
        from hmac import compare_digest  # loads OpenSSL, which only a server with a key needs

        given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("You didn't provide an API key: send 'Authorization: Bearer KEY'.", None)
        if not compare_digest(token.strip().encode("utf-8", "surrogatepass"), self._key.encode("utf-8")):
            raise _unauthorised("Incorrect API key provided.", "invalid_api_key")


def _ok(body: bytes) -> Answer:
    return Answer(200, JSON_HEADERS, body)


def _not_found(assistant_id: str) -> Refused:
    return Refused(f"No assistant found with id '{clip(assistant_id)}'.", status=404)


def _not_allowed(request: Request, allowed: str) -> Refused:
    return Refused(
        f"Not allowed to {clip(request.method)} on {clip(request.path)}: use {allowed}.",
        status=405,
        code="method_not_supported",
        headers={"allow": allowed},
    )


def _unauthorised(message: str, code: str | None) -> Refused:
    return Refused(message, status=401, code=code, headers={"www-authenticate": "Bearer"})
