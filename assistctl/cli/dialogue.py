"""How apply and destroy talk: show the plan, ask once, tell each end, close with the numbers."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from assistctl.errors import UsageFault

from .console import Console
from .showing import note_findings, note_result, print_json, print_lines, print_plan, timestamp

if TYPE_CHECKING:
    from assistctl.commands.apply import Applied, Dialogue
    from assistctl.model.diagnostic import Diagnostic
    from assistctl.model.plan import Plan
    from assistctl.model.report import Result

APPLY_QUESTION = "Apply these changes? Only 'yes' is accepted:"


def dialogue_of(
    console: Console, *, approved: bool, full: bool, quiet_plan: bool, question: str, expected: str = "yes"
) -> Dialogue:
    """The dialogue of one run. ``quiet_plan`` leaves the plan out (for ``--format json``)."""
    from assistctl.commands.apply import Dialogue

    total = 0
    ended = count(1)  # progress comes from several threads; one step of it is atomic

    def show(plan: Plan, findings: tuple[Diagnostic, ...]) -> None:
        nonlocal total
        total = len(plan.writes)
        note_findings(console, findings)
        if not quiet_plan:
            print_plan(console, plan, full=full)

    def confirm(_plan: Plan) -> bool:
        if quiet_plan and not approved:
            raise _unseen()
        return approved or console.confirm(question, expected)

    def progress(result: Result) -> None:
        done = next(ended)
        note_result(console, result)
        console.progress(f"{done} of {total} done" if done < total else "")

    return Dialogue(show, confirm, progress)


def close(console: Console, applied: Applied, *, verb: str) -> None:
    """The last words: why nothing was done, or the numbers to the letter."""
    from assistctl.render.report_text import closing_lines, destroy_closing_lines

    if applied.declined:
        console.note(f"{verb.capitalize()} cancelled: nothing was changed.")
    elif applied.report is None:
        console.error(*_refused(applied, verb))
    elif verb == "destroy":
        print_lines(console, destroy_closing_lines(applied.report))
    else:
        # The plan above has said already that there are no changes, or how many need a decision.
        print_lines(console, [*closing_lines(applied.report)][-1:])


def close_json(console: Console, applied: Applied, made_at: float, *, verb: str) -> None:
    """The same for programs."""
    from assistctl.render.report_json import report_document

    if applied.report is None:
        close(console, applied, verb=verb)
        return
    plan = applied.plan
    document = report_document(
        applied.report, owner=plan.owner, origin=plan.origin, timestamp=timestamp(made_at)
    )
    print_json(console, document)


def _unseen() -> UsageFault:
    return UsageFault(
        "--format json shows no plan to agree to",
        undone="everything; nothing was changed",
        next="add --auto-approve, or review a plan first: assistctl plan --out FILE",
    )


def _refused(applied: Applied, verb: str) -> list[str]:
    from assistctl.render.escape import escape

    lines = [f"{verb} refused: " + "; ".join(refusal.what for refusal in applied.plan.refusals)]
    lines.append("Not done: nothing was written to the remote")
    lines += [f"Next: {refusal.next}" for refusal in applied.plan.refusals if refusal.next]
    return [escape(line) for line in lines]
