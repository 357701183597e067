from __future__ import annotations

from collections.abc import Callable

import pytest

from assistctl.manifest.fleet import Fleet, Inputs
from assistctl.manifest.layers import merge
from assistctl.model.assistant import Desired
from assistctl.model.values import Packed, unpack

Make = Callable[..., Fleet]

_PROJECT = (
    "project: acme\nprovider: local\n"
    "defaults: {model: gpt-4o, metadata: {team: a, tier: a}, temperature: 0.1}\n"
    "vars: {company: Acme}\nenvironments:\n  dev: {}\n  prod:\n"
    "    defaults: {metadata: {tier: b, stage: b}, top_p: 0.2}\n    vars: {company: Acme Inc}\n"
)


def _one(fleet: Fleet) -> Desired:
    assert [d for d in fleet.diagnostics if d.severity.value == "error"] == []
    (desired,) = fleet.desired
    return desired


def test_layers_go_from_project_to_environment_of_the_manifest(make_fleet: Make) -> None:
    files = {
        "assistctl.yaml": _PROJECT,
        "assistants/_low.yaml": "metadata: {stage: low, low: x}\ndescription: low\n",
        "assistants/_base.yaml": "extends: _low.yaml\nmetadata: {stage: base, base: x}\nname: base\n",
        "assistants/bot.yaml": "extends: _base.yaml\nname: own\nmetadata: {own: x, team: null}\n"
        "environments: {prod: {name: for prod, metadata: {own: prod}}, dev: {temperature: null}}\n",
    }
    prod = _one(make_fleet(files, "prod"))
    assert prod.fields == {
        "name": "for prod",
        "description": "low",
        "model": "gpt-4o",
        "temperature": 0.1,
        "top_p": 0.2,
    }
    assert prod.metadata == {
        "team": None,
        "tier": "b",
        "stage": "base",
        "low": "x",
        "base": "x",
        "own": "prod",
    }
    dev = _one(make_fleet(files, "dev"))
    assert dev.fields["temperature"] is None
    assert dev.fields["name"] == "own"
    assert "top_p" not in dev.fields


def test_null_overrides_and_stays(make_fleet: Make) -> None:
    desired = _one(
        make_fleet({"assistctl.yaml": _PROJECT, "assistants/b.yaml": "temperature: ~\nname: null\n"}, "dev")
    )
    assert desired.fields["temperature"] is None
    assert desired.fields["name"] is None


def test_null_metadata_drops_what_lower_layers_say(make_fleet: Make) -> None:
    assert (
        _one(
            make_fleet({"assistctl.yaml": _PROJECT, "assistants/b.yaml": "metadata: null\n"}, "dev")
        ).metadata
        == {}
    )


def test_lists_and_tools_replace_whole(make_fleet: Make) -> None:
    files = {
        "assistants/_b.yaml": "tools: [{type: file_search}, {type: code_interpreter}]\nallow: [AC706]\n",
        "assistants/a.yaml": "model: gpt-4o\nextends: _b.yaml\ntools: [{type: code_interpreter}]\n",
    }
    assert unpack(_one(make_fleet(files)).fields["tools"]) == [{"type": "code_interpreter"}]


def test_a_response_format_of_another_type_replaces_whole() -> None:
    low = {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}
    assert merge([low, {"response_format": {"type": "text"}}]) == {"response_format": {"type": "text"}}
    strict = {"response_format": {"json_schema": {"strict": True}}}
    assert merge([low, strict]) == {
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": True}}
    }


def test_instructions_and_their_file_replace_each_other(make_fleet: Make) -> None:
    files = {
        "assistants/_text.yaml": "instructions: from the fragment\n",
        "assistants/_file.yaml": "instructions_file: p.md\n",
        "assistants/p.md": "from the file",
        "assistants/a.yaml": "model: gpt-4o\nextends: _text.yaml\ninstructions_file: p.md\n",
        "assistants/b.yaml": "model: gpt-4o\nextends: _file.yaml\ninstructions: own\n",
        "assistants/c.yaml": "model: gpt-4o\nextends: _file.yaml\ninstructions: null\n",
    }
    fields = {each.key: each.fields["instructions"] for each in make_fleet(files).desired}
    assert fields == {"a": "from the file", "b": "own", "c": None}


