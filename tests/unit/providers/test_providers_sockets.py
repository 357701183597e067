"""The client over real sockets that misbehave."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from typing import Any

import httpcore
import pytest

from assistctl.errors import NotApplied, NotStarted, OutcomeUnknown, RemoteError, UsageFault
from assistctl.model.profile import Profile
from assistctl.providers import client
from assistctl.providers.connect import connect
from assistctl.providers.message import Request
from assistctl.providers.sockets import BoundedStream, Connections, Deadline

ASSISTANT = b'{"id": "asst_1", "model": "gpt-4o"}'
BODY = {"model": "gpt-4o"}


class Clock:
    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


def test_c1_nobody_listening_is_not_applied(over_socket: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens: nobody else can either
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NotApplied, match="cannot be reached"):
            over_socket(url).create(BODY)


def test_c3_a_reset_after_the_request_arrived_is_unknown(
    raw_server: Any, over_socket: Any, wire: Any
) -> None:
    server = raw_server(wire["reset"])
    with pytest.raises(OutcomeUnknown, match="broke"):
        over_socket(server.url).create(BODY)
    assert len(server.requests) == 1


def test_c3_a_close_without_an_answer_is_unknown(raw_server: Any, over_socket: Any) -> None:
    server = raw_server(lambda connection, request: connection.close())
    with pytest.raises(OutcomeUnknown):
        over_socket(server.url).create(BODY)
    assert len(server.requests) == 1


def test_a_reset_is_survived_by_a_get(raw_server: Any, over_socket: Any, wire: Any) -> None:
    server = raw_server(wire["reset"], wire["reset"], wire["raw"](body=ASSISTANT))
    found = over_socket(server.url).get("asst_1")
    assert found is not None
    assert len(server.requests) == 3


def test_a_body_that_is_cut_off_leaves_a_create_unknown(raw_server: Any, over_socket: Any) -> None:
    def cut(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ASSISTANT)
        connection.close()

    with pytest.raises(OutcomeUnknown, match="broke"):
        over_socket(raw_server(cut).url).create(BODY)


def test_a_refusal_whose_text_is_cut_off_is_still_a_refusal(raw_server: Any, over_socket: Any) -> None:
    def cut(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 500\r\n\r\n{")
        connection.close()

    with pytest.raises(NotApplied, match="422"):
        over_socket(raw_server(cut).url).create(BODY)


@pytest.mark.parametrize("where", ["headers", "body"])
def test_g9_a_dribbling_answer_ends_at_the_total_deadline(
    raw_server: Any, over_socket: Any, wire: Any, where: str
) -> None:
    clock = wire["clock"]()

    def dribble(connection: socket.socket, request: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + (
            b"\r\n" if where == "body" else b"X-Slow: "
        )
        connection.sendall(head)
        clock.begin()
        while True:
            connection.sendall(b" ")
            time.sleep(0.001)

    with pytest.raises(OutcomeUnknown, match="in time"):
        over_socket(raw_server(dribble).url, seconds=10, clock=clock).create(BODY)
    assert clock.looks < 1_100


def test_l11_a_gzip_bomb_is_refused_within_bounded_memory(
    raw_server: Any, over_socket: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BODY", 2_000_000)
    bomb = gzip.compress(b"[" * 200_000_000, compresslevel=1, mtime=0)
    server = raw_server(wire["raw"](body=bomb, Content_Encoding="gzip"))
    provider = over_socket(server.url)
    tracemalloc.start()
    try:
        with pytest.raises(RemoteError, match="larger than"):
            list(provider.pages())
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(server.requests) == 7  # limit 100, 50, 25, 12, 6, 3, 1


def test_l11_an_endless_body_is_refused(
    raw_server: Any, over_socket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BODY", 1_000_000)

    def endless(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with pytest.raises(RemoteError, match="larger than"):
        over_socket(raw_server(endless).url).get("asst_1")
    with pytest.raises(OutcomeUnknown, match="larger than"):
        over_socket(raw_server(endless).url).create(BODY)


def test_an_answer_compressed_without_being_asked_is_still_read(
    raw_server: Any, over_socket: Any, wire: Any
) -> None:
    provider = over_socket(
        raw_server(wire["raw"](body=gzip.compress(ASSISTANT, mtime=0), Content_Encoding="gzip")).url
    )
    assert provider.create(BODY).id == "asst_1"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"x"), ("gzip", b"not gzip"), ("gzip", gzip.compress(ASSISTANT, mtime=0)[:-9])],
    ids=("unknown encoding", "no gzip", "cut gzip"),
)
def test_damaged_compression_leaves_a_create_unknown(
    raw_server: Any, over_socket: Any, wire: Any, encoding: str, body: bytes
) -> None:
    with pytest.raises(OutcomeUnknown):
        over_socket(raw_server(wire["raw"](body=body, Content_Encoding=encoding)).url).create(BODY)


def test_l9_html_with_status_200_is_one_clear_error(raw_server: Any, over_socket: Any, wire: Any) -> None:
    server = raw_server(wire["raw"](body=b"<html><title>Login</title>", Content_Type="text/html"))
    with pytest.raises(RemoteError, match="HTML") as caught:
        list(over_socket(server.url).pages())
    assert caught.value.exit_code == 7


def test_n8_a_redirect_is_not_followed(raw_server: Any, over_socket: Any, wire: Any) -> None:
    target = raw_server(wire["raw"](body=ASSISTANT))
    server = raw_server(wire["raw"]("307 Temporary Redirect", Location=target.url + "/assistants"))
    with pytest.raises(NotApplied, match="never followed"):
        over_socket(server.url).create(BODY)
    assert target.requests == []


def test_a_connection_is_reused_after_success_and_dropped_after_a_5xx(
    raw_server: Any, over_socket: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_KEEP_SECONDS", 600.0)
    good, bad = wire["raw"](body=ASSISTANT), wire["raw"]("500 Internal Server Error", b'{"error": "x"}')
    server = raw_server(good, good, bad, good)
    provider = over_socket(server.url)
    provider.get("asst_1")
    provider.get("asst_1")
    assert server.connections == 1
    assert provider.get("asst_1") is not None
    assert (len(server.requests), server.connections) == (4, 2)


def test_a_connection_that_idled_for_a_second_is_not_used_for_a_write(
    raw_server: Any, over_socket: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client._KEEP_SECONDS == 1.0
    monkeypatch.setattr(client, "_KEEP_SECONDS", 0.05)
    server = raw_server(wire["raw"](body=ASSISTANT))
    provider = over_socket(server.url)
    provider.get("asst_1")
    time.sleep(0.1)
    provider.create(BODY)
    assert server.connections == 2


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_write_that_gets_a_connection_which_another_thread_is_closing_goes_out_on_a_new_one(
    raw_server: Any, wire: Any, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    # So it looks to a thread that has looked just before the other one closed it.
    monkeypatch.setattr(httpcore.HTTPConnection, "has_expired", lambda _: False)
    server = raw_server(wire["raw"]("503 Busy"), wire["raw"](body=ASSISTANT))
    plain = client.network_client(server.url, Clock())
    assert plain.send(Request("GET", server.url + "/", {}), 60).status == 503
    body = b"{}" if method == "POST" else b""
    assert plain.send(Request(method, server.url + "/", {}, body), 60).status == 200
    plain.close()
    assert server.connections == 2
    assert [request.split()[0].decode() for request in server.requests] == ["GET", method]


def test_a_request_that_has_begun_is_never_sent_again_on_another_connection() -> None:
    stream = BoundedStream(httpcore.MockBackend([]).connect_tcp("host", 80), Deadline(Clock()), Connections())
    stream.write(b"DELETE /assistants/asst_1 HTTP/1.1\r\n\r\n")
    stream.close()
    stream.write(b"")  # the body of a deletion
    with pytest.raises(httpcore.ReadError):
        stream.read(1)
    with pytest.raises(httpcore.ConnectionNotAvailable):
        stream.write(b"DELETE")


def test_n7_a_server_that_speaks_no_tls_is_not_applied(over_socket: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def plain() -> None:
            for _ in range(5):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=plain, daemon=True)
        thread.start()
        with pytest.raises(NotApplied, match="cannot be reached"):
            over_socket(f"https://127.0.0.1:{listener.getsockname()[1]}").create(BODY)
        thread.join(60)


def test_proxies_are_not_used_for_loopback(
    raw_server: Any, over_socket: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = raw_server(wire["reset"])
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    assert over_socket(raw_server(wire["raw"](body=ASSISTANT)).url).create(BODY).id == "asst_1"
    assert proxy.connections == 0


def test_a_proxy_that_refuses_is_not_applied(
    raw_server: Any, over_socket: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    proxy = raw_server(wire["raw"]("403 Forbidden", b"no"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(NotApplied, match="cannot be reached"):
        over_socket("https://remote.invalid").create(BODY)
    assert proxy.requests[0].startswith(b"CONNECT remote.invalid:443")
    assert all(b"canary" not in request for request in proxy.requests)


def test_an_unusable_certificate_file_is_a_usage_fault(
    monkeypatch: pytest.MonkeyPatch, over_socket: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    with pytest.raises(UsageFault, match="environment"):
        over_socket("https://remote.invalid")


def test_a_handler_serves_inside_this_process() -> None:
    seen: list[tuple[object, ...]] = []

    def handler(
        method: str, path: str, query: Any, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        seen.append((method, path, dict(query), body, headers.get("authorization")))
        return 200, {"Content-Type": "application/json"}, b'{"data": []}' if method == "GET" else ASSISTANT

    provider = connect(
        Profile("local", auth="none"), "", None, clock=Clock(), notify=lambda line: None, handler=handler
    )
    assert list(provider.pages()) == []
    assert provider.create(BODY).id == "asst_1"
    assert provider.origin == "local"
    assert seen == [
        ("GET", "/assistants", {"limit": "100", "order": "asc"}, b"", None),
        ("POST", "/assistants", {}, b'{"model":"gpt-4o"}', None),
    ]


def test_n1_a_request_under_way_ends_at_once_when_it_is_abandoned(raw_server: Any, over_socket: Any) -> None:
    over = threading.Event()

    def never_answers(_connection: socket.socket, _request: bytes) -> None:
        threading.Timer(0.05, provider.abandon).start()
        over.wait()

    server = raw_server(never_answers)
    provider = over_socket(server.url)
    with pytest.raises(OutcomeUnknown):
        provider.create(BODY)
    over.set()
    with pytest.raises(NotStarted):
        provider.create(BODY)
    assert len(server.requests) == 1
