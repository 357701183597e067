"""A fleet of 97 assistants over HTTP, from its first apply to its end, beside assistants of other people."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")

SIZE = 97
UNMANAGED = 30
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
SERVER_DEFAULTS = {
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
    "tools": [],
    "reasoning_effort": None,
    "tool_resources": {},
}
TELLING = "\nSay “goodbye” at the end.\n"

Assistant = dict[str, Any]


@dataclass
class Story:
    """The input, the project made of it, its server, and what each step left behind."""

    wanted: dict[str, Assistant]
    folder: Any
    remote: Any
    strangers: dict[str, bytes]
    """The assistants that nobody manages, by id, exactly as the server answers them."""
    ran: dict[str, Any] = field(default_factory=dict)
    """How each command ended."""
    stood: dict[str, list[Assistant]] = field(default_factory=dict)
    """What the server held after each step, by the official SDK where the name says so."""
    wanted_at: dict[str, dict[str, Assistant]] = field(default_factory=dict)
    """The input at each step."""

    def note(self, step: str) -> None:
        self.stood[step] = self.remote.all()
        self.wanted_at[step] = json.loads(json.dumps(self.wanted))


def make_fleet(target: Path) -> dict[str, Assistant]:
    """97 generated assistants as the project folder ``target``; the input by key."""
    lines = target.with_suffix(".jsonl")
    for script, *args in (
        ("make_fleet.py", str(SIZE), str(lines), "--seed", "7"),
        ("fleet_to_manifests.py", str(lines), str(target), "--project", "fleet"),
    ):
        subprocess.run([sys.executable, str(BENCHMARKS / script), *args], check=True, capture_output=True)
    listed = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    return {item["key"]: item for item in listed}


def edit(wanted: dict[str, Assistant], assistants: Path) -> None:
    """Three prompts and one tool schema change, one manifest goes, one comes; the input follows."""
    keys = sorted(wanted)
    for key in keys[:3]:
        prompt = assistants / f"{key}.md"
        prompt.write_bytes(prompt.read_bytes() + TELLING.encode())
        wanted[key]["instructions"] += TELLING
    schema = next(
        p for p in sorted(assistants.glob("*.functions/*.json")) if p.parent.name[:-10] not in keys[:3]
    )
    owner = schema.parent.name.removesuffix(".functions")
    function = json.loads(schema.read_text(encoding="utf-8"))
    function["parameters"]["properties"]["urgency"] = {"type": "integer", "minimum": 1}
    schema.write_text(json.dumps(function), encoding="utf-8")
    for tool in wanted[owner]["tools"]:
        if tool.get("function", {}).get("name") == function["name"]:
            tool["function"] = function
    gone = next(key for key in reversed(keys) if key != owner)
    (assistants / f"{gone}.yaml").unlink()
    del wanted[gone]
    wanted["newcomer"] = {"name": "newcomer", "model": "gpt-4o", "instructions": "You are new here.\n"}
    (assistants / "newcomer.yaml").write_text("model: gpt-4o\ninstructions: |\n  You are new here.\n")


def stranger(number: int) -> Assistant:
    """Somebody else's assistant, some with metadata of their own."""
    metadata = {"made_by": "hand", "number": str(number)} if number % 2 else {}
    return {"name": f"by hand {number}", "instructions": f"Number {number} – “ours”.", "metadata": metadata}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, start_server: Any, open_folder: Any) -> Iterator[Story]:
    """Plays the whole life of the fleet once; each test then looks at one rule."""
    target = tmp_path_factory.mktemp("fleet") / "fleet"
    wanted = make_fleet(target)
    with start_server() as remote:
        made = [remote.add(**stranger(number))["id"] for number in range(UNMANAGED)]
        strangers = {assistant_id: remote.bytes_of(assistant_id) for assistant_id in made}
        folder = open_folder(target, remote.url)
        story = Story(wanted, folder, remote, strangers)
        provider = ("--provider", "aimlapi")
        story.ran["apply"] = folder.apply(*provider, "--parallelism", "16")
        story.note("apply")
        remote.forget()
        story.ran["plan"] = folder.plan(*provider)
        story.ran["again"] = folder.apply(*provider)
        story.stood["sdk oldest first"] = with_sdk(remote.url, "asc")
        story.stood["sdk newest first"] = with_sdk(remote.url, "desc")
        edit(wanted, target / "assistants")
        story.ran["plan the edits"] = folder.plan(*provider)
        story.ran["apply the edits"] = folder.apply(*provider)
        story.note("edits")
        story.ran["plan after the edits"] = folder.plan(*provider)
        story.ran["destroy"] = folder.run("destroy", "--auto-approve", *provider)
        story.note("destroy")
        yield story


