"""One project for all simulated lives; their state folders in memory, where the platform has such a place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistctl.settings import Chosen, Settings, resolve

from .simulated_life import ORIGIN, Life, Twist

_MEMORY = Path("/dev/shm")
_PROJECT = "project: shop\nprovider: openai\nlimits: {max_deletes: 100%}\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What the command line would make of a small project file."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "assistctl.yaml").write_text(_PROJECT, encoding="utf-8")
    return resolve(Chosen(directory=folder, base_url=ORIGIN), {}, today="2026-11-22")


@pytest.fixture(scope="module")
def begin(settings: Settings) -> Callable[..., object]:
    """``with begin(seed, twist) as life``: a life with an empty state folder that is gone afterwards."""

    @contextmanager
    def opened(seed: int, twist: Twist | None = None) -> Iterator[Life]:
        folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        try:
            yield Life(seed, settings, folder, twist or Twist())
        finally:
            shutil.rmtree(folder)

    return opened
