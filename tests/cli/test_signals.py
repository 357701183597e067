"""From the first write to the printed report every signal is heard; none is lost when that begins or ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody can send these signals there")

STAGE = """
import os, signal, sys, time
from assistctl.cli import signals
from assistctl.cli.interrupts import Interrupts

class Provider:
    def stop(self): pass
    def abandon(self): pass

def send():
    os.kill(os.getpid(), signal.SIGTERM)

def told():
    while not run.stopped():
        time.sleep(0.001)
    return run.stopped()

def sending_when(number):
    "Sends a signal before and after the descriptor for them changes for this time."
    calls = []
    def change(*words, **options):
        calls.append(words)
        if len(calls) == number: send()
        earlier = real(*words, **options)
        if len(calls) == number: send()
        return earlier
    real, signal.set_wakeup_fd = signal.set_wakeup_fd, change

Interrupts().install()
signals._DRAIN_SECONDS = 600
run = signals.Signals({}, lambda news: None)
"""


def staged(scene: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STAGE + scene], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_signal_between_the_last_write_and_the_printed_report_raises_nothing() -> None:
    ran = staged("""
with run.graceful(Provider()):
    pass
send()
print(told(), "reported")
run.end()
""")
    assert (ran.stdout, ran.stderr) == ("143 reported\n", "")


def test_signals_have_their_usual_meaning_in_the_end() -> None:
    ran = staged("""
with run.graceful(Provider()):
    pass
run.end()
try:
    send()
except KeyboardInterrupt:
    print("interrupted", run.stopped())
""")
    assert (ran.stdout, ran.stderr) == ("interrupted 0\n", "")


def test_a_signal_while_the_listening_begins_is_heard() -> None:
    ran = staged("""
sending_when(1)
with run.graceful(Provider()):
    print(told())
run.end()
""")
    assert (ran.stdout, ran.stderr) == ("143\n", "")


def test_a_signal_while_the_listening_ends_interrupts() -> None:
    ran = staged("""
sending_when(2)
with run.graceful(Provider()):
    pass
try:
    run.end()
except KeyboardInterrupt:
    print("interrupted")
""")
    assert (ran.stdout, ran.stderr) == ("interrupted\n", "")


def full_pipe() -> tuple[int, int]:
    """Its ends; whoever writes to it waits for ever."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 65536)
    os.set_blocking(writer, True)
    return reader, writer


def test_a_report_that_nobody_reads_does_not_hold_up_the_second_signal(tmp_path: Path) -> None:
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistctl.yaml").write_text("project: shop\nprovider: local\n")
    (tmp_path / "assistants" / "bot.yaml").write_text("model: gpt-4o\n")
    reader, writer = full_pipe()
    words = ["-C", str(tmp_path), "apply", "--auto-approve", "--format", "json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "assistctl", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASSISTCTL_STATE_DIR": str(tmp_path / "state")},
    )
    os.close(writer)
    assert process.stderr
    while "created" not in (news := process.stderr.readline()):
        assert news
    process.send_signal(signal.SIGTERM)
    while "again: leave at once" not in (news := process.stderr.readline()):
        assert news
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=20)  # by itself it would leave after 30 s
    os.close(reader)
    assert process.returncode == 143
    assert rest.startswith("left at once: ")
