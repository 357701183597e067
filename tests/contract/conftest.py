"""A running embedded server for contract tests, over real HTTP, and a fleet that is kept equal to it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Handler, Request, error_answer
from assistctl.server.moods import with_moods
from assistctl.server.store import Store
from tests.faults.skipping_clock import Clock

_TEAM = """\
key: support
name: First line of the support desk, for orders, returns, invoices and the rest
description: Answers first.
model: gpt-4o
instructions: "You are the first line.\\n  Answer in JSON.  \\n\\n"
tools:
  - type: code_interpreter
  - type: file_search
    file_search:
      max_num_results: 7
      ranking_options: {score_threshold: 0.5, ranker: auto}
  - type: function
    function:
      name: lookup
      description: Finds an order.
      strict: true
      parameters: {type: object, properties: {order: {type: string}}, required: [order]}
tool_resources:
  code_interpreter: {file_ids: [file-2, file-1]}
  file_search: {vector_store_ids: [vs_1]}
metadata: {team: support, tier: first}
temperature: 0.25
response_format:
  type: json_schema
  json_schema: {name: answer, strict: true, schema: {type: object, properties: {text: {type: string}}}}
---
key: judge
description: Weighs claims.
model: o3-mini
instructions: Weigh both sides.
reasoning_effort: low
response_format: {type: text}
metadata: {team: claims}
---
key: translator
model: gpt-4o-mini
instructions: Translate into German.
top_p: 0.5
tools: [{type: file_search}]
"""
_PROJECT = "project: moods\nprovider: {provider}\nmanifests: [assistants]\n"


@contextmanager
def _running_server(db: str | Path | None = None, key: str | None = None) -> Iterator[str]:
    with Store(":memory:" if db is None else db) as store, running(App(store, key=key).handle) as url:
        yield url


@pytest.fixture
def running_server() -> Callable[..., AbstractContextManager[str]]:
    """``with running_server(db=None, key=None) as url``; without ``db`` it lives in memory."""
    return _running_server


@dataclass(frozen=True)
class Ran:
    """The end of one command."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Fleet:
    """Three manifests with every field, a remote in some moods, and a look behind it.

    ``behind`` is the plain core over the same store: what somebody else sees and does, whatever the mood.
    """

    root: Path
    url: str
    behind: App

    @property
    def manifest(self) -> Path:
        return self.root / "assistants" / "team.yaml"

    def edit(self, old: str, new: str) -> None:
        """Replaces one piece of the manifests, which must be there exactly once."""
        text = self.manifest.read_text("utf-8")
        assert text.count(old) == 1, old
        self.manifest.write_text(text.replace(old, new), "utf-8")

    def remove(self, start: str, end: str) -> None:
        """Takes out what begins with ``start`` and ends before ``end``."""
        text = self.manifest.read_text("utf-8")
        assert text.count(start) == 1, start
        first = text.index(start)
        self.manifest.write_text(text[:first] + text[text.index(end, first) :], "utf-8")

    def run(self, *args: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        console = Console(None, out, err, os.environ)
        where = ["--base-url", self.url] if self.url else []
        with pytest.MonkeyPatch.context() as patch:
            Clock().put_in(patch)  # a list that lags is waited for in virtual time
            code = run(["-C", str(self.root), *where, *args], console)
        return Ran(code, out.getvalue(), err.getvalue())

    def url_below(self, path: str) -> Fleet:
        """The same with another path in the base URL."""
        return replace(self, url=self.url + path)

    def apply(self) -> Ran:
        ran = self.run("apply", "--auto-approve")
        assert ran.code == 0, ran
        return ran

    def write(self, text: str) -> None:
        """Other manifests, in place of the usual ones."""
        self.manifest.write_text(text, "utf-8")

    def plan(self) -> Any:
        """Our part of the JSON plan."""
        ran = self.run("plan", "--format", "json")
        assert ran.code == 0, ran
        return json.loads(ran.out)["assistctl"]

    def pending(self) -> dict[str, Any]:
        """Key to what a plan would do: the changed fields with their causes, else the action."""
        return {
            change["key"]: _causes(change) or change["action"]
            for change in self.plan()["changes"]
            if change["action"] != "no-op"
        }

    def ask(self, method: str, path: str = "", body: Any = None, **query: Any) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        words = {name: str(value) for name, value in query.items()}
        answer = self.behind.handle(Request(method, f"/assistants{path}", words, {}, raw))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def stored(self) -> dict[str, Any]:
        """What is stored, without our entry: by the key that it names, else by id."""
        found: dict[str, Any] = {}
        for item in self.ask("GET", limit=100, order="asc")["data"]:
            marker = item["metadata"].pop("assistctl", None)
            found[marker.split()[2] if marker else item["id"]] = item
        return found


def _causes(change: Any) -> dict[str, str]:
    return {item["field"]: item["cause"] for item in change["fields"] if item["cause"] != "heal"}


@dataclass
class Stage:
    """One listening server; each test puts its own remote behind it."""

    handler: Handler
    url: str = ""


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    built = Stage(lambda _request: error_answer(503, "no remote is on"))
    with running(lambda request: built.handler(request)) as url:
        built.url = url
        yield built


@pytest.fixture
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("ASSISTCTL_", "_ASSISTCTL_")):
            monkeypatch.delenv(name)
    for name in ("CI", "GITHUB_EVENT_NAME", "CI_PIPELINE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path / "state"))


FleetFactory = Callable[..., AbstractContextManager[Fleet]]


@pytest.fixture
def fleet_in(quiet_environment: None, tmp_path: Path, stage: Stage) -> FleetFactory:
    """``with fleet_in("uuid-ids", key=None, provider="openai") as fleet``: the manifests of a fresh project,
    and its remote. ``provider`` is a name or a mapping; ``local`` is the embedded remote."""
    root = tmp_path / "project"
    (root / "assistants").mkdir(parents=True)
    (root / "assistants" / "team.yaml").write_text(_TEAM, "utf-8")

    @contextmanager
    def make(*moods: str, key: str | None = None, provider: Any = "openai") -> Iterator[Fleet]:
        (root / "assistctl.yaml").write_text(_PROJECT.format(provider=json.dumps(provider)), "utf-8")
        embedded = provider == "local"
        if embedded:
            (root / ".assistctl").mkdir(exist_ok=True)
        with Store(root / ".assistctl" / "local.db" if embedded else ":memory:") as store:
            stage.handler = with_moods(store, moods, key=key)
            yield Fleet(root, "" if embedded else stage.url, App(store))

    return make
