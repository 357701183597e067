"""Findings of ``validate`` as text and JSON. Other formats are modules beside this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.values import Json

from .style import Line, Role, Span, line
from .words import count

_ROLES = {Severity.ERROR: Role.DELETE, Severity.WARNING: Role.UPDATE, Severity.NOTICE: Role.DIM}


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file, line and column; what is said twice about one place is said once."""
    return tuple(sorted(set(diagnostics)))


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[Line]:
    """``path:line:col: ACnnn message`` for each, in order."""
    for found in in_order(diagnostics):
        place = f"{found.file}:{found.line}:{found.column}: "
        yield line(place, Span(found.code, _ROLES[found.severity]), f" {found.message}")


def diagnostics_summary(diagnostics: Iterable[Diagnostic], files: int) -> Line:
    """``3 errors, 1 warning in 2 of 14 files``, for stderr; ``files`` counts all that were checked."""
    found = in_order(diagnostics)
    if not found:
        return line(f"No problems in {count(files, 'file')}")
    counts = Counter(item.severity for item in found)
    said = ", ".join(count(counts[severity], severity.value) for severity in Severity if counts[severity])
    concerned = len({item.file for item in found})
    return line(f"{said} in {concerned:,} of {count(max(files, concerned), 'file')}")


def diagnostics_document(diagnostics: Iterable[Diagnostic], files: int) -> dict[str, Json]:
    """``{version, files, errors, warnings, notices, diagnostics}``; ``path`` is the field's path."""
    found = in_order(diagnostics)
    counts = Counter(item.severity for item in found)
    totals: dict[str, Json] = {f"{severity.value}s": counts[severity] for severity in Severity}
    return {"version": 1, "files": files, **totals, "diagnostics": _entries(found)}


def _entries(found: Sequence[Diagnostic]) -> list[Json]:
    return [
        {
            "file": item.file,
            "line": item.line,
            "column": item.column,
            "code": item.code,
            "severity": item.severity.value,
            "message": item.message,
            "path": item.path,
        }
        for item in found
    ]
