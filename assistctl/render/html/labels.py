"""The words of the page: for people who review prompts and do not read manifests."""

from __future__ import annotations

from assistctl.model.plan import Action, Cause, Change, FieldChange
from assistctl.model.values import Packed
from assistctl.render.value_text import inline, is_text

_SHORT = 36

ACTION = {
    Action.UNDECIDED: "Decision needed",
    Action.DELETE: "Delete",
    Action.CREATE: "New",
    Action.UPDATE: "Change",
    Action.ADOPT: "Take over",
    Action.NOOP: "Left as it is",
}
"""In the order in which the page counts them."""

SENTENCE = {
    Action.UNDECIDED: "Somebody has to decide before anything at all is applied.",
    Action.DELETE: "This assistant will be deleted for good.",
    Action.CREATE: "This assistant does not exist yet and will be created.",
    Action.UPDATE: "",
    Action.ADOPT: "This assistant exists already and will be managed from the files from now on.",
    Action.NOOP: "This assistant was changed outside and is left as it is.",
}

_FIELDS = {
    "name": "Name",
    "description": "Description",
    "model": "Model",
    "instructions": "Prompt",
    "tools": "Tools",
    "tool_resources": "Files for tools",
    "temperature": "Temperature",
    "top_p": "Top P",
    "response_format": "Answer format",
    "reasoning_effort": "Reasoning effort",
}

_CAUSES = {
    Cause.MANIFEST: "",
    Cause.DRIFT: "changed outside, goes back",
    Cause.CONFLICT: "changed in the file and outside",
    Cause.REMOVED: "no longer in the file",
    Cause.ADOPT: "taken over",
    Cause.RENAME: "renamed",
    Cause.HEAL: "",
}


def field_label(name: str) -> str:
    """``Prompt`` for ``instructions``; ``Metadata: team`` and ``Tool: refund`` for parts."""
    top, _, inner = name.partition(".")
    if inner and top in ("metadata", "tools"):
        return f"{'Metadata' if top == 'metadata' else 'Tool'}: {inner}"
    return _FIELDS.get(name, name)


def cause_label(change: FieldChange) -> str:
    """Why a field changes; empty where the file simply says so."""
    if change.kept:
        return "changed outside, stays as it is now"
    return _CAUSES[change.cause]


def field_words(change: FieldChange) -> str:
    """``Model gpt-4o → gpt-4.1`` where both sides are short, else the label alone."""
    label = field_label(change.field)
    sides = (change.before, change.after)
    if change.kept or any(isinstance(side, Packed) or is_text(change.field, side) for side in sides):
        return label
    before, after = map(inline, sides)
    return f"{label} {before} → {after}" if len(before) + len(after) <= _SHORT else label


def is_outside(change: Change) -> bool:
    """Whether somebody changed it outside."""
    return any(field.cause in (Cause.DRIFT, Cause.CONFLICT) or field.kept for field in change.shown)
