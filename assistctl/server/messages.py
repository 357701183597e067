"""What goes in and out of the server's core, free of sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

SHOWN = 80
"""Characters of somebody's text that an error message repeats."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, decoded as far as HTTP goes."""

    method: str
    path: str
    """Percent-decoded, without the query: ``/assistants`` or ``/v1/assistants/asst_…``."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in any case."""
    body: bytes = b""


class Ending(Enum):
    """What becomes of the connection behind an answer."""

    USUAL = "usual"
    """It is kept, unless the answer was cut."""
    RESET = "reset"
    """It ends with a TCP reset."""
    RESET_NEXT = "reset next"
    """It is kept, and the next request on it is answered with a TCP reset."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``headers`` leaves out what the connection adds: date, length, connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: int | None = None
    """After how many bytes on the wire (status line and headers count) the connection is closed; a negative
    number counts from the end, None sends everything. The core never sets it: it is there for faults in
    rehearsals."""
    ending: Ending = Ending.USUAL
    """Also for faults in rehearsals."""


Handler: TypeAlias = Callable[[Request], Answer]
"""The seam: moods and faults are functions that wrap one handler in another."""

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}


class Refused(Exception):
    """The request is answered with an error body.

    ``param`` is the path of the field (``tools[0].function.name``), ``code`` the documented code;
    both null where OpenAI's answers have null, as for an unknown id (404).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.headers = headers or {}

    def answer(self) -> Answer:
        """The answer with OpenAI's error body."""
        return error_answer(self.status, self.message, param=self.param, code=self.code, headers=self.headers)


def error_answer(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """``{error: {message, type, param, code}}``: OpenAI's OpenAPI description, ErrorResponse."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Answer(status, {**JSON_HEADERS, **(headers or {})}, json.dumps({"error": error}).encode("ascii"))


def clip(text: str) -> str:
    """Somebody's text, short enough to be repeated in a message."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
