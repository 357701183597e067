"""Bringing a field back to the server's default: what to send, and what to try next.

Servers disagree: null clears on one, is ignored by three and is a 400 on one; ``""``, ``[]`` and ``{}``
clear on all but one of those that were tried. Null for ``tools`` is refused (OpenAI's OpenAPI
description, ``ModifyAssistantRequest``), and whether one member of ``tool_resources`` alone keeps the
other is documented nowhere, so both are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assistctl.model.plan import Change
from assistctl.model.values import Packed, Value, pack, unpack

_EMPTY_RESOURCES = Packed('{"code_interpreter":{"file_ids":[]},"file_search":{"vector_store_ids":[]}}')
_LADDERS: Mapping[str, tuple[Value, ...]] = {
    "name": (None, ""),
    "description": (None, ""),
    "instructions": (None, ""),
    "tools": (Packed("[]"),),
    "tool_resources": (_EMPTY_RESOURCES, Packed("{}")),
    "temperature": (None, 1),
    "top_p": (None, 1),
    "response_format": (None, "auto"),
    "reasoning_effort": (None,),  # an enum: "" is refused, and the rest of the modify with it
}


def clear_value(name: str, clearing: Mapping[str, Value]) -> Value:
    """What a modify sends first to reset ``name``; ``clearing`` is the profile's own word on it."""
    if name in clearing:
        return clearing[name]
    return _LADDERS.get(name, (None,))[0]


def ladder(name: str, clearing: Mapping[str, Value]) -> tuple[Value, ...]:
    """Everything that may reset ``name``, the profile's own word first."""
    first = clear_value(name, clearing)
    rest = (rung for rung in _LADDERS.get(name, (None,)) if not _identical(rung, first))
    return (first, *rest)


def with_both_members(resources: Value) -> Value:
    """Some servers merge tool_resources by member: one that is left out would keep its old list."""
    given, empty = unpack(resources), _EMPTY_RESOURCES.load()
    return pack({**empty, **given}) if isinstance(given, dict) and isinstance(empty, dict) else resources


def clears(name: str, value: Value) -> bool:
    """Whether ``value`` is sent to reset the field."""
    return any(_identical(value, rung) for rung in _LADDERS.get(name, (None,)))


def next_rung(name: str, value: Value) -> tuple[Value, ...]:
    """The values still to be tried where ``value`` did not clear the field."""
    ladder = _LADDERS.get(name, (None,))
    for place, rung in enumerate(ladder):
        if _identical(value, rung):
            return ladder[place + 1 :]
    return ladder


def without_nulls(change: Change) -> Change | None:
    """The same write for a server that refuses null; None where it holds none."""
    nulls = [name for name, value in change.body.items() if value is None]
    if not nulls and None not in change.metadata.values():
        return None
    body: dict[str, Value] = {name: value for name, value in change.body.items() if value is not None}
    body |= {name: rest[0] for name in nulls if (rest := next_rung(name, None))}
    return replace(change, body=body, metadata={key: text or "" for key, text in change.metadata.items()})


def _identical(left: Value, right: Value) -> bool:
    return type(left) is type(right) and left == right
