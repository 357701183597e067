"""Where the two sides meet while both are still coming in: what is settled keeps none of its long texts.

A fleet is mostly unchanged, and its prompts are most of its memory. Each manifest is compared as soon as its
assistant is there, or the other way round; where nothing changes, long values make way for :data:`NOT_HELD`
on both sides. The plan that follows never needs them, but for a few rare cases (an assistant that the list
shows in two states, say): there :class:`~assistctl.model.held.NotHeld` is raised, and the caller plans again
and holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from assistctl.model.assistant import Desired, Remote
from assistctl.model.held import NOT_HELD
from assistctl.model.plan import Action, Change
from assistctl.model.sharing import SharedTexts
from assistctl.model.values import Packed, Value

from .match import Match
from .settled import settled
from .survey import Seen, Survey
from .threeway import Rules

_KEPT = frozenset({"name", "model"})
"""What people know an assistant by, whatever becomes of it."""


class Meeting:
    """Manifests and assistants as they come, in any order, each side once.

    ``rules`` are those of the plan to be made, for assistants that are ours already. With ``hold`` nothing is
    let go; equal prompts are still kept only once. Values of at most ``short`` characters always stay.
    """

    def __init__(
        self, owner: str, formerly: tuple[str, ...], rules: Rules, *, hold: bool, short: int = 200
    ) -> None:
        self._survey = Survey(owner, formerly)
        self._desired: dict[str, Desired] = {}
        self._rules = rules
        self._hold = hold
        self._short = short
        self._share = SharedTexts()

    @property
    def survey(self) -> Survey:
        """The remote, once the whole list was seen."""
        return self._survey.in_order()

    @property
    def desired(self) -> tuple[Desired, ...]:
        """The manifests so far, by key."""
        return tuple(self._desired[key] for key in sorted(self._desired))

    def expect(self, desired: Desired) -> None:
        """Takes one manifest. Of two with one key, which is an error, one is kept."""
        self._desired[desired.key] = replace(desired, fields=self._shared(desired.fields))
        ours = self._survey.ours.get(desired.key, ())
        if len(ours) == 1:
            self._let_go(self._desired[desired.key], ours[0])

    def see(self, remotes: Iterable[Remote]) -> None:
        """Takes some items of the list."""
        for remote in remotes:
            self._survey.add(replace(remote, fields=self._shared(remote.fields)))
            seen = self._survey.by_id[remote.id]
            desired = self._desired.get(seen.marker.key) if seen.marker else None
            if desired is not None:
                self._let_go(desired, seen)

    def _let_go(self, desired: Desired, seen: Seen) -> None:
        if self._hold or desired.pin or desired.aliases or not self._is_settled(desired, seen):
            return
        self._desired[desired.key] = replace(desired, fields=self._light(desired.fields))
        self._survey.settle(replace(seen.remote, fields=self._light(seen.remote.fields)), desired.key)

    def _is_settled(self, desired: Desired, seen: Seen) -> bool:
        marker, lifecycle = seen.marker, desired.lifecycle
        if marker is None or not self._survey.is_ours(seen) or marker.key != desired.key:
            return False
        recorded = (marker.prevent_destroy, marker.keep_on_remove)
        if recorded != (lifecycle.prevent_destroy, lifecycle.keep_on_remove):
            return False
        return settled(desired, seen, self._rules)

    def _light(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        return {
            name: value if name in _KEPT or _length(value) <= self._short else NOT_HELD
            for name, value in fields.items()
        }

    def _shared(self, fields: Mapping[str, Value]) -> Mapping[str, Value]:
        prompt = fields.get("instructions")
        if not self._hold or not isinstance(prompt, str) or (known := self._share(prompt)) is prompt:
            return fields
        return {**fields, "instructions": known}


def agreement(match: Match, survey: Survey) -> Change | None:
    """The no-op of a pair that met and agreed; None where the plan has to compare."""
    seen, desired = match.seen, match.desired
    if seen is None or survey.settled.get(seen.remote.id) != desired.key:
        return None
    return Change(Action.NOOP, desired.key, seen.remote.id, file=desired.file)


def _length(value: Value) -> int:
    text = value.text if isinstance(value, Packed) else value
    return len(text) if isinstance(text, str) else 0
