"""For every test of the suite: a key that must not be found anywhere afterwards.

Whoever runs the tests may have real keys in the environment: none reaches them. Each process of the suite
makes a key of its own instead, and at its end searches everything that its tests left in their temporary
folders for that key. And no property fails for the time that its examples took: machines are busy at times.
"""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CANARY_VARIABLES = ("AIMLAPI_API_KEY", "AIML_API_KEY", "OPENAI_API_KEY")
_MOST_BYTES = 64 * 1024 * 1024
"""Larger files are none of a test's that talks to a remote."""


@pytest.fixture(scope="session")
def canary_key() -> str:
    """Unique per process and run, in the shape of a real key."""
    return f"sk-suite-canary-{secrets.token_hex(16)}"


@pytest.fixture(autouse=True, scope="session")
def no_key_is_left_behind(canary_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The canary is the key of every test that does not choose another; afterwards it is nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.endswith("_API_KEY"):
                patch.delenv(name)
        for name in CANARY_VARIABLES:
            patch.setenv(name, canary_key)
        yield
    base = tmp_path_factory.getbasetemp()
    found = [str(place.relative_to(base)) for place in _holders(base, canary_key.encode())]
    assert not found, f"the key of the suite was found in {', '.join(found)}"


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard() -> None:
    """Whoever starts the suite in the background of a script has SIGINT ignored, and all that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def without_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test about a missing key."""
    for name in CANARY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def _holders(base: Path, key: bytes) -> Iterator[Path]:
    for place in (Path(folder, name) for folder, _, names in os.walk(base) for name in names):
        try:
            if place.is_symlink() or not place.is_file() or place.stat().st_size > _MOST_BYTES:
                continue
            if key in place.read_bytes() or key.decode() in place.name:
                yield place
        except OSError:  # gone meanwhile, or made unreadable by its test; os.walk passes over such folders
            continue
