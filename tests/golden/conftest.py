"""Goldens: one plain file per test, named like the rule that the test states.

After a wanted change of wording, rewrite them with ``ASSISTCTL_UPDATE_GOLDENS=1 pytest -n 0 tests/golden``
and read the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """``golden(text)`` compares with ``FOLDER/NAME`` where FOLDER comes from the module's GOLDENS."""
    folder: Path = request.module.GOLDENS
    suffix: str = getattr(request.module, "SUFFIX", ".txt")
    path = folder / (request.node.name.removeprefix("test_") + suffix)

    def compare(text: str) -> None:
        if os.environ.get("ASSISTCTL_UPDATE_GOLDENS"):
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        with path.open(encoding="utf-8", newline="") as stored:
            assert text == stored.read()

    return compare


@pytest.fixture
def stale_goldens(request: pytest.FixtureRequest) -> list[str]:
    """Files in the module's golden folder that none of its tests would read."""
    module = request.module
    names = {name.removeprefix("test_") for name in vars(module) if name.startswith("test_")}
    return sorted(path.name for path in module.GOLDENS.iterdir() if path.stem not in names)
