"""One finding about one place of one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; ``--strict`` turns warnings into errors."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """``file:line:column: code message``; sorts by place."""

    file: str
    """Relative to the project root, with ``/``."""
    line: int
    column: int
    code: str
    message: str
    severity: Severity = Severity.ERROR
    path: str = ""
    """The field path (``tools[0].function.name``), stable when lines move; empty for a whole file."""
