"""A total deadline for everything that one request does on its socket.

An HTTP client's own timeouts hold for one read each: a server that sends a byte now and then would keep
a request alive for ever, in the headers as well as in the body.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import httpcore

from assistctl.model.clock import Clock

_SHORTEST = 0.001
_WRITE_BYTES = 65_536
_READ_BYTES = 1 << 18
"""Taken from the socket at once, where so much is there. The library asks for a quarter of it; each call
gives other threads a turn, and a page of the list that takes four turns, not seventeen, is there sooner."""


class Deadline(threading.local):
    """When the request of the current thread must be over, by the clock it was made with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = float("inf")

    def start(self, seconds: float) -> None:
        """Begins a request that may take ``seconds`` in all."""
        self._at = self._clock.now() + seconds

    def left(self) -> float:
        """Seconds left; zero or less when it is over."""
        return self._at - self._clock.now()

    def cap(self, timeout: float | None) -> float:
        """The time one socket call may take; never 0, which would mean "do not block"."""
        left = max(_SHORTEST, min(self.left(), threading.TIMEOUT_MAX))
        return left if timeout is None else min(timeout, left)


class Connections:
    """Every open connection of one client, so that all can be cut from another thread."""

    def __init__(self) -> None:
        self._open: WeakSet[httpcore.NetworkStream] = WeakSet()
        self._lock = threading.Lock()
        self._cut = False

    def add(self, stream: httpcore.NetworkStream) -> None:
        """A new one. Raises ``httpcore.ConnectError`` once all have been cut: nothing was sent on it."""
        with self._lock:
            self._open.add(stream)
            cut = self._cut
        if cut:
            stream.close()
            raise httpcore.ConnectError("the run was stopped")

    def cut(self) -> None:
        """Ends every read and write under way at once; none is opened any more."""
        with self._lock:
            self._cut, streams = True, list(self._open)
        for stream in streams:
            inner = stream.get_extra_info("socket")
            if isinstance(inner, socket.socket):
                with suppress(OSError):
                    # The plain socket's own method: that of a TLS socket would wait for the lock of the read.
                    socket.socket.shutdown(inner, socket.SHUT_RDWR)


class BoundedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline of the thread that uses it.

    The library may hand one out that another thread is closing: after a 5xx, or because it was idle too
    long. A request whose first byte is still to come moves on to another connection then.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline, connections: Connections) -> None:
        connections.add(inner)
        self._inner = inner
        self._deadline = deadline
        self._connections = connections
        self._closed = False
        self._asking = False
        """Whether something was written since the last read."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._asking = False
        if self._deadline.left() <= 0:
            raise httpcore.ReadTimeout("the time for this request is over")
        return self._inner.read(max(max_bytes, _READ_BYTES), self._deadline.cap(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._closed and not self._asking:
            raise httpcore.ConnectionNotAvailable
        self._asking = True
        for start in range(0, len(buffer), _WRITE_BYTES):
            if self._deadline.left() <= 0:
                raise httpcore.WriteTimeout("the time for this request is over")
            self._inner.write(buffer[start : start + _WRITE_BYTES], self._deadline.cap(timeout))

    def close(self) -> None:
        self._closed = True
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        tls = self._inner.start_tls(ssl_context, server_hostname, self._deadline.cap(timeout))
        return BoundedStream(tls, self._deadline, self._connections)

    def get_extra_info(self, info: str) -> Any:  # the base class's own signature
        return self._inner.get_extra_info(info)


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that know the deadline and can be cut."""

    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline, connections: Connections) -> None:
        self._inner = inner
        self._deadline = deadline
        self._connections = connections

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        cap = self._deadline.cap(timeout)
        stream = self._inner.connect_tcp(host, port, cap, local_address, socket_options)
        return BoundedStream(stream, self._deadline, self._connections)
