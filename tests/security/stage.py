"""What these tests stand on: a checkout, a remote that misbehaves, and the program run in both ways."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
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

SCRIPT = str(Path(sys.executable).with_name("assistctl"))
MIB = 1 << 20
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
PROJECT = "project: shop\nprovider: aimlapi\n"
KEY_VARIABLE = "AIMLAPI_API_KEY"


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def shown(self) -> str:
        """Everything that it printed."""
        return self.out + self.err

    @property
    def data(self) -> Any:
        """The results, read as JSON."""
        return json.loads(self.out)


@dataclass
class Remote:
    """A server on loopback that keeps every request as it came, and may answer otherwise."""

    app: App
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    replaced: Callable[[Request], Answer | None] = lambda _request: None
    """Answers in the server's place; None lets the server answer."""
    rewritten: Callable[[Request, Answer], Answer] = lambda _request, answer: answer
    """What becomes of the server's own answer."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
        return self.replaced(request) or self.rewritten(request, self.app.handle(request))

    @property
    def writes(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.requests if each.method != "GET"]

    def ask(self, method: str, path: str = "", body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """Behind the program's back; not counted."""
        data = json.dumps(body).encode() if body is not None else b""
        answer = self.app.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def add(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ask("POST", "", {"model": "gpt-4o-mini", **fields})
        return made

    def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "", limit="100", order="asc")["data"]
        return found


@contextmanager
def serving(key: str | None = None) -> Iterator[Remote]:
    """A server in memory."""
    with Store(":memory:") as store:
        remote = Remote(App(store, key=key))
        with running(remote.handle) as remote.url:
            yield remote


@dataclass
class Checkout:
    """A project folder, and the program run in it."""

    path: Path
    base_url: str | None = None
    """Where the remote is; None for the one that the project file names."""

    def put(self, files: Mapping[str, str | bytes]) -> Checkout:
        """Files by their path below the project; folders are made."""
        for name, content in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return self

    def run(self, *args: str, **environ: str) -> Ran:
        """One command line inside this process; keyword arguments are environment variables."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self._address(), **environ}.items():
                patch.setenv(name, value)
            out, err = io.StringIO(), io.StringIO()
            code = run(["-C", str(self.path), *args], Console(None, out, err, os.environ))
            assert "Traceback" not in err.getvalue()
            return Ran(code, out.getvalue(), err.getvalue())

    def spawn(
        self, *args: str, address_space: int = 0, cpu_seconds: int = 0, seconds: float = 60, **environ: str
    ) -> Ran:
        """The same by the console script in a process of its own, started in this folder, with ceilings
        for memory (bytes) and CPU time where given."""

        def ceilings() -> None:
            if address_space:
                resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
            if cpu_seconds:
                resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))

        ran = subprocess.run(
            [SCRIPT, *args],
            cwd=self.path,
            env={**os.environ, **self._address(), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=seconds,
            check=False,
            preexec_fn=ceilings if address_space or cpu_seconds else None,
        )
        assert "Traceback" not in ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def _address(self) -> dict[str, str]:
        return {} if self.base_url is None else {"ASSISTCTL_BASE_URL": self.base_url}


def manifest(**fields: Any) -> str:
    """A short manifest."""
    values = {"model": "gpt-4o-mini", "instructions": "Be brief.\n", **fields}
    return "".join(f"{name}: {quoted(value)}\n" for name, value in values.items())


def quoted(value: Any) -> str:
    """A value as JSON that YAML reads alike: what JSON writes as two escapes is one there."""
    return _PAIR.sub(_one_escape, json.dumps(value))


def _one_escape(match: re.Match[str]) -> str:
    return f"\\U{ord(json.loads(f'{chr(34)}{match[0]}{chr(34)}')):08x}"


def some_of(names: Iterable[str], *usual: str) -> list[Any]:
    """Parameters of a test: the ``usual`` ones in every run, all others in the campaign only."""
    campaign = pytest.mark.campaign
    return [pytest.param(name, marks=() if name in usual else campaign) for name in names]


def bytes_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every regular file below a folder, hidden ones too."""
    for place in sorted(folder.rglob("*")):
        if place.is_file() and not place.is_symlink():
            yield place, place.read_bytes()
