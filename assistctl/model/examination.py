"""What ``doctor`` found out about a remote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistctl.errors import AssistctlError

from .values import Json


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    claimed: str
    """What the profile says of it; empty where it says nothing."""
    observed: str
    agrees: bool = True
    """False where the profile should say something else."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that one run of ``doctor`` saw, up to the ``fault`` that ended it."""

    provider: str
    origin: str
    """Scheme, host and port; one fixed word for the embedded remote."""
    findings: tuple[Finding, ...] = ()
    advice: Mapping[str, Json] = field(default_factory=dict)
    """Keys of a profile with the values that were observed, where the profile says otherwise."""
    notes: tuple[str, ...] = ()
    """What deserves attention, for people."""
    extends: str = ""
    """The built-in profile that the advice can be pasted on; empty for a profile of the operator's own."""
    tried: bool = False
    """Whether the write test came to its end."""
    fault: AssistctlError | None = None
