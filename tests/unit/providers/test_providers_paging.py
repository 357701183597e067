"""The walk over the list, over the whole stack but with scripted answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.errors import RemoteError, RemoteGone
from assistctl.model.assistant import Remote
from assistctl.model.profile import Profile
from assistctl.providers import paging
from assistctl.providers.message import AnswerTooLarge
from assistctl.providers.paging import Walk
from assistctl.providers.remotes import Page


def ids(provider: Any) -> list[str]:
    return [item.id for page in provider.pages() for item in page]


def queries(bench: Any) -> list[dict[str, str]]:
    return [dict(request.url.params) for request in bench.script.requests]


def test_the_walk_is_oldest_first_with_full_pages_and_the_last_id_as_cursor(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", "b", more=True), wire["page"]("c"))
    assert ids(run.provider) == ["a", "b", "c"]
    first, second = queries(run)
    assert first == {"limit": "100", "order": "asc"}
    assert second == {"limit": "100", "order": "asc", "after": "b"}


def test_l4_an_empty_page_ends_the_list_whatever_has_more_says(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", more=True), wire["page"](more=True))
    assert ids(run.provider) == ["a"]


def test_l4_where_has_more_is_missing_one_more_request_is_made(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", "b", more=None), wire["page"](more=None))
    assert ids(run.provider) == ["a", "b"]
    assert len(run.sent) == 2


def test_l4_where_has_more_is_missing_a_repeated_page_ends_the_list(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", "b", more=None))
    assert ids(run.provider) == ["a", "b"]
    assert len(run.sent) == 2


def test_l4_has_more_without_a_new_id_is_an_error(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", more=True))
    with pytest.raises(RemoteError, match="incomplete") as caught:
        ids(run.provider)
    assert caught.value.exit_code == 7


def test_l5_an_id_that_comes_twice_is_given_once(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", "a", "b", more=True), wire["page"]("b", "c"))
    assert ids(run.provider) == ["a", "b", "c"]


def test_l3_a_page_that_keeps_failing_fails_the_list(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", more=True), wire["answer"](500))
    with pytest.raises(RemoteError, match="500"):
        ids(run.provider)
    assert len(run.sent) == 1 + 5


def test_l3_a_page_that_fails_once_is_asked_again(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", more=True), wire["answer"](502), wire["page"]("b"))
    assert ids(run.provider) == ["a", "b"]


def test_l6_a_lost_cursor_restarts_the_walk_once(bench: Any, wire: Any) -> None:
    pages = [
        wire["page"]("a", "b", more=True),
        wire["answer"](404),
        wire["page"]("a", "c", more=True),
        wire["page"]("d"),
    ]
    assert ids(bench(*pages).provider) == ["a", "b", "c", "d"]


def test_l6_a_cursor_that_is_lost_twice_fails_the_list_and_does_not_mean_gone(bench: Any, wire: Any) -> None:
    more, lost = wire["page"]("a", more=True), wire["answer"](404)
    with pytest.raises(RemoteError, match="404") as caught:
        ids(bench(more, lost, more, lost).provider)
    assert caught.value.exit_code == 7


@pytest.mark.parametrize("status", [404, 410])
def test_l1_a_missing_collection_is_named_and_never_empty(bench: Any, wire: Any, status: int) -> None:
    with pytest.raises(RemoteGone, match="offers no assistants") as caught:
        ids(bench(wire["answer"](status, {"error": {"message": "gone"}})).provider)
    text = "\n".join(caught.value.lines())
    assert caught.value.exit_code == 9
    assert all(way in text for way in ("--provider local", "--base-url", "azure-foundry"))


def test_l9_a_page_of_html_is_one_clear_error(bench: Any, wire: Any) -> None:
    with pytest.raises(RemoteError, match="HTML") as caught:
        ids(bench(wire["answer"](200, b"<html>Sign in</html>")).provider)
    assert caught.value.exit_code == 7


def test_a_remote_without_paging_is_asked_once(bench: Any, wire: Any) -> None:
    run = bench(wire["page"]("a", more=None), profile=Profile("x", "https://h", paging="none"))
    assert ids(run.provider) == ["a"]
    assert queries(run) == [{"limit": "100", "order": "asc"}]


def test_a_remote_that_refuses_paging_gets_no_paging_parameter(bench: Any, wire: Any) -> None:
    profile = Profile("x", "https://h", paging="refused", query={"api-version": "1"})
    run = bench(wire["page"]("a"), profile=profile)
    assert ids(run.provider) == ["a"]
    assert queries(run) == [{"api-version": "1"}]


def test_a_remote_that_cannot_turn_pages_but_has_more_is_an_error(bench: Any, wire: Any) -> None:
    with pytest.raises(RemoteError, match="incomplete"):
        ids(bench(wire["page"]("a", more=True), profile=Profile("x", "https://h", paging="none")).provider)


def test_l11_a_page_that_is_too_large_is_asked_for_in_halves() -> None:
    asked: list[int] = []

    def fetch(query: Any) -> Page:
        asked.append(int(query["limit"]))
        if asked[-1] > 30:
            raise AnswerTooLarge("big")
        return Page((), has_more=False)

    assert list(Walk(fetch, "cursor").pages()) == []
    assert asked == [100, 50, 25]


def test_l11_one_assistant_that_is_too_large_is_an_error() -> None:
    def fetch(query: Any) -> Page:
        raise AnswerTooLarge("big")

    with pytest.raises(AnswerTooLarge) as caught:
        list(Walk(fetch, "cursor").pages())
    assert caught.value.exit_code == 7


def test_a_list_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_ASSISTANTS", 50)

    def fetch(query: Any) -> Page:
        number = int(query.get("after", "0")) + 1
        return Page((Remote(str(number), 0, {}, None),), has_more=True)

    with pytest.raises(RemoteError, match="does not end"):
        list(Walk(fetch, "cursor").pages())


@given(st.integers(0, 40), st.integers(1, 7), st.sampled_from(["true", "missing", "true on last"]))
def test_every_assistant_comes_exactly_once_however_the_server_says_more(
    total: int, cap: int, style: str
) -> None:
    def fetch(query: Any) -> Page:
        start = int(query["after"]) + 1 if "after" in query else 0
        items = tuple(Remote(str(n), 0, {}, None) for n in range(start, min(start + cap, total)))
        more = {"true": start + cap < total, "missing": None, "true on last": True}[style]
        return Page(items, more)

    given = [item.id for page in Walk(fetch, "cursor").pages() for item in page]
    assert given == [str(n) for n in range(total)]


_VALUES = st.none() | st.text(max_size=4) | st.integers() | st.just([{}]) | st.just({})
_ITEMS = st.dictionaries(st.sampled_from(["id", "name", "tools", "metadata", "created_at"]), _VALUES)
_PAGES = st.fixed_dictionaries(
    {"data": st.lists(_ITEMS, max_size=3)}, optional={"has_more": st.none() | st.booleans()}
)


@given(
    st.binary(max_size=120) | _PAGES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([200, 200, 201, 204, 299]),
)
def test_any_bytes_as_answer_give_assistants_or_a_remote_error(body: bytes, status: int) -> None:
    try:
        found = list(_provider_over(status, body).pages())
    except RemoteError as error:
        refused = error
    else:
        assert all(isinstance(item, Remote) for page in found for item in page)
        return
    assert refused.exit_code == 7
    assert len(refused.what) < 500


def _provider_over(status: int, body: bytes) -> Any:
    from assistctl.providers.client import Client
    from assistctl.providers.sockets import Deadline
    from assistctl.providers.transport import Transport
    from assistctl.providers.urls import Urls
    from assistctl.providers.wire import WireProvider

    class Still:
        def now(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None:
            pass

    client = Client(
        httpx.MockTransport(lambda request: httpx.Response(status, content=body)), Deadline(Still())
    )
    profile = Profile("x", "https://h")
    transport = Transport(client, profile, "sk-0123456789", clock=Still(), notify=lambda line: None)
    return WireProvider(transport, profile, Urls("https://h"), "https://h")
