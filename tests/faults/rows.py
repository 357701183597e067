"""A project, a remote on loopback that misbehaves as a test wants, and the program run between the two.

Waits take no time: the one module that asks the standard library for time gets a clock that is put forward
instead of sleeping. After every command it is checked that it ended with a code of the table, printed no
traceback, gave the lock back and left no half file.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.engine.marker import decode
from assistctl.errors import ExitCode
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Answer, Handler, Request
from assistctl.server.moods import with_moods
from assistctl.server.store import Store

from .skipping_clock import Clock

LIST = "GET /assistants"
CREATE = "POST /assistants"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
_FOREIGN = frozenset({"CI", "CI_PIPELINE_SOURCE", "FORCE_COLOR", "GITLAB_CI", "NO_COLOR", "COLUMNS"})

Fault = Callable[[Request, Handler], Answer | None]
"""What happens to a request on its way: an answer in the server's place, or None to let it pass. It may
call the server itself: then the request has taken effect, whatever is answered."""


def lost(answer: Answer) -> Answer:
    """The connection ends before the first byte of the answer."""
    return Answer(answer.status, answer.headers, answer.body, cut=0)


NOTHING = lost(Answer(200, {}, b""))
"""No answer at all to a request that has had no effect."""


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1] if self.out else ""

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Scene:
    """One project and one remote. What the program asks is noted; what a test does behind it is not."""

    root: Path
    state: Path
    store: Store
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    moods: tuple[str, ...] = ()
    fault: Fault = lambda _request, _server: None
    around: Callable[[pytest.MonkeyPatch], None] = lambda _patch: None
    """What else is put in the standard library's place while the program runs."""
    requests: list[str] = field(default_factory=list)
    """``METHOD /path`` in the order of arrival."""
    took: float = 0.0
    """Seconds of the clock that the last command took."""
    created_at: Callable[[], float] = lambda: time.time() - 3600
    """The server's clock: by default nothing was created a moment ago."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: Handler | None = None

    def __post_init__(self) -> None:
        self.behind = App(self.store, clock=lambda: self.created_at())
        self._server = with_moods(self.store, self.moods) if self.moods else self.behind.handle

    def handle(self, request: Request) -> Answer:
        server = self._server or self.behind.handle
        with self._lock:
            self.requests.append(f"{request.method} {request.path}")
        return self.fault(request, server) or server(request)

    def run(self, *args: str, **environ: str) -> Ran:
        """One command line of the program, inside this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {"ASSISTCTL_BASE_URL": self.url, **environ}.items():
                patch.setenv(name, value)
            self.clock.put_in(patch)
            self.around(patch)
            out, err, begun = io.StringIO(), io.StringIO(), self.clock.monotonic()
            code = run(["-C", str(self.root), *args], Console(None, out, err, os.environ))
            self.took = self.clock.monotonic() - begun
        ran = Ran(code, out.getvalue(), err.getvalue())
        self.assert_tidy(ran)
        return ran

    def apply(self, *args: str, **environ: str) -> Ran:
        return self.run("apply", "--auto-approve", *args, **environ)

    def assert_tidy(self, ran: Ran) -> None:
        """What holds after every command, however it ended."""
        assert "Traceback" not in ran.out + ran.err, ran
        assert ran.code in set(ExitCode) - {ExitCode.BUG}, ran
        left = [
            str(path) for top in (self.root, self.state) for path in top.rglob("*") if path.suffix == ".tmp"
        ]
        assert left == [], "half files"
        assert not (self.state / "crashes").exists()
        for lock in self.state.glob("*/lock"):
            FileLock(str(lock)).acquire(timeout=0).lock.release()

    def write(self, *keys: str, **fields: Any) -> Scene:
        """A short manifest for each key; its values are JSON, which is YAML too."""
        for key in keys:
            prompt = f"You look after {key}: {key} first, {key} last."
            values = {"model": "gpt-4o-mini", "instructions": prompt, **fields}
            lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items()]
            self.manifest(key).write_text("".join(lines), "utf-8")
        return self

    def drop(self, *keys: str) -> Scene:
        for key in keys:
            self.manifest(key).unlink()
        return self

    def manifest(self, key: str) -> Path:
        return self.root / "assistants" / f"{key}.yaml"

    def applied(self, *keys: str, **fields: Any) -> Scene:
        """Manifests, and the assistants that they stand for, nothing noted."""
        assert self.write(*keys, **fields).apply("--parallelism", "1").code == 0
        self.forget()
        return self

    def forget(self) -> None:
        self.requests.clear()
        self.clock.waits.clear()

    def assert_waited(self, seconds: float) -> None:
        """The last command waited until ``seconds`` had passed, and not for longer; forgets its waits."""
        assert self.took >= seconds
        assert sum(self.clock.waits) <= seconds + 1
        self.clock.waits.clear()

    @property
    def writes(self) -> list[str]:
        return [asked for asked in self.requests if not asked.startswith("GET ")]

    def ask(self, method: str, path: str = "", body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """Somebody else's request to the remote."""
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.behind.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def add(self, **fields: Any) -> str:
        return str(self.ask("POST", "", {"model": "gpt-4o-mini", **fields})["id"])

    def all(self) -> list[dict[str, Any]]:
        """Every assistant, oldest first: the ground truth."""
        found: list[dict[str, Any]] = []
        more = True
        while more:
            after = {"after": found[-1]["id"]} if found else {}
            page = self.ask("GET", limit="100", order="asc", **after)
            found, more = found + page["data"], page["has_more"]
        return found

    def named(self, name: str) -> dict[str, Any]:
        (found,) = (item for item in self.all() if item["name"] == name)
        return found

    def keys(self) -> Counter[str]:
        """How many assistants bear the marker of each key."""
        marked = (item["metadata"].get("assistctl") for item in self.all())
        return Counter(text.split()[2] for text in marked if text)

    def assert_converged(self, *keys: str) -> None:
        """One assistant per key, and nothing left to do."""
        assert self.keys() == Counter(keys)
        assert self.run("plan").last == NO_CHANGES

    def journal(self) -> Path:
        (found,) = self.state.glob("*/journal.jsonl")
        return found


@contextmanager
def scene_in(folder: Path, *moods: str) -> Iterator[Scene]:
    """An empty project ``shop`` and an empty remote, in ``moods``."""
    root, state = folder / "shop", folder / "state"
    (root / "assistants").mkdir(parents=True)
    (root / "assistctl.yaml").write_text("project: shop\nprovider: openai\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch, Store(":memory:") as store:
        for name in list(os.environ):
            if name in _FOREIGN or name.startswith(("ASSISTCTL_", "GITHUB_")) or name.endswith("_API_KEY"):
                patch.delenv(name)
        patch.setenv("ASSISTCTL_STATE_DIR", str(state))
        made = Scene(root, state, store, moods=moods)
        with running(made.handle) as made.url:
            yield made


def at(asked: str, answer: Answer | Callable[[Request, Handler], Answer], *numbers: int) -> Fault:
    """A fault for the given occurrences of ``METHOD /path`` (from 1; none given: for every one).

    A path that ends in ``/`` stands for whatever lies below it.
    """
    seen = Counter[str]()
    lock = threading.Lock()

    def fault(request: Request, server: Handler) -> Answer | None:
        method, _, path = asked.partition(" ")
        below = path.endswith("/") and request.path.startswith(path)
        if request.method != method or not (below or request.path == path):
            return None
        with lock:
            seen[asked] += 1
            number = seen[asked]
        if numbers and number not in numbers:
            return None
        return answer(request, server) if callable(answer) else answer

    return fault


def applied_and_lost(request: Request, server: Handler) -> Answer:
    """The request takes effect, its answer gets lost."""
    return lost(server(request))


def json_answer(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer of the test's own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": "application/json", **named}, json.dumps(body).encode())


def raw_answer(body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"content-type": kind, **named}, body)


def small_pages(size: int, between: Callable[[int, Request, Handler], Answer | None] | None = None) -> Fault:
    """Pages of ``size`` whatever is asked for. ``between`` is told each list request's number, from 1, with
    the request for the small page; what it answers goes in the page's place."""
    numbers = count(1)

    def fault(request: Request, server: Handler) -> Answer | None:
        if (request.method, request.path) != ("GET", "/assistants"):
            return None
        small = replace(request, query={**request.query, "limit": str(size)})
        answer = between(next(numbers), small, server) if between else None
        return answer or server(small)

    return fault


def of_another_owner(marker: str) -> str:
    """The same ownership entry with the owner ``other/prod``."""
    found = decode(marker)
    assert found is not None
    return replace(found, owner="other/prod").encode()


def page_of(answer: Answer) -> dict[str, Any]:
    """The list in an answer of the server."""
    page: dict[str, Any] = json.loads(answer.body)
    return page
