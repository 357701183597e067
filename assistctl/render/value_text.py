"""One value as people read it: short inline, or by its size and its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from assistctl.model.plan import Absent
from assistctl.model.values import Json, Packed, Value, unpack

from .json_diff import compact, pretty
from .words import count

SERVER_DEFAULT = "server default"
NONE = "(none)"
INLINE = 60
"""Longer strings and structures are shown by their size, and their lines where asked for."""

_NEEDS_QUOTES = re.compile(r"\A\s|\s\Z| {2}|→|\A\Z")
_WORDS = frozenset({SERVER_DEFAULT, NONE, "null", "true", "false"})


def is_text(field: str, value: Value | Absent) -> bool:
    """Whether ``value`` is a string that needs lines of its own; a prompt always does."""
    return isinstance(value, str) and (field == "instructions" or len(value) > INLINE or "\n" in value)


def inline(value: Value | Absent) -> str:
    """``value`` in a few words on one line, never cut; strings bare unless that would mislead."""
    if isinstance(value, Absent):
        return NONE
    if value is None:
        return SERVER_DEFAULT
    if isinstance(value, str):
        return _quoted(value) if value in _WORDS or _NEEDS_QUOTES.search(value) else value
    return value.text if isinstance(value, Packed) else json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def summary(field: str, value: Value | Absent) -> str:
    """``value`` inline, or its size where it is long: ``38 lines, 2,114 characters``."""
    if isinstance(value, str) and is_text(field, value):
        return text_size(value)
    if isinstance(value, Packed):
        names = tool_names(value) if field == "tools" else []
        return f"{len(names)}: {', '.join(names)}" if names else _structure_size(value)
    return inline(value)


def text_size(text: str) -> str:
    """``38 lines, 2,114 characters``; a last line counts with or without its end."""
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    return f"{count(lines, 'line')}, {count(len(text), 'character')}"


def _structure_size(value: Packed) -> str:
    return value.text if len(value.text) <= INLINE else f"{count(len(value.text), 'character')} of JSON"


def body_lines(field: str, value: Value | Absent) -> Iterator[str]:
    """The whole value as lines, for those that :func:`summary` shows by size; else nothing."""
    if isinstance(value, Packed) and (field == "tools" or len(value.text) > INLINE):
        yield from pretty(value.load())
    elif isinstance(value, str) and is_text(field, value):
        yield from value.removesuffix("\n").split("\n")


def tool_names(tools: Value | Absent) -> list[str]:
    """What each tool of a ``tools`` list is called: a function's name, else the tool's type."""
    listed = tools.load() if isinstance(tools, Packed) else None
    return [tool_name(tool) for tool in listed] if isinstance(listed, list) else []


def tool_name(tool: Json) -> str:
    """The name of one tool as plans show it (``tools.NAME``); odd shapes as their JSON."""
    if not isinstance(tool, dict):
        return compact(tool)
    function = tool.get("function")
    name = function.get("name") if isinstance(function, dict) else None
    return str(name or tool.get("type") or compact(tool))


def created(created_at: float) -> str:
    """A server's time as ``2026-11-22 09:30 UTC``; nonsense as the number it is."""
    try:
        return f"{datetime.fromtimestamp(created_at, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return str(created_at)


def flat(fields: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    """Fields in order, the entries of ``metadata`` as ``metadata.KEY``."""
    for name, value in fields.items():
        entries = unpack(value) if name == "metadata" else None
        if isinstance(entries, dict):
            for key, text in entries.items():
                yield f"metadata.{key}", text if isinstance(text, str) or text is None else compact(text)
        else:
            yield name, value
