"""Checks of ``metadata`` maps: strings, 16 pairs, keys of 64 and values of 512 characters.

OpenAI's OpenAPI description, Metadata; the codes are those of recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.model.values import Json

from . import checks
from .messages import Refused, clip

MAX_PAIRS = 16
MAX_KEY = 64
MAX_VALUE = 512


def check_metadata(value: Json, param: str, *, removals: bool = False) -> None:
    """A whole metadata map or null. ``removals`` allows null values, which take a key away on modify;
    the number of pairs is then checked on the merged map, with :func:`check_pairs`."""
    if value is None:
        return
    pairs = checks.mapping(value, param)
    if not removals:
        check_pairs(pairs, param)
    for key, item in pairs.items():
        _check_key(key, param)
        if not (removals and item is None):
            checks.text(item, f"{param}.{key}", MAX_VALUE)


def check_pairs(pairs: Mapping[str, Json], param: str) -> None:
    """At most 16 pairs."""
    if len(pairs) > MAX_PAIRS:
        raise Refused(
            f"Invalid '{param}': too many properties. Expected an object with at most {MAX_PAIRS} "
            f"properties, but got an object with {len(pairs)} properties instead.",
            param=param,
            code="object_above_max_properties",
        )


def _check_key(key: str, param: str) -> None:
    if len(key) > MAX_KEY:
        raise Refused(
            f"Invalid property name in '{param}': '{clip(key)}' is too long. Expected a property name "
            f"with maximum length {MAX_KEY}, but got one with length {len(key)} instead.",
            param=param,
            code="property_name_above_max_length",
        )
