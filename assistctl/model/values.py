"""Field values as the plan holds them: scalars as they are, maps and lists packed to one text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Packed:
    """A map or list as compact JSON text, in its own key order.

    Ten thousand tool schemas as Python objects need about ten times the memory of their text, and
    most of them are only ever compared.
    """

    text: str

    def load(self) -> Json:
        """A fresh map or list, safe to change."""
        loaded: Json = json.loads(self.text)
        return loaded


_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
"""Made once: ``json.dumps`` with options makes an encoder for each call, dearer than a short text. What was
read from YAML or JSON holds no circles, and looking for them takes a fifth of the time."""

Value: TypeAlias = bool | int | float | str | Packed | None
"""One field: a scalar, a packed structure, or None for "the server's default"."""


def pack(value: Json) -> Value:
    """Maps and lists become :class:`Packed`; scalars stay."""
    if isinstance(value, list | dict):
        return Packed(_ENCODE(value))
    return value


def unpack(value: Value) -> Json:
    """The plain JSON value behind ``value``."""
    return value.load() if isinstance(value, Packed) else value
