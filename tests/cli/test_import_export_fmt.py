"""``import``, ``export`` and ``fmt`` against the embedded server: nothing is lost on the way."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.commands.imports import Imported, Wanted, import_remote
from assistctl.commands.plan import plan
from assistctl.commands.ports import Ports
from assistctl.commands.session import open_link
from assistctl.commands.whole import with_all_fields
from assistctl.engine.survey import see
from assistctl.errors import DecisionNeeded, ExitCode, UsageFault
from assistctl.model.assistant import FIELDS, MARKER_KEY, Remote
from assistctl.model.plan import Action
from assistctl.model.provider import Provider
from assistctl.model.selection import Selection
from assistctl.model.values import unpack
from assistctl.providers.profiles import built_in
from assistctl.settings import Chosen, resolve

PLAIN = "project: demo\nprovider: local\nmanifests: [assistants]\n"
DEFAULTS = """\
project: demo
provider: local
manifests: [assistants]
vars: {company: Acme}
default_environment: dev
defaults:
  model: gpt-4o
  description: For ${var.company}
  temperature: 0.5
  reasoning_effort: low
  instructions_file: house.md
  metadata: {team: support, managed_in: git}
  allow: [AC704]
  response_format:
    type: json_schema
    json_schema: {name: house, schema: {type: object, properties: {a: {type: string}}}}
  tools: [{type: code_interpreter}]
  tool_resources: {code_interpreter: {file_ids: [file-house]}}
environments:
  dev: {defaults: {top_p: 0.5, metadata: {stage: dev}}}
  prod: {defaults: {metadata: {stage: prod}}}
