"""Remote text written into a project is never expanded: every reference in it gets one more ``$``."""

from __future__ import annotations

from assistctl.manifest.interpolate import escape
from assistctl.model.values import Json


def escaped(value: Json) -> Json:
    """The same value with every text in it escaped; the names of map entries are never expanded and stay."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [escaped(item) for item in value]
    if isinstance(value, dict):
        return {name: escaped(item) for name, item in value.items()}
    return value
