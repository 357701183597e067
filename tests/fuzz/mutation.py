"""Spoiling bytes and JSON at random, reproducibly: the same generator of numbers gives the same damage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

_ODD = (
    "",
    " ",
    "\x00",
    "\x1b[31mred\x1b[0m\r::error::x",
    "\u202eevil",
    "\U000e0041",
    "\ufeff",
    "\U0001f680",
    "a" * 70_000,
    "../files/x",
    "asst_" + "x" * 200,
    "${var.company}",
    "{{x}}",
    "1 shop/default ann x",
    "null",
    "%00",
)
_NUMBERS = (
    0,
    -0.0,
    -1,
    1,
    2,
    100,
    1e308,
    -1e-320,
    2**31,
    2**63,
    2**64,
    -(2**63),
    10**29,
    1e17,
    1.75e9,
    1.75e12,
)


def mutated(data: bytes, rng: Random, tokens: Sequence[bytes]) -> bytes:
    """``data`` after one to six random edits; ``tokens`` are pieces that tend to hurt."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        data = rng.choice(_EDITS)(data, rng, tokens)
    return data


def _flip(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _replace(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + rng.randbytes(rng.randrange(5)) + data[end:]


def _delete(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    start, end = _range(data, rng)
    return data[:start] + data[end:]


def _insert(data: bytes, rng: Random, tokens: Sequence[bytes]) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(tokens) * rng.choice((1, 1, 1, 2, 30)) + data[place:]


def _repeat(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    start, end = _range(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _move(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    start, end = _range(data, rng)
    rest = data[:start] + data[end:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def _cut(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _lines(data: bytes, rng: Random, _tokens: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) > 1:
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


_EDITS: tuple[Callable[[bytes, Random, Sequence[bytes]], bytes], ...] = (
    _flip,
    _replace,
    _delete,
    _insert,
    _insert,
    _repeat,
    _move,
    _cut,
    _lines,
)


def _range(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 5, 20, 200)))


def wild(rng: Random, depth: int = 0) -> Any:
    """Any JSON value, mostly small."""
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind < 2:
        return rng.choice((None, True, False))
    if kind < 4:
        return rng.choice(_NUMBERS)
    if kind < 6:
        return rng.choice(_ODD)
    if kind == 6:
        return _nested(rng, rng.choice((3, 60, 70, 400)))
    if kind == 7:
        return [wild(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(_ODD)[:80]: wild(rng, depth + 1) for _ in range(rng.randrange(4))}


def twisted(value: Any, rng: Random) -> Any:
    """``value`` with one node exchanged, dropped, doubled or renamed, wherever in it that may be."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        return _twisted_map(value, rng)
    if isinstance(value, list) and value and rng.random() < 0.85:
        return _twisted_list(value, rng)
    return wild(rng)


def _twisted_list(value: list[Any], rng: Random) -> list[Any]:
    place, way = rng.randrange(len(value)), rng.randrange(5)
    if way == 0:
        return [*value[:place], *value[place + 1 :]]
    if way == 1:
        return [*value[: place + 1], *value[place:]]
    node = wild(rng) if way == 2 else twisted(value[place], rng)
    return [*value[:place], node, *value[place + 1 :]]


def _twisted_map(value: dict[str, Any], rng: Random) -> dict[str, Any]:
    name = rng.choice([*value])
    whole = {**value}
    way = rng.randrange(6)
    if way == 0:
        del whole[name]
    elif way == 1:
        whole[rng.choice((*value, *_ODD))[:80]] = whole.pop(name)
    else:
        whole[name] = twisted(value[name], rng)
    return whole


def _nested(rng: Random, depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value
