"""What programs read: the plan and the report as data, exit codes, and the words to the letter."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

NO_CHANGES = "No changes. Your infrastructure matches the configuration."
CHANGE_KEYS = {"actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive"}
SUMMARY = ("create", "update", "delete", "adopt", "unchanged", "unmanaged", "foreign", "drifted", "undecided")
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def busy(remote: Any, folder: Any, yaml_of: Any) -> Any:
    """A project with one change of every kind pending."""
    folder.write(
        gone=yaml_of("gone"),
        drifted=yaml_of("drifted", metadata={"team": "a"}),
        edited=yaml_of("edited", tools=[TOOL]),
        same=yaml_of("same"),
        renamed=yaml_of("renamed", temperature=0.3),
    ).apply()
    remote.add(name="adopted", instructions="By hand.")
    remote.add(name="twice")
    remote.add(name="twice")
    remote.add(name="nobody's")
    drifted = remote.named("drifted")
    remote.edit(drifted["id"], description="Outside.", metadata={"team": "b"}, instructions="Outside.")
    tool = {**TOOL, "function": {**TOOL["function"], "description": "Finds it."}}
    folder.drop("gone", "renamed").write(
        edited=yaml_of("edited", tools=[tool], temperature=0.5, metadata={"tier": "1"}),
        fresh=yaml_of("fresh"),
        adopted=yaml_of("adopted"),
        twice=yaml_of("twice"),
        moved=yaml_of("moved", name="renamed", aliases=["renamed"]),
    )
    remote.forget()
    return folder


def test_the_plan_has_terraforms_shape(busy: Any) -> None:
    document = busy.plan("--format", "json", "--adopt=adopted").data
    assert document["format_version"] == "1.2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["timestamp"])
    actions = {}
    for item in document["resource_changes"]:
        assert item["address"] == f"assistant.{item['name']}"
        assert (item["mode"], item["type"], item["provider_name"]) == ("managed", "assistant", "assistctl")
        assert item["change"].keys() == CHANGE_KEYS
        actions[item["name"]] = item["change"]["actions"]
    assert actions == {
        "adopted": ["update"],
        "drifted": ["update"],
        "edited": ["update"],
        "fresh": ["create"],
        "gone": ["delete"],
        "moved": ["update"],
        "same": ["no-op"],
    }


def test_bodies_stand_on_the_sides_that_exist(busy: Any) -> None:
    document = busy.plan("--format", "json", "--adopt=adopted").data
    changes = {item["name"]: item["change"] for item in document["resource_changes"]}
    assert changes["fresh"]["before"] is None
    assert changes["fresh"]["after"]["model"] == "gpt-4o-mini"
    assert changes["gone"]["after"] is None
    assert changes["gone"]["before"]["name"] == "gone"
    assert (changes["edited"]["before"]["temperature"], changes["edited"]["after"]["temperature"]) == (
        1.0,
        0.5,
    )
    assert (changes["same"]["before"], changes["same"]["after"]) == (None, None)
    assert "assistctl" not in json.dumps([item["change"] for item in document["resource_changes"]])
    full = busy.plan("--format", "json", "--full").data["resource_changes"]
    same = next(item["change"] for item in full if item["name"] == "same")
    assert same["before"] == same["after"] != None  # noqa: E711


def test_a_rename_names_the_previous_address(busy: Any) -> None:
    document = busy.plan("--format", "json").data
    (moved,) = (item for item in document["resource_changes"] if item["name"] == "moved")
    assert moved["previous_address"] == "assistant.renamed"


def test_drift_stands_in_its_own_list_with_both_sides(busy: Any) -> None:
    (drift,) = busy.plan("--format", "json").data["resource_drift"]
    assert drift["address"] == "assistant.drifted"
    assert drift["change"]["before"]["metadata"] == {"team": "a"}
    assert drift["change"]["after"]["metadata"] == {"team": "b"}


def test_our_part_counts_and_explains_every_change(busy: Any) -> None:
    ours = busy.plan("--format", "json", "--adopt=adopted").data["assistctl"]
    assert ours["version"] == 1
    assert (ours["owner"], ours["origin"]) == ("shop/default", busy.base_url)
    assert [ours["summary"][name] for name in SUMMARY] == [1, 3, 1, 1, 1, 1, 0, 1, 1]
    changes = {change["key"]: change for change in ours["changes"]}
    assert {key: change["action"] for key, change in changes.items()} == {
        "adopted": "adopt",
        "drifted": "update",
        "edited": "update",
        "fresh": "create",
        "gone": "delete",
        "moved": "update",
        "same": "no-op",
        "twice": "undecided",
    }
    causes = {key: {f["field"]: f["cause"] for f in change["fields"]} for key, change in changes.items()}
    assert causes["drifted"] == {"instructions": "drift", "metadata.team": "drift"}
    assert causes["edited"] == {
        "tools.find": "manifest",
        "temperature": "manifest",
        "metadata.tier": "manifest",
    }
    assert {name for name, cause in causes["adopted"].items() if cause != "heal"} == {"instructions"}
    assert causes["adopted"]["instructions"] == "adopt"
    assert causes["moved"]["temperature"] == "removed"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", ours["digest"])


def test_the_digest_is_the_plans_own(busy: Any, yaml_of: Any) -> None:
    def digest() -> str:
        return busy.plan("--format", "json").data["assistctl"]["digest"]

    before = digest()
    assert digest() == before
    busy.write(fresh=yaml_of("fresh", temperature=0.1))
    assert digest() != before


def test_undecided_ones_are_only_in_our_part(busy: Any) -> None:
    document = busy.plan("--format", "json").data
    assert "twice" not in {item["name"] for item in document["resource_changes"]}
    (open_one,) = (c for c in document["assistctl"]["changes"] if c["key"] == "twice")
    assert len(open_one["candidates"]) == 2
    assert [refusal["code"] for refusal in document["assistctl"]["refusals"]] == [5]


def test_the_words_of_a_plan_are_to_the_letter(busy: Any, yaml_of: Any) -> None:
    lines = busy.plan("--adopt=adopted").out.splitlines()
    assert lines[0] == f"shop/default on aimlapi ({busy.base_url})"
    assert lines[-1] == "Plan: 1 to add, 4 to change, 1 to destroy."
    assert "1 need a decision." in lines
    assert "1 unchanged, 1 unmanaged and 0 owned by others left alone." in lines
    signs = {line.split()[1]: line.split()[0] for line in lines if re.match(r"  [~+>?-] ", line)}
    assert signs == {
        "adopted": ">", "drifted": "~", "edited": "~", "fresh": "+", "gone": "-", "moved": "~", "twice": "?",
    }  # fmt: skip


def test_the_last_line_is_never_coloured(busy: Any) -> None:
    ran = busy.plan("--color", "always")
    assert "\x1b[" in ran.out
    assert ran.last == "Plan: 1 to add, 3 to change, 1 to destroy."


def test_results_are_on_standard_output_and_nothing_else_is(busy: Any) -> None:
    quiet = busy.plan("-q")
    assert (quiet.code, quiet.err) == (0, "")
    assert busy.plan().out == quiet.out
    applied = busy.apply("--target", "fresh", "--format", "json")
    assert applied.data["summary"]["added"] == 1
    assert "+ fresh created" in applied.err


def test_detailed_exit_codes_tell_pending_changes_apart(folder: Any, yaml_of: Any, remote: Any) -> None:
    flag = "--detailed-exitcode"
    folder.write(bot=yaml_of("bot"))
    assert (folder.plan().code, folder.plan(flag).code) == (0, 2)
    folder.apply()
    assert folder.plan(flag).code == 0
    remote.edit(remote.named("bot")["id"], instructions="Outside.")
    assert folder.plan(flag).code == 2
    assert folder.plan(flag, "--on-drift", "keep").code == 0
    remote.add(name="desk")
    assert folder.write(desk=yaml_of("desk")).plan(flag, "--target", "desk").code == 2


def test_a_kept_field_is_listed_on_every_run_and_never_written(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.put({"assistctl.yaml": "project: shop\non_drift: keep\n"}).write(bot=yaml_of("bot")).apply()
    remote.edit(remote.named("bot")["id"], instructions="Outside.")
    remote.forget()
    for _ in range(2):
        ran = folder.apply()
        assert "drift: changed outside" in ran.out
        assert NO_CHANGES not in ran.out
        assert "Plan: 0 to add, 0 to change, 0 to destroy." in ran.out
    assert remote.writes == []
    folder.write(bot=yaml_of("bot", temperature=0.5)).apply()
    after = remote.named("bot")
    assert (after["instructions"], after["temperature"]) == ("Outside.", 0.5)


def test_a_conflict_stops_apply_until_a_policy_is_chosen(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot")).apply()
    remote.edit(remote.named("bot")["id"], instructions="Outside.")
    folder.write(bot=yaml_of("bot", instructions="Inside."), new=yaml_of("new"))
    remote.forget()
    ran = folder.apply()
    assert (ran.code, remote.writes) == (5, [])
    assert "bot" in ran.err
    (field,) = folder.changes()["bot"]["fields"]
    assert (field["cause"], field["before"], field["after"]) == ("conflict", "Outside.", "Inside.")
    assert folder.apply("--on-conflict", "overwrite").last.endswith("1 added, 1 changed, 0 destroyed.")
    assert remote.named("bot")["instructions"] == "Inside."


def test_a_line_that_is_removed_resets_the_field_unless_somebody_changed_it(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.write(
        bot=yaml_of("bot", temperature=0.5, top_p=0.5, description="Mine.", metadata={"a": "1"})
    ).apply()
    remote.edit(remote.named("bot")["id"], description="Somebody else's.")
    folder.write(bot=yaml_of("bot"))
    assert folder.plan().last == "Plan: 0 to add, 1 to change, 0 to destroy."
    folder.apply()
    after = remote.named("bot")
    assert (after["temperature"], after["top_p"], after["description"]) == (1.0, 1.0, "Somebody else's.")
    assert list(after["metadata"]) == ["assistctl"]
    assert folder.plan().last == NO_CHANGES


def test_the_report_is_data_too(remote: Any, folder: Any, yaml_of: Any) -> None:
    document = folder.write(bot=yaml_of("bot")).apply("--format", "json").data
    (result,) = document["results"]
    assert (document["complete"], document["summary"]["added"]) == (True, 1)
    assert (result["key"], result["id"]) == ("bot", remote.named("bot")["id"])
    assert folder.apply("--format", "json").data["results"] == []


def test_a_report_as_data_asks_nothing_that_was_not_shown(remote: Any, folder: Any, yaml_of: Any) -> None:
    ran = folder.write(bot=yaml_of("bot")).run("apply", "--format", "json")
    assert (ran.code, ran.out, remote.writes) == (64, "", [])
    assert "--auto-approve" in ran.err


def test_a_refused_apply_prints_no_document(remote: Any, folder: Any, yaml_of: Any) -> None:
    remote.add(name="bot")
    ran = folder.write(bot=yaml_of("bot")).apply("--format", "json")
    assert (ran.code, ran.out) == (5, "")
    assert "undecided: bot" in ran.err


@pytest.mark.parametrize(
    "text", ["\x1b[31mred", "a\rb", "::error::x", "##[error]x", "##vso[task]x", "\u202etxt"]
)
def test_remote_text_reaches_no_terminal_and_no_ci_runner_raw(
    remote: Any, folder: Any, yaml_of: Any, text: str
) -> None:
    remote.add(name="bot", instructions=f"{text}\n{text}", description=text, metadata={"note": text})
    folder.write(bot=yaml_of("bot"))
    for args in (["plan", "--adopt", "--full"], ["list"], ["show", remote.named("bot")["id"], "--remote"]):
        ran = folder.run(*args)
        assert ran.code == 0
        for line in (ran.out + ran.err).splitlines():
            assert not {"\x1b", "\r", "\u202e"} & set(line)
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert "##vso[" not in line
