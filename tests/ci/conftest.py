"""Shared parts: a project in git, a remote, and GitHub's API for comments and issues, on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Request
from assistctl.server.store import Store

PROJECT = """\
project: acme-support
provider: aimlapi
environments: {prod: {}}
defaults: {model: gpt-4o-2024-11-20}
"""
BOT = "instructions: You answer questions about orders.\ntemperature: 0.2\n"
KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("ASSISTCTL_", "GITHUB_", "CI", "GIT_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


class Remote:
    """A server of assistants that wants a key."""

    def __init__(self, app: App, url: str) -> None:
        self.app, self.url = app, url

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {KEY}"}
        return json.loads(self.app.handle(Request(method, f"/assistants{path}", {}, headers, data)).body)

    def by_name(self) -> dict[str, Any]:
        return {item["name"]: item for item in self.ask("GET")["data"]}


@pytest.fixture
def remote() -> Iterator[Remote]:
    """In memory, over HTTP."""
    with Store(":memory:") as store, running((app := App(store, key=KEY)).handle) as url:
        yield Remote(app, url)


class Hub:
    """Comments and issues of one repository, the way GitHub's REST API serves them."""

    def __init__(self) -> None:
        self.url = ""
        self.items: dict[str, list[dict[str, Any]]] = {"comments": [], "issues": []}
        self.asked: list[str] = []
        self.refused = 0
        """A status that every write is answered with."""

    def add(self, kind: str, login: str = "github-actions[bot]", **item: Any) -> dict[str, Any]:
        number = len(self.items[kind]) + 1
        made = {"id": number, "number": number, "state": "open", "user": {"login": login}, **item}
        self.items[kind].append(made)
        return made

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        url = urlsplit(target)
        self.asked.append(f"{method} {url.path}")
        kind = "comments" if "comments" in url.path else "issues"
        number = re.search(r"/(\d+)$", url.path)
        if method == "GET":
            page = int(parse_qs(url.query)["page"][0])
            listed = [item for item in self.items[kind] if item["state"] == "open"]
            return 200, listed[100 * (page - 1) : 100 * page]
        if self.refused:
            return self.refused, {"message": "Resource not accessible by integration"}
        if method == "POST":
            return 201, self.add(kind, **body)
        assert number
        self.items[kind][int(number[1]) - 1].update(body)
        return 200, self.items[kind][int(number[1]) - 1]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Empty."""
    made = Hub()

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            assert self.headers["Authorization"] == "Bearer ghs_token"
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, found = made.answer(self.command, self.path, body)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = serve  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


class Repository:
    """A project in a repository with a branch ``main``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        self.put(**{"assistctl.yaml": PROJECT, "assistants/bot.yaml": BOT}).commit()

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        ran = subprocess.run(["git", *identity, *words], cwd=self.path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def put(self, **texts: str) -> Repository:
        for name, text in texts.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text, encoding="utf-8")
        return self

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "c")
        return self.git("rev-parse", "HEAD")

    def propose(self, **texts: str) -> str:
        """A pull request with these files: branch ``merge`` is GitHub's trial merge. The head's name."""
        self.git("switch", "-q", "-C", "change", "main")
        head = self.put(**texts).commit()
        self.git("switch", "-q", "-C", "merge", "main")
        self.git("merge", "-q", "--no-ff", "-m", "Merge", "change")
        return head

    def merge(self) -> None:
        """Accepts the proposal."""
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "merge")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """With one assistant, ``bot``."""
    return Repository(tmp_path / "origin")
