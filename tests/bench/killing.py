"""Short stories of a killed apply: a fleet half applied, a kill, the next run, and all that must hold."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from . import history
from .fates import Choose, no_faults
from .fault_server import FaultServer
from .fleet import OTHER, OWNER, Fleet, add_strangers, compared, write_fleet, write_project
from .world import Row, World, owner_of
from .zygote import Ended, Kill, Zygote

_LONG_AGO = 1_750_000_000
DRAINED = 0.02
"""The settle bound in seconds where the server has answered everything before the next run begins."""
SETTLE = 0.3
"""The settle bound where it has not. The remote keeps to it: a list that is asked for later shows whatever
the killed run had sent."""
_TRIES = 4
"""Commands that a remote with faults may need; an honest one needs one."""


@dataclass
class Scene:
    """A fleet and the remote as it is before the apply that gets killed."""

    folder: Path
    fleet: Fleet
    rows: list[Row]
    strangers: tuple[str, ...]
    reference: list[dict[str, object]]
    """The remote after an apply that nobody kills."""
    effects: int
    """How many effects that apply had; how many there are differs a little from run to run."""
    requests: int
    """How many requests that apply sent."""
    seconds: float
    """How long it takes."""
    state: Path
    """The state folder of the machine that applied the first version."""


@dataclass
class Told:
    """What became of one story."""

    violations: list[str]
    killed: int = 0
    commands: int = 0
    runs: list[Ended] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


class Stage:
    """Everything that stories need; one for a whole test module."""

    def __init__(self, server: FaultServer, zygote: Zygote, folder: Path) -> None:
        self._server = server
        self._zygote = zygote
        self._folder = folder
        self._numbers = count()

    def scene(
        self, kept: int = 2, changed: int = 3, dropped: int = 2, created: int = 4, *, seed: object = 0
    ) -> Scene:
        """Applies the first version of a fleet beside assistants of others, and measures a clean apply."""
        folder = self._folder / f"scene-{next(self._numbers)}"
        fleet = write_fleet(folder, kept, changed, dropped, created, seed)
        world, environ = self.world(folder)
        assert self.apply(fleet.before, environ).code == 0
        strangers = add_strangers(world, self._marker_of_another(folder))
        state = Path(environ["ASSISTCTL_STATE_DIR"])
        scene = Scene(folder, fleet, world.truth(), strangers, [], 0, 0, 0.0, state)
        clean, environ = self.world(folder, scene.rows)
        ended = self.apply(fleet.after, environ)
        assert ended.code == 0, ended.err
        scene.reference, scene.effects, scene.seconds = compared(clean.truth()), ended.effects, ended.seconds
        scene.requests = len(clean.history)
        return scene

    def story(
        self,
        scene: Scene,
        kills: Sequence[Kill],
        *options: str,
        choose: Choose = no_faults,
        drained: bool = False,
        same_machine: bool = False,
    ) -> Told:
        """Kills one apply after the other, lets the next one end, and holds the remote against the laws.

        ``drained``: whatever a killed run has sent takes effect before the next one begins.
        ``same_machine``: where the first version was applied from, not a new one.
        """
        world, environ = self.world(scene.folder, scene.rows, choose)
        if same_machine:
            shutil.copytree(scene.state, environ["ASSISTCTL_STATE_DIR"])
        told = Told([])
        options = ("--settle-seconds", str(DRAINED if drained else SETTLE), *options)
        for kill in kills:
            told.runs.append(self.apply(scene.fleet.after, environ, *options, kill=kill))
            told.killed += told.runs[-1].killed
            if drained:
                self._server.drain()
            else:
                world.due.append((told.runs[-1].ended_at + SETTLE, self._server.gone()))
        self._converge(scene, world, environ, options, told, 1 if choose is no_faults else _TRIES)
        told.violations += self._laws(scene, world, environ, told)
        told.steps = [
            f"{one.begun:.4f} {one.method} {one.path} {one.key} {one.fate} {one.made} {one.applied}"
            for one in world.history
        ]
        self._leave(environ)
        return told

    def world(
        self, folder: Path, rows: Sequence[Row] = (), choose: Choose = no_faults
    ) -> tuple[World, dict[str, str]]:
        """A remote, and the environment of a command that uses it; its state folder is its own."""
        name = f"w{next(self._numbers)}"
        world = World(choose, rows=rows) if rows else World(choose, clock=lambda: _LONG_AGO)
        url = self._server.open(name, world)
        state = folder / f"state-{name}"
        return world, {"HOME": str(folder), "ASSISTCTL_STATE_DIR": str(state), "ASSISTCTL_BASE_URL": url}

    def apply(
        self, folder: Path, environ: Mapping[str, str], *options: str, kill: Kill | None = None
    ) -> Ended:
        """One apply in a fresh process."""
        words = ["-C", str(folder), "apply", "--auto-approve", *options]
        return self._zygote.run(words, environ, kill=kill)

    def _converge(
        self,
        scene: Scene,
        world: World,
        environ: Mapping[str, str],
        options: Sequence[str],
        told: Told,
        tries: int,
    ) -> None:
        while told.commands < tries:
            told.runs.append(self.apply(scene.fleet.after, environ, *options))
            told.commands += 1
            world.settle()
            if told.runs[-1].code == 0:
                return
        told.violations.append(f"not converged after {tries}: {told.runs[-1].code} {told.runs[-1].err}")

    def _laws(self, scene: Scene, world: World, environ: Mapping[str, str], told: Told) -> list[str]:
        world.choose = no_faults
        truth, strangers = world.truth(), scene.strangers
        plan = self._zygote.run(["-C", str(scene.fleet.after), "plan", "--detailed-exitcode"], environ)
        told.runs.append(plan)
        found = history.twins(truth, OWNER) + history.wrong_keys(truth, OWNER, scene.fleet.wanted)
        found += history.created_twice(world.history)
        journal = history.read_journal(Path(environ["ASSISTCTL_STATE_DIR"]))
        found += history.lost_creates(journal, truth, world.history)
        found += history.touched(world.history, strangers, OWNER) + history.unmarked(world.history, OWNER)
        found += history.altered(scene.rows, truth, strangers)
        if compared(truth) != scene.reference:
            found.append("the remote is not what an apply that nobody kills makes of it")
        if plan.code:
            found.append(f"the plan afterwards is not empty: {plan.code} {plan.out} {plan.err}")
        return found

    def _leave(self, environ: Mapping[str, str]) -> None:
        self._server.drop(environ["ASSISTCTL_BASE_URL"].rpartition("/")[2])
        shutil.rmtree(environ["ASSISTCTL_STATE_DIR"], ignore_errors=True)

    def _marker_of_another(self, folder: Path) -> str:
        """The marker that another project writes."""
        world, environ = self.world(folder)
        other = write_project(folder / "other", {"dropped-0": "model: gpt-4o-mini\n"}, OTHER)
        assert self.apply(other, environ).code == 0
        (row,) = world.truth()
        assert owner_of(row) == "other/default"
        marker: str = row["metadata"]["assistctl"]
        return marker
