"""An assistant on both sides: desired (what a manifest says) and remote (what the server says)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .values import Value

MARKER_KEY = "assistctl"
"""The metadata key that carries ownership; reserved, users have the other fifteen."""

FIELDS = (
    "name",
    "description",
    "model",
    "instructions",
    "tools",
    "tool_resources",
    "temperature",
    "top_p",
    "response_format",
    "reasoning_effort",
)
"""Managed API fields beside ``metadata``, in the order people read them."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a manifest forbids or changes about the usual life of an assistant."""

    prevent_destroy: bool = False
    ignore_changes: frozenset[str] = frozenset()
    """Field names and ``metadata.KEY``: sent on create only, later neither compared nor recorded."""
    keep_on_remove: bool = False
    """``on_remove: keep``: once the manifest is gone the assistant stays and is no longer managed."""


@dataclass(frozen=True, slots=True)
class Desired:
    """One manifest for one environment: layers merged, texts interpolated, limits checked."""

    key: str
    fields: Mapping[str, Value]
    """Only what the manifest says, by names of :data:`FIELDS`; None asks for the server's default.
    ``name`` is always there (the key, when the manifest has none)."""
    metadata: Mapping[str, str | None] = field(default_factory=dict)
    """Managed metadata keys; None removes the key from the remote."""
    pin: str | None = None
    """The remote id that the manifest names for this environment."""
    aliases: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    file: str = ""
    """The manifest's path, relative to the project root, for messages."""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Remote:
    """One assistant as a list or a GET answered it."""

    id: str
    created_at: float
    """Seconds, by the server's own clock: compare only with other ``created_at``."""
    fields: Mapping[str, Value]
    """Only the keys that the answer had; a missing key is not known, a null is None."""
    metadata: Mapping[str, str] | None
    """All entries, ours included; None when the answer had no ``metadata`` key."""