def with_sdk(url: str, order: Any) -> list[Assistant]:
    with openai.OpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0) as client:
        return [item.to_dict() for item in client.beta.assistants.list(order=order, limit=20)]


def without_marker(item: Assistant) -> Assistant:
    return {**item, "metadata": {k: v for k, v in item["metadata"].items() if k != "assistctl"}}


def key_of(item: Assistant) -> str:
    """The key that an assistant's marker names; empty for a stranger."""
    return item["metadata"].get("assistctl", "- - ").split(" ")[2]


def ours(items: list[Assistant]) -> dict[str, Assistant]:
    return {key_of(item): without_marker(item) for item in items if "assistctl" in item["metadata"]}


def tools_with_defaults(tools: list[Assistant]) -> list[Assistant]:
    """What a server adds to tools: function tools say whether they are strict, searches how they rank."""
    return [
        {**tool, "function": {"strict": False, **tool["function"]}} if tool["type"] == "function" else tool
        for tool in tools
    ]


def assert_equal_to_the_input(found: dict[str, Assistant], wanted: dict[str, Assistant]) -> None:
    assert found.keys() == wanted.keys()
    for key, item in wanted.items():
        for name, value in {**SERVER_DEFAULTS, "metadata": {}, **item}.items():
            if name == "key":
                continue
            stands = found[key].get(name)
            if name == "tools":
                assert [without_ranking(t) for t in tools_with_defaults(stands)] == tools_with_defaults(value)
            elif name == "tool_resources":
                assert {kind: part for kind, part in (stands or {}).items() if any(part.values())} == value
            else:
                assert stands == value, (key, name)


def without_ranking(tool: Assistant) -> Assistant:
    if tool["type"] != "file_search":
        return tool
    kept = {name: value for name, value in tool["file_search"].items() if name != "ranking_options"}
    return {**tool, "file_search": kept}


def test_the_input_is_a_real_fleet(story: Story) -> None:
    prompts = [len(item["instructions"].encode()) for item in story.wanted_at["apply"].values()]
    tools = sum(len(item.get("tools", ())) for item in story.wanted_at["apply"].values())
    assert max(prompts) > 20_000
    assert sum(prompts) > 700_000
    assert tools > 200


def test_the_first_apply_adds_every_assistant(story: Story) -> None:
    ran = story.ran["apply"]
    assert (ran.code, ran.last) == (
        0,
        "Apply complete! Resources: 97 added, 0 changed, 0 destroyed.",
    ), ran.err
    assert f"Plan: {SIZE} to add, 0 to change, 0 to destroy." in ran.out.splitlines()


def test_a_second_plan_is_empty_and_a_second_apply_writes_nothing(story: Story) -> None:
    assert (story.ran["plan"].code, story.ran["plan"].last) == (0, NO_CHANGES)
    assert story.ran["again"].out.splitlines()[-2:] == [
        NO_CHANGES,
        "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.",
    ]


def test_every_field_on_the_server_equals_the_input(story: Story) -> None:
    assert_equal_to_the_input(ours(story.stood["apply"]), story.wanted_at["apply"])


def test_the_official_sdk_reads_the_same_in_both_directions(story: Story) -> None:
    forwards, backwards = story.stood["sdk oldest first"], story.stood["sdk newest first"]
    assert len(forwards) == SIZE + UNMANAGED
    assert forwards == backwards[::-1]
    assert_equal_to_the_input(ours(forwards), story.wanted_at["apply"])


