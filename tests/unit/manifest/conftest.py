"""Builds small projects on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from assistctl.manifest.fleet import Fleet, Inputs, read_fleet
from assistctl.manifest.project import read_project
from assistctl.manifest.settings import ProjectFile

Files = Mapping[str, str | bytes]


def write(root: Path, files: Files) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., ProjectFile]:
    """A project of these files; ``assistctl.yaml`` may be left out."""

    def make(files: Files) -> ProjectFile:
        write(tmp_path, {"assistctl.yaml": "project: acme\nprovider: local\n", **files})
        return read_project(tmp_path / "assistctl.yaml")

    return make


@pytest.fixture
def make_fleet(make_project: Callable[..., ProjectFile]) -> Callable[..., Fleet]:
    """What these files say in one environment."""

    def make(files: Files, environment: str | None = None, inputs: Inputs | None = None) -> Fleet:
        project = make_project(files)
        return read_fleet(project, project.environment(environment).name, inputs or Inputs())

    return make
