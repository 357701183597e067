"""The hooks as a project uses them: a repository of hooks, and the packages they need as local wheels.

Nothing is fetched: pip and uv look for packages in one folder only, and every other way out leads to a port
that is closed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from filelock import FileLock

from .wheelhouse import closure, pack

ROOT = Path(__file__).parents[2]
_SOURCES = ("assistctl", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml")
_NOWHERE = "http://127.0.0.1:9"
_DROPPED = ("PIP_", "UV_", "GIT_", "ASSISTCTL_", "PRE_COMMIT", "PREK_", "VIRTUAL_ENV", "PYTHONPATH")
_SCRIPTS = Path(sys.executable).parent


def git(folder: Path, *args: str) -> str:
    """One git command, with a user of its own."""
    words = ["git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-C", str(folder), *args]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(words, env=environ, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path) -> str:
    """A repository with everything below ``folder`` committed; the commit's id."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    return git(folder, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Hooks:
    """A repository of hooks and how to run a hook manager with it."""

    program: str
    repository: Path
    revision: str
    environ: Mapping[str, str]

    def __call__(self, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
        """The hook manager in ``folder``; its output is on ``stdout``, both streams together."""
        words = [str(_SCRIPTS / self.program), *args]
        out = subprocess.STDOUT
        return subprocess.run(
            words,
            cwd=folder,
            env=dict(self.environ),
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
            timeout=100,
        )


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers of a test run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "hooks"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wheels(shared: Path) -> Path:
    """Wheels of what the package needs to be built and to run."""
    folder = shared / "wheels"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        needed = closure([*project["build-system"]["requires"], *project["project"]["dependencies"]])
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed, so no wheel of it can be made offline")
    with FileLock(shared / "wheels.lock"):
        if not folder.exists():
            making = shared / "making"
            making.mkdir()
            for each in needed.values():
                pack(each, making)
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def repository(shared: Path) -> tuple[Path, str]:
    """This project as a repository of hooks, with what is not committed yet."""
    folder = shared / "repository"
    with FileLock(shared / "repository.lock"):
        if not folder.exists():
            folder.mkdir()
            for name in _SOURCES:
                source, target = ROOT / name, folder / name
                if source.is_dir():
                    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copyfile(source, target)
            commit_all(folder)
    return folder, git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="session", params=["pre-commit", "prek"])
def hooks(request: pytest.FixtureRequest, shared: Path, wheels: Path, repository: tuple[Path, str]) -> Hooks:
    """The two hook managers, each with an installation of the hooks that all tests share."""
    program: str = request.param
    if shutil.which(program, path=str(_SCRIPTS)) is None:
        pytest.skip(f"{program} is not installed")
    if program == "prek" and not _folder_of_uv():
        pytest.skip("prek makes its environments with uv, and there is no uv here")
    environ = {name: text for name, text in os.environ.items() if not name.startswith(_DROPPED)}
    environ = {name: text for name, text in environ.items() if not name.endswith("_API_KEY")}
    environ |= {
        "PATH": os.pathsep.join([str(_SCRIPTS), *_folder_of_uv(), os.environ["PATH"]]),
        "HOME": str(shared),
        "PRE_COMMIT_HOME": str(shared / "pre-commit"),
        "PREK_HOME": str(shared / "prek"),
        **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), _NOWHERE),
        **dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), str(wheels)),
        **dict.fromkeys(("PIP_NO_INDEX", "UV_NO_INDEX", "UV_OFFLINE", "UV_NO_CONFIG", "NO_COLOR"), "1"),
        **dict.fromkeys(("PIP_CONFIG_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), os.devnull),
        "UV_CACHE_DIR": str(shared / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return Hooks(program, *repository, environ)


def _folder_of_uv() -> list[str]:
    """Where ``uv run`` was started from: prek looks for uv on the path and would fetch it otherwise."""
    uv = os.environ.get("UV") or shutil.which("uv")
    return [str(Path(uv).parent)] if uv else []


@pytest.fixture
def project(tmp_path: Path, hooks: Hooks) -> Callable[..., Path]:
    """A git repository with these files, and the hooks configured as ``config`` says."""

    def make(files: Mapping[str, str], config: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        head = f"repos:\n- repo: {hooks.repository}\n  rev: {hooks.revision}\n  hooks:\n"
        (tmp_path / ".pre-commit-config.yaml").write_text(head + config)
        commit_all(tmp_path)
        return tmp_path

    return make
