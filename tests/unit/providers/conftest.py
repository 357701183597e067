"""Remotes to talk to: answers from a script, and raw sockets that misbehave on purpose."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from assistctl.model.clock import Clock
from assistctl.model.profile import Profile
from assistctl.providers.client import Client
from assistctl.providers.connect import connect
from assistctl.providers.sockets import Deadline
from assistctl.providers.transport import Transport
from assistctl.providers.urls import Urls
from assistctl.providers.wire import WireProvider

KEY = "sk-canary-0123456789"


class VirtualClock:
    """Sleeping takes no time; every wait is on record."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


class QuickClock:
    """Real time, except that waits between attempts take none."""

    now = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        pass


class CountingClock(QuickClock):
    """Time that stands still until ``begin``; from then on each look at it is a hundredth of a second later.

    What is bounded by it is bounded in steps, however long the machine takes for one.
    """

    def __init__(self) -> None:
        self.running = False
        self.looks = 0

    def begin(self) -> None:
        self.running = True

    def now(self) -> float:
        self.looks += self.running
        return self.looks / 100


@dataclass
class Script:
    """A remote that gives its answers in turn, the last one for ever."""

    answers: list[httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@dataclass
class Bench:
    """A provider under test with everything that it touched."""

    provider: WireProvider
    script: Script
    clock: VirtualClock
    notes: list[str]

    @property
    def sent(self) -> list[str]:
        return [request.method for request in self.script.requests]


def answer(status: int = 200, body: object = None, **headers: str) -> httpx.Response:
    """One scripted answer; ``body`` as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return httpx.Response(
        status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def assistant(remote_id: str = "asst_1", **fields: object) -> dict[str, object]:
    return {"id": remote_id, "object": "assistant", "created_at": 1, "model": "gpt-4o", **fields}


def page(*ids: str, more: bool | None = False) -> httpx.Response:
    body: dict[str, object] = {"object": "list", "data": [assistant(i) for i in ids]}
    if more is not None:
        body["has_more"] = more
    return answer(200, body)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """A provider whose remote answers from a script, on a virtual clock."""

    def make(*answers: object, profile: Profile | None = None, seconds: float | None = None) -> Bench:
        profile = profile or Profile("aimlapi", "https://api.aimlapi.com", api_key_env=("AIMLAPI_API_KEY",))
        script, clock, notes = Script(list(answers)), VirtualClock(), []  # type: ignore[arg-type, var-annotated]
        client = Client(httpx.MockTransport(script), Deadline(clock))
        transport = Transport(client, profile, KEY, clock=clock, notify=notes.append, seconds=seconds)
        urls = Urls(profile.base_url, profile.query)
        return Bench(WireProvider(transport, profile, urls, profile.base_url), script, clock, notes)

    return make


Behaviour = Callable[[socket.socket, bytes], None]


class RawServer:
    """Plays one behaviour per request; a behaviour that closes its socket ends that connection."""

    def __init__(self, behaviours: list[Behaviour]) -> None:
        self.behaviours = behaviours
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = [self._listener]
        self._closed = False
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._keep(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.append(connection)
            if self._closed:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while request := _read_request(connection):
                self.requests.append(request)
                behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                behaviour(connection, request)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while missing > 0 and (piece := connection.recv(missing)):
        data, missing = data + piece, missing - len(piece)
    return data


def raw(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> Behaviour:
    """Answers properly and keeps the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda connection, _: connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def reset(connection: socket.socket, _: bytes) -> None:
    """Cuts with a TCP reset, without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    """A server on loopback that plays the given behaviours."""
    servers: list[RawServer] = []

    def make(*behaviours: Behaviour) -> RawServer:
        servers.append(RawServer(list(behaviours)))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def over_socket() -> Iterator[Callable[..., WireProvider]]:
    """A provider over real sockets whose waits between attempts take no time."""
    opened: list[WireProvider] = []

    def make(url: str, seconds: float | None = None, clock: Clock | None = None) -> WireProvider:
        opened.append(
            connect(
                Profile("raw", url),
                url,
                KEY,
                clock=clock or QuickClock(),
                notify=lambda line: None,
                timeout_total=seconds,
            )
        )
        return opened[-1]

    yield make
    for provider in opened:
        provider.close()


@pytest.fixture
def wire() -> dict[str, Callable[..., object]]:
    """The builders above, for test modules (conftest modules are not imported)."""
    return {
        "answer": answer,
        "assistant": assistant,
        "page": page,
        "raw": raw,
        "reset": reset,
        "clock": CountingClock,
    }
