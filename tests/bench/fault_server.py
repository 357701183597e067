"""A remote on raw sockets that fails on purpose and knows the truth.

The first part of a path names a world: ``/w3/assistants`` is the collection of the world ``w3``, each with
its own assistants, faults and history, so that one server serves thousands of short stories.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote

from assistctl.server.messages import Answer

from .fates import Fate, Reply
from .world import Exchange, World

_PIECE = 65_536
_LOOKS = 1_000
_HTML = b"<!DOCTYPE html><html><head><title>Please wait</title></head><body>Checking.</body></html>"


class FaultServer:
    """Serves worlds on loopback from threads of this process, until it is closed."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="fault-server", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, name: str, world: World) -> str:
        """The base URL of a new world."""
        self._worlds[name] = world
        return f"{self.url}/{name}"

    def drop(self, name: str) -> None:
        """Ends a world; what is still asked of it is answered with 404."""
        self._worlds.pop(name).close()

    def gone(self) -> Callable[[], bool]:
        """Whether everything is answered that was sent by clients which are gone by now."""
        with socket.create_connection(self._listener.getsockname()[:2]) as probe:
            # Connections are accepted in the order in which they were made.
            probe.sendall(b"GET /drain HTTP/1.1\r\n\r\n")
            probe.recv(_PIECE)
        theirs = frozenset(self._open)
        return lambda: theirs.isdisjoint(self._open)

    def drain(self) -> None:
        """Returns once everything that was sent by clients which have gone is answered."""
        answered = self.gone()
        while not answered():
            time.sleep(0.001)

    def close(self) -> None:
        for connection in (self._listener, *tuple(self._open)):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for world in self._worlds.values():
            world.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self._exchange(connection):
                    pass
        finally:
            self._open.discard(connection)

    def _exchange(self, connection: socket.socket) -> bool:
        """One request; False where the connection is at its end."""
        line = _request_line(connection)
        if line is None:
            return False
        method, target = line
        name, _, rest = target.lstrip("/").partition("/")
        world = self._worlds.get(name)
        if world is None:
            return _read_request(connection) is not None and _send(connection, Answer(404, {}, b"{}"))
        path, _, query = f"/{rest}".partition("?")
        exchange, fate = world.begin(method, unquote(path))
        return _play(connection, world, exchange, fate, query)


def _play(connection: socket.socket, world: World, exchange: Exchange, fate: Fate, query: str) -> bool:
    if fate.reply is Reply.RESET_UNREAD:
        return _reset(connection, exchange)
    body = _read_request(connection)
    if body is None:
        return False
    answer = world.carry_out(exchange, fate, dict(parse_qsl(query, keep_blank_values=True)), body)
    if fate.reply is Reply.RESET:
        return _reset(connection, exchange)
    exchange.ended = time.monotonic()
    return _send(connection, _answer(fate, answer), cut=fate.reply is Reply.CUT)


def _answer(fate: Fate, answer: Answer) -> Answer:
    if fate.reply is Reply.HTML:
        return Answer(200, {"content-type": "text/html"}, _HTML)
    if fate.reply is not Reply.STATUS:
        return answer
    headers = {"retry-after": fate.retry_after} if fate.retry_after else {}
    message = {"error": {"message": f"a fault on purpose: {fate.name}"}}
    return Answer(fate.status, headers, json.dumps(message).encode())


def _request_line(connection: socket.socket) -> tuple[str, str] | None:
    """Method and target of the next request, left unread; None at the end of the connection."""
    select.select([connection], [], [])
    for _ in range(_LOOKS):
        seen = connection.recv(_PIECE, socket.MSG_PEEK)
        line, end, _rest = seen.partition(b"\r\n")
        if end:
            method, target, _version = line.decode("latin-1").split(" ")
            return method, target
        if not seen:
            break
        time.sleep(0.001)  # half a line: the rest comes at once, or its sender was killed
    return None


def _read_request(connection: socket.socket) -> bytes | None:
    """The body; None where the client left in the middle of it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(_PIECE)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        piece = connection.recv(_PIECE)
        if not piece:
            return None
        body += piece
    return body


def _send(connection: socket.socket, answer: Answer, *, cut: bool = False) -> bool:
    phrase = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {phrase}", f"date: {formatdate(usegmt=True)}"]
    headers = {"content-type": "application/json", **answer.headers, "content-length": str(len(answer.body))}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    body = answer.body[: len(answer.body) // 2] if cut else answer.body
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    return not cut


def _reset(connection: socket.socket, exchange: Exchange) -> bool:
    """Cuts with a TCP reset."""
    exchange.ended = time.monotonic()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
