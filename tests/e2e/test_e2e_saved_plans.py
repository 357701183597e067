"""Saved plans: what was reviewed is applied, nothing else, and only while it still fits."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from assistctl.server.messages import Answer, Request

NO_CHANGES = "No changes. Your infrastructure matches the configuration."
DONE = "Apply complete! Resources: {} added, {} changed, {} destroyed."


@pytest.fixture
def three(remote: Any, folder: Any, yaml_of: Any) -> Any:
    """Applied manifests, ``a`` and ``b`` changed since, ``c`` gone, ``d`` new; saved in ``p.plan``."""
    folder.write(a=yaml_of("a"), b=yaml_of("b"), c=yaml_of("c")).apply()
    folder.drop("c").write(a=yaml_of("a", temperature=0.5), b=yaml_of("b", temperature=0.5), d=yaml_of("d"))
    ran = folder.plan("--out", "p.plan")
    assert ran.last == "Plan: 1 to add, 2 to change, 1 to destroy."
    remote.forget()
    return folder


def test_a_saved_plan_is_private_and_needs_no_further_approval(remote: Any, three: Any) -> None:
    assert stat.S_IMODE((three.path / "p.plan").stat().st_mode) == 0o600
    ran = three.run("apply", "p.plan")
    assert (ran.code, ran.last) == (0, DONE.format(1, 2, 1)), ran.err
    assert sorted(remote.by_name()) == ["a", "b", "d"]
    assert three.plan().last == NO_CHANGES


def test_the_hint_after_saving_is_the_command_that_applies_it(three: Any) -> None:
    assert f"assistctl apply --base-url {three.base_url} p.plan" in three.plan("--out", "p.plan").err


def test_the_hint_names_the_environment_that_was_chosen(folder: Any, yaml_of: Any) -> None:
    folder.put({"assistctl.yaml": "project: shop\nenvironments: {dev: {}, prod: {}}\n"}).write(a=yaml_of("a"))
    assert "assistctl apply -e prod --base-url" in folder.plan("-e", "prod", "--out", "p.plan").err


def test_an_existing_file_is_replaced_by_a_private_one(three: Any) -> None:
    (three.path / "p.plan").chmod(0o644)
    three.plan("--out", "p.plan")
    assert stat.S_IMODE((three.path / "p.plan").stat().st_mode) == 0o600


def test_a_plan_in_a_folder_that_does_not_exist_is_a_disk_fault(remote: Any, three: Any) -> None:
    assert three.plan("--out", "nowhere/p.plan").code == 74


@pytest.fixture
def alone(tmp_path: Any, remote: Any, folder: Any, open_folder: Any) -> Any:
    """``alone()``: an empty folder with a copy of the plan that was saved in the project."""

    def copied() -> Any:
        (tmp_path / "bare").mkdir()
        (tmp_path / "bare" / "p.plan").write_bytes((folder.path / "p.plan").read_bytes())
        return open_folder(tmp_path / "bare", remote.url)

    return copied


EDITS = {
    "a value": lambda text: text.replace("0.5", "0.6"),
    "the owner": lambda text: text.replace("shop/default", "shop/prod"),
    "an id": lambda text: text.replace("asst_", "asst_x"),
    "cut off": lambda text: text[:-40],
    "empty": lambda _text: "",
    "not a plan": lambda _text: "{}",
    "a list": lambda _text: "[1]",
    "no text": lambda _text: "\0\0",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_plan_is_refused_before_anything_is_sent(remote: Any, three: Any, edit: Any) -> None:
    place = three.path / "p.plan"
    place.write_text(edit(place.read_text()))
    ran = three.run("apply", "p.plan")
    assert (ran.code, remote.requests, ran.out) == (65, [], "")
    assert "p.plan" in ran.err
    assert "Not done: nothing was applied" in ran.err


def test_a_plan_of_another_environment_is_refused(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.put({"assistctl.yaml": "project: shop\nenvironments: {dev: {}, prod: {}}\n"}).write(a=yaml_of("a"))
    folder.plan("-e", "dev", "--out", "p.plan")
    ran = folder.run("apply", "-e", "prod", "p.plan")
    assert (ran.code, remote.writes) == (5, [])
    assert "it is for shop/dev, but shop/prod is in force" in ran.err


def test_a_plan_for_another_remote_is_refused(remote: Any, three: Any, start_server: Any) -> None:
    with start_server() as other:
        ran = three.run("apply", "p.plan", "--base-url", other.url)
        assert (ran.code, remote.writes, other.writes) == (5, [], [])
        assert remote.url in ran.err
        assert other.url in ran.err


def test_a_plan_that_is_too_old_is_refused(remote: Any, three: Any) -> None:
    ran = three.run("apply", "p.plan", "--max-plan-age", "0s")
    assert (ran.code, remote.writes) == (5, [])
    assert "--max-plan-age" in ran.err
    assert three.run("apply", "p.plan", "--max-plan-age", "1h").code == 0


def test_an_object_that_moved_is_skipped_and_reported_while_the_rest_is_applied(
    remote: Any, three: Any
) -> None:
    """U1"""
    moved = remote.named("b")["id"]
    remote.edit(moved, description="Edited in between.")
    ran = three.run("apply", "p.plan")
    assert (ran.code, ran.last) == (
        5,
        "Apply incomplete! Resources: 1 added, 1 changed, 1 destroyed; "
        "1 skipped, 0 failed, 0 unknown, 0 not started.",
    )
    assert f"~ b skipped {moved}" in ran.err
    assert (remote.named("a")["temperature"], remote.named("b")["temperature"]) == (0.5, 1.0)


def test_no_changes_is_never_said_of_a_plan_whose_every_write_was_skipped(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.write(a=yaml_of("a")).apply()
    folder.write(a=yaml_of("a", temperature=0.5)).plan("--out", "p.plan")
    remote.edit(remote.named("a")["id"], description="Edited in between.")
    ran = folder.run("apply", "p.plan")
    assert ran.code == 5
    assert "No changes." not in ran.out
    assert ran.last.startswith("Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed; 1 skipped")


def test_an_object_that_is_gone_is_not_created_again(remote: Any, folder: Any, yaml_of: Any) -> None:
    """U4"""
    folder.write(a=yaml_of("a"), b=yaml_of("b")).apply()
    folder.write(a=yaml_of("a", temperature=0.5), b=yaml_of("b", temperature=0.5)).plan("--out", "p.plan")
    remote.remove(remote.named("a")["id"])
    ran = folder.run("apply", "p.plan")
    assert ran.code == 5
    assert list(remote.by_name()) == ["b"]
    assert remote.named("b")["temperature"] == 0.5


@pytest.mark.parametrize(
    "edit",
    [
        lambda folder, yaml_of: folder.write(a=yaml_of("a", temperature=0.9)),
        lambda folder, yaml_of: folder.drop("d"),
        lambda folder, yaml_of: folder.write(c=yaml_of("c")),
    ],
    ids=["another value", "a create is gone", "a deleted one is back"],
)
def test_manifests_that_changed_since_apply_nothing(remote: Any, three: Any, yaml_of: Any, edit: Any) -> None:
    edit(three, yaml_of)
    ran = three.run("apply", "p.plan")
    assert (ran.code, remote.writes) == (5, [])
    assert "the manifests do not produce what the saved plan holds" in ran.err
    assert "Not done: nothing was applied" in ran.err


def test_a_manifest_that_came_since_is_left_for_the_next_plan(remote: Any, three: Any, yaml_of: Any) -> None:
    three.write(e=yaml_of("e"))
    assert three.run("apply", "p.plan").last == DONE.format(1, 2, 1)
    assert three.plan().last == "Plan: 1 to add, 0 to change, 0 to destroy."


def test_a_plan_is_applied_where_there_are_no_manifests(remote: Any, three: Any, alone: Any) -> None:
    bare = alone()
    ran = bare.run("apply", "p.plan")
    assert (ran.code, ran.last) == (0, DONE.format(1, 2, 1)), ran.err
    assert sorted(path.name for path in bare.path.iterdir()) == ["p.plan"]
    assert three.plan().last == NO_CHANGES


@pytest.mark.parametrize("with_manifests", [True, False])
def test_a_plan_that_is_replayed_writes_nothing(
    remote: Any, three: Any, alone: Any, with_manifests: bool
) -> None:
    folder = three if with_manifests else alone()
    assert three.run("apply", "p.plan").code == 0
    before = {item["id"]: remote.bytes_of(item["id"]) for item in remote.all()}
    remote.forget()
    ran = folder.run("apply", "p.plan")
    assert (ran.code, remote.writes) == (5, [])
    assert "Apply complete!" not in ran.out
    assert "No changes." not in ran.out
    assert {item["id"]: remote.bytes_of(item["id"]) for item in remote.all()} == before


def test_alone_a_plan_obeys_the_pinned_owner(remote: Any, three: Any, alone: Any) -> None:
    bare = alone()
    ran = bare.run("apply", "p.plan", ASSISTCTL_OWNER="shop/prod")
    assert (ran.code, remote.requests) == (64, [])
    assert bare.run("apply", "p.plan", ASSISTCTL_OWNER="shop/default").code == 0


def test_alone_a_plan_obeys_the_deletion_limit_and_the_event_guard(
    remote: Any, three: Any, alone: Any
) -> None:
    bare = alone()
    assert bare.run("apply", "p.plan", ASSISTCTL_MAX_DELETES="0").code == 6
    assert bare.run("apply", "p.plan", GITHUB_EVENT_NAME="pull_request").code == 6
    assert remote.writes == []


def test_alone_a_plan_obeys_the_operators_policies(
    remote: Any, three: Any, alone: Any, tmp_path: Any
) -> None:
    policies = tmp_path / "policies.yaml"
    bare = alone()
    for text in (
        "allowed_models: {level: deny, values: [gpt-4o]}\n",
        "required_metadata: {level: deny, values: [team]}\n",
        "no_deletion: {level: deny}\n",
    ):
        policies.write_text(text)
        ran = bare.run("apply", "p.plan", ASSISTCTL_POLICY=str(policies))
        assert (ran.code, remote.writes) == (6, [])
        assert f"policy {text.partition(':')[0]}" in ran.err


def test_a_saved_plan_runs_through_the_guards_again(remote: Any, three: Any) -> None:
    ran = three.run("apply", "p.plan", "--max-deletes", "0")
    assert (ran.code, remote.writes) == (6, [])
    assert three.run("apply", "p.plan", GITHUB_EVENT_NAME="pull_request").code == 6
    assert remote.writes == []


def test_deletions_that_came_up_after_the_review_do_not_hold_it_up(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    keys = [f"bot-{number}" for number in range(9)]
    folder.write(**{key: yaml_of(key) for key in keys})
    assert folder.run("apply", "--auto-approve").code == 0
    folder.write(**{keys[0]: yaml_of(keys[0], temperature=0.5)})
    assert folder.plan("--out", "p.plan").last == "Plan: 0 to add, 1 to change, 0 to destroy."
    folder.drop(*keys[1:])
    assert folder.run("apply", "--auto-approve").code == 6
    assert folder.run("apply", "p.plan").last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."


@pytest.mark.parametrize("with_manifests", [True, False])
def test_a_plan_with_an_open_question_applies_nothing(
    remote: Any, folder: Any, yaml_of: Any, alone: Any, with_manifests: bool
) -> None:
    remote.add(name="bot")
    folder.write(bot=yaml_of("bot"), desk=yaml_of("desk"))
    assert folder.plan("--out", "p.plan").last == "Plan: 1 to add, 0 to change, 0 to destroy."
    ran = (folder if with_manifests else alone()).run("apply", "p.plan")
    assert (ran.code, remote.writes) == (5, [])
    assert "undecided: bot" in ran.err


@pytest.mark.parametrize("with_manifests", [True, False])
def test_a_plan_that_a_policy_fails_applies_nothing(
    remote: Any, folder: Any, yaml_of: Any, alone: Any, with_manifests: bool
) -> None:
    folder.write(bot=yaml_of("bot")).apply()
    remote.edit(remote.named("bot")["id"], instructions="Changed outside.")
    folder.plan("--on-drift", "fail", "--out", "p.plan")
    remote.forget()
    ran = (folder if with_manifests else alone()).run("apply", "p.plan")
    assert (ran.code, remote.writes) == (5, [])


@pytest.mark.parametrize("with_manifests", [True, False])
@pytest.mark.parametrize("again", [(), ("--adopt",)], ids=["without the flag", "with the flag"])
def test_a_saved_adoption_needs_no_flag_again(
    remote: Any, folder: Any, yaml_of: Any, alone: Any, with_manifests: bool, again: tuple[str, ...]
) -> None:
    remote.add(name="bot")
    folder.write(bot=yaml_of("bot")).plan("--adopt", "--out", "p.plan")
    ran = (folder if with_manifests else alone()).run("apply", *again, "p.plan")
    assert (ran.code, ran.last) == (0, DONE.format(0, 1, 0)), ran.err


def test_a_plan_of_some_targets_applies_these_only(remote: Any, three: Any) -> None:
    three.plan("--target", "[ad]", "--out", "p.plan")
    assert three.run("apply", "p.plan").last == DONE.format(1, 1, 0)
    assert three.plan().last == "Plan: 0 to add, 1 to change, 1 to destroy."


@pytest.mark.parametrize("with_manifests", [True, False])
@pytest.mark.parametrize("flags", [("--no-delete",), ("--target", "a")], ids=" ".join)
def test_a_plan_is_applied_as_reviewed_or_not_at_all(
    remote: Any, three: Any, alone: Any, with_manifests: bool, flags: tuple[str, ...]
) -> None:
    ran = (three if with_manifests else alone()).run("apply", "p.plan", *flags)
    assert (ran.code, remote.writes) == (5, [])


def test_alone_a_list_of_summaries_is_enough(remote: Any, three: Any, alone: Any) -> None:
    """L8"""

    def summaries(request: Request) -> Answer | None:
        if request.method != "GET" or request.path != "/assistants":
            return None
        page = json.loads(remote.app.handle(request).body)
        kept = ("id", "object", "created_at", "name", "model", "instructions", "metadata")
        page["data"] = [{name: item[name] for name in kept} for item in page["data"]]
        return Answer(200, {"content-type": "application/json"}, json.dumps(page).encode())

    remote.replaced = summaries
    assert three.plan("--out", "p.plan").last == "Plan: 1 to add, 2 to change, 1 to destroy."
    ran = alone().run("apply", "p.plan")
    assert (ran.code, ran.last) == (0, DONE.format(1, 2, 1)), ran.err
    assert three.plan().last == NO_CHANGES


def test_a_saved_plan_without_changes_is_applied_as_such(folder: Any, yaml_of: Any) -> None:
    folder.write(a=yaml_of("a")).apply()
    folder.plan("--out", "p.plan")
    assert folder.run("apply", "p.plan").out.splitlines()[-2:] == [NO_CHANGES, DONE.format(0, 0, 0)]


def test_the_file_is_plain_data_without_a_key(three: Any) -> None:
    three.plan("--out", "p.plan", AIMLAPI_API_KEY="sk-test-0123456789abcdef")
    text = (three.path / "p.plan").read_text()
    assert json.loads(text)["owner"] == "shop/default"
    assert "sk-test" not in text
