"""What a manifest has to say for a remote's value: as little different from what it says now as possible."""

from __future__ import annotations

import json
from collections.abc import Mapping

from assistctl.engine.normalize import Canon, number, tool_name, tools_by_name
from assistctl.model.plan import Absent
from assistctl.model.values import Json, Packed, Value, pack, unpack

_TREES = frozenset({"response_format", "tool_resources"})
_NUMBERS = frozenset({"temperature", "top_p"})
_MAY_BE_LEFT_OUT = ("description", "parameters", "strict")
_WHOLE = "ranking_options"
"""Its members are only valid together."""


def tree(canon: Canon, name: str, value: Value | Absent) -> Json:
    """One field in canonical form as a value that can be compared member by member; tools by their name.

    Null and absent are None, except for tools, where they are the empty map.
    """
    if name == "tools":
        return {tool: _plain_numbers(packed.load()) for tool, packed in tools_by_name(value).items()}
    if isinstance(value, Absent) or value is None:
        return None
    if name in _NUMBERS:
        return _loaded(number(unpack(value)))
    if name in _TREES and isinstance(value, Packed):
        return _ordered_like(_loaded(canon.text(name, value)), value.load())
    return unpack(value)


def target(name: str, raw: Json | Absent, old: Json, new: Json) -> Json:
    """What the manifest's value ``raw`` has to become, for its tree to change from ``old`` to ``new``.

    Defaults that the manifest leaves out stay out, and lists of ids keep their order.
    """
    if name == "tools":
        return _tools(raw, old, new)
    if name == "tool_resources":
        new = _in_order(new, raw)
    if not (isinstance(raw, dict) and isinstance(old, dict) and isinstance(new, dict)):
        return _sparse(new, "json_schema")
    if name == "response_format" and old.get("type") != new.get("type"):
        return _sparse(new, "json_schema")
    return _adjusted(raw, old, new)


def _tools(raw: Json | Absent, old: Json, new: Json) -> Json:
    before, after = old if isinstance(old, dict) else {}, new if isinstance(new, dict) else {}
    kept: list[Json] = []
    for tool in raw if isinstance(raw, list) else []:
        name = tool_name(tool) if isinstance(tool, dict) else ""
        if name in after:
            kept.append(_adjusted(tool, before.get(name), after[name]))
    return kept + [_sparse_tool(after[name]) for name in after if name not in before]


def _adjusted(raw: Json, old: Json, new: Json) -> Json:
    """``raw`` with only those members exchanged in which ``old`` and ``new`` differ."""
    if _exactly(old) == _exactly(new):
        return raw
    if not (isinstance(raw, dict) and isinstance(old, dict) and isinstance(new, dict)):
        return new
    changed = {
        name: _adjusted(value, old.get(name), new[name]) if name in new else value
        for name, value in raw.items()
        if name in new or name not in old
    }
    for name, value in new.items():
        if name not in raw and _exactly(old.get(name)) != _exactly(value):
            changed[name] = value if name == _WHOLE else _news(old.get(name), value)
    return changed


def _news(old: Json, new: Json) -> Json:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {name: value for name, value in new.items() if _exactly(old.get(name)) != _exactly(value)}


def _sparse_tool(tool: Json) -> Json:
    default = tree(Canon(), "tools", pack([{"type": "file_search"}]))
    return (
        {"type": "file_search"}
        if _exactly({"file_search": tool}) == _exactly(default)
        else _sparse(tool, "function")
    )


def _sparse(value: Json, inner: str) -> Json:
    """Without defaults in the map at ``inner``."""
    if not isinstance(value, dict) or not isinstance(held := value.get(inner), dict):
        return value
    return {**value, inner: {k: v for k, v in held.items() if v or k not in _MAY_BE_LEFT_OUT}}


def _in_order(new: Json, raw: Json | Absent) -> Json:
    """Lists of ids in the order that the manifest has, new ids last."""
    if isinstance(new, dict):
        held: Mapping[str, Json] = raw if isinstance(raw, dict) else {}
        return {name: _in_order(value, held.get(name)) for name, value in new.items()}
    if isinstance(new, list) and isinstance(raw, list):
        return [*(each for each in raw if each in new), *(each for each in new if each not in raw)]
    return new


def _ordered_like(value: Json, model: Json) -> Json:
    """Maps in the key order of ``model``: canonical text is sorted, people's schemas are not."""
    if isinstance(value, dict) and isinstance(model, dict):
        names = dict.fromkeys([*(name for name in model if name in value), *value])
        return {name: _ordered_like(value[name], model.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list) and len(value) == len(model):
        return [_ordered_like(*pair) for pair in zip(value, model, strict=True)]
    return value


def _plain_numbers(value: Json) -> Json:
    """1.0 as 1: they are one number, and servers answer either."""
    if isinstance(value, dict):
        return {name: _plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _loaded(text: str) -> Json:
    value: Json = json.loads(text)
    return value


def _exactly(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
