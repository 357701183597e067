"""``pull``: outside edits go back into the files that the values came from, and nowhere else."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.commands.ports import Ports
from assistctl.commands.pull import Sharing, pull
from assistctl.errors import DecisionNeeded
from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store
from assistctl.settings import Chosen, resolve

PROJECT = "project: acme\nprovider: local\nvars: {company: Acme}\n"
EMPTY = "No changes. Your infrastructure matches the configuration."


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Fleet:
    """A project on the embedded remote, under git."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.out = self.err = ""

    def write(self, **files: str) -> Fleet:
        return self.put(files)

    def put(self, files: Mapping[str, str | bytes]) -> Fleet:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def text(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def run(self, *args: str, answer: str | None = None) -> int:
        kind = io.StringIO if answer is None else Terminal
        out, err = kind(), kind()
        stdin = None if answer is None else Terminal(answer + "\n")
        code = run(["-C", str(self.root), "--no-color", *args], Console(stdin, out, err, {}))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def applied(self) -> Fleet:
        """Everything on the remote and in git."""
        assert self.run("apply", "--yes") == 0, self.err
        return self.committed()

    def committed(self) -> Fleet:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")
        return self

    def git(self, *words: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *identity, *words], capture_output=True, check=True, timeout=30
        )
        return done.stdout.decode()

    def changed_lines(self) -> dict[str, tuple[list[str], list[str]]]:
        """By file the removed and the added lines of the working tree."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        for line in self.git("diff", "-U0", "--no-color").split("\n"):
            if line.startswith("+++ b/"):
                name = line.removeprefix("+++ b/")
                found[name] = ([], [])
            elif line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
                found[name][line[0] == "+"].append(line[1:])
        return found

    def outside(self, bot: str, /, **fields: Any) -> None:
        """Somebody edits the assistant of this name."""
        with Store(self.root / ".assistctl" / "local.db") as store:
            ask = App(store).handle
            found = json.loads(ask(Request("GET", "/assistants", {"limit": "100"}, {}, b"")).body)["data"]
            (target,) = (each for each in found if each["name"] == bot)
            metadata = fields.pop("metadata", None)
            if metadata is not None:
                fields["metadata"] = {**target["metadata"], **metadata}
            body = json.dumps(fields).encode()
            answer = ask(Request("POST", f"/assistants/{target['id']}", {}, {}, body))
            assert answer.status == 200, answer.body

    def delete(self, name: str) -> None:
        with Store(self.root / ".assistctl" / "local.db") as store:
            ask = App(store).handle
            found = json.loads(ask(Request("GET", "/assistants", {"limit": "100"}, {}, b"")).body)["data"]
            (target,) = (each for each in found if each["name"] == name)
            assert ask(Request("DELETE", f"/assistants/{target['id']}", {}, {}, b"")).status == 200

    def plan_is_empty(self) -> bool:
        assert self.run("plan") == 0
        return self.out.splitlines()[-1] == EMPTY


@pytest.fixture
def fleet(tmp_path: Path) -> Callable[..., Fleet]:
    def make(files: Mapping[str, str | bytes], project: str = PROJECT) -> Fleet:
        made = Fleet(tmp_path / "project").put({"assistctl.yaml": project, ".gitignore": ".assistctl/\n"})
        made.put(files)
        made.git("init", "-q")
        return made.applied()

    return make


def one(**fields: str) -> dict[str, str]:
    """One manifest, ``assistants/bot.yaml``."""
    lines = {"model": "gpt-4o", **fields}
    return {"assistants/bot.yaml": "".join(f"{name}: {text}\n" for name, text in lines.items())}


TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {}}}
FIVE: dict[str, str | bytes] = {
    "assistants/a.yaml": "model: gpt-4o\n# cold on purpose\ntemperature: 0.2   # low\n",
    "assistants/b.yaml": "{model: gpt-4o, temperature: 0.30, description: 'it''s'}\n",
    "assistants/c.yaml": (
        "model: gpt-4o\ninstructions: |  # prompt\n  You are c.\n\n  ## Tone\n  - Be brief.\n\n# end\n"
    ),
    "assistants/d.yaml": "model: gpt-4o\ninstructions_file: [../prompts/d.md, ../prompts/tone.md]\n",
    "prompts/d.md": "You work for ${var.company}.\r\nBe quick.\r\n",
    "prompts/tone.md": "Price: $5 {{ x }}\n\n",
    "assistants/e.yaml": (
        "model: gpt-4o\ntools:\n  - type: file_search   # first\n  # second\n  - type: function\n"
        "    function_file: ../tools/e.json\n"
    ),
    "tools/e.json": (
        '{\n    "name": "find",\n    "description": "Finds ${var.company} orders.",\n    "parameters": {\n'
        '        "type": "object",\n        "properties": {"id": {"type": "string"}}\n    }\n}\n'
    ),
}


def test_five_outside_edits_touch_only_their_lines_and_leave_an_empty_plan(fleet):
    project = fleet(FIVE)
    project.outside("a", temperature=0.7)
    project.outside("b", temperature=1.5)
    project.outside("c", instructions="You are c.\n\n## Tone\n- Be brief and polite. 😀\n")
    project.outside("d", instructions="You work for Acme.\r\nBe very quick.\n\nPrice: $5 {{ x }}")
    tool = {
        "name": "find",
        "description": "Finds Acme orders fast.",
        "parameters": {"type": "object", "properties": {"id": {"type": "string"}}},
    }
    project.outside("e", tools=[{"type": "file_search"}, {"type": "function", "function": tool}])
    project.run("plan", "--format", "json")
    changes = json.loads(project.out)["assistctl"]["changes"]
    drifted = [(c["key"], f["field"], f["cause"]) for c in changes for f in c["fields"]]
    assert drifted == [
        ("a", "temperature", "drift"),
        ("b", "temperature", "drift"),
        ("c", "instructions", "drift"),
        ("d", "instructions", "drift"),
        ("e", "tools.find", "drift"),
    ]
    assert project.run("pull") == 0
    assert project.changed_lines() == {
        "assistants/a.yaml": (["temperature: 0.2   # low"], ["temperature: 0.7   # low"]),
        "assistants/b.yaml": (
            ["{model: gpt-4o, temperature: 0.30, description: 'it''s'}"],
            ["{model: gpt-4o, temperature: 1.5, description: 'it''s'}"],
        ),
        "assistants/c.yaml": (["  - Be brief."], ["  - Be brief and polite. 😀"]),
        "prompts/d.md": (["Be quick.\r"], ["Be very quick.\r"]),
        "tools/e.json": (
            ['    "description": "Finds ${var.company} orders.",'],
            ['    "description": "Finds ${var.company} orders fast.",'],
        ),
    }
    assert project.out.splitlines()[-1] == "Pulled 5 outside edits into 5 files. Review: git diff"
    assert project.plan_is_empty()


def test_only_the_named_keys_are_pulled(fleet):
    project = fleet(FIVE)
    project.outside("a", temperature=0.7)
    project.outside("b", temperature=1.5)
    assert project.run("pull", "b") == 0
    assert list(project.changed_lines()) == ["assistants/b.yaml"]


def test_an_unknown_key_is_a_usage_error(fleet):
    assert fleet(one()).run("pull", "bto") == 64


def test_without_outside_edits_nothing_is_written(fleet):
    project = fleet(FIVE)
    assert project.run("pull") == 0
    assert project.out == "Nothing to pull: no managed field was changed outside.\n"
    assert project.git("status", "--porcelain") == ""


def test_a_manifest_that_changed_is_not_an_outside_edit(fleet):
    project = fleet(one(temperature="0.2"))
    project.put(one(temperature="0.4"))
    assert project.run("pull") == 0
    assert project.out.startswith("Nothing to pull")


@pytest.mark.parametrize(
    ("written", "fields", "line"),
    [
        ("name: Bot", {"name": "Bot: two"}, 'name: "Bot: two"'),
        ("description: old", {"description": None}, "description: null"),
        ("description: old", {"description": "a\nb"}, "description: |-"),
        ("temperature: 0.2", {"temperature": 1}, "temperature: 1"),
        ("response_format: auto", {"response_format": {"type": "text"}}, "  type: text"),
        ("metadata: {team: a, kept: b}", {"metadata": {"team": "yes"}}, 'metadata: {team: "yes", kept: b}'),
        ("tools: [{type: file_search}]", {"tools": []}, "tools: []"),
        ("tools: [{type: file_search}]", {"tools": [{"type": "code_interpreter"}]}, None),
    ],
)
def test_every_kind_of_field_is_pulled_and_the_plan_is_empty(fleet, written, fields, line):
    name, _, text = written.partition(": ")
    project = fleet(one(**{name: text}))
    project.outside("Bot" if name == "name" else "bot", **fields)
    assert project.run("pull") == 0, project.err
    added = project.changed_lines()["assistants/bot.yaml"][1]
    assert line is None or line in added
    assert project.plan_is_empty()


def test_a_metadata_key_removed_outside_becomes_null(fleet):
    project = fleet(one(metadata="{team: a, kept: b}"))
    project.outside("bot", metadata={"team": ""})
    assert project.run("pull") == 0
    assert project.plan_is_empty()


TOOLS = """model: gpt-4o
tools:
  # looks things up
  - type: function
    function:
      name: look
      parameters:
        type: object
        properties:
          city: {type: string}
          # which country
          country:
            type: string
        required: [city, country]

  - type: file_search   # kept
