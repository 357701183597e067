"""Checks of ``tools`` and ``response_format``: OpenAI's OpenAPI description, AssistantTools…,
FunctionObject, FileSearchRankingOptions and AssistantsApiResponseFormatOption.

Only what those schemas close is closed: an extra key inside a tool is legal there, so it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assistctl.model.values import Json

from . import checks

MAX_TOOLS = 128
MAX_RESULTS = 50
RANKERS = ("auto", "default_2024_08_21")


def check_tools(value: Json, param: str) -> None:
    """A list of tools; null is illegal, ``[]`` clears."""
    for index, tool in enumerate(checks.array(value, param, MAX_TOOLS, "objects")):
        _check_tool(checks.mapping(tool, f"{param}[{index}]"), f"{param}[{index}]")


def check_response_format(value: Json, param: str) -> None:
    """``auto``, or a map of type text, json_object or json_schema."""
    if value is None or value == "auto":
        return
    if isinstance(value, str):
        checks.choice(value, param, ("auto",))
    if not isinstance(value, dict):
        raise checks.wrong_type(value, param, "'auto' or an object")
    kind = checks.choice(
        checks.required(value, "type", f"{param}.type"),
        f"{param}.type",
        ("text", "json_object", "json_schema"),
    )
    if kind == "json_schema":
        _check_schema(checks.required(value, "json_schema", f"{param}.json_schema"), f"{param}.json_schema")


def _check_tool(tool: dict[str, Json], param: str) -> None:
    kind = checks.choice(checks.required(tool, "type", f"{param}.type"), f"{param}.type", _TOOLS)
    _TOOLS[kind](tool, param)


def _check_code_interpreter(tool: Mapping[str, Json], param: str) -> None:
    """It has nothing beside its type."""


def _check_function(tool: Mapping[str, Json], param: str) -> None:
    path = f"{param}.function"
    function = checks.mapping(checks.required(tool, "function", path), path)
    checks.name(checks.required(function, "name", f"{path}.name"), f"{path}.name")
    if "description" in function:
        checks.text(function["description"], f"{path}.description")
    if "parameters" in function:
        checks.mapping(function["parameters"], f"{path}.parameters")
    if function.get("strict") is not None:
        checks.boolean(function["strict"], f"{path}.strict")


def _check_file_search(tool: Mapping[str, Json], param: str) -> None:
    if "file_search" not in tool:
        return
    path = f"{param}.file_search"
    settings = checks.mapping(tool["file_search"], path)
    if "max_num_results" in settings:
        checks.integer(settings["max_num_results"], f"{path}.max_num_results", 1, MAX_RESULTS)
    if "ranking_options" in settings:
        _check_ranking(settings["ranking_options"], f"{path}.ranking_options")


def _check_ranking(value: Json, param: str) -> None:
    options = checks.mapping(value, param)
    threshold = checks.required(options, "score_threshold", f"{param}.score_threshold")
    checks.number(threshold, f"{param}.score_threshold", 0, 1)
    if "ranker" in options:
        checks.choice(options["ranker"], f"{param}.ranker", RANKERS)


def _check_schema(value: Json, param: str) -> None:
    schema = checks.mapping(value, param)
    checks.name(checks.required(schema, "name", f"{param}.name"), f"{param}.name")
    if "description" in schema:
        checks.text(schema["description"], f"{param}.description")
    if "schema" in schema:
        checks.mapping(schema["schema"], f"{param}.schema")
    if schema.get("strict") is not None:
        checks.boolean(schema["strict"], f"{param}.strict")


_TOOLS: Mapping[str, Callable[[Mapping[str, Json], str], None]] = {
    "code_interpreter": _check_code_interpreter,
    "file_search": _check_file_search,
    "function": _check_function,
}