def test_edits_are_planned_to_the_letter(story: Story) -> None:
    assert story.ran["plan the edits"].last == "Plan: 1 to add, 4 to change, 1 to destroy."


def test_the_plan_shows_what_was_edited_and_nothing_else(story: Story) -> None:
    lines = story.ran["plan the edits"].out.splitlines()
    assert [line[2] for line in lines if line[:2] == "  " and line[2:3] in set("+~-?>")].count("~") == 4
    assert sum("+ Say “goodbye” at the end." in line for line in lines) == 3
    assert sum("urgency" in line for line in lines) == 1
    assert f"{SIZE - 5} unchanged, {UNMANAGED} unmanaged and 0 owned by others left alone." in lines


def test_applying_the_edits_ends_in_an_empty_plan(story: Story) -> None:
    assert story.ran["apply the edits"].last == "Apply complete! Resources: 1 added, 4 changed, 1 destroyed."
    assert story.ran["plan after the edits"].last == NO_CHANGES
    assert_equal_to_the_input(ours(story.stood["edits"]), story.wanted_at["edits"])


def test_destroy_removes_the_fleet_and_nothing_else(story: Story) -> None:
    assert story.ran["destroy"].last == f"Destroy complete! Resources: {SIZE} destroyed."
    assert {item["id"] for item in story.stood["destroy"]} == story.strangers.keys()


def test_unmanaged_assistants_stay_byte_for_byte(story: Story) -> None:
    assert {i: story.remote.bytes_of(i) for i in story.strangers} == story.strangers


def test_one_write_at_a_time_leads_to_the_same_state_as_sixteen(
    story: Story, start_server: Any, open_folder: Any, tmp_path: Path
) -> None:
    make_fleet(tmp_path / "fleet")
    with start_server() as other:
        ran = open_folder(tmp_path / "fleet", other.url).apply("--provider", "aimlapi", "--parallelism", "1")
        assert ran.last == "Apply complete! Resources: 97 added, 0 changed, 0 destroyed."
        alone = other.all()
    together = [item for item in story.stood["apply"] if "assistctl" in item["metadata"]]
    assert timeless(alone) == timeless(together)


def timeless(items: list[Assistant]) -> dict[str, Assistant]:
    """Without what differs from run to run: ids, times, and in the marker the run's id and the checksum."""
    return {
        key_of(item): {
            **{name: value for name, value in item.items() if name not in ("id", "created_at")},
            "metadata": {
                name: [word for place, word in enumerate(text.split(" ")) if place != 3 and word[:1] != "#"]
                if name == "assistctl"
                else text
                for name, text in item["metadata"].items()
            },
        }
        for item in items
    }


def test_what_the_official_sdk_does_meanwhile_is_seen(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot"), desk=yaml_of("desk")).apply()
    with openai.OpenAI(api_key="any", base_url=remote.url, max_retries=0) as client:
        assistants = client.beta.assistants
        made = assistants.create(model="gpt-4o", name="from the SDK", metadata={"team": "lab"})
        assert "2 unchanged, 1 unmanaged and 0 owned" in folder.plan().out
        assistants.update(made.id, instructions="Changed by the SDK.")
        assert folder.plan().last == NO_CHANGES
        assistants.delete(made.id)
        assert folder.plan().last == NO_CHANGES
        assistants.update(remote.named("bot")["id"], instructions="Changed by the SDK.")
        assistants.delete(remote.named("desk")["id"])
    drifted = folder.plan()
    assert "drift: changed outside" in drifted.out
    assert drifted.last == "Plan: 1 to add, 1 to change, 0 to destroy."
    assert folder.apply().last == "Apply complete! Resources: 1 added, 1 changed, 0 destroyed."
    assert remote.named("bot")["instructions"].startswith("You look after bot:")
    assert folder.plan().last == NO_CHANGES
