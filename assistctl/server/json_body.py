"""Bytes of a request to a JSON object; whatever could hurt a reader further on is refused here."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from assistctl.model.values import Json

from .messages import Refused, clip

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request body; more is a 413."""
MAX_DEPTH = 100
"""Nested maps and lists."""
MAX_DIGITS = 100
"""Digits of an integer: far beyond 64 bits, far below what makes conversions slow."""


def decode_object(body: bytes) -> dict[str, Json]:
    """The map that ``body`` holds.

    Raises ``Refused`` (400) for anything but one JSON object in UTF-8, for duplicate keys, NaN or
    infinite numbers, integers over 100 digits, more than 100 levels and halves of surrogate pairs.
    The size is the caller's to check: it holds for requests that are not decoded too.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start} is not UTF-8") from None
    value = _parsed(text)
    if not isinstance(value, dict):
        raise _unreadable("expected an object")
    _refuse_depth(text, value)
    _refuse_surrogates(text, value)
    return value


def too_large() -> Refused:
    """The answer to a body over 8 MiB."""
    return Refused(f"The request body is larger than {MAX_BODY} bytes.", status=413)


def encode(value: Json) -> bytes:
    """Compact UTF-8 JSON in the order of the maps."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def _parsed(text: str) -> Json:
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise _unreadable(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _unreadable(f"the key {clip(twice)!r} is there twice")
    return found


def _constant(word: str) -> NoReturn:
    raise _unreadable(f"{word} is not a JSON number")


def _decimal(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _unreadable(f"the number {clip(text)} is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _unreadable(f"an integer has {len(text)} digits, at most {MAX_DIGITS} are read")
    return int(text)


def _refuse_depth(text: str, value: Json) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return
    raise _too_deep()


def _children(node: Json) -> list[Json]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse_surrogates(text: str, value: Json) -> None:
    if "\\ud" not in text and "\\uD" not in text:
        return
    try:
        encode(value)
    except UnicodeEncodeError:
        raise _unreadable("a string holds half of a surrogate pair") from None


def _too_deep() -> Refused:
    return _unreadable(f"more than {MAX_DEPTH} levels of maps and lists")


def _unreadable(reason: str) -> Refused:
    return Refused(f"We could not parse the JSON body of your request: {reason}.")
