"""Findings of ``validate`` as a report for GitLab's Code Quality widget.

GitLab's documentation, "Code Quality report format", says which keys there are; GitLab's own check of a
report is ``app/validators/json_schemas/codeclimate.json`` in its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.values import Json

from .diagnostics_fingerprints import fingerprinted
from .escape import escape

_SEVERITY: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTICE: "info"}


def gitlab_document(diagnostics: Iterable[Diagnostic]) -> list[Json]:
    """One map per finding, by place. Files are relative to the top of the repository, without ``./``.

    No two fingerprints are equal: of those GitLab shows the first only.
    """
    return [_issue(found, fingerprint) for found, fingerprint in fingerprinted(diagnostics)]


def _issue(found: Diagnostic, fingerprint: str) -> Json:
    return {
        "description": f"{found.code}: {escape(found.message)}",
        "check_name": found.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITY[found.severity],
        "location": {"path": found.file, "lines": {"begin": found.line}},
    }