"""


def function(**more: Any) -> dict[str, Any]:
    properties = {"city": {"type": "string"}, "country": {"type": "string"}}
    parameters = {"type": "object", "properties": properties, "required": ["city", "country"]}
    return {"type": "function", "function": {"name": "look", "parameters": parameters, **more}}


def test_a_tool_added_outside_is_a_new_item_and_a_removed_one_takes_only_its_lines(fleet):
    project = fleet({"assistants/bot.yaml": TOOLS})
    new = {"type": "function", "function": {"name": "new", "description": "Line one\nof ${var.x}\n"}}
    project.outside("bot", tools=[function(), {"type": "code_interpreter"}, new])
    assert project.run("pull") == 0, project.err
    removed, added = project.changed_lines()["assistants/bot.yaml"]
    assert removed == ["  - type: file_search   # kept"]
    assert added == [
        "  - type: code_interpreter",
        "  - type: function",
        "    function:",
        "      name: new",
        "      description: |",
        "        Line one",
        "        of $${var.x}",
    ]
    assert project.plan_is_empty()


def test_a_schema_property_removed_outside_takes_only_its_lines(fleet):
    project = fleet({"assistants/bot.yaml": TOOLS})
    changed = function(strict=True)
    del changed["function"]["parameters"]["properties"]["country"]
    changed["function"]["parameters"]["required"] = ["city"]
    project.outside("bot", tools=[changed, {"type": "file_search", "file_search": {"max_num_results": 7}}])
    assert project.run("pull") == 0, project.err
    removed, added = project.changed_lines()["assistants/bot.yaml"]
    assert removed == [
        "          country:",
        "            type: string",
        "        required: [city, country]",
    ]
    assert added == [
        "        required: [city]",
        "      strict: true",
        "    file_search:",
        "      max_num_results: 7",
    ]
    assert project.plan_is_empty()


def test_ids_added_outside_stand_behind_those_that_were_there(fleet):
    files = "model: gpt-4o\ntools: [{type: code_interpreter}]\ntool_resources:\n  code_interpreter:\n"
    files += "    file_ids: # in this order\n      - file-z\n      - file-b\n      - file-c\n"
    project = fleet({"assistants/bot.yaml": files})
    project.outside("bot", tool_resources={"code_interpreter": {"file_ids": ["file-a", "file-c", "file-z"]}})
    assert project.run("pull") == 0, project.err
    removed, added = project.changed_lines()["assistants/bot.yaml"]
    assert (removed, added) == (["      - file-b"], ["      - file-a"])
    assert project.plan_is_empty()


SCHEMA = """model: gpt-4o
response_format:
  type: json_schema
  json_schema:
    name: answer
    schema:
      type: object
      properties:
        text: {type: string}   # the answer
      required: [text, why]
