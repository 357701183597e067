"""Creating one assistant exactly once, as a state machine that can be explored completely.

Two places on one machine may run the program, one after the other or at once; they share a lock and a
journal. The remote may refuse, lose a request, lose an answer, apply a request late and list an object
late, but a request has happened and shows in the list, or never will, within ``BOUND`` ticks after it was
given up. A run may be killed at any step. Every step of the protocol can be left out, to see what it is for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

BOUND = 3
"""Ticks; a request that was given up is decided, and listed, strictly before so many have passed."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The protocol: the defaults are right, every other value leaves one step out."""

    lock: bool = True
    settle_wait: bool = True
    """After an unclean end, wait until the marker shows or the bound has passed."""
    complete_list: bool = True
    """False: a page that failed is taken for the end of the list."""
    intent: Literal["before", "after"] = "before"
    """When the journal is written: before the request, or once its answer is there."""
    dirty_until: Literal["listed", "answered"] = "listed"
    """When a create counts as settled for the next run: once listed, or as soon as it was answered."""
    unknown: Literal["set aside", "sent again", "taken for done"] = "set aside"
    settling: Literal["to the bound", "one look"] = "to the bound"
    resend: Literal["same marker", "other marker"] = "same marker"
    closing_list: bool = True


class Budget(NamedTuple):
    """How often the world may still be unkind."""

    starts: int = 6
    kills: int = 4
    faults: int = 5


class Run(NamedTuple):
    """One place that runs the program."""

    at: str = "off"
    waited: int = 0


class Request(NamedTuple):
    """A create on its way. ``left``: ticks until it must be decided; None while its sender waits."""

    sender: int
    left: int | None
    marked: bool


class Thing(NamedTuple):
    """An assistant that exists. ``left``: ticks until the list must show it; None once it does."""

    left: int | None
    marked: bool


class World(NamedTuple):
    """All there is."""

    runs: tuple[Run, ...] = (Run(), Run())
    holder: int | None = None
    dirty: bool = False
    requests: tuple[Request, ...] = ()
    things: tuple[Thing, ...] = ()
    budget: Budget = Budget()
    claimed: bool = False
    """Some run has ended and said that the assistant exists."""


Move = tuple[str, World]


def explore(steps: Steps) -> tuple[int, list[World], list[str]]:
    """Every reachable world, breadth first: how many there are, the worlds in which nothing is left to
    happen, and the shortest way to twins or to a lost create (empty where there is none)."""
    came_from: dict[World, tuple[World, str] | None] = {World(): None}
    queue, ends = deque(came_from), list[World]()
    while queue:
        world = queue.popleft()
        following = list(moves(world, steps))
        for name, after in following:
            if after not in came_from:
                came_from[after] = (world, name)
                if fault := verdict(after):
                    return len(came_from), ends, [*_way(after, came_from), fault]
                queue.append(after)
        if not following:
            ends.append(world)
    return len(came_from), ends, []


def verdict(world: World) -> str:
    """What is wrong, empty for nothing."""
    if len(world.things) > 1:
        return "twins"
    return "a lost create" if world.claimed and not world.things and not world.requests else ""


def moves(world: World, steps: Steps) -> Iterator[Move]:
    """Everything that may happen next."""
    for place, run in enumerate(world.runs):
        yield from _run(world, place, run, steps)
        if run.at != "off" and world.budget.kills:
            yield f"kill {place}", _killed(world, place)
    yield from _late(world)
    yield from _shown(world)
    yield from _tick(world)


def _run(world: World, place: int, run: Run, steps: Steps) -> Iterator[Move]:
    me = f"run {place}: "
    match run.at:
        case "off" | "lock" | "settle wait":
            yield from _beginning(world, place, run, steps, me)
        case "list":
            yield from _list(world, place, steps, me)
        case "intend":
            noted = world._replace(dirty=True) if steps.intent == "before" else world
            yield me + "intend", _at(noted, place, "send")
        case "send" | "send again":
            marked = run.at == "send" or steps.resend == "same marker"
            requests = (*world.requests, Request(place, None, marked))
            yield me + run.at, _at(world._replace(requests=requests), place, "wait")
        case "wait":
            yield from _answers(world, place, steps, me)
        case "settling":
            yield from _settling(world, place, run, steps, me)
        case "close" if not steps.closing_list or any(thing.left is None for thing in world.things):
            yield me + "clean", _ended(world, place)


def _beginning(world: World, place: int, run: Run, steps: Steps, me: str) -> Iterator[Move]:
    if run.at == "off" and world.budget.starts:
        fewer = world.budget._replace(starts=world.budget.starts - 1)
        yield me + "start", _at(world._replace(budget=fewer), place, "lock")
    elif run.at == "lock" and not (steps.lock and world.holder is not None):
        locked = world._replace(holder=place) if steps.lock else world
        settle = world.dirty and steps.settle_wait
        yield me + "lock", _at(locked, place, "settle wait" if settle else "list")
    elif run.at == "settle wait" and (_listed(world) or run.waited == BOUND):
        yield me + "settled", _at(world, place, "list")


