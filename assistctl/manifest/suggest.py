"""Words for messages: the nearest known name, and a short view of a value."""

from __future__ import annotations

import json
from collections.abc import Iterable

_SHOWN = 40


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when no known name is close."""
    from difflib import get_close_matches

    found = get_close_matches(word[:200], list(known), n=1, cutoff=0.6)
    return f" (did you mean '{found[0]}'?)" if found else ""


def listed(words: Iterable[str]) -> str:
    """``a, b or c``."""
    names = list(words)
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " or " + names[-1]


def shown(value: object) -> str:
    """A value as a message shows it: its kind, and its start when it is a scalar; controls escaped."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
        return f"the text {json.dumps(short, ensure_ascii=True)}"
    return f"the number {str(value)[:_SHOWN]}"


def dotted(path: Iterable[str | int]) -> str:
    """``tools[0].function.name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
