"""The whole program from outside: real files, the real command line, a server on loopback that counts."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Answer, Request
from assistctl.server.store import Store

_FOREIGN = frozenset(
    {
        "CI",
        "GITHUB_EVENT_NAME",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
        "CI_PIPELINE_SOURCE",
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "NO_COLOR",
        "FORCE_COLOR",
    }
)


@pytest.fixture(autouse=True, scope="session")
def quiet_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the machine that runs the tests reaches them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("ASSISTCTL_") or name in _FOREIGN:
                patch.delenv(name)
        patch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line of the results."""
        return self.out.splitlines()[-1] if self.out else ""

    @property
    def data(self) -> Any:
        """The results, read as JSON."""
        return json.loads(self.out)


class Clock:
    """Unix seconds as a test wants them."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Remote:
    """A server on loopback. What the program asks is counted; what a test does to it is not."""

    app: App
    clock: Clock
    url: str = ""
    requests: list[str] = field(default_factory=list)
    """``METHOD /path`` in the order of arrival."""
    replaced: Callable[[Request], Answer | None] = lambda _request: None
    """Answers in the server's place; None lets the server answer."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(f"{request.method} {request.path}")
        return self.replaced(request) or self.app.handle(request)

    @property
    def writes(self) -> list[str]:
        return [asked for asked in self.requests if not asked.startswith("GET ")]

    def forget(self) -> None:
        self.requests.clear()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        data = json.dumps(body).encode() if body is not None else b""
        answer = self.app.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def bytes_of(self, assistant_id: str) -> bytes:
        """One assistant exactly as it is answered."""
        return self.app.handle(Request("GET", f"/assistants/{assistant_id}")).body

    def all(self) -> list[dict[str, Any]]:
        """Every assistant, oldest first."""
        found: list[dict[str, Any]] = []
        more = True
        while more:
            after = {"after": found[-1]["id"]} if found else {}
            page = self.ask("GET", "", limit="100", order="asc", **after)
            found += page["data"]
            more = page["has_more"]
        return found

    def by_name(self) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in self.all()}

    def named(self, name: str) -> dict[str, Any]:
        """The only assistant of that name."""
        (found,) = (item for item in self.all() if item["name"] == name)
        return found

    def add(self, **fields: Any) -> dict[str, Any]:
        return self.ask("POST", "", {"model": "gpt-4o-mini", **fields})

    def edit(self, assistant_id: str, **fields: Any) -> dict[str, Any]:
        return self.ask("POST", f"/{assistant_id}", fields)

    def remove(self, assistant_id: str) -> None:
        self.ask("DELETE", f"/{assistant_id}")


@contextmanager
def serving(key: str | None = None) -> Iterator[Remote]:
    """A server in memory; all assistants are created within one second of its clock."""
    with Store(":memory:") as store:
        clock = Clock()
        remote = Remote(App(store, key=key, clock=clock), clock)
        with running(remote.handle) as remote.url:
            _forget_the_last_server_there(remote.url)
            yield remote


def _forget_the_last_server_there(url: str) -> None:
    """A port that is used again is another remote: what the state folder knows is not about this one."""
    port = url.rpartition(":")[2]
    for place in Path(os.environ["ASSISTCTL_STATE_DIR"]).glob(f"*-{port}-*"):
        shutil.rmtree(place)


@dataclass
class Folder:
    """A project folder, and the program run in it."""

    path: Path
    base_url: str | None = None
    """Where the remote is; None for the one that the project file names."""

    def write(self, **texts: str) -> Folder:
        """Manifests by key, as YAML."""
        return self.put({f"assistants/{key}.yaml": text for key, text in texts.items()})

    def put(self, files: Mapping[str, str]) -> Folder:
        for name, text in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
        return self

    def drop(self, *keys: str) -> Folder:
        for key in keys:
            (self.path / f"assistants/{key}.yaml").unlink()
        return self

    def run(self, *args: str, **environ: str) -> Ran:
        """One command line in this folder; keyword arguments are environment variables."""
        with pytest.MonkeyPatch.context() as patch:
            if self.base_url is not None:
                patch.setenv("ASSISTCTL_BASE_URL", self.base_url)
            for name, value in environ.items():
                patch.setenv(name, value)
            out, err = io.StringIO(), io.StringIO()
            code = run(["-C", str(self.path), *args], Console(None, out, err, os.environ))
            assert "Traceback" not in err.getvalue()
            return Ran(code, out.getvalue(), err.getvalue())

    def plan(self, *args: str, **environ: str) -> Ran:
        return self.run("plan", *args, **environ)

    def apply(self, *args: str, **environ: str) -> Ran:
        return self.run("apply", "--auto-approve", *args, **environ)

    def changes(self, *args: str) -> dict[str, dict[str, Any]]:
        """The plan's changes by key, from its data."""
        return {
            change["key"]: change
            for change in self.plan("--format", "json", *args).data["assistctl"]["changes"]
        }


PROJECT = "project: shop\nprovider: aimlapi\n"


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A server of this test's own."""
    with serving() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, remote: Remote) -> Folder:
    """A project ``shop`` without manifests, on this test's server."""
    made = Folder(tmp_path / "shop", remote.url)
    (tmp_path / "shop" / "assistants").mkdir(parents=True)
    return made.put({"assistctl.yaml": PROJECT})


@pytest.fixture(scope="session")
def start_server() -> Callable[..., Any]:
    """``with start_server(key=None) as remote``."""
    return serving


@pytest.fixture(scope="session")
def open_folder() -> Callable[..., Folder]:
    """``open_folder(path, url)``: a folder that is there already, or is filled with ``put``."""
    return Folder


def manifest(key: str, /, **fields: Any) -> str:
    """A short manifest; its values are JSON, which is YAML too."""
    values = {
        "model": "gpt-4o-mini",
        "instructions": f"You look after {key}: {key} first, {key} last.\n",
        **fields,
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())


@pytest.fixture(scope="session")
def yaml_of() -> Callable[..., str]:
    """``yaml_of(key, **fields)``: a short manifest."""
    return manifest
