"""Shared parts: the documents cut into sections and code blocks, and the program in a clean environment."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")
))  # fmt: skip

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_PATH_ABOVE = re.compile(r"`([\w./-]+)`:\s*\Z")
_PATH_INSIDE = re.compile(r"\A# ([\w./-]+\.ya?ml)\n")


@dataclass(frozen=True)
class Block:
    """One fenced code block."""

    page: str
    section: str
    language: str
    text: str
    path: str
    """The file that it shows: from its first comment, or from the line above; empty for none."""


@pytest.fixture(scope="session")
def pages() -> Mapping[str, str]:
    """Every document by its path."""
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}


@pytest.fixture(scope="session")
def blocks(pages: Mapping[str, str]) -> list[Block]:
    """Every code block of every document, in order."""
    return [block for name, text in pages.items() for block in _blocks(name, text)]


def _blocks(page: str, text: str) -> list[Block]:
    headings = [(match.start(), match[1]) for match in _HEADING.finditer(_without_code(text))]
    found = []
    for match in _FENCE.finditer(text):
        section = next((title for at, title in reversed(headings) if at < match.start()), "")
        named = _PATH_INSIDE.match(match[2]) or _PATH_ABOVE.search(text, 0, match.start())
        found.append(Block(page, section, match[1], match[2], named[1] if named else ""))
    return found


def _without_code(text: str) -> str:
    """The same length, with code blocks blanked: a comment in YAML is no heading."""
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


@pytest.fixture(scope="session")
def prose(pages: Mapping[str, str]) -> Mapping[str, str]:
    """Every document with its code blocks blanked."""
    return {name: _without_code(text) for name, text in pages.items()}


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    """``docs/generate.py``."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs one line as a reader would type it, in an environment without keys and settings."""
    dropped = ("ASSISTCTL_", "CI", "GITHUB_", "GITLAB_", "NO_COLOR", "FORCE_COLOR", "GIT_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped) and not k.endswith("_API_KEY")}
    environ = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
    }

    def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
