"""The sockets: HTTP/1.1 as clients meet it, with raw bytes where a client library is too polite."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from assistctl.errors import UsageFault
from assistctl.server import connections
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.json_body import MAX_BODY
from assistctl.server.messages import Answer, Request
from assistctl.server.store import Store

BODY = b'{"model":"m"}'
SERVE = """
import sys
from assistctl.server import connections
from assistctl.server.app import App
from assistctl.server.http import serve
from assistctl.server.store import Store

connections.DRAIN_SECONDS = 600.0
with Store(sys.argv[1]) as store:
    serve(App(store).handle, "127.0.0.1", 0, lambda url: print(url, flush=True))
print("returned", flush=True)
"""


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with running(App(store).handle) as address:
        yield address


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def exchange(url: str, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Sends bytes, then reads until the server closes; (status, headers, rest)."""
    with connected(url) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


def test_one_connection_carries_many_requests(url: str) -> None:
    connection = http.client.HTTPConnection(url[7:])
    connection.connect()
    first = connection.sock
    for number in range(20):
        connection.request("POST", "/v1/assistants", BODY)
        with connection.getresponse() as answer:
            assert (answer.status, answer.version) == (200, 11)
            made = json.loads(answer.read())
        connection.request("DELETE" if number % 2 else "GET", f"/assistants/{made['id']}")
        with connection.getresponse() as answer:
            assert answer.status == 200
            answer.read()
    assert connection.sock is first
    connection.close()


def test_an_answer_has_a_real_date_a_length_and_a_request_id(url: str) -> None:
    connection = http.client.HTTPConnection(url[7:])
    before = time.time()
    connection.request("GET", "/assistants")
    with connection.getresponse() as answer:
        headers = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
    connection.close()
    assert int(before) <= parsedate_to_datetime(headers["date"]).timestamp() <= time.time()
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"].startswith("req_")


def test_requests_sent_at_once_are_answered_in_order(url: str) -> None:
    one = b"GET /assistants?limit=%d HTTP/1.1\r\nHost: x\r\n%s\r\n"
    status, _, rest = exchange(url, one % (0, b"") + one % (1, b"Connection: close\r\n"))
    assert status == 400
    assert b"HTTP/1.1 200 OK" in rest


def test_path_and_query_are_percent_decoded(url: str) -> None:
    connection = http.client.HTTPConnection(url[7:])
    connection.request("GET", "/%61ssistants?limit=%31&order=a%73c&x=%FF")
    with connection.getresponse() as answer:
        assert answer.status == 200
        answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /assistants HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST /assistants HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411),
        (b"GET /assistants HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", 411),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: +1\r\n\r\n1", 400),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", 400),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"POST /assistants HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /assistants HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /assistants HTTP/9.9\r\n\r\n", 505),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_is_not_a_plain_request_is_refused_with_an_error_body_and_the_end(
    url: str, head: bytes, status: int
) -> None:
    found, headers, body = exchange(url, head)
    assert (found, headers["connection"]) == (status, "close")
    assert json.loads(body)["error"]["message"]


