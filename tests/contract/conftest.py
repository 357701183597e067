"""A running embedded server for contract tests, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.store import Store


@contextmanager
def _running_server(db: str | Path | None = None, key: str | None = None) -> Iterator[str]:
    with Store(":memory:" if db is None else db) as store, running(App(store, key=key).handle) as url:
        yield url


@pytest.fixture
def running_server() -> Callable[..., AbstractContextManager[str]]:
    """``with running_server(db=None, key=None) as url``; without ``db`` it lives in memory."""
    return _running_server
