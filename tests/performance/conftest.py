"""A project on the disk, the embedded server on loopback, and the program in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Answer, Request
from assistctl.server.store import Store

_LOADED = """
import json, sys
from assistctl.__main__ import main
code = main()
sys.stderr.write("\\n" + json.dumps([code, sorted(sys.modules)]))
"""


@dataclass(frozen=True)
class Ran:
    """How one command ended, and what it had imported by then."""

    code: int
    out: str
    modules: frozenset[str]


@dataclass
class Program:
    """Runs commands on one project and one server, and notes what the server is asked."""

    folder: Path
    url: str
    asked: list[str] = field(default_factory=list)

    def __call__(self, *words: str, expect: int = 0) -> Ran:
        self.asked.clear()
        folder = [] if words == ("--version",) else ["-C", str(self.folder)]
        environ = {name: text for name, text in os.environ.items() if not name.startswith("ASSISTCTL_")}
        environ |= {"ASSISTCTL_STATE_DIR": str(self.folder / "state"), "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-c", _LOADED, *folder, *words],
            capture_output=True,
            text=True,
            env=environ,
            timeout=60,
            check=False,
        )
        code, modules = json.loads(done.stderr.rpartition("\n")[2])
        assert code == expect, done.stderr
        return Ran(code, done.stdout, frozenset(modules))

    def on_server(self, *words: str, expect: int = 0) -> Ran:
        """The same, against the server on loopback."""
        return self("--provider", "openai", "--base-url", self.url, *words, expect=expect)

    def write(self, number: int, **more: object) -> None:
        """So many manifests; the first has ``more`` keys."""
        folder = self.folder / "assistants"
        folder.mkdir(exist_ok=True)
        for place in range(number):
            values = {
                "model": "gpt-4o",
                "instructions": f"You are number {place}.",
                "metadata": {"n": str(place)},
            }
            text = json.dumps(values | (more if place == 0 else {}))
            (folder / f"bot-{place:04}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    (tmp_path / "assistctl.yaml").write_text("project: acme\nprovider: local\n", encoding="utf-8")
    made = Program(tmp_path, "")
    lock = threading.Lock()
    with Store(":memory:") as store:
        handle = _noting(App(store).handle, made.asked, lock)
        with running(handle, "127.0.0.1", 0) as url:
            made.url = url
            yield made


def _noting(
    handle: Callable[[Request], Answer], asked: list[str], lock: threading.Lock
) -> Callable[[Request], Answer]:
    def noting(request: Request) -> Answer:
        with lock:
            asked.append(request.method)
        return handle(request)

    return noting


def of(modules: frozenset[str], names: Sequence[str]) -> list[str]:
    """Which of ``names`` are among the imported modules."""
    return sorted(set(names) & modules)
