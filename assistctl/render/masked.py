"""Secrets out of data before a view cuts, marks or escapes it: afterwards they could no longer be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


def masked(data: T, mask: Callable[[str], str]) -> T:
    """``data`` with ``mask`` applied to every text in it: frozen dataclasses, tuples, mappings, texts.

    Words of a closed set (enumerations) stay; so does everything else.
    """
    cleaned: T = _masked(data, mask)  # type: ignore[assignment]  # the shape is kept
    return cleaned


def _masked(data: object, mask: Callable[[str], str]) -> object:
    if isinstance(data, Enum):
        return data
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, tuple):
        return tuple(_masked(item, mask) for item in data)
    if isinstance(data, Mapping):
        return {_masked(key, mask): _masked(value, mask) for key, value in data.items()}
    if is_dataclass(data) and not isinstance(data, type):
        return replace(
            data, **{field.name: _masked(getattr(data, field.name), mask) for field in fields(data)}
        )
    return data