def test_a_prompt_file_is_taken_byte_for_byte(make_fleet: Make) -> None:
    text = "\ufeff  Grüße\r\n\r\n\tx \n\n"
    files = {"prompts/p.md": text, "assistants/a.yaml": "model: gpt-4o\ninstructions_file: ../prompts/p.md\n"}
    fleet = make_fleet(files)
    assert fleet.desired[0].fields["instructions"] == text
    assert [(d.file, d.line, d.column, d.code) for d in fleet.diagnostics] == [
        ("prompts/p.md", 1, 1, "AC701")
    ]


def test_several_prompt_files_are_joined_by_one_blank_line(make_fleet: Make) -> None:
    files = {
        "assistants/a.yaml": "model: gpt-4o\ninstructions_file: [p.md, q.md, r.md]\n",
        "assistants/p.md": "one\n\n",
        "assistants/q.md": "two ${var.environment}\r\n",
        "assistants/r.md": "three",
    }
    assert _one(make_fleet(files)).fields["instructions"] == "one\n\ntwo default\n\nthree"


def test_a_function_file_is_put_in_and_the_manifest_overrides_it(make_fleet: Make) -> None:
    files = {
        "tools/f.json": '{"name": "f", "description": "for ${var.environment}", "parameters": {"a": 1}}',
        "tools/g.yaml": "name: g\nstrict: true\n",
        "assistants/a.yaml": "model: gpt-4o\ntools:\n"
        "  - {type: function, function_file: ../tools/f.json, function: {name: renamed}}\n"
        "  - {type: function, function_file: ../tools/g.yaml}\n",
    }
    assert unpack(_one(make_fleet(files)).fields["tools"]) == [
        {
            "type": "function",
            "function": {"name": "renamed", "description": "for default", "parameters": {"a": 1}},
        },
        {"type": "function", "function": {"name": "g", "strict": True}},
    ]


def test_references_work_in_every_string_relative_to_their_file(make_fleet: Make) -> None:
    files = {
        "assistctl.yaml": _PROJECT.replace("temperature: 0.1", "description: 'by ${var.company}'"),
        "assistants/deep/a.yaml": "extends: ../_b.yaml\nmodel: '${var.kind}'\n"
        "metadata: {at: '${var.environment}'}\n"
        "instructions_file: '${var.environment}.md'\n",
        "assistants/_b.yaml": "name: '${file.shared/name.txt}'\n",
        "assistants/shared/name.txt": "Bot of ${var.company}\n",
        "assistants/deep/prod.md": "$${var.x} ${var.company} ${env.REV}",
    }
    inputs = Inputs(variables={"kind": "gpt-4o"}, allowed_env=frozenset({"REV"}), environ={"REV": "7"})
    desired = _one(make_fleet(files, "prod", inputs))
    assert desired.fields["name"] == "Bot of Acme Inc"
    assert desired.fields["description"] == "by Acme Inc"
    assert desired.fields["model"] == "gpt-4o"
    assert desired.metadata["at"] == "prod"
    assert desired.fields["instructions"] == "${var.x} Acme Inc 7"


def test_a_variable_of_the_command_line_wins_but_not_over_the_built_in(make_fleet: Make) -> None:
    files = {"assistctl.yaml": _PROJECT, "assistants/a.yaml": "name: '${var.company} ${var.environment}'\n"}
    desired = _one(make_fleet(files, "prod", Inputs(variables={"company": "X", "environment": "Y"})))
    assert desired.fields["name"] == "X prod"


def test_a_reference_is_judged_by_what_it_stands_for(make_fleet: Make) -> None:
    files = {
        "assistants/a.yaml": "model: gpt-4o\nreasoning_effort: '${var.effort}'\nallow: [AC704]\n"
        "tools: [{type: function, function: {name: '${var.prefix}_f'}}]\n",
    }
    desired = _one(make_fleet(files, None, Inputs(variables={"effort": "low", "prefix": "x"})))
    assert desired.fields["reasoning_effort"] == "low"
    fleet = make_fleet(files, None, Inputs(variables={"effort": "lowest", "prefix": "x y"}))
    assert [d.code for d in fleet.diagnostics] == ["AC106", "AC107"]


def test_a_missing_name_is_the_key(make_fleet: Make) -> None:
    assert _one(make_fleet({"assistants/a-bot.yaml": "model: gpt-4o\n"})).fields["name"] == "a-bot"


