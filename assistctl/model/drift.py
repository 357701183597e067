"""What happened outside: the part of a plan that nobody wrote in a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .plan import Candidate, FieldChange


class Kind(StrEnum):
    """How an assistant moved away from what was applied."""

    CHANGED = "changed"
    """Fields hold values that nobody applied."""
    MISSING = "missing"
    """The manifest has no assistant on the remote."""
    LOST = "lost marker"
    """One of the same name stands there, but its ownership marker is gone, edited or another's."""
    TWINS = "twins"
    """Several assistants carry the marker of one key."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One manifest whose assistant drifted."""

    kind: Kind
    key: str
    id: str | None
    fields: tuple[FieldChange, ...] = ()
    """Changed only: ``before`` is what the manifest says, ``after`` what the remote holds now."""
    candidates: tuple[Candidate, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """All of it, by key."""

    owner: str
    provider: str
    origin: str
    items: tuple[Drifted, ...]
    checked: int
    """Manifests that were looked at."""
