"""``serve --mood``: the real program in some moods, and what it says to unknown ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from assistctl.server.moods import MOODS

SCRIPT = str(Path(sys.executable).with_name("assistctl"))


@contextmanager
def serving(*args: str) -> Iterator[str]:
    process = subprocess.Popen([SCRIPT, "serve", *args], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def created(url: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{url}/assistants", b'{"model": "m"}', method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.loads(answer.read())["id"]


def failing(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, "serve", *args], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.usefixtures("quiet_environment")
def test_serve_takes_several_moods() -> None:
    with serving("--mood", "created-201", "--mood", "uuid-ids") as url:
        status, made = created(url)
    assert (status, str(UUID(made))) == (201, made)


@pytest.mark.usefixtures("quiet_environment")
def test_serve_takes_moods_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTCTL_MOOD", "created-201 uuid-ids")
    with serving() as url:
        status, made = created(url)
    assert (status, str(UUID(made))) == (201, made)


@pytest.mark.usefixtures("quiet_environment")
def test_an_unknown_mood_is_a_usage_error_that_names_the_nearest_and_leaves_no_file(tmp_path: Path) -> None:
    ran = failing("--db", str(tmp_path / "a.db"), "--mood", "sumary-list")
    assert (ran.returncode, ran.stdout, os.listdir(tmp_path)) == (64, "", [])
    assert "there is no mood 'sumary-list' (did you mean 'summary-list'?)" in ran.stderr


@pytest.mark.usefixtures("quiet_environment")
def test_the_help_describes_every_mood() -> None:
    lines = [line.split(maxsplit=1) for line in failing("--help").stdout.splitlines()]
    assert {name: about for name, about in MOODS.items() if [name, about] not in lines} == {}