"""


def test_a_response_format_changes_in_its_members_only(fleet):
    project = fleet({"assistants/bot.yaml": SCHEMA})
    schema = {
        "type": "object",
        "properties": {"text": {"type": "number"}},
        "required": ["text", "how", "why"],
    }
    changed = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    project.outside("bot", response_format=changed)
    assert project.run("pull") == 0, project.err
    assert project.changed_lines()["assistants/bot.yaml"] == (
        ["        text: {type: string}   # the answer", "      required: [text, why]"],
        [
            "        text: {type: number}   # the answer",
            "      required: [text, how, why]",
            "    strict: true",
        ],
    )
    assert project.plan_is_empty()


def test_a_function_file_keeps_its_indentation(fleet):
    project = fleet(FIVE)
    parameters = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    tool = {"name": "find", "description": "Finds Acme orders.", "parameters": parameters}
    project.outside("e", tools=[{"type": "file_search"}, {"type": "function", "function": tool}])
    assert project.run("pull") == 0, project.err
    assert project.changed_lines() == {
        "tools/e.json": (
            ['        "properties": {"id": {"type": "string"}}'],
            [
                '        "properties": {"id": {"type": "string"}},',
                '        "required": [',
                '            "id"',
                "        ]",
            ],
        )
    }
    assert project.plan_is_empty()


def test_remote_text_that_looks_like_a_reference_is_escaped(fleet):
    project = fleet(
        {"assistants/bot.yaml": "model: gpt-4o\ninstructions: Hello ${var.company}, $${var.x}.\n"}
    )
    hostile = "Hello Acme, ${var.x}. ${env.HOME} ${file.../../etc/passwd} $${var.company}"
    project.outside("bot", instructions=hostile)
    assert project.run("pull") == 0, project.err
    assert "Hello ${var.company}, $${var.x}. $${env.HOME} $${file." in project.text("assistants/bot.yaml")
    assert project.plan_is_empty()


def test_a_changed_substitution_becomes_text_and_is_told(fleet):
    project = fleet(one(instructions="You work for ${var.company} today."))
    project.outside("bot", instructions="You work for Umbrella today.")
    assert project.run("pull") == 0
    assert "instructions: You work for Umbrella today." in project.text("assistants/bot.yaml")
    assert "${var.company} is literal text now" in project.out


SHARED = {
    "assistants/a.yaml": "model: gpt-4o\nextends: _base.yaml\ntemperature: 0.5\n",
    "assistants/b.yaml": "model: gpt-4o\nextends: _base.yaml\n",
    "assistants/c.yaml": "model: gpt-4o\nextends: _base.yaml\n",
    "assistants/_base.yaml": "temperature: 0.1\ninstructions: 'Hi. ${file.../prompts/tone.md}'\n",
    "prompts/tone.md": "Be brief.\n",
}


def test_a_shared_fragment_is_left_alone_without_consent(fleet):
    project = fleet(SHARED)
    project.outside("a", temperature=0.6)
    project.outside("b", temperature=0.9)
    assert project.run("pull") == 5
    assert list(project.changed_lines()) == ["assistants/a.yaml"]
    assert "assistants/_base.yaml is shared with c" in project.err
    assert "Next: assistctl pull b --yes" in project.err


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_shared_fragment_is_asked_about_on_a_terminal(fleet, answer):
    project = fleet(SHARED)
    project.outside("b", temperature=0.9)
    assert project.run("pull", answer=answer) == (0 if answer == "yes" else 5)
    assert ("assistants/_base.yaml" in project.changed_lines()) is (answer == "yes")


def test_an_included_file_counts_as_shared_and_yes_changes_it(fleet):
    project = fleet(SHARED)
    for name in "abc":
        project.outside(name, instructions="Hi. Be brief and kind.")
    assert project.run("pull", "--yes") == 0, project.err
    assert project.changed_lines() == {"prompts/tone.md": (["Be brief."], ["Be brief and kind."])}
    assert "prompts/tone.md is shared with b, c" in project.err
    assert project.plan_is_empty()


def test_two_assistants_that_disagree_about_a_shared_file_are_not_both_written(fleet):
    project = fleet(SHARED)
    project.outside("b", instructions="Hi. Be brief and kind.")
    project.outside("c", instructions="Hi. Be very brief.")
    assert project.run("pull", "--yes") == 5
    assert project.text("prompts/tone.md") == "Be brief and kind.\n"
    assert "c instructions: not pulled: b reads the same place" in project.err


def test_two_outside_edits_of_a_shared_text_meet_by_pulling_again(fleet):
    project = fleet({**SHARED, "prompts/tone.md": BASE})
    project.outside("b", instructions=f"Hi. {BASE.replace('one', '1')}".removesuffix("\n"))
    project.outside("c", instructions=f"Hi. {BASE.replace('four', '4')}".removesuffix("\n"))
    assert project.run("pull", "--yes") == 5
    assert project.run("pull", "--yes") == 0, project.err
    assert project.text("prompts/tone.md") == BASE.replace("one", "1").replace("four", "4")
    assert project.run("apply", "--yes", "--on-conflict", "overwrite") == 0, project.err
    assert project.plan_is_empty()


def agreeing(fleet: Callable[..., Fleet]) -> Fleet:
    """A fragment's temperature is what ``b`` was given outside; ``b`` itself needs no write any more."""
    project = fleet(SHARED)
    project.outside("b", temperature=0.9)
    assert project.run("pull", "--yes") == 0, project.err
    return project.applied()