"""
LONG_SCHEMA = {
    "type": "object",
    "properties": {
        f"p{n}": {"type": "string", "description": "${env.HOME} \u2028 é", "default": None} for n in range(9)
    },
    "required": ["p0"],
}
NASTY = [
    {
        "name": "Support Bot",
        "description": "two\n  lines  \n",
        "instructions": "\ufeff ${var.x} $${file.y} ${x} $5 {{z}}\r\n trail  \n\r😀 \u200b\n\n\tno newline",
        "metadata": {"a b: #": "${env.HOME}", "no": "yes", "1": "1.10", "team": "", "empty": ""},
        "tools": [
            {"type": "function", "function": {"name": "Look", "description": "x", "parameters": LONG_SCHEMA}},
            {"type": "function", "function": {"name": "look", "parameters": LONG_SCHEMA, "strict": True}},
            {"type": "function", "function": {"name": "tiny"}},
            {
                "type": "file_search",
                "file_search": {"ranking_options": {"score_threshold": 0.3, "ranker": "auto"}},
            },
        ],
        "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
        "temperature": 0.2,
        "top_p": 1e-7,
        "response_format": {"type": "text"},
    },
    {"name": "Support Bot"},
    {},
    {"name": "", "description": "", "instructions": ""},
    {"name": "Поддержка", "temperature": 0.5, "metadata": {"team": "support", "managed_in": "svn"}},
    {
        "name": "con",
        "model": "o3",
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "x",
                "strict": None,
                "schema": {"type": "object", "properties": {"b": {}}},
            },
        },
        "tools": [{"type": "file_search"}, {"type": "code_interpreter"}],
        "tool_resources": {"code_interpreter": {"file_ids": ["file-2", "file-1"]}},
    },
    {"name": "null", "instructions": "\n", "metadata": {MARKER_KEY: "not a marker"}},
    {
        "name": "token",
        "instructions": "use ghp_" + "a" * 36,
        "tool_resources": {"code_interpreter": {"file_ids": ["f"]}},
    },
]


class Folder:
    """A project on an embedded server of its own."""

    def __init__(self, path: Path, project: str = PLAIN, environment: str | None = None) -> None:
        self.path = path
        (path / "assistctl.yaml").write_text(project)
        (path / "house.md").write_text("House rules.\n")
        self.ports = Ports(wall=lambda: 1_700_000_000.0)
        self.environment = environment

    @contextmanager
    def server(self) -> Iterator[Provider]:
        with open_link(built_in("local"), "", self.path, None, self.ports) as link:
            yield link.provider

    def create(self, *bodies: Mapping[str, object]) -> list[str]:
        with self.server() as provider:
            return [provider.create({"model": "gpt-4o-mini", **body}).id for body in bodies]

    def remotes(self) -> dict[str, Remote]:
        with self.server() as provider:
            return {remote.id: remote for page in provider.pages() for remote in page}

    def settings(self):
        return resolve(Chosen(directory=self.path, environment=self.environment), {}, today="")

    def take(self, *ids: str, everything: bool = False, into: str = "") -> Imported:
        return import_remote(self.settings(), Wanted(ids, everything, into), self.ports)

    def plan(self, selection: Selection = Selection()):  # noqa: B008 - frozen
        return plan(self.settings(), selection, self.ports).plan

    def apply(self) -> int:
        chosen = ["-e", self.environment] if self.environment else []
        console = Console(None, io.StringIO(), io.StringIO(), {})
        return run(["-C", str(self.path), *chosen, "apply", "--auto-approve"], console)

    def manifest(self, key: str) -> str:
        return (self.path / "assistants" / f"{key}.yaml").read_text()


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path)


def held(remote: Remote) -> dict[str, object]:
    """Everything but our marker."""
    metadata = {key: text for key, text in (remote.metadata or {}).items() if key != MARKER_KEY}
    return {**{name: unpack(value) for name, value in remote.fields.items()}, "metadata": metadata}


def assert_adopted_without_a_change(project: Folder, before: Mapping[str, Remote]) -> None:
    planned = project.plan()
    assert [change.action for change in planned.changes] == [Action.ADOPT] * len(before)
    assert [change.shown for change in planned.changes if change.shown] == []
    assert project.apply() == ExitCode.DONE
    assert {change.action for change in project.plan().changes} <= {Action.NOOP}
    after = project.remotes()
    assert {key: held(remote) for key, remote in after.items()} == {
        key: held(remote) for key, remote in before.items()
    }


@pytest.mark.parametrize("project", [PLAIN, DEFAULTS], ids=["plain", "with defaults"])
def test_an_import_is_adopted_without_a_change_and_loses_nothing(tmp_path, project):
    folder = Folder(tmp_path, project)
    folder.create(*NASTY)
    before = folder.remotes()
    done = folder.take(everything=True)
    assert (done.exit_code, done.skipped, done.notes) == (ExitCode.DONE, (), ())
    assert len(done.written) == len(NASTY)
    assert_adopted_without_a_change(folder, before)


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40
).filter(
    lambda text: (
        not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" or c >= "\U000e0000" for c in text)
    )
)
PROMPT = st.lists(TEXT | st.sampled_from(["\n", "\r\n", "\r", "\t", "  \n", "${var.x}", "$${env.A}"])).map(
    "".join
)
SCHEMA = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FUNCTION = st.fixed_dictionaries(
    {"name": st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)},
    optional={
        "description": PROMPT,
        "parameters": st.dictionaries(TEXT, SCHEMA, max_size=3),
        "strict": st.booleans(),
    },
)
TOOLS = st.lists(FUNCTION, max_size=3, unique_by=lambda function: function["name"]).map(
    lambda functions: [{"type": "function", "function": function} for function in functions]
)
ASSISTANT = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-4o-mini", "o3", "made-up"])},
    optional={
        "name": st.none() | TEXT,
        "description": st.none() | PROMPT.filter(lambda text: len(text) <= 512),
        "instructions": st.none() | PROMPT,
        "tools": TOOLS,
        "metadata": st.dictionaries(
            TEXT.filter(bool), PROMPT.filter(lambda text: len(text) <= 512), max_size=3
        ),
        "temperature": st.none() | st.floats(0, 2),
        "top_p": st.none() | st.floats(0, 1),
        "reasoning_effort": st.sampled_from([None, "low", "high"]),
        "response_format": st.sampled_from(["auto", {"type": "text"}, {"type": "json_object"}]),
    },
)


@settings(max_examples=12, deadline=None)
@given(st.lists(ASSISTANT, min_size=1, max_size=6), st.sampled_from([PLAIN, DEFAULTS]))
def test_whatever_the_validator_takes_makes_the_round_trip(bodies, project):
    with TemporaryDirectory() as path:
        folder = Folder(Path(path), project)
        folder.create(*bodies)
        before = folder.remotes()
        done = folder.take(everything=True)
        assert (done.skipped, done.notes) == ((), ())
        assert_adopted_without_a_change(folder, before)


def test_a_manifest_is_readable_and_its_prompt_and_long_functions_are_files(folder):
    (remote_id,) = folder.create(
        {
            "name": "Billing bot",
            "description": "Line one\nline two",
            "instructions": "Be brief.\r\nNo final line end",
            "temperature": 0.2,
            "tools": [
                {"type": "function", "function": {"name": "find", "parameters": LONG_SCHEMA}},
                {"type": "function", "function": {"name": "ping", "description": "Says pong."}},
            ],
            "metadata": {"team": "billing"},
        }
    )
    folder.take(everything=True)
    assert (
        folder.manifest("billing-bot")
        == f"""\