def _settling(world: World, place: int, run: Run, steps: Steps, me: str) -> Iterator[Move]:
    if _listed(world):
        yield me + "adopt", _answered(world, place, steps)
    elif steps.settling == "one look" or run.waited == BOUND:
        yield me + "nothing shows", _at(world, place, "send again")


def _list(world: World, place: int, steps: Steps, me: str) -> Iterator[Move]:
    if _listed(world):
        yield me + "list shows it", _ended(world, place)
        if not steps.complete_list and world.budget.faults:
            yield me + "list is cut", _at(_fault(world), place, "intend")
    else:
        yield me + "list shows nothing", _at(world, place, "intend")


def _answers(world: World, place: int, steps: Steps, me: str) -> Iterator[Move]:
    """What may become of the request that a run waits for."""
    mine = next(each for each in world.requests if each.sender == place and each.left is None)
    rest = world._replace(requests=tuple(each for each in world.requests if each is not mine))
    made = rest._replace(things=(*rest.things, Thing(BOUND, mine.marked)))
    yield me + "answered", _answered(made, place, steps)
    if world.budget.faults:
        forgotten = _given_up(world, place)
        yield me + "refused", _at(_fault(rest), place, "send" if mine.marked else "send again")
        yield me + "request lost", _unknown(_fault(rest), place, steps)
        yield me + "answer lost", _unknown(_fault(made), place, steps)
        yield me + "time-out", _unknown(_fault(forgotten), place, steps)


def _answered(world: World, place: int, steps: Steps) -> World:
    dirty = steps.dirty_until == "listed"
    return _at(world._replace(dirty=dirty), place, "close")


def _unknown(world: World, place: int, steps: Steps) -> World:
    if steps.unknown == "taken for done":
        return _ended(world, place)
    return _at(world, place, "settling" if steps.unknown == "set aside" else "send")


def _ended(world: World, place: int) -> World:
    return _at(_released(world._replace(dirty=False, claimed=True), place), place, "off")


def _killed(world: World, place: int) -> World:
    fewer = world.budget._replace(kills=world.budget.kills - 1)
    return _at(_released(_given_up(world, place), place)._replace(budget=fewer), place, "off")


def _late(world: World) -> Iterator[Move]:
    """Requests that nobody waits for any more."""
    for number, request in enumerate(world.requests):
        if request.left is not None:
            rest = world._replace(requests=world.requests[:number] + world.requests[number + 1 :])
            yield "late request lost", rest
            things = (*rest.things, Thing(request.left, request.marked))
            yield "late request applied", rest._replace(things=things)


def _shown(world: World) -> Iterator[Move]:
    for number, thing in enumerate(world.things):
        if thing.left is not None:
            seen = (thing._replace(left=None),)
            things = world.things[:number] + seen + world.things[number + 1 :]
            yield "the list shows it from now on", world._replace(things=things)


def _tick(world: World) -> Iterator[Move]:
    """Time passes where that makes a difference, and where nothing must happen first."""
    waiting = [run for run in world.runs if run.at in ("settle wait", "settling") and run.waited < BOUND]
    counters = [request.left for request in world.requests if request.left is not None]
    counters += [thing.left for thing in world.things if thing.left is not None]
    if (waiting or counters) and 1 not in counters:
        yield (
            "tick",
            world._replace(
                runs=tuple(
                    run._replace(waited=run.waited + 1) if run in waiting else run for run in world.runs
                ),
                requests=tuple(each._replace(left=_less(each.left)) for each in world.requests),
                things=tuple(each._replace(left=_less(each.left)) for each in world.things),
            ),
        )


def _less(left: int | None) -> int | None:
    return None if left is None else left - 1


def _at(world: World, place: int, step: str) -> World:
    runs = tuple(Run(step) if number == place else run for number, run in enumerate(world.runs))
    return world._replace(runs=runs)


def _released(world: World, place: int) -> World:
    return world._replace(holder=None) if world.holder == place else world


def _given_up(world: World, place: int) -> World:
    return world._replace(
        requests=tuple(
            each._replace(left=BOUND) if each.sender == place and each.left is None else each
            for each in world.requests
        )
    )


def _fault(world: World) -> World:
    return world._replace(budget=world.budget._replace(faults=world.budget.faults - 1))


def _listed(world: World) -> bool:
    return any(thing.marked and thing.left is None for thing in world.things)


def _way(world: World, came_from: dict[World, tuple[World, str] | None]) -> list[str]:
    way: list[str] = []
    while (step := came_from[world]) is not None:
        world, name = step
        way.append(name)
    return way[::-1]
