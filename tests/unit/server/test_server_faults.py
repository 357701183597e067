"""Faults of rehearsals: what each does to a request, on the wire and to what is stored."""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from assistctl.errors import UsageFault
from assistctl.server.app import App
from assistctl.server.faults import KINDS, parse_kinds, parse_latency, with_faults, with_latency
from assistctl.server.http import running
from assistctl.server.messages import Answer, Handler, Request
from assistctl.server.store import Store

BODY = b'{"model": "m"}'
NEVER = ("429", "500", "500-reset", "503", "reset", "html")
ALWAYS = ("504", "lost", "truncated")


def ask(url: str, method: str = "POST", body: bytes | None = BODY) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, "/assistants", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def failing(kind: str, then: Handler) -> Handler:
    """The first request fails in this way, the others do not."""
    first = itertools.chain([with_faults(then, 1, [kind], 0)], itertools.repeat(then))
    return lambda request: next(first)(request)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_lets_a_create_take_effect_or_not_as_it_says(store: Store, kind: str) -> None:
    app = App(store)
    with running(failing(kind, app.handle)) as url:
        try:
            status, _ = ask(url)
        except (ConnectionError, http.client.HTTPException):
            status = 0
    made = len(json.loads(app.handle(Request("GET", "/assistants")).body)["data"])
    expected = {"429": 429, "500": 500, "500-reset": 500, "503": 503, "504": 504, "html": 200}
    assert (status, made) == (expected.get(kind, 0), int(kind in ALWAYS))
    assert set(KINDS) == {*NEVER, *ALWAYS}


def test_a_reset_is_a_reset_and_a_lost_answer_is_a_closed_connection(store: Store) -> None:
    app = App(store)
    with running(failing("reset", app.handle)) as url, pytest.raises(ConnectionResetError):
        ask(url)
    with running(failing("lost", app.handle)) as url, pytest.raises(http.client.RemoteDisconnected) as caught:
        ask(url)
    assert not isinstance(caught.value.__cause__, ConnectionResetError)


def test_a_truncated_answer_breaks_off_in_its_body(store: Store) -> None:
    with (
        running(failing("truncated", App(store).handle)) as url,
        pytest.raises(http.client.IncompleteRead) as caught,
    ):
        ask(url)
    assert caught.value.partial.startswith(b'{"id":')


def test_after_500_reset_the_same_connection_is_reset_and_a_new_one_is_not(store: Store) -> None:
    with running(failing("500-reset", App(store).handle)) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.request("POST", "/assistants", BODY)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("connection")) == (500, None)
        answer.read()
        connection.request("POST", "/assistants", BODY)
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
        connection.close()
        assert ask(url)[0] == 200


def test_one_seed_fails_the_same_requests_and_another_one_others() -> None:
    def run(seed: int) -> list[int]:
        handler = with_faults(lambda _: Answer(200, {}, b""), 0.3, ["429", "503"], seed)
        return [handler(Request("GET", "/assistants")).status for _ in range(400)]

    assert run(7) == run(7) != run(8)
    failed = sum(status != 200 for status in run(7))
    assert 90 < failed < 150
    assert set(run(7)) == {200, 429, 503}


@pytest.mark.parametrize(("rate", "status"), [(0, 200), (1, 503)])
def test_the_share_is_exact_at_both_ends(rate: float, status: int) -> None:
    handler = with_faults(lambda _: Answer(200, {}, b""), rate, ["503"], 1)
    assert {handler(Request("GET", "/")).status for _ in range(50)} == {status}


def test_an_answer_takes_its_latency_with_its_own_work_included() -> None:
    def slow(_request: Request) -> Answer:
        time.sleep(0.03)
        return Answer(200, {}, b"")

    begin = time.monotonic()
    with_latency(slow, 0.05, 0.05)(Request("GET", "/"))
    assert time.monotonic() - begin >= 0.05


@pytest.mark.parametrize(
    ("text", "seconds"), [("50", (0.05, 0.05)), ("50ms", (0.05, 0.05)), ("20-80", (0.02, 0.08))]
)
def test_a_latency_is_milliseconds_or_a_range_of_them(text: str, seconds: tuple[float, float]) -> None:
    assert parse_latency(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-5", "80-20", "1.5", "9999999", "5-"])
def test_any_other_latency_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageFault, match="--latency"):
        parse_latency(text)


def test_kinds_are_named_by_commas_and_all_of_them_without_names() -> None:
    assert parse_kinds("429, lost,429") == ("429", "lost")
    assert parse_kinds("") == tuple(KINDS)
    with pytest.raises(UsageFault) as caught:
        parse_kinds("429,laser")
    assert "laser" in caught.value.what
    assert all(name in caught.value.next for name in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_works_for_every_method(store: Store, kind: str) -> None:
    handler: Callable[[Request], Any] = with_faults(App(store).handle, 1, [kind], 0)
    for method in ("GET", "POST", "DELETE"):
        assert isinstance(handler(Request(method, "/assistants/asst_nobody", {}, {}, BODY)), Answer)
