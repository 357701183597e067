"""Layers: what a manifest says is merged from several maps, and every value can be traced to its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistctl.model.values import Json

from .findings import Place
from .yaml_nodes import Path

_EITHER = {"instructions": "instructions_file", "instructions_file": "instructions"}
"""Each of the two removes the other from the layers below."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One map of one file."""

    file: str
    document: int
    path: Path
    """Where the map stands in the document; empty for the document itself."""
    values: Mapping[str, Json]
    dollars: bool = True
    """False when no reference can occur in it."""

    def place(self, path: Path, *, on_key: bool = False) -> Place:
        """The place of a value of this layer."""
        return Place(self.file, self.document, self.path + path, on_key)


def merge(layers: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """All layers as one map, low to high: maps merge deeply, everything else replaces whole.

    A ``response_format`` of another ``type`` replaces whole too: its keys belong to its type.
    """
    merged: dict[str, Json] = {}
    for layer in layers:
        for name, value in layer.items():
            merged.pop(_EITHER.get(name, ""), None)
            merged[name] = _merged(name, merged.get(name), value)
    return merged


def _merged(name: str, low: Json, high: Json) -> Json:
    if not isinstance(low, dict) or not isinstance(high, dict):
        return high
    if name == "response_format" and low.get("type") != high.get("type", low.get("type")):
        return high
    both = dict(low)
    for key, value in high.items():
        both[key] = _merged(key, low.get(key), value)
    return both


def trace(layers: Sequence[Layer], path: Path) -> tuple[Layer, Path]:
    """The layer that a merged value comes from, with as much of ``path`` as the layer has.

    For a path that no layer has in full, the layer that has most of it; of equals, the highest.
    """
    best, reached = layers[-1], -1
    for layer in reversed(layers):
        length = _depth(layer.values, path)
        if length > reached:
            best, reached = layer, length
        if length == len(path):
            break
    return best, path[:reached]


def _depth(values: Mapping[str, Json], path: Path) -> int:
    """How many steps of a path these values have."""
    value: object = values
    for length, step in enumerate(path):
        inner = _step(value, step)
        if inner is None:
            return length
        value = inner[0]
    return len(path)


def _step(value: object, step: str | int) -> tuple[object] | None:
    if isinstance(value, Mapping):
        return (value[step],) if step in value else None
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return (value[step],)
    return None
