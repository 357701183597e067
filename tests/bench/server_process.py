"""A faulty remote in a process of its own, until its standard input ends.

By hand, with one world to begin with::

    python -m tests.bench.server_process --seed 7 --rate 0.3 --latency 0.01
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .fates import STORM, Asked, Choose, Fate, seeded
from .fault_server import FaultServer
from .world import Exchange, Row, World, exchanges


@dataclass(frozen=True, slots=True)
class Weather:
    """A choice of fates that can travel to another process."""

    seed: str = "0"
    rate: float = 0.0
    kinds: tuple[str, ...] = STORM
    latency: float = 0.0
    """Seconds before every answer."""
    hang: float = 0.0
    """Seconds before every second answer to a write."""

    def choose(self) -> Choose:
        """The fates, every one of them later by the latency."""
        chosen = seeded(self.seed, self.rate, self.kinds)

        def later(asked: Asked) -> Fate:
            fate = chosen(asked)
            hung = asked.method != "GET" and asked.number % 2
            return replace(fate, delay=fate.delay + (self.hang if hung and self.hang else self.latency))

        return later


class ServerProcess:
    """A server in a process of its own: its threads do not wait for the test's."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.server_process"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def open(self, name: str, weather: Weather, rows: Sequence[Row] = ()) -> str:
        """The base URL of a new world."""
        url: str = self._ask("open", name, weather=asdict(weather), rows=list(rows))
        return url

    def turn(self, name: str, weather: Weather) -> None:
        """Other weather from now on."""
        self._ask("turn", name, weather=asdict(weather))

    def history(self, name: str) -> list[Exchange]:
        return exchanges(self._ask("history", name))

    def truth(self, name: str) -> list[Row]:
        found: list[Row] = self._ask("truth", name)
        return found

    def drop(self, name: str) -> None:
        self._ask("drop", name)

    def _ask(self, do: str, name: str, **more: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "name": name, **more}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the fault server has ended"
        return line


class _Clerk:
    """The other end of :class:`ServerProcess`."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._worlds: dict[str, World] = {}

    def answer(self, order: Mapping[str, Any]) -> Any:
        name, do = order["name"], order["do"]
        if do == "open":
            world = self._worlds[name] = World(Weather(**order["weather"]).choose(), rows=order["rows"])
            return self._server.open(name, world)
        if do == "drop":
            del self._worlds[name]
            return self._server.drop(name)
        if do == "turn":
            self._worlds[name].choose = Weather(**order["weather"]).choose()
            return None
        if do == "truth":
            return self._worlds[name].truth()
        return [exchange.data() for exchange in self._worlds[name].history]


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="A remote that fails on purpose, on loopback.")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--kinds", default=",".join(STORM))
    parser.add_argument("--latency", type=float, default=0.0)
    chosen = parser.parse_args(argv)
    weather = Weather(chosen.seed, chosen.rate, tuple(chosen.kinds.split(",")), chosen.latency)
    with FaultServer() as server:
        print(server.open("w", World(weather.choose())), flush=True)
        clerk = _Clerk(server)
        for line in sys.stdin:
            print(json.dumps(clerk.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
