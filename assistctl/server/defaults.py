"""What the server fills in on the way out, as recorded answers of OpenAI show it.

``temperature`` and ``top_p`` 1.0, ``response_format`` "auto", ``metadata`` ``{}``, empty lists in
``tool_resources`` for each tool that has resources, ``strict: false`` on functions, the settings of
``file_search``, null for everything else. A null in a request is the default too.
"""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.model.values import Json

RESULTS = 20
RANKER = "default_2024_08_21"
THRESHOLD = 0.0
RESOURCE_LISTS: Mapping[str, str] = {"code_interpreter": "file_ids", "file_search": "vector_store_ids"}
"""Tool type to the list that its resources hold."""


def filled(fields: Mapping[str, Json]) -> dict[str, Json]:
    """Every field of an answer but ``id``, ``object`` and ``created_at``, in the documented order.

    ``fields`` is a checked request or what an earlier call returned: filling twice changes nothing.
    """
    tools = [_tool(tool) for tool in _list(fields.get("tools"))]
    return {
        "name": fields.get("name"),
        "description": fields.get("description"),
        "model": fields["model"],
        "instructions": fields.get("instructions"),
        "tools": tools,
        "top_p": _number(fields.get("top_p"), 1.0),
        "temperature": _number(fields.get("temperature"), 1.0),
        "reasoning_effort": fields.get("reasoning_effort"),
        "tool_resources": _resources(_map(fields.get("tool_resources")), tools),
        "metadata": _map(fields.get("metadata")),
        "response_format": "auto" if fields.get("response_format") is None else fields["response_format"],
    }


def _tool(value: Json) -> Json:
    tool = _map(value)
    if tool["type"] == "function":
        function = _map(tool["function"])
        return {**tool, "function": {**function, "strict": function.get("strict") or False}}
    if tool["type"] == "file_search":
        return {**tool, "file_search": _search(_map(tool.get("file_search")))}
    return tool


def _search(settings: dict[str, Json]) -> Json:
    ranking = _map(settings.get("ranking_options"))
    return {
        **settings,
        "max_num_results": int(_number(settings.get("max_num_results"), RESULTS)),
        "ranking_options": {
            **ranking,
            "ranker": ranking.get("ranker", RANKER),
            "score_threshold": _number(ranking.get("score_threshold"), THRESHOLD),
        },
    }


def _resources(given: dict[str, Json], tools: list[Json]) -> Json:
    """A member is there when its tool is enabled or its list holds something."""
    enabled = {_map(tool)["type"] for tool in tools}
    members = {kind: _member(given, kind) for kind in RESOURCE_LISTS}
    shown = {
        kind: member
        for kind, member in members.items()
        if kind in enabled or _list(_map(member)[RESOURCE_LISTS[kind]])
    }
    others = {kind: value for kind, value in given.items() if kind not in RESOURCE_LISTS}
    return {**shown, **others}


def _member(given: dict[str, Json], kind: str) -> Json:
    empty: dict[str, Json] = {RESOURCE_LISTS[kind]: []}
    return {**empty, **_map(given.get(kind))}


def _number(value: Json, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
