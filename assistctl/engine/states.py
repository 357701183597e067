"""One assistant before and after a write, as the plan shows it: managed fields and ``metadata``."""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.model.held import refuse_not_held
from assistctl.model.values import Json, Packed, Value, pack

from .threeway import Comparison


def whole(fields: Mapping[str, Value], metadata: Mapping[str, str]) -> dict[str, Value]:
    """Fields and metadata in one map; ``metadata`` without our marker. Raises ``NotHeld``."""
    refuse_not_held(fields)
    return {**fields, "metadata": pack(dict(metadata))}


def after(before: Mapping[str, Value], result: Comparison) -> dict[str, Value]:
    """What ``before`` becomes once a modify has sent what ``result`` holds."""
    packed = before["metadata"]
    entries = packed.load() if isinstance(packed, Packed) else {}
    merged: dict[str, Json] = {**(entries if isinstance(entries, dict) else {}), **result.metadata}
    kept: Json = {key: text for key, text in merged.items() if text is not None}
    return {**before, **result.send, "metadata": pack(kept)}
