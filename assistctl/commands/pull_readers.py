"""Who else reads what an edit touches, and what the edit would do to them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from assistctl.engine.fields import compare
from assistctl.engine.normalize import Canon
from assistctl.engine.survey import Seen
from assistctl.engine.threeway import Rules
from assistctl.model.assistant import Desired
from assistctl.model.plan import Action, Cause

from .plan import Planned

if TYPE_CHECKING:
    from assistctl.manifest.editing.desk import Desk, Draft
    from assistctl.manifest.findings import Place

_OUTSIDE = (Cause.DRIFT, Cause.CONFLICT)
_PLANNED = (Action.UPDATE, Action.NOOP)


class Readers:
    """All manifests with the places that they read, before anything was edited."""

    def __init__(self, desk: Desk, manifests: Mapping[str, Desired], planned: Planned, canon: Canon) -> None:
        self._desk = desk
        self._manifests = manifests
        self._rules = Rules(canon)
        self._seen = _met(planned)

    def others(self, key: str, draft: Draft) -> dict[Place, frozenset[str]]:
        """Shared places that the draft edits, with the other assistants that read them."""
        found = {place: self._users.get(place, frozenset()) - {key} for place in draft.touched}
        return {place: keys for place, keys in sorted(found.items(), key=lambda each: each[0].file) if keys}

    def harm(self, draft: Draft, others: Mapping[Place, frozenset[str]], *, merged: bool) -> str:
        """What the draft would do to another assistant that reads the place; empty for nothing bad.

        An outside edit that the files hold already must not be driven out of them by one of another
        assistant: no field of another may come to differ from both the record and the remote. A merge is
        exempt, since it keeps what the files hold.
        """
        for key in sorted({key for keys in others.values() for key in keys}):
            after = self._desk.resolve(key, self._manifests[key].file, draft)
            if after is None:
                return f"the edit would make {key} invalid"
            if not merged and (fields := self._outside(key, after.desired) - self._open(key)):
                return f"it would go against an outside edit of {key}: {', '.join(sorted(fields))}"
        return ""

    @cached_property
    def _users(self) -> Mapping[Place, frozenset[str]]:
        return self._desk.users(self._manifests.keys())

    def _open(self, key: str) -> frozenset[str]:
        """What had to be pulled from the outset; edits of one run do not meet in one place anyway."""
        return self._outside(key, self._manifests[key])

    def _outside(self, key: str, desired: Desired) -> frozenset[str]:
        """The fields in which the plan for ``desired`` would show an outside edit."""
        if key not in self._seen:
            return frozenset()
        changes = compare(desired, self._seen[key], self._rules).changes
        return frozenset(each.field for each in changes if each.cause in _OUTSIDE)


def _met(planned: Planned) -> dict[str, Seen]:
    """By key the assistants that manifests have. Where ownership is only being taken, nothing was applied
    that an outside edit could differ from."""
    changes = (each for each in planned.plan.changes if each.file and each.action in _PLANNED)
    return {each.key: planned.remote.by_id[each.id] for each in changes if each.id}
