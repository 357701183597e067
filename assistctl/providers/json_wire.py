"""JSON from a stranger: decoded as fast as usual, refused where it could hurt later."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from assistctl.errors import RemoteError
from assistctl.model.values import Json

from .message import AnswerTooLarge

MAX_DEPTH = 64
"""Nested maps and lists in one field. Far more than any tool schema has, far less than recursion bears."""
EXCERPT = 200
"""Characters of a stranger's text that a message may quote."""

MAX_COST = 32 * 1024 * 1024
"""Bytes of memory that the structure of one answer may take once it is decoded, its texts not counted."""
_MAP_OR_LIST, _VALUE = 100, 32
_SHORTEST = 2
"""Bytes of the shortest value with what parts it from the next (``0,``)."""

_MAX_DIGITS = 30
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode(body: bytes) -> Json:
    """The value in ``body``.

    Raises ``RemoteError`` for anything but one UTF-8 JSON text without duplicate keys, NaN, Infinity,
    numbers beyond a float and half surrogate pairs, and for nesting that Python cannot follow;
    ``AnswerTooLarge`` for so many values that they would take more than :data:`MAX_COST`.
    """
    if _cost(body) > MAX_COST:
        raise AnswerTooLarge("the answer holds too many values")
    try:
        value: Json = _DECODER.decode(body.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
        if _SURROGATE.search(body):  # leaps from backslash to backslash, quicker than `in` for a part of it
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise RemoteError("the answer is JSON nested too deeply") from None
    except UnicodeEncodeError:
        raise RemoteError("the answer holds half a surrogate pair") from None
    except ValueError as error:
        raise RemoteError(f"the answer is {_kind(body)}{_why(error)}") from None
    return value


def excerpt(text: str) -> str:
    """At most 200 characters, with an ellipsis where cut; not escaped, the sink does that."""
    text = text.strip()
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def too_deep(text: str, value: Json) -> bool:
    """Whether ``value``, whose compact JSON is ``text``, is nested deeper than :data:`MAX_DEPTH`."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(node, list | dict) for node in level)


def looks_like_html(body: bytes) -> bool:
    """Whether a page came where data was expected (a login form, a proxy's error, a wrong path)."""
    return body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _cost(body: bytes) -> int:
    """Bytes that decoding may make of the structure; a bound, since texts hold such characters too."""
    if len(body) * _MAP_OR_LIST <= MAX_COST:
        return 0
    opened = body.count(b"[") * _MAP_OR_LIST + body.count(b"{") * _MAP_OR_LIST
    most = opened + len(body) // _SHORTEST * _VALUE
    if most <= MAX_COST:
        return most  # spares counting commas, of which prompts have many
    return opened + (body.count(b",") + body.count(b":")) * _VALUE


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _kind(body: bytes) -> str:
    if not body.strip():
        return "empty"
    return "an HTML page instead of JSON" if looks_like_html(body) else "not valid JSON"


def _why(error: ValueError) -> str:
    if isinstance(error, _Refused):
        return f" ({error})"
    if isinstance(error, json.JSONDecodeError):
        return f" ({error.msg} at character {error.pos})"
    return " (it is not UTF-8)" if isinstance(error, UnicodeDecodeError) else ""


class _Refused(ValueError):
    """Valid JSON that is refused all the same."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Refused("a key appears twice in one map")
    return result


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _Refused("a number has too many digits")
    return int(digits)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Refused("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
