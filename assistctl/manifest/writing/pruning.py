"""A remote's fields as a manifest says them: server defaults and empty members left out, nothing else lost.

Defaults as answered by OpenAI's service and its OpenAPI description (AssistantObject,
AssistantToolsFileSearch, FunctionObject). A key that the protocol does not know stays in, unless it is
null: the validator will name it, and nothing is lost unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assistctl.manifest.shapes import KNOWN_TOOLS
from assistctl.model.values import Json, Value, unpack

_RESULTS: Final = 20
_RANKER: Final = "default_2024_08_21"


def said(name: str, value: Value) -> Json:
    """What a manifest says for field ``name``; None where the remote has the server's default."""
    plain = unpack(value)
    if name == "tools":
        return [_tool(tool) for tool in plain if isinstance(tool, dict)] if isinstance(plain, list) else None
    if name == "tool_resources":
        return _resources(plain) or None
    if name == "response_format":
        return _response_format(plain)
    if name in ("temperature", "top_p"):
        return None if plain == 1 and not isinstance(plain, bool) else plain
    return plain


def is_default(name: str, value: Json) -> bool:
    """Whether a manifest need not say ``value``: empty texts and lists are what a server starts with."""
    if value is None:
        return True
    return value in ("", []) and name not in ("name", "model")


def _tool(tool: dict[str, Json]) -> Json:
    kind = tool.get("type")
    if kind not in KNOWN_TOOLS:
        return tool
    kept = _without_nulls(tool)
    if isinstance(function := kept.get("function"), dict):
        kept["function"] = _function(function)
    if isinstance(options := kept.get("file_search"), dict):
        kept["file_search"] = _file_search(options)
    return {name: value for name, value in kept.items() if not (name == "file_search" and value == {})}


def _function(function: dict[str, Json]) -> Json:
    kept = _without_nulls(function)
    return {name: value for name, value in kept.items() if not (name == "strict" and value is False)}


def _file_search(options: dict[str, Json]) -> Json:
    kept = _without_nulls(options)
    if kept.get("max_num_results") == _RESULTS:
        del kept["max_num_results"]
    if isinstance(ranking := kept.get("ranking_options"), dict):
        ranking = _without_nulls(ranking)
        if ranking.get("ranker") == _RANKER:
            del ranking["ranker"]
        kept["ranking_options"] = ranking
        if ranking in ({}, {"score_threshold": 0}):
            del kept["ranking_options"]
    return kept


def _resources(value: Json) -> dict[str, Json]:
    """Members that hold something."""
    kept: dict[str, Json] = {}
    for name, member in value.items() if isinstance(value, dict) else ():
        if isinstance(member, dict):
            member = {key: item for key, item in member.items() if item}
        if member:
            kept[name] = member
    return kept


def _response_format(value: Json) -> Json:
    """``auto`` is the default. The validator takes null everywhere but for ``schema``."""
    if value == "auto":
        return None
    if not isinstance(value, dict):
        return value
    inner = value.get("json_schema")
    if isinstance(inner, dict) and inner.get("schema", "") is None:
        inner = {name: item for name, item in inner.items() if name != "schema"}
    kept = _without_nulls(value)
    return {**kept, "json_schema": inner} if isinstance(inner, dict) else kept


def _without_nulls(value: Mapping[str, Json]) -> dict[str, Json]:
    return {name: item for name, item in value.items() if item is not None}
