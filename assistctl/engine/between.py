"""Two revisions of the manifests, without a remote: what the newer one would change.

The older revision is taken as applied: every manifest of it becomes the assistant that apply would have
made, marker included, and the newer one is planned against those. So the same rules decide as in a plan, and
a plan shows the same changes wherever the remote holds exactly what the older revision says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from assistctl.model.assistant import FIELDS, Desired, Remote
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.values import Value

from .planner import Frame, make_plan
from .survey import Survey, survey


@dataclass(frozen=True, slots=True)
class Declared:
    """What one revision declares for one environment."""

    owner: str
    desired: tuple[Desired, ...] = ()
    unreadable: frozenset[str] = frozenset()
    """Keys that it declares by invalid manifests: what those say is not known."""


def between(old: Declared, new: Declared, frame: Frame) -> Plan:
    """The changes from ``old`` to ``new``, without ids and without bodies to send.

    ``frame.owner`` is the owner of ``new``. Pins are not followed: nobody can tell here what they name. A
    rename that no alias declares is a create and a delete, and the create says what a plan would ask.
    """
    before = _as_applied(old, frame)
    desired = tuple(replace(item, pin=None) for item in new.desired)
    decided = replace(frame.selection, create_anyway=True)
    plan = make_plan(desired, before, replace(frame, selection=decided))
    asked = {change.key: change for change in make_plan(desired, before, frame).of(Action.UNDECIDED)}
    remarks = _Remarks(asked, old.unreadable, {item.key: item for item in new.desired})
    changes = tuple(remarks.on(_bare(change)) for change in plan.changes)
    notes = (*plan.notes, *_left_alone(plan))
    return replace(plan, changes=changes, notes=notes, unmanaged=0, foreign=0, offline=True)


def _as_applied(old: Declared, frame: Frame) -> Survey:
    """The remote that an apply of ``old`` makes of an empty one; keys stand for ids."""
    made = make_plan(old.desired, Survey(old.owner), replace(frame, owner=old.owner))
    return survey(map(_remote, made.of(Action.CREATE)), frame.owner, frame.selection.formerly)


def _remote(change: Change) -> Remote:
    metadata = {key: text for key, text in change.metadata.items() if text is not None}
    return Remote(change.key, 0.0, {name: change.body.get(name) for name in FIELDS}, metadata)


def _bare(change: Change) -> Change:
    """Without what only a remote could tell."""
    return replace(
        change,
        id=None,
        body={},
        metadata={},
        base="",
        before=_said(change.before),
        after=_said(change.after),
        candidates=(),
        ways=tuple(_without_pins(change)),
    )


def _said(side: Mapping[str, Value] | None) -> Mapping[str, Value] | None:
    return None if side is None else {name: value for name, value in side.items() if value is not None}


def _without_pins(change: Change) -> Iterator[str]:
    return (way for way in change.ways if not way.startswith("id:"))


@dataclass(frozen=True, slots=True)
class _Remarks:
    """What is said about creates that may turn out to be something else."""

    asked: Mapping[str, Change]
    """What a plan leaves undecided, by key."""
    unreadable: frozenset[str]
    desired: Mapping[str, Desired]

    def on(self, change: Change) -> Change:
        if change.action is not Action.CREATE:
            return change
        return replace(change, reason="; ".join(self._words(change.key)))

    def _words(self, key: str) -> Iterator[str]:
        item = self.desired[key]
        if self.unreadable.intersection((key, *item.aliases)):
            yield "its manifest is invalid in the older revision: compared with nothing"
        if item.pin is not None:
            yield f"pinned to {item.pin}: plan shows whether that one is taken over"
        if key in self.asked:
            question = self.asked[key]
            yield f"{question.reason} (plan asks; {next(_without_pins(question), 'a pin')} decides)"


def _left_alone(plan: Plan) -> Iterator[str]:
    """Manifests that are gone whose assistants stay: nothing changes, and nobody would see why."""
    for change in plan.of(Action.NOOP):
        if change.reason:
            yield f"{change.key}: no manifest declares it any more ({change.reason})"
