"""validate, render, list, show and ids, over the embedded remote of a project folder."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

PROJECT = """\
project: shop
provider: local
defaults: {model: gpt-4o-mini, metadata: {team: support}}
vars: {company: Acme}
environments:
  dev: {}
  prod: {vars: {company: Acme Inc}}
default_environment: dev
"""
BOT = """\
name: Bot
instructions_file: bot.md
temperature: 0.2
tools:
  - type: function
    function:
      name: find
      parameters: {type: object, properties: {n: {type: string}}}
environments:
  prod: {temperature: 0.1}
"""
PROMPT = "You work for ${var.company}.\n\n  Keep  the  blanks.   \n# not a comment – “quoted”\n"
DESK = "instructions: Be brief.\nmetadata: {tier: '1'}\n"


@pytest.fixture
def shop(tmp_path, inside):
    """A project with two manifests, and how to run a command in it."""
    folder = tmp_path / "shop"
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistctl.yaml").write_text(PROJECT)
    for name, text in (("bot.yaml", BOT), ("bot.md", PROMPT), ("desk.yaml", DESK)):
        (folder / "assistants" / name).write_text(text, encoding="utf-8")

    def call(*args):
        return inside("-C", str(folder), *args)

    call.folder = folder
    return call


@pytest.fixture
def applied(shop):
    """The same, applied."""
    assert shop("apply", "--auto-approve", "-q").code == 0
    return shop


def test_a_valid_project_is_silent_on_standard_output_but_for_notices(shop):
    ran = shop("validate")
    assert ran.code == 0
    assert all(" AC8" in line for line in ran.out.splitlines())


def test_validate_checks_every_environment_unless_one_is_chosen(shop):
    (shop.folder / "assistants/bot.yaml").write_text(BOT.replace("temperature: 0.1", "temperature: 9"))
    ran = shop("validate")
    assert ran.code == 65
    assert "assistants/bot.yaml:" in ran.out
    assert shop("validate", "-e", "prod").code == 65
    assert shop("plan", "-e", "dev").code == 65


def test_a_path_filters_what_is_printed_while_the_whole_project_is_checked(shop):
    (shop.folder / "assistants/bad.yaml").write_text("model: gpt-4o\nnmae: x\n")
    (shop.folder / "assistants/worse.yaml").write_text("model: [\n")
    ran = shop("validate", "assistants/bad.yaml")
    assert ran.code == 65
    assert {line.partition(":")[0] for line in ran.out.splitlines()} == {"assistants/bad.yaml"}
    assert "nmae" in ran.out
    everything = {line.partition(":")[0] for line in shop("validate", "assistants").out.splitlines()}
    assert {"assistants/bad.yaml", "assistants/worse.yaml"} <= everything


def test_a_path_without_problems_is_valid_though_another_is_not(shop):
    (shop.folder / "assistants/bad.yaml").write_text("nmae: x\n")
    assert shop("validate", "assistants/desk.yaml").code == 0


def test_a_path_that_does_not_exist_is_a_usage_error(shop):
    ran = shop("validate", "assistants/nowhere.yaml")
    assert ran.code == 64
    assert "nowhere.yaml" in ran.err


def test_a_path_may_lead_through_a_link_to_the_project(shop, tmp_path, inside):
    (tmp_path / "link").symlink_to(shop.folder)
    assert inside("-C", str(tmp_path / "link"), "validate", str(shop.folder / "assistants")).code == 0


def test_strict_takes_warnings_as_errors(shop):
    (shop.folder / "assistants/desk.yaml").write_text(DESK + "temperature: 0.1\ntop_p: 0.1\n")
    assert shop("validate").code == 0
    assert " AC7" in shop("validate").out
    assert shop("validate", "--strict").code == 65


def test_the_findings_are_data_too(shop):
    (shop.folder / "assistants/bad.yaml").write_text("model: gpt-4o\nnmae: x\n")
    ran = shop("validate", "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["errors"]) == (65, 1)
    (found,) = (each for each in document["diagnostics"] if each["severity"] == "error")
    assert (found["file"], found["line"], found["column"]) == ("assistants/bad.yaml", 2, 1)


def test_validate_needs_no_key_and_no_network(shop):
    (shop.folder / "assistctl.yaml").write_text(PROJECT.replace("local", "aimlapi"))
    assert shop("validate").code == 0


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_render_loads_back_to_what_is_sent(shop, environment):
    ran = shop("render", "-e", environment)
    assert ran.code == 0
    rendered = {document.pop("key"): document for document in yaml.safe_load_all(ran.out)}
    assert shop("apply", "-e", environment, "--auto-approve").code == 0
    for key, document in rendered.items():
        shown = json.loads(shop("show", key, "-e", environment, "--format", "json").out)["fields"]
        shown["tools"] = [
            {**tool, "function": {k: v for k, v in tool["function"].items() if k != "strict"}}
            for tool in shown.get("tools", [])
        ]
        assert {name: value for name, value in shown.items() if value != []} == document
    assert rendered["bot"]["instructions"] == PROMPT.replace(
        "${var.company}", {"dev": "Acme", "prod": "Acme Inc"}[environment]
    )


def test_render_names_the_file_of_each_part(shop):
    text = shop("render", "bot").out
    assert "assistants/bot.md:1" in text
    assert "assistctl.yaml:" in text
    document = json.loads(shop("render", "bot", "--format", "json").out)
    assert document[0]["origins"]["instructions"] == "assistants/bot.md:1"
    assert document[0]["body"]["temperature"] == 0.2


def test_render_of_chosen_keys_prints_these_only(shop):
    assert [document["key"] for document in yaml.safe_load_all(shop("render", "desk").out)] == ["desk"]
    assert [document["key"] for document in yaml.safe_load_all(shop("render").out)] == ["bot", "desk"]


def test_an_unknown_key_is_a_usage_error_that_lists_the_known(shop):
    ran = shop("render", "bott")
    assert (ran.code, ran.out) == (64, "")
    assert "bot, desk" in ran.err


def test_list_shows_whose_each_assistant_is(applied):
    applied("apply", "-e", "prod", "--auto-approve", "-q", "--create-anyway")
    lines = applied("list").out.splitlines()
    assert lines[0].split() == ["KEY", "ID", "NAME", "MODEL", "CREATED", "OWNER"]
    owners = [line.rpartition("  ")[2].strip() for line in lines[1:]]
    assert owners == ["ours", "ours", "other (shop/prod)", "other (shop/prod)"]
    document = json.loads(applied("list", "--format", "json").out)
    assert [item["holder"] for item in document] == ["ours", "ours", "other", "other"]


def test_show_tells_managed_fields_and_with_remote_all_of_them(applied):
    managed = json.loads(applied("show", "desk", "--format", "json").out)
    everything = json.loads(applied("show", "desk", "--remote", "--format", "json").out)
    assert set(managed["fields"]) == {"name", "model", "instructions", "metadata"}
    assert {"temperature", "top_p", "response_format", "tools"} <= set(everything["fields"])
    assert managed["fields"]["metadata"] == {"team": "support", "tier": "1"}
    text = applied("show", "bot").out
    assert "  Keep  the  blanks.   " in text
    assert "top_p" not in text
    assert "top_p" in applied("show", "bot", "--remote").out


def test_show_takes_an_id_and_refuses_what_is_not_there(applied):
    found = json.loads(applied("ids", "--format", "json").out)["bot"]
    assert json.loads(applied("show", found, "--format", "json").out)["key"] == "bot"
    ran = applied("show", "nobody")
    assert (ran.code, ran.out) == (64, "")
    assert "assistctl list" in ran.err


def test_ids_are_for_programs(applied):
    found = json.loads(applied("ids", "--format", "json").out)
    assert list(found) == ["bot", "desk"]
    lines = applied("ids", "--format", "env").out
    assert lines == f"ASSISTANT_ID_BOT={found['bot']}\nASSISTANT_ID_DESK={found['desk']}\n"
    script = 'set -eu; eval "$1"; echo "$ASSISTANT_ID_BOT"'
    shell = subprocess.run(["sh", "-c", script, "sh", lines], capture_output=True, text=True, check=True)
    assert shell.stdout.strip() == found["bot"]
    assert [line.split() for line in applied("ids").out.splitlines()] == [[k, v] for k, v in found.items()]


def test_ids_follow_the_environment(applied):
    assert json.loads(applied("ids", "-e", "prod", "--format", "json").out) == {}


def test_the_checkout_only_gets_the_embedded_database_behind_an_ignore_file(applied):
    assert sorted(path.name for path in applied.folder.iterdir()) == [
        ".assistctl",
        "assistants",
        "assistctl.yaml",
    ]
    assert (applied.folder / ".assistctl/.gitignore").read_text() == "*\n"
