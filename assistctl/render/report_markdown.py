"""What apply did, as Markdown for a step summary: how it ended first, then what was planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistctl.model.plan import Plan
from assistctl.model.report import Outcome, Report, Result

from .markdown import COMMENT, Room, clipped, fenced, folded, marker, short_code
from .plan_markdown import with_changes
from .report_text import closing_lines, result_lines
from .style import line, texts
from .words import count


def apply_markdown(plan: Plan, report: Report | None, *, declined: bool = False, room: Room = COMMENT) -> str:
    """The end of an apply within ``room``; ``report`` is None where it was refused or ``declined``.

    It begins with ``<!-- assistctl:apply:OWNER -->``.
    """
    head = [marker("apply", plan.owner), f"### Apply for {short_code(plan.owner)}", ""]
    if report is None:
        head += _undone(plan, declined, room)
    else:
        head += _ended(plan, report, room)
    return with_changes("\n".join([*head, ""]), plan, full=False, room=room)


def _undone(plan: Plan, declined: bool, room: Room) -> Iterator[str]:
    yield f"**Apply {'cancelled' if declined else 'refused'}: nothing was changed.**"
    yield ""
    reasons = [line for refusal in plan.refusals for line in (refusal.what, refusal.next) if line]
    if reasons:
        yield from fenced(clipped(texts(map(line, reasons)), room.part(room.most // 8)), "text")
        yield ""
    yield "What was planned:"
    yield ""


def _ended(plan: Plan, report: Report, room: Room) -> Iterator[str]:
    yield f"**{[*texts(closing_lines(report, open_questions=plan.open_questions))][-1]}**"
    yield ""
    done = [result for result in report.results if result.outcome is Outcome.DONE]
    others = [result for result in report.results if result.outcome is not Outcome.DONE]
    if others:
        yield from fenced(_results(others, room), "text")
        yield ""
    if done:
        yield from folded(f"{count(len(done), 'write')} done", fenced(_results(done, room), "text"))
        yield ""
        yield "What was planned:"
        yield ""


def _results(results: Sequence[Result], room: Room) -> list[str]:
    lines = texts(entry for result in results for entry in result_lines(result))
    return clipped(lines, room.part(room.most // 8))
