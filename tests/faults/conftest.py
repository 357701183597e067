"""A remote that fails on purpose, and the program started in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.fault_server import FaultServer
from tests.bench.killing import Stage
from tests.bench.zygote import Zygote


@pytest.fixture(scope="module")
def fault_server() -> Iterator[FaultServer]:
    """A server for any number of worlds; ``fault_server.open(name, World(choose))`` is a base URL."""
    with FaultServer() as server:
        yield server


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """Runs command lines in fresh processes, without the start-up."""
    with Zygote() as started:
        yield started


@pytest.fixture(scope="module")
def stage(fault_server: FaultServer, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Where a kill happens."""
    return Stage(fault_server, zygote, tmp_path_factory.mktemp("stage"))
