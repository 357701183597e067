"""Sections of Markdown put together within a limit; what finds no room is counted and named, never lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .markdown import Room, code, names

_CLOSING = 400
"""Room for the words around the names of what is missing."""


@dataclass(frozen=True, slots=True)
class Block:
    """One section with a blank line behind it, and the places of the items that it is about."""

    text: str
    about: frozenset[int]


def fitted(
    head: str,
    blocks: Sequence[Block],
    keys: Sequence[str],
    room: Room,
    closing: Callable[[Sequence[int], str], str],
) -> str:
    """``head``, then as many blocks as fit, in order; a smaller one may follow where a larger did not fit.

    ``keys`` names the items by place. ``closing(places, names)`` words what is not shown in full; it is
    called only where something is missing and may take 400 characters beside the names.
    """
    left = room.most - room.measure(head)
    if sum(room.measure(block.text) for block in blocks) > left:
        # Better a name for each than a few sections more.
        left -= _CLOSING + min(left // 4, sum(room.measure(code(key)) + 2 for key in keys))
    parts = [head]
    missing: set[int] = set()
    for block in blocks:
        size = room.measure(block.text)
        if size <= left:
            parts.append(block.text)
            left -= size
        else:
            missing |= block.about
    if missing:
        places = sorted(missing)
        used = sum(map(room.measure, parts)) + _CLOSING
        parts.append(closing(places, names([keys[i] for i in places], room.part(room.most - used))))
    return "".join(parts)
