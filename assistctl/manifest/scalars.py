"""What a plain YAML scalar means: YAML 1.2 core, nothing more.

``no``, ``on``, ``22:22``, ``012`` and dates are text, as people meant them. Numbers that JSON cannot carry
are refused.
"""

from __future__ import annotations

import re
from math import isinf
from typing import Final, TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

MAY_MEAN_MORE: Final = frozenset("-+.0123456789~nNtTfF")
"""First characters of every plain scalar that is not text; an empty one is null."""

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OTHER_BASE: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class NotJson(ValueError):
    """A number that JSON, or the 64 bits that readers of JSON have, cannot carry."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar. Raises :class:`NotJson`."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] > "9":
        return text
    if _DECIMAL.fullmatch(text):
        return _integer(text, 10)
    if _OTHER_BASE.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if isinf(number):
            raise NotJson("the number is too large")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise NotJson("infinity and not-a-number do not exist in JSON")
    return text


def _integer(text: str, base: int) -> int:
    if len(text) > 24:
        raise NotJson("the number has more than 64 bits")
    number = int(text, base)
    if not _SMALLEST <= number <= _LARGEST:
        raise NotJson("the number has more than 64 bits")
    return number
