"""Which commands are measured on one project; imported by ``run.py``, not a program of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stage import HERE, Command, Environ, Server

PROGRAM = shutil.which("assistctl", path=str(Path(sys.executable).parent)) or "assistctl"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
LARGEST_RIVAL = 1000
"""Beyond it the rivals take minutes."""


@dataclass(frozen=True)
class Case:
    """So many manifests and a server with so much latency."""

    project: Path
    server: Server
    environ: Environ
    size: int
    latency: int
    """Milliseconds."""

    def ours(self) -> Iterator[Command]:
        """What the program is used for, and what it is measured against."""
        folder = str(self.project / "assistants")
        floor = [sys.executable, str(HERE / "floor.py"), folder]
        yield self._command("python -c pass", [sys.executable, "-c", "pass"])
        if self.latency == 0:
            yield self._command("--version", [PROGRAM, "--version"])
            yield self._command("--help", [PROGRAM, "--help"])
            yield self._command("floor, parse only", [*floor, "-"])
            yield self._command("validate", [PROGRAM, "-C", str(self.project), "validate"])
        yield Command("floor", [*floor, self.server.url], self.environ, last_line=f"{self.size} {self.size}")
        yield Command("plan, no change", self._words("plan"), self.environ, last_line=NO_CHANGES)
        one = "Plan: 0 to add, 1 to change, 0 to destroy."
        words = self._words("plan", "--detailed-exitcode")
        yield Command("plan, one change", words, self.environ, 2, one, self._one_change)

    def creates(self) -> Command:
        """``apply`` of everything on an empty remote, eight at once."""
        words = self._words("apply", "--auto-approve", "-q", "--parallelism", "8")
        last = f"Apply complete! Resources: {self.size} added, 0 changed, 0 destroyed."
        return Command("apply, all new", words, self.environ, last_line=last, around=self._empty)

    def rivals(self, sdk: str | None) -> Iterator[Command]:
        """What people use instead; ``sdk`` is a Python that has the official SDK."""
        if self.size > LARGEST_RIVAL:
            return
        if sdk is not None:
            script = [sdk, str(HERE / "sdk_script.py"), str(self.project), self.server.url]
            yield Command("script on the official SDK", script, self.environ, last_line="0")
        terraform = shutil.which("terraform") or shutil.which("tofu")
        if terraform and self.latency == 0:
            folder = self._terraform_project(terraform)
            words = [terraform, f"-chdir={folder}", "plan", "-no-color"]
            yield self._command(Path(terraform).name + " plan, terraform_data", words)

    def _command(self, name: str, words: Sequence[str]) -> Command:
        return Command(name, words, self.environ)

    def _words(self, *verb: str) -> list[str]:
        remote = ["--provider", "openai", "--base-url", self.server.url]
        return [PROGRAM, "-C", str(self.project), *remote, *verb]

    @contextmanager
    def _empty(self) -> Iterator[None]:
        self.server.clear()
        shutil.rmtree(self.environ["ASSISTCTL_STATE_DIR"], ignore_errors=True)
        yield

    @contextmanager
    def _one_change(self) -> Iterator[None]:
        path = min((self.project / "assistants").glob("*.yaml"))
        before = path.read_text(encoding="utf-8")
        after, replaced = re.subn(r"(?m)^model: .*$", "model: gpt-4.1", before, count=1)
        assert replaced, path
        path.write_text(after, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def _terraform_project(self, terraform: str) -> Path:
        """As many built-in resources as there are assistants, applied once."""
        folder = self.project.parent / f"terraform-{self.size}"
        if not folder.exists():
            folder.mkdir()
            blocks = (f'resource "terraform_data" "r{n}" {{ input = "{n}" }}\n' for n in range(self.size))
            (folder / "main.tf").write_text("".join(blocks), encoding="utf-8")
            for words in (["init"], ["apply", "-auto-approve"]):
                self._command("terraform", [terraform, f"-chdir={folder}", *words]).timed()
        return folder


def has_sdk(python: str) -> bool:
    """Whether this Python has the official SDK."""
    words = [python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('openai') is None)"]
    return subprocess.run(words, check=False).returncode == 0
