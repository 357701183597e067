"""Moods of answering: other keys, times and statuses around the core's answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from assistctl.model.values import Json

from .defaults import RANKER, RESOURCE_LISTS, RESULTS, THRESHOLD, filled
from .json_body import encode
from .messages import Answer, Handler, Request

Around: TypeAlias = Callable[[Handler], Handler]
"""A mood around a handler; each call starts with a state of its own."""
Change: TypeAlias = Callable[[dict[str, Json]], dict[str, Json]]

_SUMMARY = ("id", "object", "created_at", "model", "name", "description", "instructions", "metadata")
_DEFAULTS = filled({"model": ""})
_SEARCH: Mapping[str, Json] = {
    "max_num_results": RESULTS,
    "ranking_options": {"ranker": RANKER, "score_threshold": THRESHOLD},
}
_HALF_SECOND = 0.5


def each_assistant(change: Change) -> Around:
    """Changes every assistant of an answer, alone or in a list."""

    def changed(found: dict[str, Json]) -> dict[str, Json]:
        if found.get("object") == "list":
            return _with_items(found, change)
        return change(found) if found.get("object") == "assistant" else found

    return _each_body(changed)


def each_item(change: Change) -> Around:
    """Changes every assistant of a list, and no other."""
    return each_list(lambda found: _with_items(found, change))


def each_list(change: Change) -> Around:
    """Changes the answer of the list call."""
    return _each_body(lambda found: change(found) if found.get("object") == "list" else found)


def summary(item: dict[str, Json]) -> dict[str, Json]:
    """The eight keys of AIML API's declared list items."""
    return {key: item[key] for key in _SUMMARY if key in item}


def without_defaults(item: dict[str, Json]) -> dict[str, Json]:
    """Only what differs from a bare assistant; a tool without the settings that were filled in."""
    kept = {key: value for key, value in item.items() if not _is_default(key, value)}
    tools = kept.get("tools")
    return {**kept, "tools": [_bare_tool(tool) for tool in tools]} if isinstance(tools, list) else kept


def with_nulls(item: dict[str, Json]) -> dict[str, Json]:
    """Null keys wherever the protocol knows one that is not there, and two keys it does not know."""
    more: dict[str, Json] = {"file_ids": [], "updated_at": item.get("created_at")}
    tools, resources = item.get("tools"), item.get("tool_resources")
    if isinstance(tools, list):
        more["tools"] = [_tool_with_nulls(tool) for tool in tools]
    if isinstance(resources, dict):
        more["tool_resources"] = {**dict.fromkeys(RESOURCE_LISTS), **resources}
    return {**item, **more}


def float_time(item: dict[str, Json]) -> dict[str, Json]:
    """``created_at`` with a fraction."""
    return _timed(item, lambda seconds: seconds + _HALF_SECOND)


def milliseconds(item: dict[str, Json]) -> dict[str, Json]:
    """``created_at`` a thousand times as large."""
    return _timed(item, lambda seconds: seconds * 1000)


def without_cursors(page: dict[str, Json]) -> dict[str, Json]:
    """A list that says nothing about its end."""
    return {key: value for key, value in page.items() if key not in ("has_more", "first_id", "last_id")}


def always_more(page: dict[str, Json]) -> dict[str, Json]:
    """A list whose end is an empty page, and nothing else."""
    return {**page, "has_more": True}


def created_201(inner: Handler) -> Handler:
    """201 for creates and modifies."""

    def handle(request: Request) -> Answer:
        answer = inner(request)
        return replace(answer, status=201) if request.method == "POST" and answer.status == 200 else answer

    return handle


def renamed_schema(item: dict[str, Json]) -> dict[str, Json]:
    """``response_format.json_schema.schema`` under the name ``schema_``, as a Python server leaks it."""
    form = _map(item.get("response_format"))
    schema = _map(form.get("json_schema"))
    if "schema" not in schema:
        return item
    leaked = {"schema_" if key == "schema" else key: value for key, value in schema.items()}
    return {**item, "response_format": {**form, "json_schema": leaked}}


def nulls_for_defaults(item: dict[str, Json]) -> dict[str, Json]:
    """null for sampling and tools that nobody chose (open-assistant-api)."""
    names = ("temperature", "top_p", "tools")
    return {**item, **{name: None for name in names if name in item and _is_default(name, item[name])}}


def list_word(page: dict[str, Json]) -> dict[str, Json]:
    """A list whose ``object`` is ``assistants`` (Astra Assistants)."""
    return {**page, "object": "assistants"}


def _each_body(change: Change) -> Around:
    """Changes the JSON of every answer that is no error."""

    def around(inner: Handler) -> Handler:
        def handle(request: Request) -> Answer:
            answer = inner(request)
            if answer.status >= 400 or not answer.body:
                return answer
            return replace(answer, body=_changed(answer.body, change))

        return handle

    return around


def _changed(body: bytes, change: Change) -> bytes:
    found: dict[str, Json] = json.loads(body)
    return encode(change(found))


def _with_items(page: dict[str, Json], change: Change) -> dict[str, Json]:
    items = page.get("data")
    found = items if isinstance(items, list) else []
    return {**page, "data": [change(item) for item in found if isinstance(item, dict)]}


def _is_default(key: str, value: Json) -> bool:
    if key == "tool_resources":
        return isinstance(value, dict) and not any(any(_map(member).values()) for member in value.values())
    return key != "model" and key in _DEFAULTS and value == _DEFAULTS[key]


def _bare_tool(tool: Json) -> Json:
    """A tool without ``strict: false`` and without settings of ``file_search`` that nobody chose."""
    found = _map(tool)
    function, search = _map(found.get("function")), _map(found.get("file_search"))
    if function:
        return {**found, "function": {k: v for k, v in function.items() if (k, v) != ("strict", False)}}
    if search:
        chosen = {key: value for key, value in search.items() if _SEARCH.get(key) != value}
        return {**found, "file_search": chosen} if chosen else {"type": "file_search"}
    return tool


def _tool_with_nulls(tool: Json) -> Json:
    found: dict[str, Json] = {"function": None, "file_search": None, **_map(tool)}
    if isinstance(found["function"], dict):
        found["function"] = {"description": None, "parameters": None, **found["function"]}
    if isinstance(found["file_search"], dict):
        ranking = _map(found["file_search"].get("ranking_options"))
        found["file_search"] = {**found["file_search"], "ranking_options": {**ranking, "hybrid_search": None}}
    return found


def _timed(item: dict[str, Json], change: Callable[[int | float], int | float]) -> dict[str, Json]:
    created = item.get("created_at")
    return {**item, "created_at": change(created)} if isinstance(created, int | float) else item


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
