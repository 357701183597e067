"""The canonical form: what is equal and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.normalize import Canon, tool_name, tools_by_name
from assistctl.model.plan import ABSENT
from assistctl.model.values import Json, pack

CANON = Canon({"openai/gpt-4o": "gpt-4o", "gpt-4o-latest": "gpt-4o"})
LOOKUP: dict[str, Json] = {
    "type": "function",
    "function": {"name": "lookup", "parameters": {"type": "object"}},
}
SEARCH: dict[str, Json] = {"type": "file_search"}
CODE: dict[str, Json] = {"type": "code_interpreter"}
FULL_SEARCH = {
    "type": "file_search",
    "file_search": {
        "max_num_results": 20,
        "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0},
    },
}


def function(**parts: Any) -> list[Any]:
    return [{"type": "function", "function": {"name": "f", **parts}}]


def schema(**parts: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "s", **parts}}


def same(name: str, left: Any, right: Any) -> bool:
    one, two = (value if value is ABSENT else pack(value) for value in (left, right))
    forth, back = CANON.same(name, one, two), CANON.same(name, two, one)
    assert forth is back
    assert forth is (CANON.text(name, one) == CANON.text(name, two))
    return forth


EQUAL = {
    "an empty text is no text": ("description", "", None),
    "no name is a null name": ("name", ABSENT, None),
    "an empty prompt is an absent one": ("instructions", "", ABSENT),
    "temperature 1 is the default": ("temperature", 1, None),
    "top_p 1.0 is the default": ("top_p", 1.0, ABSENT),
    "1 is 1.0": ("temperature", 1, 1.0),
    "minus zero is zero": ("temperature", -0.0, 0),
    "a 32-bit echo of 0.7 is 0.7": ("temperature", 0.7, 0.699999988079071),
    "less than a millionth is no difference": ("top_p", 0.5, 0.5000001),
    "auto is null": ("response_format", "auto", None),
    "auto is absent": ("response_format", "auto", ABSENT),
    "a format's null keys say nothing": (
        "response_format",
        {"type": "text"},
        {"type": "text", "json_schema": None},
    ),
    "a schema's strict defaults to false": (
        "response_format",
        schema(schema={}),
        schema(schema={}, strict=False),
    ),
    "a schema's strict may be null": ("response_format", schema(strict=None), schema()),
    "a schema's unknown keys are ignored": ("response_format", schema(), schema(extra=1)),
    "no tools is an empty list": ("tools", [], None),
    "the order of tools says nothing": ("tools", [LOOKUP, CODE, SEARCH], [SEARCH, LOOKUP, CODE]),
    "file_search is filled with its defaults": ("tools", [SEARCH], [FULL_SEARCH]),
    "file_search may be null": ("tools", [SEARCH], [{"type": "file_search", "file_search": None}]),
    "ranking without a ranker takes the default": (
        "tools",
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0}}}],
        [FULL_SEARCH],
    ),
    "hybrid_search is the server's own": (
        "tools",
        [FULL_SEARCH],
        [
            {
                "type": "file_search",
                "file_search": {
                    "max_num_results": 20,
                    "ranking_options": {
                        "ranker": "default_2024_08_21",
                        "score_threshold": 0,
                        "hybrid_search": None,
                    },
                },
            }
        ],
    ),
    "strict defaults to false": ("tools", function(), function(strict=False)),
    "strict may be null": ("tools", function(strict=None), function()),
    "no parameters are empty parameters": ("tools", function(), function(parameters={})),
    "null parameters are empty parameters": ("tools", function(parameters=None), function()),
    "a function's description may be empty": ("tools", function(description=""), function()),
    "a function's unknown keys are ignored": ("tools", function(), function(annotations=[1])),
    "a tool's unknown keys are ignored": (
        "tools",
        [CODE],
        [{"type": "code_interpreter", "file_search": None}],
    ),
    "numbers inside parameters go by value": (
        "tools",
        function(parameters={"maximum": 1}),
        function(parameters={"maximum": 1.0}),
    ),
    "the order of a map's keys says nothing": (
        "tools",
        function(parameters={"a": 1, "b": 2}),
        function(parameters={"b": 2, "a": 1}),
    ),
    "the order of file_ids says nothing": (
        "tool_resources",
        {"code_interpreter": {"file_ids": ["b", "a"]}},
        {"code_interpreter": {"file_ids": ["a", "b"]}},
    ),
    "empty lists of resources are none": (
        "tool_resources",
        {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}},
        ABSENT,
    ),
    "null resources are none": ("tool_resources", {"code_interpreter": None, "file_search": None}, {}),
    "resources that no manifest can say are ignored": ("tool_resources", {"browser": {"sites": ["x"]}}, {}),
    "a model's alias is the model": ("model", "openai/gpt-4o", "gpt-4o"),
    "two aliases are one model": ("model", "openai/gpt-4o", "gpt-4o-latest"),
    "no effort is null": ("reasoning_effort", None, ABSENT),
    "an empty metadata entry is none": ("metadata.team", "", None),
}
UNEQUAL = {
    "true is not 1": ("temperature", True, 1),
    "false is not 0": ("top_p", False, 0),
    "a text is not a number": ("temperature", "1", 1),
    "a hundred-thousandth is a difference": ("temperature", 0.7, 0.70001),
    "zero is not the default": ("temperature", 0, None),
    "a trailing blank counts": ("instructions", "Be brief.", "Be brief. "),
    "a final newline counts": ("instructions", "Be brief.", "Be brief.\n"),
    "CRLF is not LF": ("instructions", "a\r\nb", "a\nb"),
    "composed letters are not decomposed ones": ("instructions", "\u00e9", "e\u0301"),
    "case counts in names": ("name", "Bot", "bot"),
    "auto is not text": ("response_format", "auto", {"type": "text"}),
    "text is not json_object": ("response_format", {"type": "text"}, {"type": "json_object"}),
    "a schema's name counts": (
        "response_format",
        schema(),
        {"type": "json_schema", "json_schema": {"name": "t"}},
    ),
    "a schema's strict counts": ("response_format", schema(strict=True), schema()),
    "strict counts": ("tools", function(strict=True), function()),
    "a strict of 1 is not true": ("tools", function(strict=True), function(strict=1)),
    "a function's description counts": ("tools", function(description="x"), function()),
    "a function's name counts": ("tools", function(), [{"type": "function", "function": {"name": "g"}}]),
    "a function's schema counts": (
        "tools",
        function(parameters={"type": "object"}),
        function(parameters={"type": "object", "required": []}),
    ),
    "the order of lists inside parameters counts": (
        "tools",
        function(parameters={"required": ["a", "b"]}),
        function(parameters={"required": ["b", "a"]}),
    ),
    "true inside parameters is not 1": (
        "tools",
        function(parameters={"additionalProperties": True}),
        function(parameters={"additionalProperties": 1}),
    ),
    "nothing inside parameters is rounded": (
        "tools",
        function(parameters={"multipleOf": 1e-7}),
        function(parameters={"multipleOf": 2e-7}),
    ),
    "null inside parameters counts": (
        "tools",
        function(parameters={"default": None}),
        function(parameters={}),
    ),
    "the number of results counts": (
        "tools",
        [SEARCH],
        [{"type": "file_search", "file_search": {"max_num_results": 5}}],
    ),
    "one tool more counts": ("tools", [CODE], [CODE, SEARCH]),
    "the same tool twice counts": ("tools", [CODE], [CODE, CODE]),
    "an extra tool type is kept": ("tools", [{"type": "browser"}], []),
    "an extra tool's own keys count": (
        "tools",
        [{"type": "browser", "sites": 1}],
        [{"type": "browser", "sites": 2}],
    ),
    "another file counts": (
        "tool_resources",
        {"code_interpreter": {"file_ids": ["a"]}},
        {"code_interpreter": {"file_ids": ["b"]}},
    ),
    "another vector store counts": ("tool_resources", {"file_search": {"vector_store_ids": ["a"]}}, {}),
    "another model counts": ("model", "gpt-4o", "gpt-4o-mini"),
    "an effort is not null": ("reasoning_effort", "medium", None),
    "metadata is exact": ("metadata.team", "a", "a "),
}


@pytest.mark.parametrize("case", EQUAL.values(), ids=EQUAL.keys())
def test_values_that_mean_the_same_are_equal(case: tuple[str, Any, Any]) -> None:
    assert same(*case)


@pytest.mark.parametrize("case", UNEQUAL.values(), ids=UNEQUAL.keys())
def test_values_that_differ_stay_different(case: tuple[str, Any, Any]) -> None:
    assert not same(*case)


def test_a_model_is_nobodys_alias_where_names_are_deployments() -> None:
    assert not Canon().same("model", "openai/gpt-4o", "gpt-4o")


def test_tools_are_named_by_their_function_or_type() -> None:
    assert [tool_name(tool) for tool in (LOOKUP, CODE, {})] == ["lookup", "code_interpreter", ""]
    assert [*tools_by_name(pack([LOOKUP, CODE]))] == ["code_interpreter", "lookup"]


def test_two_tools_of_one_name_are_both_kept() -> None:
    tools = tools_by_name(pack([LOOKUP, *function(name="lookup", strict=True), CODE]))
    assert [*tools] == ["code_interpreter", "lookup", "lookup#2"]


def test_no_tools_have_no_names() -> None:
    assert tools_by_name(ABSENT) == tools_by_name(None) == {}
