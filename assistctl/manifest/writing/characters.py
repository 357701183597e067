"""Characters without a glyph: in files that people review they are written as escapes."""

from __future__ import annotations

import json
import unicodedata
from typing import Final

from assistctl.model.values import Json

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})
"""Controls, formats, private and unassigned ones, line and paragraph separators."""


def is_invisible(character: str) -> bool:
    """Whether this is not shown as itself; the line feed, which text files consist of, counts as shown."""
    return character != "\n" and unicodedata.category(character) in _INVISIBLE


def yaml_escapes(text: str) -> str:
    """A double-quoted YAML scalar with its invisible characters as ``\\u200B`` or ``\\U000E0041``."""
    return "".join(_yaml_escape(character) if is_invisible(character) else character for character in text)


def readable_json(value: Json) -> str:
    """Indented JSON with a final line feed, keys in their order, letters of all scripts as they are."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    if text.isascii():
        return text
    return "".join(_json_escape(character) if is_invisible(character) else character for character in text)


def _yaml_escape(character: str) -> str:
    code = ord(character)
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"


def _json_escape(character: str) -> str:
    """JSON has no escape beyond U+FFFF: two halves stand for one character there."""
    halves = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{halves[at]:02x}{halves[at + 1]:02x}" for at in range(0, len(halves), 2))