# yaml-language-server: $schema=../assistctl.schema.json
key: billing-bot
id: {remote_id}
name: Billing bot
description: |-
  Line one
  line two
model: gpt-4o-mini
temperature: 0.2
instructions_file: billing-bot.md
tools:
  - type: function
    function_file: billing-bot.functions/find.json
  - type: function
    function:
      name: ping
      description: Says pong.
metadata:
  team: billing
"""
    )
    assert (folder.path / "assistants/billing-bot.md").read_bytes() == b"Be brief.\r\nNo final line end"
    function = json.loads((folder.path / "assistants/billing-bot.functions/find.json").read_text())
    assert list(function["parameters"]) == ["type", "properties", "required"]
    assert function["parameters"]["properties"]["p0"]["description"] == "$${env.HOME} \u2028 é"


def test_the_name_is_left_out_where_it_is_the_key(folder):
    folder.create({"name": "billing_bot"})
    folder.take(everything=True)
    assert "name:" not in folder.manifest("billing_bot")


def test_500_equal_names_get_500_keys_by_age(folder):
    folder.create(*[{"name": "Bot"}] * 500)
    done = folder.take(everything=True)
    assert {line.key for line in done.written} == {"bot", *(f"bot-{number}" for number in range(2, 501))}
    assert {change.action for change in folder.plan().changes} == {Action.ADOPT}


def test_what_no_manifest_may_hold_is_skipped_with_its_reason(folder):
    over = {"name": "over", "metadata": {f"k{number}": "" for number in range(16)}}
    twins = {"name": "twins", "tools": [{"type": "function", "function": {"name": "a"}}] * 2}
    control = {"name": "control", "instructions": "a\x07b"}
    folder.create(over, twins, control, {"name": "fine"})
    done = folder.take(everything=True)
    assert done.exit_code is ExitCode.PARTLY_APPLIED
    assert [line.key for line in done.written] == ["fine"]
    reasons = {line.name: line.text[:5] for line in done.skipped}
    assert reasons == {"over": "AC115", "twins": "AC111", "control": "AC401"}
    assert sorted(path.name for path in (folder.path / "assistants").iterdir()) == ["fine.yaml"]


def test_warnings_are_allowed_in_the_manifest_beside_those_the_defaults_allow(tmp_path):
    folder = Folder(tmp_path, DEFAULTS)
    folder.create({"name": "both", "temperature": 0.1, "top_p": 0.1})
    folder.take(everything=True)
    assert folder.manifest("both").endswith("allow:\n  - AC704\n  - AC703\n")


def test_a_second_import_writes_nothing_and_names_the_manifests_there_are(folder):
    folder.create({"name": "a"}, {"name": "b"})
    first = folder.take(everything=True)
    again = folder.take(everything=True)
    assert (again.written, again.exit_code) == ((), ExitCode.DONE)
    assert {line.text for line in again.known} == {line.text for line in first.written}
    folder.apply()
    (owned,) = [line.remote_id for line in first.written if line.key == "a"]
    assert folder.take(owned).known[0].text == "assistants/a.yaml"
    assert folder.take(everything=True).known == ()


def test_new_ones_keep_clear_of_the_keys_that_are_taken(folder):
    folder.create({"name": "bot"})
    folder.take(everything=True)
    (later,) = folder.create({"name": "Bot"})
    done = folder.take(everything=True)
    assert [(line.key, line.remote_id) for line in done.written] == [("bot-2", later)]


def test_files_that_are_there_are_all_named_and_nothing_is_written(folder):
    folder.create({"name": "a", "instructions": "x"}, {"name": "b"})
    (folder.path / "assistants").mkdir()
    (folder.path / "assistants/a.md").write_text("mine")
    (folder.path / "assistants/b.yaml").symlink_to("nowhere")
    with pytest.raises(
        DecisionNeeded, match=r"2 files are there already: assistants/a\.md, assistants/b\.yaml"
    ):
        folder.take(everything=True)
    assert sorted(path.name for path in (folder.path / "assistants").iterdir()) == ["a.md", "b.yaml"]


def test_an_import_that_was_cut_off_can_be_repeated(folder):
    folder.create({"name": "a", "instructions": "x"})
    folder.take(everything=True)
    (folder.path / "assistants/a.yaml").unlink()
    assert [line.key for line in folder.take(everything=True).written] == ["a"]


def test_each_environment_gets_manifests_of_its_own_and_a_plan_without_creates(tmp_path):
    for environment in ("dev", "prod"):
        folder = Folder(tmp_path, DEFAULTS, environment)
        (remote_id,) = folder.create({"name": "Bot", "metadata": {"stage": "qa"}})
        before = {key: remote for key, remote in folder.remotes().items() if see(remote).marker is None}
        done = folder.take(everything=True)
        assert list(before) == [remote_id] == [line.remote_id for line in done.written]
        assert f"id:\n  {environment}: {remote_id}\nonly:\n  - {environment}\n" in folder.manifest(
            done.written[0].key
        )
        planned = folder.plan()
        assert [(change.action, change.shown) for change in planned.changes] == [(Action.ADOPT, ())]
        assert done.next == ("assistctl plan" if environment == "dev" else "assistctl plan -e prod")
        folder.apply()


def test_another_owners_assistant_is_taken_by_id_only_and_needs_a_takeover(tmp_path):
    other = Folder(tmp_path, PLAIN.replace("demo", "other"))
    (remote_id,) = other.create({"name": "theirs"})
    other.take(everything=True)
    other.apply()
    for path in (tmp_path / "assistants").iterdir():
        path.unlink()
    folder = Folder(tmp_path)
    assert folder.take(everything=True).written == ()
    done = folder.take(remote_id)
    assert done.notes == (
        f"{remote_id} belongs to other/default: plan and apply will need --takeover other/default",
    )
    assert done.next == "assistctl plan --takeover other/default"
    assert [change.action for change in folder.plan().changes] == [Action.UNDECIDED]
    (change,) = folder.plan(Selection(takeover=frozenset({"other/default"}))).changes
    assert (change.action, change.shown) == (Action.ADOPT, ())


def test_an_owned_assistant_without_a_manifest_gets_one_under_its_key(folder):
    (remote_id,) = folder.create({"name": "Some name", "temperature": 1})
    (folder.path / "assistants").mkdir()
    manifest = folder.path / "assistants/lost.yaml"
    manifest.write_text(f"key: lost\nid: {remote_id}\nmodel: gpt-4o-mini\nname: Some name\n")
    folder.apply()
    manifest.unlink()
    assert [line.key for line in folder.take(remote_id).written] == ["lost"]
    assert [change.action for change in folder.plan().changes] == [Action.NOOP]


def test_a_folder_that_the_project_does_not_pick_up_is_warned_about(folder):
    folder.create({"name": "a"})
    done = folder.take(everything=True, into="elsewhere/deep")
    assert done.notes == ("assistctl.yaml does not pick up elsewhere/deep: add it to manifests:",)
    text = (folder.path / "elsewhere/deep/a.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=../../assistctl.schema.json\n")


def test_unknown_ids_are_all_named_and_nothing_is_imported(folder):
    with pytest.raises(UsageFault, match="the remote has no assistant asst_x, asst_y"):
        folder.take("asst_x", "asst_y")
    with pytest.raises(UsageFault, match="--all"):
        folder.take()


def test_import_reports_what_it_wrote_and_skipped_and_the_next_command(folder, inside):
    folder.create({"name": "red\u2028"}, {"name": "\x1b[31mbad"})
    ran = inside("-C", str(folder.path), "import", "--all")
    assert ran.code == 3
    assert "written  asst_" in ran.out
    assert ran.out.endswith("1 imported into assistants, 1 skipped.\nNext: assistctl plan\n")
    assert "Warning: skipped  asst_" in ran.err
    assert not {"\x1b", "\u2028"} & {*ran.out, *ran.err}


def test_what_import_writes_is_in_form(folder, inside):
    folder.create(*NASTY)
    folder.take(everything=True)
    assert inside("-C", str(folder.path), "fmt", "--check").code == 0


def test_fmt_rewrites_what_check_names_and_then_has_nothing_to_do(folder, inside):
    (folder.path / "assistants").mkdir()
    (folder.path / "assistants/a.yaml").write_text("key:   a\nonly:\n- x\n")
    (folder.path / "assistants/_part.yaml").write_text("model:  x\n")
    here = ("-C", str(folder.path), "fmt")
    checked = inside(*here, "--check")
    assert checked.code == 2
    assert checked.out == "would change  assistants/_part.yaml\nwould change  assistants/a.yaml\n"
    assert (folder.path / "assistants/a.yaml").read_text() == "key:   a\nonly:\n- x\n"
    assert inside(*here).code == 0
    assert (folder.path / "assistants/a.yaml").read_text() == "key: a\nonly:\n  - x\n"
    assert (inside(*here, "--check").code, inside(*here).out) == (0, "")


def test_fmt_reports_broken_files_and_formats_the_others(tmp_path, inside):
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n")
    (tmp_path / "good.yml").write_text("a:   1\n")
    (tmp_path / "link.yaml").symlink_to("good.yml")
    ran = inside("-C", str(tmp_path), "fmt", "bad.yaml", ".", "link.yaml")
    assert ran.code == 65
    assert "bad.yaml:2:1: AC009" in ran.err
    assert "link.yaml" in ran.err
    assert (tmp_path / "bad.yaml").read_text() == "a: 1\na: 2\n"
    assert (tmp_path / "good.yml").read_text() == "a: 1\n"
    assert inside("-C", str(tmp_path), "fmt", "missing.yaml").code == 64


def test_export_gives_the_resolved_manifests_by_key(tmp_path, inside):
    folder = Folder(tmp_path, DEFAULTS)
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistants/a.yaml").write_text(
        "name: A\ntemperature: null\nmetadata: {team: null}\nallow: [AC704]\n"
    )
    ran = inside("-C", str(folder.path), "export", "a")
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "a": {
            "name": "A",
            "description": "For Acme",
            "model": "gpt-4o",
            "instructions": "House rules.\n",
            "tools": [{"type": "code_interpreter"}],
            "tool_resources": {"code_interpreter": {"file_ids": ["file-house"]}},
            "top_p": 0.5,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "house",
                    "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
                },
            },
            "reasoning_effort": "low",
            "metadata": {"managed_in": "git", "stage": "dev"},
        }
    }
    assert inside("-C", str(folder.path), "export", "b").code == 64


def test_export_speaks_the_responses_protocol(folder, inside):
    (remote_id,) = folder.create(
        {**NASTY[0], "name": "x"},
    )
    folder.create(NASTY[5])
    ran = inside("-C", str(folder.path), "export", "--remote", "--format", "openai-responses")
    found = json.loads(ran.out)
    adapter = TypeAdapter(ResponseCreateParamsNonStreaming)
    for parameters in found.values():
        adapter.validate_python(parameters)
    first = found[remote_id]
    assert (first["instructions"], first["temperature"]) == (NASTY[0]["instructions"], 0.2)
    assert first["text"] == {"format": {"type": "text"}}
    assert first["tools"][1:] == [
        {"type": "function", "name": "look", "parameters": LONG_SCHEMA, "strict": True},
        {
            "type": "function",
            "name": "tiny",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        {
            "type": "file_search",
            "vector_store_ids": ["vs_1"],
            "max_num_results": 20,
            "ranking_options": {"ranker": "auto", "score_threshold": 0.3},
        },
    ]
    (second,) = [parameters for parameters in found.values() if parameters["model"] == "o3"]
    assert second["reasoning"] == {"effort": "low"}
    assert second["text"]["format"] == {
        "type": "json_schema",
        "name": "x",
        "schema": NASTY[5]["response_format"]["json_schema"]["schema"],
    }
    assert second["tools"][1] == {
        "type": "code_interpreter",
        "container": {"type": "auto", "file_ids": ["file-2", "file-1"]},
    }
    assert not {"temperature", "top_p", "name"} & second.keys()


def test_export_remote_saves_everything_that_can_be_read(folder, inside):
    folder.create(*NASTY)
    folder.take(everything=True)
    folder.apply()
    found = json.loads(inside("-C", str(folder.path), "export", "--remote").out)
    by_id = {entry.pop("id"): entry for entry in found.values()}
    for remote_id, remote in folder.remotes().items():
        expected = {name: value for name, value in held(remote).items() if value is not None and value != {}}
        assert {name: value for name, value in by_id[remote_id].items() if value != {}} == expected
    assert {"support-bot", "null", "token"} <= found.keys()
    assert set(FIELDS) >= {name for entry in by_id.values() for name in entry} - {"metadata"}


class Summaries:
    """A remote whose list answers only names; ``told`` are the fields that a GET adds."""

    def __init__(self, told: Mapping[str, str | None]) -> None:
        self.told = told
        self.asked: list[str] = []

    def get(self, remote_id: str) -> Remote | None:
        self.asked.append(remote_id)
        return None if remote_id == "gone" else Remote(remote_id, 0, {"name": remote_id, **self.told}, {})


def seen(*ids: str):
    return [see(Remote(remote_id, 0, {"name": remote_id}, {})) for remote_id in ids]


def test_fields_that_the_list_leaves_out_are_fetched_by_id_and_the_vanished_left_out():
    remote = Summaries({"model": "m", "instructions": "x"})
    whole = with_all_fields(seen("a", "gone", "b"), remote, built_in("aimlapi"))
    assert [(item.remote.id, item.remote.fields["instructions"]) for item in whole] == [
        ("a", "x"),
        ("b", "x"),
    ]
    assert sorted(remote.asked) == ["a", "b", "gone"]


def test_fields_that_are_not_to_be_had_are_asked_for_once_or_never():
    remote = Summaries({})
    assert with_all_fields(seen("a", "b", "c"), remote, built_in("aimlapi")) == seen("a", "b", "c")
    assert remote.asked == ["a"]
    without_get = replace(built_in("aimlapi"), verbs=frozenset({"list"}))
    assert with_all_fields(seen("a"), remote, without_get) == seen("a")
    assert remote.asked == ["a"]
