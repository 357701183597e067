"""Somebody edits five of 97 assistants in a console: the plan says so, and ``pull`` brings it into git."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SIZE = 97
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
PROVIDER = ("--provider", "aimlapi")
RULE = "Never promise a refund.\n"
TEXT = "Looks it up in the console's own list."

Assistant = dict[str, Any]


@dataclass
class Edits:
    """What was edited outside: by key the field as a plan names it."""

    fields: dict[str, str] = field(default_factory=dict)
    old_prompts: dict[str, str] = field(default_factory=dict)
    new_prompts: dict[str, str] = field(default_factory=dict)
    temperatures: dict[str, tuple[float, float]] = field(default_factory=dict)
    function: str = ""
    """The name of the edited function."""


@dataclass
class Story:
    """A project under git, its server, what was edited, and how each command ended."""

    folder: Any
    remote: Any
    edits: Edits = field(default_factory=Edits)
    ran: dict[str, Any] = field(default_factory=dict)
    diff: str = ""
    """What ``pull`` left in the working tree: ``git diff`` without context."""
    requests_of_pull: list[str] = field(default_factory=list)
    stood: list[Assistant] = field(default_factory=list)
    """All assistants after the outside edits."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, start_server: Any, open_folder: Any) -> Iterator[Story]:
    """Plays it once; each test then looks at one rule."""
    target = tmp_path_factory.mktemp("fleet") / "fleet"
    make_fleet(target)
    with start_server() as remote:
        story = Story(open_folder(target, remote.url), remote)
        assert story.folder.apply(*PROVIDER, "--parallelism", "16").code == 0
        commit(target)
        story.edits = edit_five(remote)
        story.stood = remote.all()
        look(story, "")
        remote.forget()
        story.ran["pull"] = story.folder.run("pull", *sorted(story.edits.fields), *PROVIDER)
        story.requests_of_pull = list(remote.requests)
        story.diff = git(target, "diff", "-U0", "--no-color")
        story.ran["validate"] = story.folder.run("validate", "--strict")
        look(story, " after")
        yield story


def look(story: Story, when: str) -> None:
    """Everything that only looks."""
    for name, args in {
        "plan": ("plan",),
        "plan as data": ("plan", "--format", "json"),
        "drift": ("drift", "--detailed-exitcode"),
        "drift as data": ("drift", "--format", "json"),
    }.items():
        story.ran[name + when] = story.folder.run(*args, *PROVIDER)


def make_fleet(target: Path) -> None:
    """97 generated assistants as the project folder ``target``."""
    lines = target.with_suffix(".jsonl")
    for script, *args in (
        ("make_fleet.py", str(SIZE), str(lines), "--seed", "11"),
        ("fleet_to_manifests.py", str(lines), str(target), "--project", "fleet"),
    ):
        subprocess.run([sys.executable, str(BENCHMARKS / script), *args], check=True, capture_output=True)


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)
    return str(done.stdout, "utf-8")


def commit(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "As it was applied")


def edit_five(remote: Any) -> Edits:
    """Two temperatures, two prompts and one function's description, in five different assistants."""
    edits = Edits()
    everyone = sorted(remote.all(), key=key_of)
    cool = [item for item in everyone if item["temperature"] in (0.2, 0.3)]
    for item in cool[:2]:
        edits.fields[key_of(item)] = "temperature"
        edits.temperatures[key_of(item)] = (item["temperature"], 0.45)
        remote.edit(item["id"], temperature=0.45)
    for place, item in enumerate(each for each in everyone if each not in cool):
        if place == 2:
            break
        edit_prompt(edits, item, remote)
    called = next(
        item
        for item in reversed(everyone)
        if key_of(item) not in edits.fields and any(tool["type"] == "function" for tool in item["tools"])
    )
    edit_function(edits, called, remote)
    return edits


