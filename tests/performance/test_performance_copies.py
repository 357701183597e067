"""A large project is read by copies of the process: what comes out does not depend on how many there are."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are only made on Linux")

_FILES = 400
_PINNED = """
import os, sys
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]))
os.execv(sys.executable, [sys.executable, "-m", "assistctl", *sys.argv[2:]])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Good and bad manifests, several to a file, fragments of several, keys of two."""
    folder = tmp_path / "assistants"
    folder.mkdir()
    (tmp_path / "assistctl.yaml").write_text("project: acme\nprovider: local\n", encoding="utf-8")
    (folder / "_base.yaml").write_text("model: gpt-4o\nmetadata: {team: support}\n", encoding="utf-8")
    (folder / "_odd.yaml").write_text("model: gpt-4o\ntemprature: 1\n", encoding="utf-8")
    for number in range(_FILES):
        text = f"extends: _base.yaml\ninstructions: You are number {number}. {'Be kind. ' * 30}\n"
        if number % 50 == 7:
            text += "temperature: 3\n"
        if number % 90 == 8:
            text = text.replace("_base", "_odd")
        if number % 110 == 9:
            text += f"---\nkey: second-{number}\nmodel: gpt-4\n---\nkey: bot-0005\nmodel: o3\ntop_p: 0.5\n"
        if number % 100 == 11:
            text += "instructions: [\n"
        (folder / f"bot-{number:04}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, processors: int, *words: str, expect: int = 0) -> str:
    """What the program prints when it may use so many processors."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("ASSISTCTL_")}
    environ |= {"ASSISTCTL_STATE_DIR": str(project / "state"), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PINNED, str(processors), "-C", str(project), *words],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return re.sub(r'"timestamp": "[^"]*",', "", done.stdout)


def test_the_findings_are_those_of_one_processor(project: Path) -> None:
    alone = run(project, 1, "validate", "--format", "json", expect=65)
    assert len(json.loads(alone)["diagnostics"]) > 20
    assert run(project, 8, "validate", "--format", "json", expect=65) == alone


def test_the_plan_is_that_of_one_processor(project: Path) -> None:
    for path in (project / "assistants").glob("bot-*.yaml"):
        number = int(path.stem[4:])
        if {number % 50 == 7, number % 90 == 8, number % 110 == 9, number % 100 == 11} != {False}:
            path.unlink()
    alone = run(project, 1, "plan", "--format", "json", "--full")
    assert len(json.loads(alone)["resource_changes"]) > 350
    assert run(project, 8, "plan", "--format", "json", "--full") == alone
    run(project, 8, "apply", "--auto-approve", "-q")
    assert run(project, 8, "plan", "--detailed-exitcode").endswith("matches the configuration.\n")


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.06])
def test_an_interrupt_leaves_no_copy_behind(project: Path, after: float) -> None:
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("this machine has one processor: no copy is made")
    with _with_a_copy(project) as process:
        time.sleep(after)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=60)  # ends when no copy holds the pipe any more
    assert "Traceback" not in out
    # Python ends itself by SIGINT where the interrupt came after its own last line.
    assert process.returncode in (130, 65, -signal.SIGINT)
    _wait_until_gone(process.pid)


def _with_a_copy(project: Path) -> subprocess.Popen[str]:
    """The program from the moment that it has made a copy: one that was over before we looked is started
    again."""
    words = [sys.executable, "-m", "assistctl", "-C", str(project), "validate"]
    while True:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        if _has_copy(process):
            return process
        process.communicate()


def _has_copy(process: subprocess.Popen[str]) -> bool:
    """Waits until the process has made one, or has ended without."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None:
        if children.read_text(encoding="ascii").strip():
            return True
    return False


def _wait_until_gone(group: int) -> None:
    """What was ended a moment ago may still have to be told to its parent."""
    end = time.monotonic() + 60
    with suppress(ProcessLookupError):
        while True:
            os.killpg(group, 0)
            assert time.monotonic() < end, "a copy is left"
            time.sleep(0.001)
