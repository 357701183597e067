"""The README's two commands, as written, in a fresh clone in an empty folder with no caches."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.fresh

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"^(python3 -m venv \.uv .+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
KEPT = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "LANG")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("fresh") / "assistctl"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(target)], check=True)
    return target


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs one line of the README as a newcomer would: only python3 and git, an empty home, no caches."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    tools = folder.parent / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("python3", "git"):
        link = tools / name
        if not link.exists():
            link.symlink_to(shutil.which(name) or name)
    indexes = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "UV_"))}
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    environ = {**indexes, **kept, "HOME": str(home), "PATH": f"{tools}:/usr/bin:/bin"}
    environ["UV_CACHE_DIR"] = str(home / "uv-cache")
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, timeout=1500
    )


def test_the_readme_has_exactly_two_commands() -> None:
    assert len(COMMANDS) == 2


def test_the_first_command_applies_the_own_assistants_and_then_finds_nothing_to_do(clone: Path) -> None:
    first = run(COMMANDS[0], clone)
    assert first.returncode == 0, first.stderr
    closing = re.fullmatch(
        r"Apply complete! Resources: (\d+) added, 0 changed, 0 destroyed\.", first.stdout.splitlines()[-1]
    )
    assert closing is not None, first.stdout
    assert int(closing[1]) >= 6
    again = run(COMMANDS[0], clone)
    assert again.returncode == 0, again.stderr
    assert "No changes. Your infrastructure matches the configuration." in again.stdout.splitlines()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_the_second_command_passes_the_tests(clone: Path) -> None:
    tests = run(COMMANDS[1], clone)
    assert tests.returncode == 0, tests.stdout[-4000:]
    assert re.search(r"^=*\s*\d+ passed", tests.stdout, re.MULTILINE) is not None
