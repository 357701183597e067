"""One schedule: a small fleet, a few stormy runs of the real apply, then fine weather until all is well.

Everything follows from the seed. The journal, the lock and the run records are real files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from assistctl.commands.apply import Dialogue, apply_in
from assistctl.commands.exclusive import Waiting
from assistctl.commands.plan import plan_in
from assistctl.commands.ports import Ports
from assistctl.commands.records import Manner
from assistctl.commands.session import Link, Session, canon_of
from assistctl.engine.marker import Marker
from assistctl.errors import AssistctlError, ExitCode
from assistctl.model.assistant import MARKER_KEY, Desired
from assistctl.model.plan import Plan
from assistctl.model.selection import Selection
from assistctl.providers.transport import Transport
from assistctl.providers.urls import Urls
from assistctl.providers.wire import WireProvider
from assistctl.settings import Settings

from .simulated_laws import Ran, unconverged, untrue
from .simulated_network import Killed, SimulatedNetwork, VirtualClock, Weather
from .simulated_remote import EPOCH, SimulatedRemote, Thing, marker_of

ORIGIN = "https://remote.test"
KEYS = ("ant", "bee", "cat", "dog", "eel")
_PATIENCE = 8
"""Runs in fine weather until everything must be as the manifests say."""
_STRANGER = Marker("other/default", "ant", "zzz").encode()


@dataclass(frozen=True, slots=True)
class Twist:
    """A protection taken out, or a promise of the remote broken, to prove that the laws can fail."""

    waiting: Waiting = field(default_factory=Waiting)
    keep_state: bool = True
    """False: every run comes to a machine without a journal."""
    lag: float | None = None
    """Seconds by which the list lags, whatever the bound."""


@dataclass(slots=True)
class Life:
    """See the module. ``folder`` must exist, be empty, and be of this schedule's own."""

    seed: int
    settings: Settings
    folder: Path
    twist: Twist = field(default_factory=Twist)
    runs: list[Ran] = field(default_factory=list)
    chance: Random = field(init=False)
    clock: VirtualClock = field(init=False)
    remote: SimulatedRemote = field(init=False)
    network: SimulatedNetwork = field(init=False)
    wanted: dict[str, int] = field(default_factory=dict)
    """Key to the number of the text its manifest has."""
    choices: Selection = field(init=False)

    def __post_init__(self) -> None:
        random.seed(self.seed)  # the pauses between retries come from there
        self.chance = chance = Random(self.seed)  # noqa: S311 - a seed must repeat everything
        self.clock = VirtualClock()
        self.remote = SimulatedRemote(self.settings.owner, self.clock, self._lag, chance.choice([2, 3, 100]))
        self.network = SimulatedNetwork(self.remote, self.clock, chance, self._edit)
        anyway = chance.random() < 0.5
        self.choices = Selection(on_drift="overwrite", on_conflict="overwrite", create_anyway=anyway)

    def live(self) -> list[str]:
        """Lives it, and answers which laws were broken; empty for a good life."""
        self._begin()
        for _ in range(self.chance.choice([1, 2, 2, 3])):
            self.apply()
            self._pause()
            self._change_manifests()
            if self.remote.wrongs:
                return self.remote.wrongs
        return [*self.healed(), *self.remote.wrongs, *self.lies()]

    @property
    def trace(self) -> str:
        """Everything that happened, a line each."""
        return "\n".join(self.network.trace)

    def _begin(self) -> None:
        """Strangers, some of whom look like ours, and sometimes a fleet that stands already."""
        for number in range(self.chance.choice([0, 0, 1, 3])):
            looks = {"name": "ant"} if self.choices.create_anyway else {"name": f"stranger {number}"}
            metadata = {MARKER_KEY: _STRANGER} if self.choices.create_anyway and number else {}
            self.remote.put({**looks, "model": "gpt-4o", "metadata": metadata}, outside=1, shows_at=0.0)
        for key in self.chance.sample(KEYS, self.chance.randint(1, 4)):
            self.wanted[key] = 0
        if self.chance.random() < 0.4:
            self.apply()
            self._pause()
            self._change_manifests()
        self.network.weather = Weather(
            faults=self.chance.choice([0.0, 0.05, 0.15, 0.4]),
            kills=self.chance.choice([0.0, 0.05, 0.15]),
            outside=self.chance.choice([0.0, 0.0, 0.05, 0.2]),
            latency=self.chance.choice([0.01, 0.1, 1.0]),
            lag=self.chance.choice([0.0, 1.0, 8.0, 28.0]),
        )

    def healed(self) -> Iterator[str]:
        """G5: in fine weather the next runs make everything right, and then nothing is left to do."""
        self.network.weather = replace(self.network.weather, faults=0.0, kills=0.0, outside=0.0)
        calm = False
        for attempt in range(_PATIENCE):
            ran = self.apply()
            if ran.exit_code in (ExitCode.GUARD_REFUSED, ExitCode.DECISION_NEEDED) and ran.report is None:
                self.choices = replace(self.choices, create_anyway=True)  # as the refusal advises
            if ran.exit_code:
                self.clock.sleep(attempt * 10.0)  # at once the first time: that is when twins are made
                continue
            self.clock.sleep(2 * self.network.weather.late)
            self.network.catch_up()
            if not self._plan().writes:
                yield from unconverged(self.remote, self.desired())
                return
            if calm:
                yield "G5: the plan after a run that nothing disturbed is not empty"
            calm = True
        yield f"G5: not as the manifests say after {_PATIENCE} runs in fine weather"

    def lies(self) -> Iterator[str]:
        """G6: what the runs said and the remote contradicts."""
        for ran in self.runs:
            yield from untrue(ran, self.remote)

    def apply(self) -> Ran:
        """One run of the real apply."""
        run = f"r{len(self.runs)}"
        self.network.run, self.network.dead, self.network.stopped = run, False, 0
        self.network.note(f"apply {self.wanted}")
        ran = self._ended(run)
        self.runs.append(ran)
        said = ran.report.results if ran.report else ran.error
        self.network.note(f"{'killed' if ran.killed else int(ran.exit_code)} {said or ''}")
        return ran

    def _ended(self, run: str) -> Ran:
        dialogue = Dialogue(self._shown, lambda _plan: True, lambda _result: None)
        manner = Manner("apply", parallelism=1, waiting=self.twist.waiting)
        session, ports = self._session(), self._ports(run)
        try:
            applied = apply_in(session, self.desired(), (), self.choices, manner, dialogue, ports)
        except Killed:
            return Ran(run, killed=True)
        except AssistctlError as error:
            return Ran(run, exit_code=error.exit_code, error=error)
        return Ran(run, applied.report, applied.exit_code)

    def _shown(self, _plan: Plan, _findings: object) -> None:
        self.remote.planned = dict(self.remote.shown)

    def _plan(self) -> Plan:
        self.network.run = "plan"
        return plan_in(self._session(), self.desired(), (), self.choices, self._ports("plan")).plan

    def _session(self) -> Session:
        profile = self.settings.profile
        transport = Transport(self.network, profile, None, clock=self.clock, notify=self.network.note)
        provider = WireProvider(transport, profile, Urls(ORIGIN), ORIGIN)
        return Session(self.settings, Link(provider, ORIGIN, ORIGIN, canon_of(profile)))

    def _ports(self, run: str) -> Ports:
        machine = self.folder if self.twist.keep_state else self.folder / run
        return Ports(
            environ={"ASSISTCTL_STATE_DIR": str(machine)},
            clock=self.clock,
            wall=lambda: EPOCH + self.clock.time,
            run_id=lambda: run,
            notify=self.network.note,
            stopped=lambda: self.network.stopped,
        )

    def desired(self) -> tuple[Desired, ...]:
        """What the manifests say."""
        return tuple(
            Desired(key, {"name": key, "model": "gpt-4o-mini", "instructions": f"{key * 9} {text}"})
            for key, text in sorted(self.wanted.items())
        )

    def _pause(self) -> None:
        """Until somebody starts the next run."""
        self.clock.sleep(self.chance.choice([0.1, 0.1, 3.0, 20.0, 90.0]))

    def _change_manifests(self) -> None:
        if self.chance.random() < 0.4:
            self.wanted[self.chance.choice(sorted(self.wanted))] += 1
        if self.chance.random() < 0.3:
            self.wanted.setdefault(self.chance.choice(KEYS), 0)
        if self.chance.random() < 0.3 and len(self.wanted) > 1:
            del self.wanted[self.chance.choice(sorted(self.wanted))]

    def _lag(self) -> float:
        longest = self.network.weather.lag if self.twist.lag is None else self.twist.lag
        return self.chance.random() * longest

    def _edit(self) -> str:
        """Something that a person does at a console, or another program."""
        things = [thing for thing, _ in self.remote.living()]
        if not things or self.chance.random() < 0.2:
            return f"adds {self.remote.put({'name': 'new', 'model': 'gpt-4o', 'metadata': {}}, outside=1).id}"
        thing = self.chance.choice(things)
        return self.chance.choice(_EDITS)(self, thing)

    def _rewrites(self, thing: Thing) -> str:
        # No text comes twice: an edit that brings back what the plan saw is none that could be seen.
        self.remote.edit_outside(thing, instructions=f"by hand, at {self.clock.time}")
        return f"rewrites {thing.id}"

    def _warms(self, thing: Thing) -> str:
        self.remote.edit_outside(thing, temperature=self.chance.random())
        return f"sets the temperature of {thing.id}"

    def _removes(self, thing: Thing) -> str:
        self.remote.end(thing, outside=1)
        return f"deletes {thing.id}"

    def _releases(self, thing: Thing) -> str:
        """Takes the marker away, unless a late modify of ours would bring it back."""
        body = thing.latest.body or {}
        if thing.id in self.network.under_way or not marker_of(body)[0] or not self.choices.create_anyway:
            return "thinks better of it"
        kept = {key: text for key, text in body["metadata"].items() if key != MARKER_KEY}
        self.remote.edit_outside(thing, metadata=kept)
        return f"takes the marker from {thing.id}"


_EDITS: tuple[Callable[[Life, Thing], str], ...] = (
    Life._rewrites,
    Life._warms,
    Life._removes,
    Life._releases,
)
