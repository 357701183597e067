"""The live key stays out of every body and every file.

Manifests that hold it are invalid. What stands on the remote may hold it all the same: somebody pasted it
there, or a server repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.errors import InvalidInput
from assistctl.model.plan import Plan
from assistctl.model.secret_forms import forms_of
from assistctl.model.values import Packed, Value

_SHORTEST = 8
"""Shorter keys are not looked for: they would be found in ordinary words."""


def refuse_live_key(plan: Plan, key: str) -> None:
    """Raises InvalidInput where a write would send the live key: a modify sends back foreign metadata and
    the values that are kept."""
    found = [change.key for change in plan.writes if _holds(change.body, change.metadata, key)]
    if found:
        raise InvalidInput(
            f"what would be sent for {', '.join(found)} holds the live API key, which stands on the remote",
            undone="nothing was sent or saved",
            next="take it out there, and use a new key: whoever can read the remote has this one",
        )


def without_key(text: str, key: str) -> str:
    """``text`` with ``***`` where the key was, in any spelling."""
    for form in _forms(key):
        text = text.replace(form, "***")
    return text


def _holds(body: Mapping[str, Value], metadata: Mapping[str, str | None], key: str) -> bool:
    values = [value.text if isinstance(value, Packed) else value for value in body.values()]
    texts = [text for text in (*values, *metadata, *metadata.values()) if isinstance(text, str)]
    return any(form in text for form in _forms(key) for text in texts)


def _forms(key: str) -> tuple[str, ...]:
    return forms_of(key) if len(key) >= _SHORTEST else ()
