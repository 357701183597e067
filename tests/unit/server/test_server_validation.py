"""Which bodies are refused, with which code and which param; which unusual ones are legal."""

from __future__ import annotations

from typing import Any

import pytest

FUNCTION = {"type": "function", "function": {"name": "f"}}


def search(**settings: Any) -> dict[str, Any]:
    return {"tools": [{"type": "file_search", "file_search": settings}]}


def function(**settings: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "f", **settings}}]}


def schema(**settings: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": settings}}


def stores(store: Any) -> dict[str, Any]:
    return {"tool_resources": {"file_search": {"vector_stores": [store]}}}


STATIC = "tool_resources.file_search.vector_stores[0].chunking_strategy"

BOTH = [
    ({"nmae": "x"}, "unknown_parameter", "nmae"),
    ({"id": "asst_x"}, "unknown_parameter", "id"),
    ({"model": None}, "invalid_type", "model"),
    ({"model": 4}, "invalid_type", "model"),
    ({"name": 1}, "invalid_type", "name"),
    ({"name": "x" * 257}, "string_above_max_length", "name"),
    ({"description": "é" * 513}, "string_above_max_length", "description"),
    ({"instructions": "x" * 256_001}, "string_above_max_length", "instructions"),
    ({"instructions": ["x"]}, "invalid_type", "instructions"),
    ({"temperature": 2.1}, "decimal_above_max_value", "temperature"),
    ({"temperature": -0.1}, "decimal_below_min_value", "temperature"),
    ({"temperature": True}, "invalid_type", "temperature"),
    ({"temperature": "1"}, "invalid_type", "temperature"),
    ({"top_p": 1.5}, "decimal_above_max_value", "top_p"),
    ({"reasoning_effort": "huge"}, "invalid_value", "reasoning_effort"),
    ({"reasoning_effort": 1}, "invalid_type", "reasoning_effort"),
    ({"metadata": []}, "invalid_type", "metadata"),
    ({"metadata": {"a": 1}}, "invalid_type", "metadata.a"),
    ({"metadata": {f"k{n}": "v" for n in range(17)}}, "object_above_max_properties", "metadata"),
    ({"metadata": {"k" * 65: "v"}}, "property_name_above_max_length", "metadata"),
    ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "metadata.k"),
    ({"tools": None}, "invalid_type", "tools"),
    ({"tools": {}}, "invalid_type", "tools"),
    ({"tools": ["file_search"]}, "invalid_type", "tools[0]"),
    ({"tools": [FUNCTION] * 129}, "array_above_max_length", "tools"),
    ({"tools": [FUNCTION, {}]}, "missing_required_parameter", "tools[1].type"),
    ({"tools": [{"type": "retrieval"}]}, "invalid_value", "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].function"),
    (
        {"tools": [{"type": "function", "function": {}}]},
        "missing_required_parameter",
        "tools[0].function.name",
    ),
    (function(name=""), "invalid_value", "tools[0].function.name"),
    (function(name="a b"), "invalid_value", "tools[0].function.name"),
    (function(name="a\n"), "invalid_value", "tools[0].function.name"),
    (function(name="x" * 65), "string_above_max_length", "tools[0].function.name"),
    (function(description=None), "invalid_type", "tools[0].function.description"),
    (function(parameters=[]), "invalid_type", "tools[0].function.parameters"),
    (function(strict="yes"), "invalid_type", "tools[0].function.strict"),
    ({"tools": [{"type": "file_search", "file_search": None}]}, "invalid_type", "tools[0].file_search"),
    (search(max_num_results=0), "integer_below_min_value", "tools[0].file_search.max_num_results"),
    (search(max_num_results=51), "integer_above_max_value", "tools[0].file_search.max_num_results"),
    (search(max_num_results=1.5), "invalid_type", "tools[0].file_search.max_num_results"),
    (
        search(ranking_options={}),
        "missing_required_parameter",
        "tools[0].file_search.ranking_options.score_threshold",
    ),
    (
        search(ranking_options={"score_threshold": 2}),
        "decimal_above_max_value",
        "tools[0].file_search.ranking_options.score_threshold",
    ),
    (
        search(ranking_options={"score_threshold": 0, "ranker": "best"}),
        "invalid_value",
        "tools[0].file_search.ranking_options.ranker",
    ),
    ({"response_format": "text"}, "invalid_value", "response_format"),
    ({"response_format": 1}, "invalid_type", "response_format"),
    ({"response_format": {}}, "missing_required_parameter", "response_format.type"),
    ({"response_format": {"type": "xml"}}, "invalid_value", "response_format.type"),
    (
        {"response_format": {"type": "json_schema"}},
        "missing_required_parameter",
        "response_format.json_schema",
    ),
    (schema(schema={}), "missing_required_parameter", "response_format.json_schema.name"),
    (schema(name="a.b"), "invalid_value", "response_format.json_schema.name"),
    (schema(name="a", schema=[]), "invalid_type", "response_format.json_schema.schema"),
    (schema(name="a", strict=1), "invalid_type", "response_format.json_schema.strict"),
    (schema(name="a", description=1), "invalid_type", "response_format.json_schema.description"),
    ({"tool_resources": []}, "invalid_type", "tool_resources"),
    ({"tool_resources": {"file_search": None}}, "invalid_type", "tool_resources.file_search"),
    ({"tool_resources": {"code_interpreter": None}}, "invalid_type", "tool_resources.code_interpreter"),
    (
        {"tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
        "array_above_max_length",
        "tool_resources.code_interpreter.file_ids",
    ),
    (
        {"tool_resources": {"code_interpreter": {"file_ids": ["f", None]}}},
        "invalid_type",
        "tool_resources.code_interpreter.file_ids[1]",
    ),
    (
        {"tool_resources": {"file_search": {"vector_store_ids": ["a", "b"]}}},
        "array_above_max_length",
        "tool_resources.file_search.vector_store_ids",
    ),
]

CREATE_ONLY = [
    ({"metadata": {"a": None}}, "invalid_type", "metadata.a"),
    (
        {"tool_resources": {"file_search": {}}},
        "missing_required_parameter",
        "tool_resources.file_search.vector_store_ids",
    ),
    (
        {"tool_resources": {"file_search": {"vector_store_ids": [], "vector_stores": []}}},
        "invalid_value",
        "tool_resources.file_search",
    ),
    (
        {"tool_resources": {"file_search": {"vector_stores": [{}, {}]}}},
        "array_above_max_length",
        "tool_resources.file_search.vector_stores",
    ),
    (stores({"file_ids": [1]}), "invalid_type", "tool_resources.file_search.vector_stores[0].file_ids[0]"),
    (
        stores({"metadata": {"a": 1}}),
        "invalid_type",
        "tool_resources.file_search.vector_stores[0].metadata.a",
    ),
    (stores({"chunking_strategy": {"type": "auto", "more": 1}}), "unknown_parameter", f"{STATIC}.more"),
    (stores({"chunking_strategy": {"type": "static"}}), "missing_required_parameter", f"{STATIC}.static"),
    (
        stores(
            {
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0},
                }
            }
        ),
        "integer_below_min_value",
        f"{STATIC}.static.max_chunk_size_tokens",
    ),
    (
        stores(
            {
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51},
                }
            }
        ),
        "integer_above_max_value",
        f"{STATIC}.static.chunk_overlap_tokens",
    ),
]


