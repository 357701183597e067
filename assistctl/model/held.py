"""What stands for a value that both sides were seen to agree on and that nobody holds any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .values import Packed, Value

NOT_HELD: Final = Packed("null")
"""Known by identity, never by its text; see :mod:`assistctl.engine.meeting`, which alone puts it anywhere."""


class NotHeld(Exception):
    """A plan needs values that were let go. Never leaves the program: the plan is made anew."""


def refuse_not_held(*sides: Mapping[str, Value]) -> None:
    """Raises :class:`NotHeld` where a value was let go: nothing is compared, shown or sent without it."""
    for fields in sides:
        if any(value is NOT_HELD for value in fields.values()):
            raise NotHeld
