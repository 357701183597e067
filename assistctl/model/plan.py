"""The plan as data: what would change, why, and what stands in the way. No words for display, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .values import Value


class Action(StrEnum):
    """What apply does to one assistant. The set is closed: every renderer handles each."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    """Start managing an assistant that exists; counts as a change."""
    DELETE = "delete"
    NOOP = "no-op"
    UNDECIDED = "undecided"
    """Somebody has to choose; apply writes nothing at all until then."""

    @property
    def writes(self) -> bool:
        """Whether apply sends a request for it."""
        return self not in (Action.NOOP, Action.UNDECIDED)


class Cause(StrEnum):
    """Why a field would change."""

    MANIFEST = "manifest"
    DRIFT = "drift"
    CONFLICT = "conflict"
    REMOVED = "removed"
    """The line left the manifest: back to the server's default."""
    ADOPT = "adopt"
    RENAME = "rename"
    HEAL = "heal"
    """Only our record changes with the next write; never shown as a change."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no value on this side (not even null)."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one assistant."""

    field: str
    """A top-level API name, ``metadata.KEY`` or ``tools.NAME``."""
    before: Value | Absent
    after: Value | Absent
    cause: Cause
    kept: bool = False
    """Listed only: the policy says keep, so the remote's value stays."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one manifest key (or one owned assistant without a manifest)."""

    action: Action
    key: str
    id: str | None
    """The remote id; None before a create and where several candidates compete."""
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    """For people; never decided upon."""
    previous_key: str | None = None
    """The key before a rename by ``aliases``."""
    body: Mapping[str, Value] = field(default_factory=dict)
    """The request body of the write without ``metadata``; empty where nothing is sent."""
    metadata: Mapping[str, str | None] = field(default_factory=dict)
    """The whole metadata map of the write, our marker included; None asks to remove a key."""
    before: Mapping[str, Value] | None = None
    """The remote's managed fields and ``metadata`` (without our marker); None on a create."""
    after: Mapping[str, Value] | None = None
    """The same once applied; None on a delete."""
    base: str = ""
    """Fingerprint of the remote that the plan was made against; checked right before the write."""
    candidates: tuple[Candidate, ...] = ()
    """Undecided only: the assistants somebody has to choose between."""
    ways: tuple[str, ...] = ()
    """Undecided only: flags or manifest lines that decide it, ready to paste."""
    file: str = ""
    """The manifest, relative to the project root; empty when there is none any more."""
    protected: bool = False
    """A delete that the recorded ``prevent_destroy`` forbids."""

    @property
    def shown(self) -> tuple[FieldChange, ...]:
        """The fields a person sees: everything but healed records."""
        return tuple(change for change in self.fields if change.cause is not Cause.HEAL)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One remote assistant that an undecided change is about."""

    id: str
    name: str
    created_at: float
    owner: str = ""
    """The owner its marker names; empty for unowned."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guard that says no. ``code`` is the exit code apply would answer with (5 or 6)."""

    code: int
    what: str
    next: str = ""
    keys: tuple[str, ...] = ()
    """The keys that it is about; empty where it is about the plan as a whole."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts for people and machines; ``update`` excludes ``adopt``."""

    create: int
    update: int
    delete: int
    adopt: int
    unchanged: int
    unmanaged: int
    foreign: int
    drifted: int
    undecided: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one run would do, sorted by key."""

    owner: str
    provider: str
    origin: str
    changes: tuple[Change, ...]
    unmanaged: int = 0
    """Remote assistants without a marker that no manifest is about."""
    foreign: int = 0
    """Remote assistants that another owner's marker claims."""
    owned: int = 0
    """Remote assistants with our marker, before anything is done: the base of the deletion limit."""
    run: str = ""
    """Id of the run that this plan is for: it stands in every marker that is written."""
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """Warnings about the run as a whole, for people."""
    offline: bool = False
    """Two revisions of the manifests were compared: no remote was asked, and nothing can be applied."""

    def of(self, action: Action) -> tuple[Change, ...]:
        """The changes of one kind, in order."""
        return tuple(change for change in self.changes if change.action is action)

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that send a request."""
        return tuple(change for change in self.changes if change.action.writes)

    @property
    def open_questions(self) -> int:
        """Changes that forbid the words "No changes": undecided, or with a kept or conflicting field."""
        return sum(1 for change in self.changes if _is_open(change))

    def summary(self) -> Summary:
        """The counts of section "plan as data" of the documentation."""
        counts = {action: len(self.of(action)) for action in Action}
        return Summary(
            create=counts[Action.CREATE],
            update=counts[Action.UPDATE],
            delete=counts[Action.DELETE],
            adopt=counts[Action.ADOPT],
            unchanged=counts[Action.NOOP],
            unmanaged=self.unmanaged,
            foreign=self.foreign,
            drifted=sum(any(f.cause is Cause.DRIFT for f in change.fields) for change in self.changes),
            undecided=counts[Action.UNDECIDED],
        )


def _is_open(change: Change) -> bool:
    if change.action is Action.UNDECIDED:
        return True
    return any(f.kept or f.cause is Cause.CONFLICT for f in change.fields)