@pytest.mark.parametrize(("fields", "code", "param"), BOTH + CREATE_ONLY)
def test_a_create_outside_the_rules_is_refused_by_name(call: Any, fields: Any, code: str, param: str) -> None:
    assert call.error("POST", "/assistants", {"model": "gpt-4o", **fields}) == (400, code, param)
    assert call("GET")[1]["data"] == []


@pytest.mark.parametrize(("fields", "code", "param"), BOTH)
def test_a_modify_outside_the_rules_is_refused_and_changes_nothing(
    call: Any, fields: Any, code: str, param: str
) -> None:
    made = call.create()
    assert call.error("POST", f"/assistants/{made['id']}", fields) == (400, code, param)
    assert call("GET", f"/assistants/{made['id']}") == (200, made)


def test_a_create_needs_a_model(call: Any) -> None:
    assert call.error("POST", "/assistants", {"name": "x"}) == (400, "missing_required_parameter", "model")


def test_inline_vector_stores_exist_on_create_only(call: Any) -> None:
    path = f"/assistants/{call.create()['id']}"
    assert call.error("POST", path, stores({})) == (
        400,
        "unknown_parameter",
        "tool_resources.file_search.vector_stores",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "😀" * 256, "description": "é" * 512, "instructions": "x" * 256_000},
        {"temperature": 2, "top_p": 0},
        {"temperature": 0.0, "top_p": 1},
        {"metadata": {"k" * 64: "v" * 512, **{f"k{n}": "" for n in range(15)}}},
        {"tools": [FUNCTION] * 128},
        {
            "tools": [
                {"type": "function", "function": {"name": "A-z_9" * 12, "strict": None, "parameters": {}}}
            ]
        },
        search(max_num_results=50.0, hybrid_search=None),
        {"reasoning_effort": "xhigh"},
        {"response_format": {"type": "json_object"}},
        schema(name="a", strict=None),
        {"tool_resources": {"file_search": {"vector_store_ids": []}, "code_interpreter": {}}},
        {"tool_resources": {"code_interpreter": {"file_ids": ["f"] * 20}}},
    ],
)
def test_values_at_the_limits_are_legal_on_create_and_modify(call: Any, fields: Any) -> None:
    made = call.create(**fields)
    other = call.create()
    assert {**call.modify(other["id"], **fields), "id": 0, "created_at": 0} == {
        **made,
        "id": 0,
        "created_at": 0,
    }


def test_a_long_foreign_name_is_cut_in_the_message(call: Any) -> None:
    status, answer = call("POST", "/assistants", {"model": "m", "x" * 100_000: 1})
    assert status == 400
    assert len(str(answer)) < 500


def test_a_message_says_what_was_expected_and_what_came(call: Any) -> None:
    _, answer = call("POST", "/assistants", {"model": "m", "tools": None})
    assert answer["error"]["message"] == (
        "Invalid type for 'tools': expected an array of objects, but got null instead."
    )
