"""What the operator chose for one run: targets, decisions and policies, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Resolution = Literal["overwrite", "keep", "fail"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Flags of plan and apply that decide what is planned."""

    targets: tuple[str, ...] = ()
    """Globs over keys; empty means all."""
    adopt_all: bool = False
    """``--adopt``: start managing unowned assistants of an equal name."""
    adopt_keys: frozenset[str] = frozenset()
    """``--adopt=KEY``: the same for these keys only."""
    adopt_oldest: bool = False
    """Of twins, keep the oldest and plan the deletion of the others."""
    takeover: frozenset[str] = frozenset()
    """Owners whose assistants may be taken over by key or name."""
    create_anyway: bool = False
    """Create even where an assistant of the same name exists."""
    delete: bool = True
    """False with ``--no-delete``."""
    on_drift: Resolution = "overwrite"
    on_conflict: Resolution = "fail"

    formerly: tuple[str, ...] = ()
    """Owners whose assistants this project takes over by key, as the project file says."""

    def includes(self, key: str) -> bool:
        """Whether this run is about ``key``."""
        return not self.targets or any(fnmatchcase(key, glob) for glob in self.targets)

    def adopts(self, key: str) -> bool:
        """Whether the operator chose to adopt for ``key``."""
        return self.adopt_all or key in self.adopt_keys
