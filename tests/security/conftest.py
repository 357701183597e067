"""One remote and one checkout per test, and nothing of the machine that runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .stage import PROJECT, Checkout, Remote, serving

_FOREIGN = frozenset(
    {
        *("CI", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITLAB_CI", "CI_PIPELINE_SOURCE", "PYTHONPATH"),
        *("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "NO_COLOR", "FORCE_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    }
)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A state folder of this test's own; the key is the canary of the whole suite."""
    for name in list(os.environ):
        if name.startswith("ASSISTCTL_") or name in _FOREIGN:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another at once: no time limit has to cut the waits between them."""
    monkeypatch.setattr("assistctl.cli.signals.Signals.sleep", lambda _self, _seconds: None)


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A server of this test's own."""
    with serving() as started:
        yield started


@pytest.fixture
def checkout(tmp_path: Path, remote: Remote) -> Checkout:
    """A project ``shop`` without manifests, on this test's server."""
    made = Checkout(tmp_path / "shop", remote.url)
    return made.put({"assistctl.yaml": PROJECT, "assistants/.keep": ""})
