"""What apply or destroy did, as data."""

from __future__ import annotations

from assistctl.model.plan import Action
from assistctl.model.report import Outcome, Report, Result
from assistctl.model.values import Json

VERSION = 1


def report_document(report: Report, *, owner: str, origin: str, timestamp: str) -> dict[str, Json]:
    """The whole report; ``timestamp`` is RFC 3339 text. ``changed`` counts adoptions as well."""
    return {
        "version": VERSION,
        "timestamp": timestamp,
        "owner": owner,
        "origin": origin,
        "complete": report.complete,
        "interrupted": report.interrupted,
        "unlisted": list(report.unlisted),
        "summary": _summary(report),
        "results": [_result(result) for result in report.results],
    }


def _summary(report: Report) -> dict[str, Json]:
    return {
        "added": report.count(Outcome.DONE, Action.CREATE),
        "changed": report.count(Outcome.DONE, Action.UPDATE, Action.ADOPT),
        "destroyed": report.count(Outcome.DONE, Action.DELETE),
        "skipped": report.count(Outcome.SKIPPED),
        "failed": report.count(Outcome.FAILED),
        "unknown": report.count(Outcome.UNKNOWN),
        "not_started": report.count(Outcome.NOT_STARTED),
    }


def _result(result: Result) -> dict[str, Json]:
    return {
        "key": result.key,
        "id": result.id,
        "action": result.action.value,
        "outcome": result.outcome.value,
        "detail": result.detail,
        "exit_code": result.exit_code,
        "warnings": list(result.warnings),
    }
