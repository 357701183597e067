"""One canonical text per field, the same for both sides: equal texts mean equal assistants.

Server defaults are filled in, empty and absent are one, numbers are compared by value and booleans
are not numbers; prompts stay exact to the byte. Defaults as answered by OpenAI's service and its
OpenAPI description (``AssistantObject``, ``AssistantToolsFileSearch``, ``FunctionObject``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from assistctl.model.plan import Absent
from assistctl.model.values import Json, Packed, Value, pack

_TEXTS = frozenset({"name", "description", "instructions"})
_NUMBERS = frozenset({"temperature", "top_p"})
_DEFAULT_NUMBER = "1"
_DEFAULT_FILE_SEARCH: dict[str, Json] = {
    "max_num_results": 20,
    "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0},
}


@dataclass(frozen=True, slots=True)
class Canon:
    """Turns field values into canonical texts for one kind of remote."""

    model_aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of a model to its canonical id."""

    def text(self, name: str, value: Value | Absent) -> str:
        """The canonical text of field ``name`` (a top-level API name or ``metadata.KEY``)."""
        if isinstance(value, Absent) or value is None:
            return _default(name)
        if name in _TEXTS or name.startswith("metadata."):
            return value if isinstance(value, str) else _dump(_plain(value))
        if name in _NUMBERS:
            return number(_plain(value))
        if name == "model":
            return self.model_aliases.get(str(value), str(value))
        if isinstance(value, Packed) and len(value.text) <= _SHORT:
            return _short_structure(name, value)
        return _structured(name, _plain(value))

    def same(self, name: str, left: Value | Absent, right: Value | Absent) -> bool:
        """Whether two values of one field mean the same; raw equality is tried first."""
        if type(left) is type(right) and left == right:
            return True
        return self.text(name, left) == self.text(name, right)


def tools_by_name(value: Value | Absent) -> dict[str, Packed]:
    """The tools of a ``tools`` value in canonical form, by type or function name, sorted.

    Two tools of one name (a server may hold them) are numbered: ``lookup``, ``lookup#2``.
    """
    found: dict[str, Packed] = {}
    for tool in _in_order(_tools(_plain(value) if not isinstance(value, Absent) else None)):
        name, twin = tool_name(tool), 2
        while name in found:
            name, twin = f"{tool_name(tool)}#{twin}", twin + 1
        packed = pack(tool)
        if isinstance(packed, Packed):
            found[name] = packed
    return found


def tool_name(tool: Mapping[str, Json]) -> str:
    """A function's own name, else the tool's type."""
    function = tool.get("function")
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return str(function["name"])
    return str(tool.get("type", ""))


def number(value: Json) -> str:
    """A sampling number as text, rounded to 1e-6: servers echo 0.7 as 0.699999988."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _dump(value)
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def _rounded(value: Json) -> Json:
    return _exact(round(value, 6)) if isinstance(value, float) else value


def _exact(number: float) -> int | float:
    """1.0 and 1 are one number; nothing else inside a schema is rounded."""
    return int(number) if number.is_integer() else number


_DECODE: Callable[[str], Json] = json.JSONDecoder(parse_float=lambda text: _exact(float(text))).decode
_ENCODE = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def _plain(value: Value) -> Json:
    """The value with exact numbers: only numbers with a point or an exponent cost a call."""
    return _DECODE(value.text) if isinstance(value, Packed) else value


def _default(name: str) -> str:
    if name in _NUMBERS:
        return _DEFAULT_NUMBER
    return {"response_format": "auto", "tools": "[]", "tool_resources": "{}"}.get(name, "")


def _structured(name: str, value: Json) -> str:
    if name == "tools":
        return _dump([*_in_order(_tools(value))])
    if name == "tool_resources":
        return _dump(_resources(value))
    if name == "response_format":
        return value if isinstance(value, str) else _dump(_response_format(value))
    return value if isinstance(value, str) else _dump(value)


_SHORT = 200


@lru_cache(1024)
def _short_structure(name: str, value: Packed) -> str:
    """Short structures are mostly the same ones: one built-in tool, one response format, nothing."""
    return _structured(name, _plain(value))


def _dump(value: Json) -> str:
    return _ENCODE(_exact(value) if isinstance(value, float) else value)


def _tools(value: Json) -> list[dict[str, Json]]:
    if not isinstance(value, list):
        return []
    return [_tool(tool) for tool in value if isinstance(tool, dict)]


def _tool(tool: dict[str, Json]) -> dict[str, Json]:
    kind = tool.get("type")
    if kind == "code_interpreter":
        return {"type": kind}
    if kind == "file_search":
        return {"type": kind, "file_search": _file_search(tool.get("file_search"))}
    if kind == "function":
        return {"type": kind, "function": _function(tool.get("function"))}
    return {key: item for key, item in tool.items() if item is not None}


def _file_search(options: Json) -> dict[str, Json]:
    given = options if isinstance(options, dict) else {}
    filled = dict(_DEFAULT_FILE_SEARCH)
    if given.get("max_num_results") is not None:
        filled["max_num_results"] = given["max_num_results"]
    ranking = given.get("ranking_options")
    if isinstance(ranking, dict):
        ranker, threshold = ranking.get("ranker"), ranking.get("score_threshold")
        filled["ranking_options"] = {
            "ranker": ranker if ranker is not None else "default_2024_08_21",
            "score_threshold": _rounded(threshold if threshold is not None else 0),
        }
    return filled


def _function(function: Json) -> dict[str, Json]:
    given = function if isinstance(function, dict) else {}
    return {
        "name": given.get("name"),
        "description": given.get("description") or "",
        "parameters": given.get("parameters") or {},
        "strict": _strict(given),
    }


def _strict(given: Mapping[str, Json]) -> Json:
    """Null is the default; 1 stays 1, which is not true."""
    strict = given.get("strict")
    return False if strict is None else strict


def _resources(value: Json) -> dict[str, Json]:
    given = value if isinstance(value, dict) else {}
    kept: dict[str, Json] = {}
    for tool, member in (("code_interpreter", "file_ids"), ("file_search", "vector_store_ids")):
        entry = given.get(tool)
        ids = entry.get(member) if isinstance(entry, dict) else None
        if isinstance(ids, list) and ids:
            kept[tool] = {member: [*sorted(str(item) for item in ids)]}
    return kept


def _response_format(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    schema = value.get("json_schema")
    if not isinstance(schema, dict):
        return {key: item for key, item in value.items() if item is not None}
    known: dict[str, Json] = {key: schema[key] for key in ("name", "schema") if schema.get(key) is not None}
    known["description"] = schema.get("description") or ""
    known["strict"] = _strict(schema)
    return {"type": value.get("type"), "json_schema": known}


def _in_order(tools: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """By type and name; the whole text decides only where two tools bear one name."""
    named = {_type_and_name(tool): tool for tool in tools}
    if len(named) == len(tools):
        return [named[key] for key in sorted(named)]
    tools.sort(key=_dump)
    tools.sort(key=_type_and_name)
    return tools


def _type_and_name(tool: Mapping[str, Json]) -> tuple[str, str]:
    return (str(tool.get("type", "")), tool_name(tool))
