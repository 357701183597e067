"""What ``docs/validation.md`` shows is accepted by the programs it is written for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Block

PAGE = "docs/validation.md"
_SCRIPTS = str(Path(sys.executable).parent)


def shown(blocks: list[Block], path: str, folder: Path) -> list[Path]:
    """The examples of one file, each written into a folder of its own."""
    files = []
    for number, block in enumerate(each for each in blocks if (each.page, each.path) == (PAGE, path)):
        target = folder / str(number) / Path(path).name
        target.parent.mkdir()
        target.write_text(block.text, encoding="utf-8")
        files.append(target)
    assert files, f"{PAGE} no longer shows {path}"
    return files


def accepts(*words: str) -> None:
    program = shutil.which(words[0], path=_SCRIPTS)
    if program is None:
        pytest.skip(f"{words[0]} is not installed")
    ran = subprocess.run([program, *words[1:]], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_workflow_fits_the_schema_of_github(blocks: list[Block], tmp_path: Path) -> None:
    for file in shown(blocks, ".github/workflows/assistants.yml", tmp_path):
        accepts("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(file))


def test_the_job_fits_the_schema_of_gitlab(blocks: list[Block], tmp_path: Path) -> None:
    for file in shown(blocks, ".gitlab-ci.yml", tmp_path):
        accepts("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(file))


@pytest.mark.parametrize("manager", ["pre-commit", "prek"])
def test_the_configurations_of_hooks_are_valid(blocks: list[Block], tmp_path: Path, manager: str) -> None:
    for file in shown(blocks, ".pre-commit-config.yaml", tmp_path):
        accepts(manager, "validate-config", str(file))
