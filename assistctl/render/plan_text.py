"""The plan as text for people: one block per change, what stands in the way, and the verdict last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assistctl.model.plan import Action, Candidate, Change, Plan, Refusal
from assistctl.model.values import Value

from .columns import fit, pad
from .plan_fields import INDENT, change_lines, value_lines
from .style import BLANK, Line, Role, Span, gutter, line
from .value_text import created, flat
from .words import ACTION, ROLE, SYMBOL, count, plan_verdict


def plan_lines(plan: Plan, *, full: bool) -> Iterator[Line]:
    """The whole plan; the last line is :func:`~assistctl.render.words.plan_verdict`, never coloured.

    Changes come in the plan's order. What does not change is only counted, except where a policy keeps
    somebody else's value. ``full`` adds the bodies of created and deleted assistants and unfolds long
    differences.
    """
    yield line(plan_title(plan))
    yield BLANK
    listed = [change for change in plan.changes if is_listed(change)]
    keys = fit(24, 64, (change.key for change in listed))
    for change in listed:
        yield from _block(change, keys, full)
    if listed:
        yield BLANK
    yield from remark_lines(plan)
    yield from _closing(plan)


def plan_title(plan: Plan) -> str:
    """``OWNER on PROVIDER (ORIGIN)``; of two revisions ``OWNER: OLD → NEW (ORIGIN)``."""
    between = ": " if plan.offline else " on "
    return f"{plan.owner}{between}{plan.provider}" + (f" ({plan.origin})" if plan.origin else "")


def is_listed(change: Change) -> bool:
    """Whether people see ``change`` on its own: all but those where nothing differs."""
    return change.action is not Action.NOOP or bool(change.shown)


def _block(change: Change, keys: int, full: bool) -> Iterator[Line]:
    yield _heading(change, keys)
    if change.reason:
        yield line(INDENT, Span(change.reason, Role.DIM))
    if change.action is Action.CREATE:
        yield from value_lines(set_values(change.body if change.after is None else change.after), full=full)
    elif change.action is Action.DELETE:
        yield from value_lines(set_values(change.before or {}) if full else (), full=full)
    else:
        yield from change_lines(change.shown, full=full)
    if change.action is Action.UNDECIDED:
        yield from question_lines(change)


def _heading(change: Change, keys: int) -> Line:
    renamed = f"  renamed from {change.previous_key}" if change.previous_key else ""
    action = pad(ACTION[change.action], 6)
    return line(
        "  ",
        Span(SYMBOL[change.action], ROLE[change.action]),
        " ",
        pad(change.key, keys),
        "  ",
        f"{action}  {change.id}{renamed}" if change.id else f"{action}{renamed}".rstrip(),
    )


def set_values(fields: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """The fields of a body that hold something, the entries of ``metadata`` one by one."""
    return ((name, value) for name, value in flat(fields) if value is not None)


def question_lines(change: Change) -> Iterator[Line]:
    """Of an undecided change: who competes, and what decides it."""
    yield from map(_candidate, change.candidates)
    for way in change.ways:
        yield line(INDENT, "decide with: ", way)


def _candidate(candidate: Candidate) -> Line:
    owner = f"owned by {candidate.owner}" if candidate.owner else "unowned"
    return gutter(
        "  ".join((candidate.id, candidate.name, "created " + created(candidate.created_at), owner))
    )


def remark_lines(plan: Plan) -> Iterator[Line]:
    """What guards refuse and what deserves a note, then a blank line; nothing where there is neither."""
    for refusal in plan.refusals:
        yield from _refusal(refusal)
    for note in plan.notes:
        yield line(Span("Note: ", Role.UPDATE), note)
    if plan.refusals or plan.notes:
        yield BLANK


def _refusal(refusal: Refusal) -> Iterator[Line]:
    yield line(Span("Refused: ", Role.DELETE), refusal.what)
    if refusal.next:
        yield line("  Next: ", refusal.next)


def _closing(plan: Plan) -> Iterator[Line]:
    yield from count_lines(plan)
    yield line(plan_verdict(plan))


def count_lines(plan: Plan) -> Iterator[Line]:
    """What is adopted, left alone and undecided: the numbers that the verdict does not hold."""
    counts = plan.summary()
    if counts.adopt:
        adopts = plan.of(Action.ADOPT)
        yield line(f"{counts.adopt} adopt, {_field_count(adopts)} change.")
    if plan.offline:
        yield line(f"{counts.unchanged:,} unchanged. No remote was asked.")
    elif counts.unchanged or counts.unmanaged or counts.foreign:
        unchanged, unmanaged = f"{counts.unchanged:,} unchanged", f"{counts.unmanaged:,} unmanaged"
        yield line(f"{unchanged}, {unmanaged} and {counts.foreign:,} owned by others left alone.")
    if plan.open_questions:
        yield line(f"{plan.open_questions} need a decision.")


def _field_count(changes: Sequence[Change]) -> str:
    """``0 fields``: what apply would alter beside the ownership."""
    return count(sum(not field.kept for change in changes for field in change.shown), "field")
