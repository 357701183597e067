"""SIGKILL is how CI cancels: after any kill the next run converges, without twins or lost creates (G5)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FLEET = 24


def apply(folder: Any, state: Path, *options: str) -> subprocess.Popen[bytes]:
    """A real process, its group apart, so that a kill ends it and nothing else."""
    words = ["-m", "assistctl", "-C", str(folder.path), "--base-url", folder.base_url, "apply"]
    return subprocess.Popen(
        [sys.executable, *words, "--auto-approve", "--settle-seconds", "1", *options],
        env={**os.environ, "ASSISTCTL_STATE_DIR": str(state), "OPENAI_API_KEY": "none"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed_after_writes(process: subprocess.Popen[bytes], remote: Any, writes: int) -> None:
    """Waits until the server saw ``writes`` creates, then kills without warning."""
    deadline = time.monotonic() + 30
    while len(remote.writes) < writes and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait(30)


@pytest.mark.parametrize("writes", [1, 2, 7, 15, 23])
def test_g5_after_a_kill_in_the_middle_the_next_run_converges_without_twins(
    remote: Any, folder: Any, yaml_of: Any, tmp_path: Path, writes: int
) -> None:
    folder.write(**{f"bot-{number}": yaml_of(f"bot-{number}") for number in range(FLEET)})
    killed_after_writes(apply(folder, tmp_path / "state", "--parallelism", "2"), remote, writes)
    again = apply(folder, tmp_path / "state")
    assert again.wait(60) == 0
    keys = Counter(item["metadata"]["assistctl"].split()[2] for item in remote.all())
    assert keys == Counter(f"bot-{number}" for number in range(FLEET))


def test_a_killed_holder_leaves_no_lock_behind(
    remote: Any, folder: Any, yaml_of: Any, tmp_path: Path
) -> None:
    folder.write(bot=yaml_of("bot"))
    killed_after_writes(apply(folder, tmp_path / "state"), remote, 1)
    assert apply(folder, tmp_path / "state").wait(60) == 0


def test_n4_while_one_apply_runs_another_on_this_machine_is_told_who_holds_the_lock(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    from filelock import FileLock

    folder.write(bot=yaml_of("bot"))
    assert folder.run("apply", "--auto-approve").code == 0
    lock = next(Path(os.environ["ASSISTCTL_STATE_DIR"]).glob(f"*-{remote_port(folder)}-*/lock"))
    with FileLock(str(lock)):
        (lock.parent / "holder.json").write_text(f'{{"pid": {os.getpid()}, "started": 1750000000}}')
        ran = folder.run("apply", "--auto-approve")
        assert ran.code == 5
        assert f"process {os.getpid()} is applying for shop/default right now, since 2025-06-15" in ran.err
    assert folder.run("apply", "--auto-approve").code == 0


def remote_port(folder: Any) -> str:
    return str(folder.base_url).rpartition(":")[2].partition("/")[0]