@pytest.mark.parametrize("keys", [(), ("c",)])
@pytest.mark.parametrize("typed", [0.5, 0.1])
def test_an_outside_edit_that_the_files_hold_is_not_driven_out_by_a_later_one(fleet, keys, typed):
    project = agreeing(fleet)
    project.outside("c", temperature=typed)  # 0.1 is what was last applied to b
    assert project.run("pull", *keys, "--yes") == 5
    assert project.changed_lines() == {}
    assert "c temperature: not pulled: it would go against an outside edit of b: temperature" in project.err
    assert "Next: give c a value of its own, or edit assistants/_base.yaml by hand" in project.err


def test_what_a_later_edit_settles_is_not_reported_as_left(fleet):
    project = agreeing(fleet)
    project.outside("b", temperature=0.5)  # alone a conflict: nothing was applied to b since
    project.outside("c", temperature=0.5)
    assert project.run("pull", "b", "--yes") == 5
    assert project.run("pull", "--yes") == 0, project.err
    assert "b  temperature  the files say it already\n" in project.out
    assert project.changed_lines()["assistants/_base.yaml"] == (["temperature: 0.9"], ["temperature: 0.5"])
    assert project.plan_is_empty()


def test_a_value_of_the_project_defaults_becomes_a_line_of_the_manifest(fleet):
    defaults = "defaults: {temperature: 0.3, metadata: {team: a, area: x}}\n"
    files = {"assistants/a.yaml": "model: gpt-4o\nmetadata: {own: z}\n# end\n", **one()}
    project = fleet(files, PROJECT + defaults)
    project.outside("a", temperature=0.4, metadata={"team": "b"})
    project.outside("bot", metadata={"team": "${var.c}"}, name="Robot")
    assert project.run("pull") == 0, project.err
    assert project.changed_lines() == {
        "assistants/a.yaml": (
            ["metadata: {own: z}"],
            ["metadata: {own: z, team: b}", "temperature: 0.4"],
        ),
        "assistants/bot.yaml": ([], ["name: Robot", "metadata:", '  team: "$${var.c}"']),
    }
    assert project.plan_is_empty()


