"""Shared parts: the real program as a subprocess, and one run inside this process with a verb of our own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistctl.cli.app import build
from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.cli.table import VERBS, Row
from assistctl.cli.verb import Verb

_OURS = ("ASSISTCTL_", "_ASSISTCTL_")
_OTHERS = frozenset({"CI", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI", "PYTHONPATH"}) | {
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
}


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine that runs the tests reaches them; crash files go to a folder of their own."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name in _OTHERS or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path / "state"))


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Runs the console script; keyword arguments are environment variables, or subprocess's own."""
    script = str(Path(sys.executable).with_name("assistctl"))

    def call(*args: str, cwd: Path = tmp_path, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, *args],
            cwd=cwd,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@dataclass
class Ran:
    """The end of a run inside this process."""

    code: int
    out: str
    err: str


Inside = Callable[..., Ran]


@pytest.fixture
def inside() -> Iterator[Inside]:
    """Runs the command line in this process; ``probe`` becomes the verb of that name."""
    name = "assistctl_probe_verb"

    def call(*args: str, probe: Verb | None = None, environ: Mapping[str, str] = os.environ) -> Ran:
        module = types.ModuleType(name)
        module.command = probe  # type: ignore[attr-defined]
        sys.modules[name] = module
        out, err = io.StringIO(), io.StringIO()
        console = Console(None, out, err, environ)
        tree = build({**VERBS, "probe": Row(name, "A verb of the tests.")})
        code = run(args, console, tree)
        return Ran(code, out.getvalue(), err.getvalue())

    yield call
    sys.modules.pop(name, None)
