"""One remote assistant as a manifest over the project's defaults."""

from __future__ import annotations

import pytest

from assistctl.manifest.writing.draft import Target, draft
from assistctl.manifest.writing.pruning import said
from assistctl.model.assistant import FIELDS, Remote
from assistctl.model.values import pack

ROOT = Target("assistants", "default", pinned_by_environment=False, defaults={})


def remote(metadata=None, **fields):
    filled = dict.fromkeys(FIELDS) | {"name": "bot", "model": "m", "temperature": 1.0, "top_p": 1.0}
    return Remote("asst_1", 0, {**filled, **{k: pack(v) for k, v in fields.items()}}, metadata or {})


def said_of(found, **defaults):
    target = Target("assistants", "prod", pinned_by_environment=False, defaults=defaults)
    document = dict(draft(found, "bot", target).document)
    return {name: value for name, value in document.items() if name not in ("key", "id")}


def test_what_the_server_starts_with_is_left_out():
    found = remote(response_format="auto", tools=[], tool_resources={"file_search": {"vector_store_ids": []}})
    assert said_of(found) == {"model": "m"}


def test_what_the_defaults_say_is_left_out_too():
    assert said_of(remote({"a": "1"}, temperature=0.5), model="m", temperature=0.5, metadata={"a": "1"}) == {}


@pytest.mark.parametrize(
    "name", ["temperature", "top_p", "reasoning_effort", "response_format", "tool_resources"]
)
def test_a_default_is_overridden_by_null_where_the_remote_has_the_servers(name):
    assert said_of(remote(), model="m", **{name: {"x": 1}}) == {name: None}


def test_members_of_default_maps_that_the_remote_lacks_are_taken_away_by_null():
    found = remote({"b": "2"}, tool_resources={"file_search": {"vector_store_ids": ["v"]}})
    resources = {"code_interpreter": {"file_ids": ["f"]}}
    assert said_of(found, model="m", metadata={"a": "1", "b": "0", "c": None}, tool_resources=resources) == {
        "tool_resources": {"file_search": {"vector_store_ids": ["v"]}, "code_interpreter": None},
        "metadata": {"b": "2", "a": None},
    }


def test_a_default_schema_that_merging_would_mix_in_is_replaced_in_the_layer_above():
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"properties": {"mine": {}}}}}
    house = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"properties": {"house": {}}}}}
    assert said_of(remote(response_format=form), model="m", response_format=house) == {
        "response_format": None,
        "environments": {"prod": {"response_format": form}},
    }


def test_a_field_that_the_remote_does_not_tell_is_not_written():
    assert said_of(Remote("asst_1", 0, {"name": "bot", "model": "m"}, None), temperature=0.5) == {
        "model": "m"
    }


def test_defaults_of_tools_go_and_keys_that_the_protocol_lacks_stay_unless_null():
    filled = {
        "max_num_results": 20,
        "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0},
    }
    filled["ranking_options"]["hybrid_search"] = None
    odd = {"type": "file_search", "file_search": {"max_num_results": 20, "new": 1}}
    function = {"name": "f", "description": None, "parameters": {"default": None}, "strict": False}
    browser = {"type": "browser", "keep": None}
    tools = [
        {"type": "file_search", "file_search": filled},
        odd,
        {"type": "function", "function": function, "file_search": None},
        browser,
    ]
    assert said("tools", pack(tools)) == [
        {"type": "file_search"},
        {"type": "file_search", "file_search": {"new": 1}},
        {"type": "function", "function": {"name": "f", "parameters": {"default": None}}},
        browser,
    ]


def test_function_files_differ_where_their_names_differ_by_case_only():
    schema = {"properties": {f"p{n}": {"type": "string"} for n in range(9)}}
    tools = [
        {"type": "function", "function": {"name": name, "parameters": schema}} for name in ("Go", "go", "GO")
    ]
    made = draft(remote(tools=tools), "bot", ROOT)
    folder = "assistants/bot.functions"
    assert [*made.files] == [f"{folder}/{name}.json" for name in ("Go", "go-2", "GO-3")] + [
        "assistants/bot.yaml"
    ]


def test_silenced_codes_are_added_to_those_of_the_defaults():
    target = Target("", "prod", pinned_by_environment=True, defaults={"allow": ["AC701"]})
    made = draft(remote(), "bot", target)
    assert made.allowing(["AC701"]) is made
    allowed = made.allowing(["AC706", "AC701", "AC706"])
    assert allowed.document["allow"] == ["AC701", "AC706"]
    assert allowed.files["bot.yaml"].endswith(b"allow:\n  - AC701\n  - AC706\n")
    assert allowed.files["bot.yaml"].startswith(
        b"# yaml-language-server: $schema=assistctl.schema.json\nkey: bot\n"
    )
