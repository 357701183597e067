"""What a run wrote, kept so that it can be looked at and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .plan import Action, FieldChange
from .report import Outcome
from .values import Value


@dataclass(frozen=True, slots=True)
class Written:
    """One planned write and how it ended."""

    action: Action
    key: str
    id: str | None
    outcome: Outcome
    detail: str = ""
    fields: tuple[FieldChange, ...] = ()
    """What it changed; empty for creates and deletes, whose whole value is below."""
    before: Mapping[str, Value] | None = None
    """The assistant before, ``metadata`` included and our marker left out; None for a create."""
    after: Mapping[str, Value] | None = None
    """The same afterwards, as it was sent; None for a delete."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of apply, destroy or undo."""

    run: str
    verb: str
    owner: str
    provider: str
    origin: str
    started: float
    """Seconds since 1970, UTC."""
    finished: float
    version: str
    """Of assistctl."""
    writes: tuple[Written, ...] = field(default_factory=tuple)
