"""The program's own HTTP client, talking bytes to a function: everything but the socket is real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpcore
import pytest

from assistctl.server.messages import Request

Serve = Callable[[Request], bytes]
"""A request to all bytes that come back before the connection ends."""


class Wire(httpcore.NetworkStream):
    """One connection, which ends after its first answer."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._asked = bytearray()
        self._answer: bytes | None = None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._asked += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._answer is None:
            self._answer = self._serve(request_in(bytes(self._asked)))
        piece, self._answer = self._answer[:max_bytes], self._answer[max_bytes:]
        return piece

    def close(self) -> None:
        self._answer = b""

    def get_extra_info(self, info: str) -> Any:
        return self._answer is not None if info == "is_readable" else None


def request_in(data: bytes) -> Request:
    """What the program sent."""
    head, _, body = data.partition(b"\r\n\r\n")
    method, target, _ = head.decode("ascii").split("\r\n")[0].split(" ")
    path, _, query = target.partition("?")
    return Request(method, path, dict(parse_qsl(query)), {}, body)


def lay(patch: pytest.MonkeyPatch, serve: Serve) -> None:
    """From now on every connection of this process ends in ``serve``."""

    def connect(_self: object, *_args: object, **_named: object) -> Wire:
        return Wire(serve)

    patch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
