"""A signal while the closing list is read, after everything was done (N1)."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.bench import history
from tests.bench.fates import FATES, OK, Asked, Fate
from tests.bench.fault_server import FaultServer
from tests.bench.fleet import write_fleet
from tests.bench.world import World
from tests.bench.zygote import Signal, Zygote


@dataclass
class Closing:
    """Has the signal sent at one list request, which is answered once the signal is on its way."""

    signal: Signal
    fates: Sequence[Fate]
    """One for each list request; that of the signal is the last."""
    lists: count[int] = field(default_factory=count)

    def __call__(self, asked: Asked) -> Fate:
        number = next(self.lists) if asked.kind == "list" else len(self.fates)
        if number == len(self.fates) - 1:
            Path(self.signal.after).touch()
            until = time.monotonic() + 60
            while not self.signal.sent.exists() and time.monotonic() < until:
                time.sleep(0.001)
        return self.fates[number] if number < len(self.fates) else OK


@pytest.mark.parametrize(
    "fates", [["ok", "ok"], ["ok", "503", "ok"], ["ok", "503"]], ids=["read", "retried", "failed"]
)
def test_n1_a_signal_while_the_closing_list_is_read_wins_over_everything_done(
    fault_server: FaultServer, zygote: Zygote, tmp_path: Path, fates: list[str]
) -> None:
    fleet = write_fleet(tmp_path, 0, 0, 0, 2)
    sent = Signal(signal.SIGTERM, after=str(tmp_path / "closing"))
    world = World(Closing(sent, [FATES[fate] for fate in fates]))
    environ = {
        "CI": "true",
        "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
        "ASSISTCTL_BASE_URL": fault_server.open(tmp_path.name, world),
    }
    words = ["-C", str(fleet.after), "apply", "--auto-approve", "--format", "json", "--settle-seconds", "0.3"]
    ended = zygote.run(words, environ, signal=sent)
    assert ended.code == 143, ended.err
    assert ended.data["interrupted"] == 143
    assert not history.misreported(ended.data, world.history)
    again = zygote.run(words, environ)
    assert again.code == 0
    assert ("could not be looked at" in ended.err) == (fates[-1] == "503")
    assert ("an earlier run did not end cleanly" in again.err) == ("could not be looked at" in ended.err)
    assert not history.created_twice(world.history)
