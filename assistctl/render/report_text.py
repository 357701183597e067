"""What apply or destroy did, as text: a line per result while it runs, then the closing words."""

from __future__ import annotations

from collections.abc import Iterator

from assistctl.model.plan import Action
from assistctl.model.report import Outcome, Report, Result

from .style import Line, Role, Span, line
from .words import DONE, NO_CHANGES, ROLE, SYMBOL

_UNFINISHED = (Outcome.SKIPPED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.NOT_STARTED)

_WORDS = {
    Outcome.SKIPPED: "skipped",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "outcome unknown",
    Outcome.NOT_STARTED: "not started",
}


def result_lines(result: Result) -> Iterator[Line]:
    """``+ KEY created ID`` for one ended write, ``~ KEY failed: why`` for one that did not, its warnings."""
    done = result.outcome is Outcome.DONE
    words = DONE[result.action] if done else _WORDS[result.outcome]
    detail = f": {result.detail}" if result.detail else ""
    role = ROLE[result.action] if done else Role.DELETE
    remote_id = f" {result.id}" if result.id else ""
    yield line(Span(SYMBOL[result.action], role), f" {result.key} ", Span(words, role), remote_id, detail)
    for warning in result.warnings:
        yield line("    ", Span("warning: ", Role.UPDATE), warning)


def closing_lines(report: Report, *, open_questions: int = 0) -> Iterator[Line]:
    """The last words of apply, to the letter.

    ``open_questions`` is the plan's: with nothing to do, ``No changes.`` is only said where it is 0.
    """
    if report.complete and not report.results:
        yield line(f"{open_questions} need a decision." if open_questions else NO_CHANGES)
    added = report.count(Outcome.DONE, Action.CREATE)
    changed = report.count(Outcome.DONE, Action.UPDATE, Action.ADOPT)
    destroyed = report.count(Outcome.DONE, Action.DELETE)
    yield _closing("Apply", f"{added} added, {changed} changed, {destroyed} destroyed", report)


def destroy_closing_lines(report: Report) -> Iterator[Line]:
    """The last words of destroy, as Terraform says them."""
    yield _closing("Destroy", f"{report.count(Outcome.DONE, Action.DELETE)} destroyed", report)


def _closing(verb: str, done: str, report: Report) -> Line:
    if report.complete:
        return line(f"{verb} complete! Resources: {done}.")
    rest = ", ".join(f"{report.count(outcome)} {outcome.value}" for outcome in _UNFINISHED)
    return line(f"{verb} incomplete! Resources: {done}; {rest}.")
