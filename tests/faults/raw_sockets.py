"""A listener without any protocol of its own, for what no HTTP server would send."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

Behaviour = Callable[[socket.socket, bytes], None]
"""What a bare server does with a connection and the request that it read from it."""


@contextmanager
def bare_server(
    behaviour: Behaviour, context: ssl.SSLContext | None = None, most: int | None = None
) -> Iterator[str]:
    """A listener without any protocol of its own, for what no HTTP server would send.

    With TLS where a ``context`` is given; after ``most`` connections further ones are refused. The port stays
    taken until the end: nobody else can listen there meanwhile.
    """
    listener = socket.create_server(("127.0.0.1", 0), reuse_port=True)
    port = listener.getsockname()[1]
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    taken.bind(("127.0.0.1", port))
    threading.Thread(target=_accept, args=(listener, behaviour, context, most), daemon=True).start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://127.0.0.1:{port}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        taken.close()


def _accept(
    listener: socket.socket, behaviour: Behaviour, context: ssl.SSLContext | None, most: int | None
) -> None:
    with suppress(OSError):
        for number in count(1):
            connection, _ = listener.accept()
            if number == most:
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            threading.Thread(target=_serve, args=(connection, behaviour, context), daemon=True).start()


def _serve(plain: socket.socket, behaviour: Behaviour, context: ssl.SSLContext | None) -> None:
    plain.settimeout(20)
    with suppress(OSError), plain:
        connection = context.wrap_socket(plain, server_side=True) if context else plain
        with connection:
            while request := _one_request(connection):
                behaviour(connection, request)


def _one_request(connection: socket.socket) -> bytes:
    """Head and body, or the beginning of a TLS handshake; b"" at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        if data[:1] == b"\x16":
            return data
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while missing > 0:
        piece = connection.recv(missing)
        data, missing = data + piece, missing - len(piece)
    return data


def wire(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer as it goes over the wire, with its length."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"content-type": "application/json", "content-length": str(len(body)), **given}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
