"""The server's sockets: one thread per kept-alive connection, one ``sendall`` per answer.

It turns bytes into a ``Request`` and an ``Answer`` into bytes, and knows nothing of assistants.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

from .json_body import MAX_BODY, too_large
from .messages import Answer, Ending, Handler, Refused, Request, error_answer

IDLE_SECONDS = 75.0
"""After this long without a byte a connection is closed."""
DRAIN_SECONDS = 5.0
"""How long a stop waits for requests that are being answered."""
LINGER_SECONDS = 2.0
"""How long a refused body is read and thrown away, so that the sender gets to read the answer."""
_LINE = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: a close throws away what is unsent and resets the connection."""

_Accepted: TypeAlias = socket.socket | tuple[bytes, socket.socket]
"""A connection, in the words of the base class (the tuple is for datagrams)."""


class ConnectionServer(ThreadingHTTPServer):
    """Accepts connections, hands their requests to ``handle``. Raises ``OSError`` where it cannot listen."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handle: Handler, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.handle = handle
        self._state = threading.Condition()
        self._connections: set[_Accepted] = set()
        self._resetting: set[_Accepted] = set()
        self._answering = 0
        self._stopping = False
        super().__init__((host, port), _Connection)

    @property
    def url(self) -> str:
        """Where it listens, with the real port."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def server_bind(self) -> None:
        """Without the name lookup that the base class makes."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: _Accepted, client_address: object) -> None:
        """A new connection, in its own thread."""
        with self._state:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Accepted) -> None:
        """The usual end of a connection says goodbye first; a reset does not."""
        with self._state:
            resetting = request in self._resetting
        if resetting:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_request(self, request: _Accepted) -> None:
        """The end of a connection."""
        with self._state:
            self._connections.discard(request)
            self._resetting.discard(request)
        super().close_request(request)

    def reset(self, connection: socket.socket) -> None:
        """This connection ends with a TCP reset once its thread lets go of it."""
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        with self._state:
            self._resetting.add(connection)

    def handle_error(self, request: _Accepted, client_address: object) -> None:
        """A connection that broke is its client's affair; anything else is a bug and shows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @contextmanager
    def answering(self) -> Iterator[bool]:
        """Held from a read request to its sent answer; False once the server stops."""
        with self._state:
            accepted = not self._stopping
            self._answering += accepted
        try:
            yield accepted
        finally:
            with self._state:
                self._answering -= accepted
                self._state.notify_all()

    def stop(self) -> None:
        """Takes no more, lets running answers finish, closes every connection."""
        self.shutdown()
        with self._state:
            self._stopping = True
            self._state.wait_for(lambda: not self._answering, DRAIN_SECONDS)
            for connection in self._connections:
                _hang_up(connection)
        self.server_close()


def _hang_up(connection: _Accepted) -> None:
    with suppress(OSError):
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    server: ConnectionServer
    protocol_version = "HTTP/1.1"
    command = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    _doomed = False
    """The next request is answered with a reset."""

    def handle_one_request(self) -> None:
        """One request of the connection, or its end."""
        try:
            self.raw_requestline = self.rfile.readline(_LINE + 1)
            if not self.raw_requestline:
                self.close_connection = True
            elif len(self.raw_requestline) > _LINE:
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            elif self.parse_request():
                self._exchange()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Called by the base class for lines and headers that are not HTTP."""
        self.close_connection = True
        self._send(error_answer(int(code), message or explain or HTTPStatus(code).phrase))

    def log_message(self, *_: object) -> None:
        """Nothing is logged: what the program prints is the business of its command line."""

    def _exchange(self) -> None:
        try:
            request = self._request()
        except Refused as refused:
            self._refuse(refused.answer())
            return
        if self._doomed:
            self._reset()
            return
        with self.server.answering() as accepted:
            if request is not None and accepted:
                self._send(self.server.handle(request))
            else:
                self.close_connection = True

    def _request(self) -> Request | None:
        """The request with its whole body; None when the client left in the middle of it."""
        length = self._length()
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            return None
        path, _, query = self.path.partition("?")
        headers = {name.lower(): str(value) for name, value in self.headers.items()}
        return Request(
            self.command, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, body
        )

    def _length(self) -> int:
        if "transfer-encoding" in self.headers:
            raise Refused("Transfer-Encoding is not supported: send a Content-Length.", status=411)
        lengths = set(self.headers.get_all("content-length", []))
        if not lengths:
            if self.command in {"POST", "PUT", "PATCH"}:
                raise Refused("A Content-Length is required.", status=411)
            return 0
        found = lengths.pop()
        if lengths or not (found.isascii() and found.isdigit()):
            raise Refused("The Content-Length is not a number.")
        if len(found) > len(str(MAX_BODY)) or int(found) > MAX_BODY:
            raise too_large()
        return int(found)

    def _refuse(self, answer: Answer) -> None:
        """Answers without having read the body, which ends the connection."""
        self.close_connection = True
        self._send(answer)
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            until = time.monotonic() + LINGER_SECONDS
            while time.monotonic() < until and self.connection.recv(_LINE):
                pass

    def _send(self, answer: Answer) -> None:
        data = encode(answer, close=self.close_connection, with_body=self.command != "HEAD")
        self.connection.sendall(data[: answer.cut])
        self._doomed = answer.ending is Ending.RESET_NEXT
        if answer.ending is Ending.RESET:
            self._reset()
        elif answer.cut is not None:
            self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        self.server.reset(self.connection)


def encode(answer: Answer, *, close: bool, with_body: bool = True) -> bytes:
    """An answer as HTTP/1.1 bytes, with the real date and its length."""
    lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}", f"date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in _head(answer, close).items()]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head + answer.body if with_body else head


def _head(answer: Answer, close: bool) -> Mapping[str, str]:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    return {**headers, "connection": "close"} if close else headers


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
