"""The words and symbols that every text view shares."""

from __future__ import annotations

from assistctl.model.plan import Action, Cause, FieldChange, Plan

from .style import Role

NO_CHANGES = "No changes. Your infrastructure matches the configuration."
"""To the letter: pull-request bots and people match it."""

SYMBOL = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.ADOPT: ">",
    Action.DELETE: "-",
    Action.NOOP: "=",
    Action.UNDECIDED: "?",
}

ROLE = {
    Action.CREATE: Role.CREATE,
    Action.UPDATE: Role.UPDATE,
    Action.ADOPT: Role.ADOPT,
    Action.DELETE: Role.DELETE,
    Action.NOOP: Role.DIM,
    Action.UNDECIDED: Role.UNDECIDED,
}

ACTION = {action: action.value for action in Action} | {Action.NOOP: "unchanged"}
"""What a plan calls each action."""

DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.ADOPT: "adopted",
    Action.DELETE: "destroyed",
    Action.NOOP: "unchanged",
    Action.UNDECIDED: "undecided",
}
"""What a report calls each action once it is done."""

_CAUSE = {
    Cause.MANIFEST: "",
    Cause.DRIFT: "drift: changed outside",
    Cause.CONFLICT: "conflict: changed here and outside",
    Cause.REMOVED: "reset to the server's default",
    Cause.ADOPT: "adopt",
    Cause.RENAME: "rename",
    Cause.HEAL: "",
}


def cause_words(change: FieldChange) -> str:
    """Why a field would change, for people; empty where the manifest simply says so."""
    words = _CAUSE[change.cause]
    if change.cause is Cause.REMOVED and change.field.startswith(("metadata.", "tools.")):
        words = "no longer in the manifest"
    return ", ".join(part for part in (words, "kept" if change.kept else "") if part)


def count(number: int, noun: str) -> str:
    """``1 line``, ``2,114 lines``: a number with thousands separators and its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def plan_verdict(plan: Plan) -> str:
    """The last line of every plan, to the letter; an adoption counts as a change.

    ``No changes.`` is never said while somebody has to decide or a guard refuses.
    """
    counts = plan.summary()
    if not plan.writes and not plan.open_questions and not plan.refusals:
        return NO_CHANGES
    changed = counts.update + counts.adopt
    return f"Plan: {counts.create} to add, {changed} to change, {counts.delete} to destroy."