def edit_prompt(edits: Edits, item: Assistant, remote: Any) -> None:
    """A line more in the middle of a prompt."""
    old = item["instructions"]
    at = old.index("\n", len(old) // 2) + 1
    new = old[:at] + RULE + old[at:]
    edits.fields[key_of(item)] = "instructions"
    edits.old_prompts[key_of(item)], edits.new_prompts[key_of(item)] = old, new
    remote.edit(item["id"], instructions=new)


def edit_function(edits: Edits, item: Assistant, remote: Any) -> None:
    function = next(tool["function"] for tool in item["tools"] if tool["type"] == "function")
    function["description"] = TEXT
    edits.function = function["name"]
    edits.fields[key_of(item)] = f"tools.{function['name']}"
    remote.edit(item["id"], tools=item["tools"])


def key_of(item: Assistant) -> str:
    return item["metadata"]["assistctl"].split(" ")[2]


def touched(diff: str) -> dict[str, tuple[list[str], list[str]]]:
    """By file the removed and the added lines."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for line in diff.split("\n"):
        if line.startswith("+++ b/"):
            name = line.removeprefix("+++ b/")
            found[name] = ([], [])
        elif line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
            found[name][line[0] == "+"].append(line[1:])
    return found


def test_the_plan_marks_exactly_the_edited_fields_as_drift(story: Story) -> None:
    changes = story.ran["plan as data"].data["assistctl"]["changes"]
    marked = [(c["key"], f["field"], f["cause"]) for c in changes for f in c["fields"]]
    assert marked == [(key, name, "drift") for key, name in sorted(story.edits.fields.items())]
    summary = story.ran["plan as data"].data["assistctl"]["summary"]
    assert (summary["update"], summary["drifted"], summary["unchanged"]) == (5, 5, SIZE - 5)


def test_the_plan_for_people_says_five_times_that_it_was_changed_outside(story: Story) -> None:
    ran = story.ran["plan"]
    assert (ran.code, ran.last) == (0, "Plan: 0 to add, 5 to change, 0 to destroy.")
    assert ran.out.count("drift: changed outside") == 5
    assert sum(f"- {RULE.rstrip()}" in line for line in ran.out.splitlines()) == 2


def test_drift_answers_2_and_lists_the_five_with_both_sides(story: Story) -> None:
    ran = story.ran["drift"]
    assert (ran.code, ran.last) == (2, f"Drift: 5 of {SIZE} assistants changed outside.")
    items = story.ran["drift as data"].data["items"]
    assert {item["key"]: item["kind"] for item in items} == dict.fromkeys(story.edits.fields, "changed")
    sides = {(i["key"], f["field"]): (f["before"], f["after"]) for i in items for f in i["fields"]}
    assert sides.keys() == set(story.edits.fields.items())
    for key, temperatures in story.edits.temperatures.items():
        assert sides[key, "temperature"] == temperatures
    for key, new in story.edits.new_prompts.items():
        assert sides[key, "instructions"] == (story.edits.old_prompts[key], new)


def test_pull_asks_the_remote_and_writes_nothing_there(story: Story) -> None:
    assert story.ran["pull"].code == 0, story.ran["pull"].err
    assert {request.partition(" ")[0] for request in story.requests_of_pull} == {"GET"}
    assert story.remote.all() == story.stood


def test_pull_touches_only_the_lines_that_hold_what_was_edited(story: Story) -> None:
    lines = touched(story.diff)
    expected: dict[str, tuple[list[str], list[str]]] = {}
    for key, (old, new) in story.edits.temperatures.items():
        expected[f"assistants/{key}.yaml"] = ([f"temperature: {old}"], [f"temperature: {new}"])
    for key in story.edits.new_prompts:
        expected[f"assistants/{key}.md"] = ([], [RULE.rstrip()])
    (schema,) = lines.keys() - expected.keys()
    removed, added = lines.pop(schema)
    assert lines == expected
    assert len(removed) == len(added) == 1
    owner = next(key for key, name in story.edits.fields.items() if name.startswith("tools."))
    assert schema.startswith(f"assistants/{owner}.")
    assert removed[0].split('"description"')[0] == added[0].split('"description"')[0]
    assert json.dumps(TEXT) in added[0]


def test_a_pulled_prompt_is_the_remotes_byte_for_byte(story: Story) -> None:
    for key, new in story.edits.new_prompts.items():
        assert (story.folder.path / "assistants" / f"{key}.md").read_bytes() == new.encode()


def test_after_pull_the_project_is_valid_and_the_plan_is_empty(story: Story) -> None:
    assert story.ran["validate"].code == 0, story.ran["validate"].out
    assert (story.ran["plan after"].code, story.ran["plan after"].last) == (0, NO_CHANGES)
    assert story.ran["drift after"].code == 0
    assert story.ran["drift as data after"].data["items"] == []