def test_a_refused_upload_still_gets_to_read_the_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LINGER_SECONDS", 60.0)
    length = MAX_BODY + 1_000_000
    status, _, body = exchange(
        url, b"POST /assistants HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    )
    assert (status, json.loads(body)["error"]["code"]) == (413, None)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_any_other_method_is_a_405(url: str, method: str) -> None:
    request = f"{method} /assistants HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    status, headers, _ = exchange(url, request.encode())
    assert (status, headers["allow"]) == (405, "GET, POST")


def test_the_answer_to_head_has_no_body(url: str) -> None:
    status, headers, body = exchange(url, b"HEAD /assistants HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (status, body) == (405, b"")
    assert int(headers["content-length"]) > 0


def test_an_http_1_0_client_gets_an_answer_and_the_end(url: str) -> None:
    status, headers, body = exchange(url, b"GET /assistants HTTP/1.0\r\n\r\n")
    assert (status, headers["connection"]) == (200, "close")
    assert json.loads(body)["data"] == []


def test_a_client_that_asks_to_continue_is_told_to(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(
            b"POST /assistants HTTP/1.1\r\nContent-Length: 13\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_leaves_in_the_middle_of_a_body_changes_nothing(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"POST /assistants HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + BODY)
    status, _, body = exchange(url, b"GET /assistants HTTP/1.0\r\n\r\n")
    assert (status, json.loads(body)["data"]) == (200, [])


def test_a_handler_around_the_app_may_change_or_cut_answers(store: Store) -> None:
    app = App(store)

    def moody(request: Request) -> Answer:
        if request.method == "DELETE":
            return Answer(429, {"retry-after": "2"}, b"")
        return replace(app.handle(request), cut=40 if request.method == "GET" else None)

    with running(moody) as url:
        status, headers, _ = exchange(url, b"DELETE /x HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (status, headers["retry-after"], headers["content-length"]) == (429, "2", "0")
        with connected(url) as connection, connection.makefile("rb") as received:
            connection.sendall(b"GET /assistants HTTP/1.1\r\n\r\n")
            answer = received.read()
        assert (answer[:16], len(answer)) == (b"HTTP/1.1 200 OK\r", 40)


def test_answers_are_not_held_back_for_the_next_packet(url: str) -> None:
    """Delayed acknowledgements alone would take 40 ms each, at any time; a busy machine has idle moments."""
    connection = http.client.HTTPConnection(url[7:])
    took: list[float] = []
    while len(took) < 50 and not any(seconds < 0.9 for seconds in took):
        started = time.perf_counter()
        for _ in range(25):
            connection.request("GET", "/assistants")
            with connection.getresponse() as answer:
                answer.read()
        took.append(time.perf_counter() - started)
    connection.close()
    assert min(took) < 0.9


def test_a_stop_finishes_the_answer_under_way_and_closes_idle_connections(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "DRAIN_SECONDS", 60.0)
    entered, release = threading.Event(), threading.Event()
    app = App(store)

    def slow(request: Request) -> Answer:
        entered.set()
        assert release.wait(60)
        return app.handle(request)

    with running(slow) as url:
        idle, busy = connected(url), connected(url)
        busy.sendall(b"GET /assistants HTTP/1.1\r\n\r\n")
        assert entered.wait(60)
        threading.Timer(0.05, release.set).start()
    assert busy.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert idle.recv(1000) == b""
    for connection in (idle, busy):
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        connected(url)


def test_a_taken_port_is_a_usage_fault_that_says_what_to_do(url: str) -> None:
    port = urlsplit(url).port
    assert port
    with (
        pytest.raises(UsageFault, match="cannot listen") as caught,
        running(lambda _: Answer(200, {}, b""), port=port),
    ):
        pass
    assert "--port" in caught.value.next


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_cannot_be_is_a_usage_fault(port: int) -> None:
    with pytest.raises(UsageFault), running(lambda _: Answer(200, {}, b""), port=port):
        pass


def test_an_ipv6_loopback_has_brackets_in_its_url(store: Store) -> None:
    with running(App(store).handle, "::1") as url:
        assert url.startswith("http://[::1]:")
        assert exchange(url, b"GET /assistants HTTP/1.0\r\n\r\n")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_returns_at_a_signal_with_everything_stored(tmp_path: Path, number: signal.Signals) -> None:
    db = str(tmp_path / "a.db")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, db], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = process.stdout.readline().strip()
    idle = connected(url)
    request = b"POST /assistants HTTP/1.1\r\nContent-Length: 13\r\nConnection: close\r\n\r\n" + BODY
    assert exchange(url, request)[0] == 200
    process.send_signal(number)
    output, problems = process.communicate(timeout=60)  # while the idle client does nothing
    idle.close()
    assert (output, problems, process.returncode) == ("returned\n", "", 0)
    with Store(db) as store:
        assert len(store.page(newest_first=True, limit=10).ids) == 1
