"""Checks of single values. Each returns the value with its type known, or raises ``Refused``.

``param`` is always the path of the value in the request, as error bodies name it. Codes and wording
follow recorded answers of OpenAI (``invalid_type``, ``string_above_max_length``, …); lengths count
Unicode code points.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from assistctl.model.values import Json

from .messages import Refused, clip

_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")


def text(value: Json, param: str, longest: int | None = None) -> str:
    """A string of at most ``longest`` characters."""
    if not isinstance(value, str):
        raise wrong_type(value, param, "a string")
    if longest is not None and len(value) > longest:
        raise Refused(
            f"Invalid '{param}': string too long. Expected a string with maximum length {longest}, "
            f"but got a string with length {len(value)} instead.",
            param=param,
            code="string_above_max_length",
        )
    return value


def name(value: Json, param: str) -> str:
    """Letters, digits, underscores and dashes, 1 to 64: names of functions and of schemas."""
    found = text(value, param, 64)
    if not _NAME.match(found):
        raise Refused(
            f"Invalid '{param}': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
            param=param,
            code="invalid_value",
        )
    return found


def number(value: Json, param: str, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, both included; true is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, param, "a decimal")
    _within(value, param, low, high, "decimal")
    return float(value)


def integer(value: Json, param: str, low: int, high: int) -> int:
    """A whole number (5.0 is one) between ``low`` and ``high``, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise wrong_type(value, param, "an integer")
    _within(value, param, low, high, "integer")
    return int(value)


def boolean(value: Json, param: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise wrong_type(value, param, "a boolean")
    return value


def choice(value: Json, param: str, words: Collection[str]) -> str:
    """One of ``words``."""
    found = text(value, param)
    if found not in words:
        listed = ", ".join(f"'{word}'" for word in words)
        raise Refused(
            f"Invalid value: '{clip(found)}'. Supported values are: {listed}.",
            param=param,
            code="invalid_value",
        )
    return found


def array(value: Json, param: str, most: int | None = None, of: str = "strings") -> list[Json]:
    """A list of at most ``most`` items; ``of`` names them in the message."""
    if not isinstance(value, list):
        raise wrong_type(value, param, f"an array of {of}")
    if most is not None and len(value) > most:
        raise Refused(
            f"Invalid '{param}': array too long. Expected an array with maximum length {most}, "
            f"but got an array with length {len(value)} instead.",
            param=param,
            code="array_above_max_length",
        )
    return value


def strings(value: Json, param: str, most: int | None = None) -> None:
    """A list of at most ``most`` strings."""
    for index, item in enumerate(array(value, param, most)):
        text(item, f"{param}[{index}]")


def mapping(value: Json, param: str) -> dict[str, Json]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise wrong_type(value, param, "an object")
    return value


def required(found: Mapping[str, Json], key: str, param: str) -> Json:
    """The value of ``key``, which must be there; ``param`` is its full path."""
    if key not in found:
        raise Refused(
            f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
        )
    return found[key]


def only(found: Mapping[str, Json], known: Collection[str], prefix: str = "") -> None:
    """Refuses keys outside ``known``; ``prefix`` (``tool_resources.``) leads to them."""
    for key in found:
        if key not in known:
            raise unknown(prefix + clip(key))


def unknown(param: str) -> Refused:
    """A parameter that the operation does not have."""
    return Refused(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def wrong_type(value: Json, param: str, expected: str) -> Refused:
    """A value of another JSON type than ``expected`` (``a string``)."""
    return Refused(
        f"Invalid type for '{param}': expected {expected}, but got {_kind(value)} instead.",
        param=param,
        code="invalid_type",
    )


def _within(value: float, param: str, low: float, high: float, kind: str) -> None:
    if low <= value <= high:
        return
    side, sign, bound = ("above max", "<=", high) if value > high else ("below min", ">=", low)
    raise Refused(
        f"Invalid '{param}': {kind} {side}imum value. Expected a value {sign} {bound:g}, "
        f"but got {clip(str(value))} instead.",
        param=param,
        code=f"{kind}_{side.replace(' ', '_')}_value",
    )


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
