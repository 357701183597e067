"""One request, one answer, and the port through which they travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from assistctl.errors import NotApplied, RemoteError

Handler: TypeAlias = Callable[
    [str, str, Mapping[str, str], Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]
]
"""A server inside this process: (method, path, query, headers, body) to (status, headers, body)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    """Hold the key, so they never show in a ``repr``."""
    body: bytes = field(default=b"", repr=False)

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in ("GET", "DELETE")

    @property
    def where(self) -> str:
        """Method and address without the query, for messages."""
        return f"{self.method} {self.url.partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete HTTP answer, its body already decoded from any content encoding."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


class Unreachable(NotApplied):
    """No byte of the request reached the remote. ``again``: another attempt may get through."""

    def __init__(self, what: str, *, again: bool) -> None:
        super().__init__(what)
        self.again = again


class AnswerTooLarge(RemoteError):
    """The answer is larger than this program is willing to hold."""


class Sender(Protocol):
    """Carries one request to the remote and its answer back, once."""

    def send(self, request: Request, seconds: float) -> Answer:
        """The whole answer within ``seconds``, whatever its status.

        Raises ``Unreachable`` when nothing was sent, ``AnswerTooLarge``, and ``OutcomeUnknown`` for any
        other failure.
        """
        ...

    def abandon(self) -> None:
        """Cuts every connection in use, from any thread: the requests on them fail at once."""
        ...

    def close(self) -> None:
        """Closes all connections."""
        ...