def test_the_key_defaults_to_the_stem_and_several_documents_have_their_own(make_fleet: Make) -> None:
    files = {
        "assistants/z.yaml": "model: gpt-4o\n",
        "assistants/many.yaml": "key: b\nmodel: gpt-4o\n---\nkey: a\nmodel: gpt-4o\n",
        "assistants/_skipped.yaml": "nonsense: 1\n",
        "assistants/notes.txt": "not a manifest",
    }
    fleet = make_fleet(files)
    assert [(d.key, d.file, d.line) for d in fleet.desired] == [
        ("a", "assistants/many.yaml", 4),
        ("b", "assistants/many.yaml", 1),
        ("z", "assistants/z.yaml", 1),
    ]
    assert fleet.files == 2


def test_only_keeps_an_assistant_out_of_other_environments(make_fleet: Make) -> None:
    files = {
        "assistctl.yaml": _PROJECT,
        "assistants/a.yaml": "only: [prod]\n",
        "assistants/b.yaml": "name: b\n",
    }
    assert [d.key for d in make_fleet(files, "dev").desired] == ["b"]
    assert [d.key for d in make_fleet(files, "prod").desired] == ["a", "b"]


def test_one_key_may_serve_two_environments(make_fleet: Make) -> None:
    files = {
        "assistctl.yaml": _PROJECT,
        "assistants/dev.yaml": "key: bot\nonly: [dev]\n",
        "assistants/prod.yaml": "key: bot\nonly: [prod]\n",
    }
    assert _one(make_fleet(files, "dev")).file == "assistants/dev.yaml"
    assert _one(make_fleet(files, "prod")).file == "assistants/prod.yaml"


def test_a_pin_may_differ_by_environment(make_fleet: Make) -> None:
    files = {"assistctl.yaml": _PROJECT, "assistants/a.yaml": "id: {prod: asst_1}\naliases: [old]\n"}
    assert _one(make_fleet(files, "prod")).pin == "asst_1"
    assert _one(make_fleet(files, "dev")).pin is None
    assert _one(make_fleet(files, "dev")).aliases == ("old",)


def test_lifecycle_arrives_and_merges(make_fleet: Make) -> None:
    files = {
        "assistctl.yaml": _PROJECT,
        "assistants/a.yaml": "lifecycle: {on_remove: keep, ignore_changes: [temperature, metadata]}\n"
        "environments: {prod: {lifecycle: {prevent_destroy: true}}}\n",
    }
    lifecycle = _one(make_fleet(files, "prod")).lifecycle
    assert lifecycle.prevent_destroy
    assert lifecycle.keep_on_remove
    assert lifecycle.ignore_changes == {"temperature", "metadata.team", "metadata.tier", "metadata.stage"}
    assert not _one(make_fleet(files, "dev")).lifecycle.prevent_destroy


def test_null_takes_a_member_of_tool_resources_away(make_fleet: Make) -> None:
    files = {
        "assistants/_b.yaml": "tools: [{type: file_search}, {type: code_interpreter}]\ntool_resources:\n"
        "  {file_search: {vector_store_ids: [v]}, code_interpreter: {file_ids: [f]}}\n",
        "assistants/a.yaml": "model: gpt-4o\nextends: _b.yaml\ntool_resources: {file_search: null}\n",
    }
    assert _one(make_fleet(files)).fields["tool_resources"] == Packed(
        '{"code_interpreter":{"file_ids":["f"]}}'
    )


def test_unknown_tool_types_pass_as_they_are_where_the_profile_lists_them(make_fleet: Make) -> None:
    files = {"assistants/a.yaml": "model: gpt-4o\ntools: [{type: openapi, openapi: {x: [1]}}]\n"}
    assert [d.code for d in make_fleet(files).diagnostics] == ["AC106"]
    desired = _one(make_fleet(files, None, Inputs(extra_tools=frozenset({"openapi"}))))
    assert unpack(desired.fields["tools"]) == [{"type": "openapi", "openapi": {"x": [1]}}]


@pytest.mark.parametrize("entry", ["assistants/a.yaml", "assistants/*.yaml", "**/a.yaml", "assistants", "."])
def test_manifests_may_be_files_globs_and_folders(make_fleet: Make, entry: str) -> None:
    files = {
        "assistctl.yaml": f"project: acme\nprovider: local\nmanifests: ['{entry}', assistants]\n",
        "assistants/a.yaml": "model: gpt-4o\n",
    }
    fleet = make_fleet(files)
    assert fleet.diagnostics == ()
    assert [d.key for d in fleet.desired] == ["a"]