BASE = "Line one.\nLine two.\nLine three.\nLine four.\n"


def prompt_project() -> dict[str, str]:
    return {"assistants/bot.yaml": "model: gpt-4o\ninstructions_file: ../p.md\n", "p.md": BASE}


def test_a_conflict_that_merges_is_merged_from_the_text_as_last_applied(fleet):
    project = fleet(prompt_project())
    project.put({"p.md": BASE.replace("one", "1")}).committed()
    project.outside("bot", instructions=BASE.replace("four", "4"))
    assert project.run("pull") == 0, project.err
    assert project.text("p.md") == BASE.replace("one", "1").replace("four", "4")
    assert "merged" in project.out
    assert project.run("apply", "--yes", "--on-conflict", "overwrite") == 0
    assert project.plan_is_empty()


def test_a_conflict_in_which_the_files_have_the_outside_edit_too_names_the_next_step(fleet):
    project = fleet(prompt_project())
    mine = BASE.replace("one", "1").replace("four", "4")
    project.put({"p.md": mine})
    project.outside("bot", instructions=BASE.replace("four", "4"))
    assert project.run("pull") == 0, project.err
    assert project.text("p.md") == mine
    assert "bot  instructions  the files say it already (merged" in project.out
    assert "assistctl apply --on-conflict overwrite" in project.err


def test_a_conflict_that_does_not_merge_is_shown_with_both_sides_and_left(fleet):
    project = fleet(prompt_project())
    mine = BASE.replace("one", "1")
    project.put({"p.md": mine})
    project.outside("bot", instructions=BASE.replace("one", "uno"))
    assert project.run("pull") == 5
    assert project.text("p.md") == mine
    assert "Line 1." in project.err
    assert "Line uno." in project.err


