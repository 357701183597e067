"""One remote assistant as ``list`` and ``show`` present it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .assistant import Remote


class Holder(StrEnum):
    """Whose an assistant is, seen from the owner in force."""

    OURS = "ours"
    OTHER = "other"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class Listed:
    """A remote assistant with what its marker says."""

    remote: Remote
    holder: Holder
    key: str = ""
    """The key its marker names; empty when unmanaged."""
    owner: str = ""
    """The owner its marker names; empty when unmanaged."""
