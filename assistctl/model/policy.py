"""Rules about plans, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule about plans."""

    rule: Literal["allowed_models", "required_metadata", "no_deletion"]
    level: Literal["warn", "deny"]
    values: tuple[str, ...] = ()
    """Model names or metadata keys; empty for ``no_deletion``."""
