"""Moods of refusing: other error bodies, other statuses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from assistctl.model.values import Json

from .json_body import encode
from .messages import Answer, Handler, Request, error_answer
from .mood_answers import Around

_SINGLE = 2
"""Parts of a path that names one assistant, ``/v1`` aside."""


def flat_errors(inner: Handler) -> Handler:
    """AIML API's documented error body: ``requestId``, ``statusCode``, ``timestamp``, ``path``,
    ``message``."""
    return _each_error(lambda answer, request: encode(_flat(answer, request, message_of(answer))))(inner)


def wrapped_errors(inner: Handler) -> Handler:
    """AIML API's body where the fault is its vendor's: the vendor's own body as text inside ``message``."""

    def body(answer: Answer, request: Request) -> bytes:
        vendor = answer.body.decode("utf-8", "replace")
        return encode(_flat(answer, request, f"{answer.status} {vendor}"))

    return _each_error(body)(inner)


def text_errors(inner: Handler) -> Handler:
    """Errors as plain text: the message, nothing else."""
    plain = {"content-type": "text/plain; charset=utf-8"}
    return _each_error(lambda answer, _: message_of(answer).encode("utf-8", "replace"), plain)(inner)


def empty_errors(inner: Handler) -> Handler:
    """Errors without a body."""
    return _each_error(lambda _answer, _request: b"")(inner)


def detail_errors(inner: Handler) -> Handler:
    """FastAPI's body: ``detail``, a list of problems with their places."""

    def body(answer: Answer, _request: Request) -> bytes:
        param = str(_error(answer).get("param") or "")
        return encode(
            {"detail": [{"loc": ["body", param], "msg": message_of(answer), "type": "value_error"}]}
        )

    return _each_error(body)(inner)


def word_errors(inner: Handler) -> Handler:
    """``{"error": "text"}``."""
    return _each_error(lambda answer, _: encode({"error": message_of(answer)}))(inner)


def none_errors(inner: Handler) -> Handler:
    """LiteLLM's body: OpenAI's shape with the text ``None`` for what is missing, the status as code."""

    def body(answer: Answer, _request: Request) -> bytes:
        words: dict[str, Json] = {"type": "None", "param": "None", "code": str(answer.status)}
        return encode({"error": {"message": message_of(answer), **words}})

    return _each_error(body)(inner)


def missing_500(inner: Handler) -> Handler:
    """500 instead of 404 for an assistant that is not there."""

    def handle(request: Request) -> Answer:
        answer = inner(request)
        return error_answer(500, "not found", kind="server_error") if is_missing(request, answer) else answer

    return handle


def is_missing(request: Request, answer: Answer) -> bool:
    """Whether this is a 404 about one assistant, not about a path."""
    parts = request.path.removeprefix("/v1").strip("/").split("/")
    return answer.status == 404 and len(parts) == _SINGLE and parts[0] == "assistants"


def message_of(answer: Answer) -> str:
    """What an error of the core, or of another mood, says; "" where its body says nothing."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer.body.decode("utf-8", "replace")
    found = body if isinstance(body, dict) else {}
    return str(_error(answer).get("message") or found.get("message") or "")


def _error(answer: Answer) -> Mapping[str, Json]:
    body = json.loads(answer.body)
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _flat(answer: Answer, request: Request, message: str) -> dict[str, Json]:
    return {
        "requestId": answer.headers.get("x-request-id", ""),
        "statusCode": answer.status,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "path": request.path,
        "message": message,
    }


def _each_error(body: Callable[[Answer, Request], bytes], headers: Mapping[str, str] | None = None) -> Around:
    """Another body for every answer that is an error."""

    def around(inner: Handler) -> Handler:
        def handle(request: Request) -> Answer:
            answer = inner(request)
            if answer.status < 400:
                return answer
            return replace(answer, headers={**answer.headers, **(headers or {})}, body=body(answer, request))

        return handle

    return around
