"""Programs from the npm registry, each installed once for a test run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Npm = Callable[..., Path]


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    """``npm("typescript@5")`` installs packages and answers the folder that has ``node_modules``."""
    program = shutil.which("npm")
    if program is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")

    def install(*packages: str) -> Path:
        folder = tmp_path_factory.mktemp("npm")
        words = [program, "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", *packages]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, env=os.environ)
        assert done.returncode == 0, done.stderr
        return folder

    return install
