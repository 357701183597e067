"""One reader for the many shapes of error bodies.

Seen on servers of this protocol: ``{"error": {"message", "type", "param", "code"}}`` (OpenAI's OpenAPI
description, ErrorResponse), ``{"error": "text"}``, a flat ``message`` (AIML API, DashScope), ``detail``
(FastAPI), plain text, HTML, nothing. ``type`` is never looked at: it labels rate limits as invalid requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assistctl.errors import RemoteError
from assistctl.model.values import Json

from .json_wire import decode, excerpt, looks_like_html
from .message import Answer

_VENDOR = re.compile(r"[1-5]\d\d (?=[{\[])")
"""How AIML hands on its vendor's error inside ``message``: status, space, the vendor's JSON as text."""
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id")
_MAX_UNWRAPPED = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What the remote says went wrong; every part may be empty. Unescaped: the sink does that."""

    message: str = ""
    """At most 200 characters."""
    code: str = ""
    param: str = ""
    request_id: str = ""


def read_fault(answer: Answer, scrub: Callable[[str], str]) -> Fault:
    """The error in ``answer``. ``scrub`` takes the key out of a text; it runs before anything is cut."""
    try:
        body = decode(answer.body)
    except RemoteError:
        fault = Fault(message=_plain_text(answer.body))
    else:
        fault = _from_json(body, _MAX_UNWRAPPED)
    header = next((answer.headers[h] for h in _REQUEST_ID_HEADERS if h in answer.headers), "")
    return Fault(
        message=excerpt(scrub(fault.message)),
        code=scrub(fault.code)[:64],
        param=scrub(fault.param)[:64],
        request_id=scrub(fault.request_id or header)[:100],
    )


def _from_json(body: Json, depth: int) -> Fault:
    if isinstance(body, str):
        return _unwrap(Fault(message=body), depth)
    if not isinstance(body, dict):
        return Fault()
    error = body.get("error")
    if isinstance(error, dict):
        return _unwrap(_flat(error, body), depth)
    text = error if isinstance(error, str) else _word(body, "message") or _detail(body.get("detail"))
    return _unwrap(_flat({**body, "message": text}, body), depth)


def _flat(error: Mapping[str, Json], body: Mapping[str, Json]) -> Fault:
    return Fault(
        message=_word(error, "message"),
        code=_word(error, "code"),
        param=_word(error, "param"),
        request_id=_word(body, "requestId") or _word(body, "request_id"),
    )


def _unwrap(fault: Fault, depth: int) -> Fault:
    match = _VENDOR.match(fault.message)
    if not match or not depth:
        return fault
    try:
        inner = _from_json(decode(fault.message[match.end() :].encode()), depth - 1)
    except RemoteError:
        return fault
    if not inner.message:
        return fault
    return Fault(
        inner.message,
        inner.code or fault.code,
        inner.param or fault.param,
        fault.request_id or inner.request_id,
    )


def _word(body: Mapping[str, Json], key: str) -> str:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # LiteLLM writes a missing value as the text "None".
    return "" if value == "None" else str(value)


def _detail(detail: Json) -> str:
    if isinstance(detail, str):
        return detail
    if not isinstance(detail, list):
        return ""
    problems = (_problem(entry) for entry in detail if isinstance(entry, dict))
    return "; ".join(problem for problem in problems if problem)


def _problem(entry: Mapping[str, Json]) -> str:
    place = entry.get("loc")
    path = ".".join(str(part) for part in place) if isinstance(place, list) else ""
    text = _word(entry, "msg")
    return f"{path}: {text}" if path and text else text or path


def _plain_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    if not looks_like_html(body):
        return text
    title = _TITLE.search(text[:4096])
    return f"an HTML page, {title[1].strip()!r}" if title else "an HTML page"
