"""What the operator and the chosen provider bring to reading manifests; none of it is in the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Inputs:
    """The outside of one run."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """``--var NAME=VALUE``; wins over the project's ``vars``."""
    allowed_env: frozenset[str] = frozenset()
    """``--allow-env NAME``."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """The process environment; only ``allowed_env`` is ever looked at."""
    secrets: tuple[str, ...] = ()
    """Live keys: an error wherever they would be sent."""
    reasoning_efforts: tuple[str, ...] = ("low", "medium", "high")
    """The words that the provider's profile takes."""
    extra_tools: frozenset[str] = frozenset()
    """Tool types that the profile lists beside the three of the protocol."""
    models: Literal["enum", "free", "deployment"] = "free"
    """How the profile treats model names; names of deployments are never looked up."""
    today: str = ""
    """The date as YYYY-MM-DD, for shutdown notices; empty for none."""
