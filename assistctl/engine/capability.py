"""What a remote cannot do, held against the manifests before anything is compared.

Fields that a remote does not keep are left out on both sides, and a note says so. A remote without metadata
has nowhere to write ownership: there an ``id`` pin alone says which assistant is meant, nothing is created
by name and nothing is ever deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistctl.errors import ExitCode
from assistctl.model.assistant import Desired
from assistctl.model.plan import Action, Plan, Refusal

from .match import Match
from .survey import Survey

ALL_VERBS = frozenset({"list", "get", "create", "update", "delete"})
_WRITES = {
    Action.CREATE: ("create", "create"),
    Action.UPDATE: ("update", "modify"),
    Action.ADOPT: ("update", "modify"),
    Action.DELETE: ("delete", "delete"),
}


@dataclass(frozen=True, slots=True)
class Abilities:
    """The part of a profile that planning depends on."""

    provider: str = ""
    verbs: frozenset[str] = ALL_VERBS
    keeps_metadata: bool = True
    ignored: frozenset[str] = frozenset()
    """Fields that the remote accepts and drops; ``metadata`` among them where it keeps none."""


def fitted(desired: Sequence[Desired], able: Abilities) -> tuple[Sequence[Desired], tuple[str, ...]]:
    """The manifests without what the remote does not keep, and a note for each field that was left out."""
    ignored = able.ignored if able.keeps_metadata else able.ignored | {"metadata"}
    if not ignored:
        return desired, ()
    left_out = Counter(name for item in desired for name in _named(item) if name in ignored)
    fit = [_without(item, ignored) for item in desired]
    return fit, tuple(_notes(left_out, able))


def _named(desired: Desired) -> Iterator[str]:
    yield from desired.fields
    if desired.metadata:
        yield "metadata"


def _without(desired: Desired, ignored: frozenset[str]) -> Desired:
    fields = {name: value for name, value in desired.fields.items() if name not in ignored}
    return replace(desired, fields=fields, metadata={} if "metadata" in ignored else desired.metadata)


def _notes(left_out: Counter[str], able: Abilities) -> Iterator[str]:
    for name, number in sorted(left_out.items()):
        manifests = "1 manifest" if number == 1 else f"{number} manifests"
        yield f"{able.provider} does not keep {name}: it is left out of {manifests}, not compared"


def match_pins(desired: Sequence[Desired], remote: Survey) -> tuple[Match, ...]:
    """One match per manifest where only pins can tell; the rest is undecided."""
    users: Counter[str] = Counter(item.pin for item in desired if item.pin)
    return tuple(_match_pin(item, remote, users) for item in desired)


def _match_pin(desired: Desired, remote: Survey, users: Counter[str]) -> Match:
    if desired.pin is None:
        return _unpinned(desired, remote)
    seen = remote.by_id.get(desired.pin)
    if seen is None:
        reason = f"its id pin names {desired.pin}, which this remote does not have"
        return Match(desired, undecided=reason, ways=("remove or correct the id: line",))
    if users[desired.pin] > 1:
        reason = f"several manifests are pinned to {desired.pin}"
        return Match(desired, undecided=reason, candidates=(seen,), ways=("correct the id: lines",))
    return Match(desired, seen)


def _unpinned(desired: Desired, remote: Survey) -> Match:
    name = desired.fields.get("name")
    alike = tuple(sorted((s for s in remote.by_id.values() if s.name == name), key=lambda seen: seen.age))
    ways = tuple(f"id: {seen.remote.id}" for seen in alike)
    reason = "this remote keeps no metadata: only an id pin can say which assistant is meant"
    return Match(
        desired,
        undecided=reason,
        candidates=alike,
        ways=ways or ("create it by hand, then pin it with an id: line",),
    )


def incapable(plan: Plan, able: Abilities) -> Iterator[Refusal]:
    """A refusal for each kind of write that the remote has no call for."""
    needed = Counter(_WRITES[change.action] for change in plan.writes)
    for (verb, word), number in sorted(needed.items()):
        if verb not in able.verbs:
            yield Refusal(
                ExitCode.GUARD_REFUSED,
                f"{able.provider} has no {word} call: {number} of the changes cannot be made there",
                "make them by hand where that is possible, leave them out (--target, --no-delete), or "
                "use another remote",
            )
