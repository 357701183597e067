"""OpenAI's own Python client walks the embedded server's list, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Literal

import openai
import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.store import Store

pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")

ServerFactory = Callable[..., AbstractContextManager[str]]
Order = Literal["asc", "desc"]


@pytest.fixture(scope="module")
def listed() -> Iterator[tuple[openai.OpenAI, list[str]]]:
    """A client and the ids of 45 assistants of one second, oldest first."""
    with Store(":memory:") as store:
        app = App(store, clock=lambda: 1_700_000_000.0)
        with running(app.handle) as url, openai.OpenAI(api_key="any", base_url=url) as client:
            yield client, [client.beta.assistants.create(model="m").id for _ in range(45)]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [4, 15, 100])
def test_iterating_walks_every_page_once(
    listed: tuple[openai.OpenAI, list[str]], order: Order, limit: int
) -> None:
    client, ids = listed
    found = [item.id for item in client.beta.assistants.list(order=order, limit=limit)]
    assert found == (ids if order == "asc" else ids[::-1])


def test_the_default_page_is_the_newest_twenty(listed: tuple[openai.OpenAI, list[str]]) -> None:
    client, ids = listed
    page = client.beta.assistants.list()
    assert [item.id for item in page.data] == ids[::-1][:20]
    assert page.has_next_page()


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_before_walks_back_to_the_start(listed: tuple[openai.OpenAI, list[str]], order: Order) -> None:
    client, ids = listed
    expected = ids if order == "asc" else ids[::-1]
    found, more = [expected[-1]], True
    while more:
        page = client.beta.assistants.list(order=order, limit=10, before=found[0])
        found, more = [item.id for item in page.data] + found, bool(page.has_more)
    assert found == expected


def test_after_and_before_together_bound_an_iteration(listed: tuple[openai.OpenAI, list[str]]) -> None:
    client, ids = listed
    found = client.beta.assistants.list(order="asc", limit=3, after=ids[4], before=ids[20])
    assert [item.id for item in found] == ids[5:20]


def test_an_empty_list_ends_at_once(running_server: ServerFactory) -> None:
    with running_server() as url, openai.OpenAI(api_key="any", base_url=url) as client:
        page = client.beta.assistants.list()
        assert (page.data, page.has_next_page()) == ([], False)


def test_an_unknown_cursor_is_a_bad_request_error(listed: tuple[openai.OpenAI, list[str]]) -> None:
    client, _ = listed
    with pytest.raises(openai.BadRequestError) as caught:
        client.beta.assistants.list(after="asst_never")
    assert caught.value.param == "after"


def test_deleting_while_iterating_reaches_every_assistant(running_server: ServerFactory) -> None:
    with running_server() as url, openai.OpenAI(api_key="any", base_url=url) as client:
        ids = {client.beta.assistants.create(model="m").id for _ in range(25)}
        for item in client.beta.assistants.list(limit=4):
            assert client.beta.assistants.delete(item.id).deleted
            ids.remove(item.id)
        assert ids == set()