def test_a_conflict_without_history_is_left(fleet):
    project = fleet(prompt_project())
    (project.root / ".git").rename(project.root / "gone")
    project.put({"p.md": BASE.replace("one", "1")})
    project.outside("bot", instructions=BASE.replace("four", "4"))
    assert project.run("pull") == 5
    assert "no revision in git holds it as last applied" in project.err
    assert project.text("p.md") == BASE.replace("one", "1")


def test_reading_the_history_runs_nothing_that_the_repository_configures(fleet, tmp_path):
    project = fleet(prompt_project())
    project.put({"p.md": BASE.replace("one", "1"), ".gitattributes": "*.md diff=odd filter=odd\n"})
    project.outside("bot", instructions=BASE.replace("four", "4"))
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "diff.odd.textconv", "filter.odd.smudge", "gpg.program"):
        project.git("config", name, str(script))
    (tmp_path / "ran").unlink(missing_ok=True)
    assert project.run("pull") == 0, project.err
    assert not (tmp_path / "ran").exists()


def test_a_file_that_changes_while_it_is_asked_about_is_not_overwritten(fleet):
    project = fleet(SHARED)
    project.outside("b", temperature=0.9)
    settings = resolve(Chosen(directory=project.root), {}, today="2026-11-22")
    edited = SHARED["assistants/_base.yaml"] + "top_p: 0.5\n"

    def meanwhile(_sharing: Sharing) -> bool:
        project.put({"assistants/_base.yaml": edited})
        return True

    with pytest.raises(DecisionNeeded, match="while it was being edited"):
        pull(settings, (), meanwhile, Ports())
    assert project.text("assistants/_base.yaml") == edited


def test_tools_changed_on_both_sides_merge_tool_by_tool(fleet):
    project = fleet({"assistants/bot.yaml": TOOLS})
    mine = TOOLS.replace("      name: look\n", "      name: look\n      description: Mine.\n")
    project.put({"assistants/bot.yaml": mine}).committed()
    project.outside("bot", tools=[function(strict=True), {"type": "file_search"}])
    assert project.run("pull") == 0, project.err
    assert project.text("assistants/bot.yaml") == mine.replace(
        "        required: [city, country]\n", "        required: [city, country]\n      strict: true\n"
    )


def test_what_cannot_be_written_is_told_and_the_rest_is_pulled(fleet):
    project = fleet(one(description="fine", temperature="0.2"))
    project.outside("bot", description="bad \u202e text", temperature=0.4)
    assert project.run("pull") == 5
    assert "bot description: not pulled: the manifest would not be valid: AC402" in project.err
    assert project.changed_lines()["assistants/bot.yaml"][1] == ["temperature: 0.4"]


def test_a_deleted_remote_is_told(fleet):
    project = fleet(one())
    project.delete("bot")
    assert project.run("pull") == 0
    assert "bot: there is no remote assistant to pull from" in project.err
    assert project.run("pull", "bot") == 5


def test_the_value_of_an_environment_is_written_where_it_stands(fleet):
    files = {
        "assistants/bot.yaml": "model: gpt-4o\ntemperature: 0.1\nenvironments:\n  dev: {temperature: 0.2}\n"
    }
    project = fleet(files, PROJECT + "environments: {dev: {}, prod: {}}\ndefault_environment: dev\n")
    project.outside("bot", temperature=0.6)
    assert project.run("pull") == 0
    assert project.changed_lines()["assistants/bot.yaml"][1] == ["  dev: {temperature: 0.6}"]
    assert "Other environments read these files too" in project.err


def test_the_remote_is_only_read(fleet):
    project = fleet(FIVE)
    project.outside("a", temperature=0.7)
    database = project.root / ".assistctl" / "local.db"
    with Store(database) as store:
        before = App(store).handle(Request("GET", "/assistants", {"limit": "100"}, {}, b"")).body
    project.run("pull")
    with Store(database) as store:
        assert App(store).handle(Request("GET", "/assistants", {"limit": "100"}, {}, b"")).body == before


def test_a_prompt_behind_a_link_out_of_the_project_is_never_written(fleet, tmp_path):
    project = fleet(prompt_project())
    outside = tmp_path / "outside.md"
    outside.write_text(BASE)
    project.outside("bot", instructions="New.\n")
    (project.root / "p.md").unlink()
    (project.root / "p.md").symlink_to(outside)
    assert project.run("pull") == 65
    assert outside.read_text() == BASE
