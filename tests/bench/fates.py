"""What a faulty remote does to one request, and who decides it: a seed, or a script."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Effect(StrEnum):
    """Whether, and when, a write takes effect."""

    NOW = "now"
    NEVER = "never"
    LATE = "late"


class Reply(StrEnum):
    """What the client gets to see."""

    TRUTH = "truth"
    """The answer of the server's core."""
    STATUS = "status"
    """An error of the fate's own status."""
    HTML = "html"
    """200 and a web page."""
    CUT = "cut"
    """The head and half of the body, then the end of the connection."""
    RESET = "reset"
    """A TCP reset after the request was read, without a byte of an answer."""
    RESET_UNREAD = "reset unread"
    """A TCP reset before the request was read."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request; as it stands, nothing bad."""

    name: str = "ok"
    effect: Effect = Effect.NOW
    reply: Reply = Reply.TRUTH
    status: int = 0
    delay: float = 0.0
    """Seconds between reading the request and its effect."""
    late: float = 0.0
    """Seconds between the end of the exchange and a late effect."""
    retry_after: str = ""
    lands: bool = False
    """Whether every late write takes effect before anything else becomes of this request."""


OK = Fate()


def refused(name: str, status: int, effect: Effect = Effect.NEVER, retry_after: str = "") -> Fate:
    """An error status, for a write that took effect all the same or did not."""
    return Fate(name, effect, Reply.STATUS, status, retry_after=retry_after)


def late(seconds: float, reply: Reply = Reply.STATUS) -> Fate:
    """A write that is given up on (504, or a reset) and takes effect ``seconds`` later."""
    return Fate("late", Effect.LATE, reply, 504, late=seconds)


def slow(seconds: float) -> Fate:
    """An honest answer that takes its time; the write takes effect at the end of it."""
    return Fate("slow", delay=seconds)


FATES: Mapping[str, Fate] = {
    fate.name: fate
    for fate in (
        OK,
        refused("429", 429),
        refused("429-wait", 429, retry_after="1"),
        *(refused(f"{status}", status) for status in (500, 502, 503, 504)),
        *(refused(f"{status}-applied", status, Effect.NOW) for status in (500, 502, 503, 504)),
        Fate("reset-unread", Effect.NEVER, Reply.RESET_UNREAD),
        Fate("reset", Effect.NEVER, Reply.RESET),
        Fate("lost", Effect.NOW, Reply.RESET),
        Fate("cut", Effect.NOW, Reply.CUT),
        Fate("html", Effect.NEVER, Reply.HTML),
        Fate("html-applied", Effect.NOW, Reply.HTML),
        late(0.2),
        slow(0.05),
    )
}
"""By name: the faults that can be asked for on a command line."""

STORM = (
    "429",
    "429",
    "500",
    "503",
    "500-applied",
    "502-applied",
    "503-applied",
    "504",
    "reset-unread",
    "lost",
    "lost",
    "cut",
    "html",
    "html-applied",
)
"""Half of what fails had no effect, half had one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request before it is read."""

    number: int
    """0 for the first one of its world."""
    method: str
    path: str
    """Below the world: ``/assistants`` or ``/assistants/ID``."""

    @property
    def kind(self) -> str:
        """``list``, ``read``, ``create``, ``modify`` or ``delete``."""
        single = self.path.rstrip("/").count("/") > 1
        kinds = {"GET": ("list", "read"), "POST": ("create", "modify"), "DELETE": ("delete", "delete")}
        return kinds.get(self.method, ("other", "other"))[single]


Choose: TypeAlias = Callable[[Asked], Fate]


def no_faults(_asked: Asked) -> Fate:
    """An honest server."""
    return OK


def seeded(seed: object, rate: float, kinds: Sequence[str | Fate] = STORM) -> Choose:
    """Each request fails with probability ``rate``, in one of ``kinds``; the n-th alike for one seed."""

    def choose(asked: Asked) -> Fate:
        dice = random.Random(f"{seed}:{asked.number}")  # noqa: S311 - not for secrets
        if dice.random() >= rate:
            return OK
        kind = dice.choice(list(kinds))
        return FATES[kind] if isinstance(kind, str) else kind

    return choose


def scripted(script: Mapping[str, Sequence[str | Fate]]) -> Choose:
    """For each kind of request (``create``, ``list``, …) what happens to the first, second, … of it."""
    left = {kind: list(fates) for kind, fates in script.items()}
    lock = threading.Lock()

    def choose(asked: Asked) -> Fate:
        with lock:
            fates = left.get(asked.kind)
            fate = fates.pop(0) if fates else OK
        return FATES[fate] if isinstance(fate, str) else fate

    return choose
