"""One app over a store in memory, and a caller that speaks JSON to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store


@dataclass(frozen=True)
class Caller:
    """Sends one request; answers (status, decoded body)."""

    app: App

    def __call__(
        self, method: str, path: str = "/assistants", body: Any = None, /, **query: Any
    ) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        words = {name: str(value) for name, value in query.items()}
        answer = self.app.handle(Request(method, path, words, {}, raw))
        return answer.status, json.loads(answer.body)

    def create(self, **fields: Any) -> Any:
        status, assistant = self("POST", "/assistants", {"model": "gpt-4o", **fields})
        assert status == 200, assistant
        return assistant

    def modify(self, assistant_id: str, **fields: Any) -> Any:
        status, assistant = self("POST", f"/assistants/{assistant_id}", fields)
        assert status == 200, assistant
        return assistant

    def error(
        self, method: str, path: str = "/assistants", body: Any = None, /, **query: Any
    ) -> tuple[Any, ...]:
        """(status, code, param) of a refused request; checks the shape of the body."""
        status, answer = self(method, path, body, **query)
        assert list(answer) == ["error"], answer
        assert list(answer["error"]) == ["message", "type", "param", "code"]
        assert answer["error"]["message"]
        return status, answer["error"]["code"], answer["error"]["param"]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(":memory:") as opened:
        yield opened


@pytest.fixture
def call(store: Store) -> Caller:
    return Caller(App(store))
