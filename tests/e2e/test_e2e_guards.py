"""Guards: what apply refuses before its first write, and the ways on that it names."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NO_CHANGES = "No changes. Your infrastructure matches the configuration."
SCRIPT = str(Path(sys.executable).with_name("assistctl"))


@pytest.fixture
def ten(remote: Any, folder: Any, yaml_of: Any) -> Any:
    """Ten applied manifests, ``bot-0`` to ``bot-9``."""
    folder.write(**{f"bot-{number}": yaml_of(f"bot-{number}") for number in range(10)})
    assert folder.apply().code == 0
    remote.forget()
    return folder


def drop(folder: Any, count: int) -> None:
    folder.drop(*(f"bot-{number}" for number in range(count)))


def assert_refused(ran: Any, remote: Any, words: str) -> None:
    assert ran.code == 6, ran.err
    assert words in ran.out + ran.err
    assert "Not done: nothing was written" in ran.err
    assert remote.writes == []


def test_thirty_percent_of_the_owned_may_be_deleted_by_default(remote: Any, ten: Any) -> None:
    drop(ten, 4)
    ran = ten.apply()
    assert_refused(ran, remote, "4 of 10 owned assistants would be deleted; allowed are 3")
    assert ran.out.splitlines()[-1] == "Plan: 0 to add, 0 to change, 4 to destroy."
    assert (
        ten.apply("--max-deletes", "4").last == "Apply complete! Resources: 0 added, 0 changed, 4 destroyed."
    )


def test_two_may_always_be_deleted(folder: Any, yaml_of: Any) -> None:
    folder.write(a=yaml_of("a"), b=yaml_of("b"), c=yaml_of("c")).apply()
    assert folder.drop("a", "b").apply().last.endswith("0 added, 0 changed, 2 destroyed.")


@pytest.mark.parametrize(("limit", "code"), [("3", 6), ("4", 0), ("39%", 6), ("40%", 0), ("0", 6)])
def test_the_project_file_and_the_flag_take_counts_and_shares(
    remote: Any, ten: Any, limit: str, code: int
) -> None:
    drop(ten, 4)
    assert ten.apply("--max-deletes", limit).code == code
    assert (remote.writes == []) is (code == 6)


def test_the_limit_of_the_environment_wins_over_the_projects(remote: Any, ten: Any, yaml_of: Any) -> None:
    text = "project: shop\nlimits: {max_deletes: 1}\nenvironments: {default: {limits: {max_deletes: 5}}}\n"
    ten.put({"assistctl.yaml": text})
    drop(ten, 4)
    assert ten.apply("-e", "default").last.endswith("0 added, 0 changed, 4 destroyed.")


def test_the_operators_cap_beats_file_and_flag(remote: Any, ten: Any) -> None:
    ten.put({"assistctl.yaml": "project: shop\nlimits: {max_deletes: 100%}\n"})
    drop(ten, 4)
    ran = ten.apply("--max-deletes", "100%", ASSISTCTL_MAX_DELETES="3")
    assert_refused(ran, remote, "allowed are 3")


@pytest.mark.parametrize("text", ["many", "-1", "130%", "3 %"])
def test_a_limit_that_is_neither_count_nor_share_is_a_usage_error(remote: Any, ten: Any, text: str) -> None:
    assert ten.apply(f"--max-deletes={text}").code == 64
    assert ten.apply(ASSISTCTL_MAX_DELETES=text).code == 64
    assert remote.requests == []


def test_no_delete_keeps_what_no_manifest_declares(remote: Any, ten: Any) -> None:
    drop(ten, 4)
    assert ten.apply("--no-delete").last == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
    assert remote.writes == []


def test_an_empty_manifests_folder_deletes_nothing(remote: Any, ten: Any) -> None:
    drop(ten, 10)
    ran = ten.apply("--max-deletes", "100%")
    assert_refused(ran, remote, "no manifest was found")
    assert len(remote.all()) == 10


def test_prevent_destroy_holds_after_the_manifest_is_gone(remote: Any, folder: Any, yaml_of: Any) -> None:
    protected = yaml_of("vault", lifecycle={"prevent_destroy": True})
    folder.write(vault=protected, bot=yaml_of("bot")).apply()
    remote.forget()
    folder.drop("vault")
    assert_refused(folder.apply(), remote, "prevent_destroy protects vault")
    folder.write(bot=yaml_of("bot", temperature=0.5))
    assert folder.apply("--no-delete").last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    assert len(remote.all()) == 2


def test_prevent_destroy_stops_destroy_and_names_the_key(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(vault=yaml_of("vault", lifecycle={"prevent_destroy": True}), bot=yaml_of("bot")).apply()
    remote.forget()
    assert_refused(folder.run("destroy", "--auto-approve"), remote, "prevent_destroy protects vault")
    assert folder.run("destroy", "--auto-approve", "--target", "bot").last.endswith("1 destroyed.")


def test_a_manifest_that_is_protected_only_now_stops_destroy_too(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.write(vault=yaml_of("vault")).apply()
    folder.write(vault=yaml_of("vault", lifecycle={"prevent_destroy": True}))
    remote.forget()
    assert_refused(folder.run("destroy", "--auto-approve"), remote, "prevent_destroy protects vault")


DENIED = {
    "allowed_models": "{level: deny, values: [gpt-4o]}",
    "required_metadata": "{level: deny, values: [team]}",
    "no_deletion": "{level: deny}",
}


@pytest.mark.parametrize("whose", ["the project's", "the operator's"])
@pytest.mark.parametrize("rule", DENIED)
def test_a_denying_policy_refuses_the_plan(
    remote: Any, ten: Any, yaml_of: Any, tmp_path: Any, rule: str, whose: str
) -> None:
    ten.drop("bot-0").write(new=yaml_of("new"))
    environ = {}
    if whose == "the project's":
        ten.put({"assistctl.yaml": f"project: shop\npolicies:\n  {rule}: {DENIED[rule]}\n"})
    else:
        (tmp_path / "policy.yaml").write_text(f"{rule}: {DENIED[rule]}\n")
        environ["ASSISTCTL_POLICY"] = str(tmp_path / "policy.yaml")
    assert_refused(ten.apply(**environ), remote, f"policy {rule}")
    assert f"Refused: policy {rule}" in ten.plan(**environ).out


def test_a_warning_policy_is_told_and_stops_nothing(remote: Any, folder: Any, yaml_of: Any) -> None:
    policies = "policies: {allowed_models: {level: warn, values: [gpt-4o]}}\n"
    folder.put({"assistctl.yaml": f"project: shop\n{policies}"}).write(bot=yaml_of("bot"))
    ran = folder.apply()
    assert ran.code == 0
    assert "Note: policy allowed_models: bot uses gpt-4o-mini" in ran.out


def test_a_policy_against_deletion_stops_destroy(remote: Any, ten: Any) -> None:
    ten.put({"assistctl.yaml": "project: shop\npolicies: {no_deletion: {level: deny}}\n"})
    assert_refused(ten.run("destroy", "--auto-approve"), remote, "policy no_deletion")


def test_on_remove_keep_leaves_the_assistant(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(old=yaml_of("old", lifecycle={"on_remove": "keep"}), bot=yaml_of("bot")).apply()
    remote.forget()
    assert folder.drop("old").apply().code == 0
    assert remote.writes == []


def test_target_limits_the_run_to_what_it_names(remote: Any, ten: Any, yaml_of: Any) -> None:
    ten.drop("bot-0", "bot-1").write(**{"bot-2": yaml_of("bot-2", temperature=1), "new": yaml_of("new")})
    ran = ten.apply("--target", "bot-[01]", "--target", "new")
    assert ran.last == "Apply complete! Resources: 1 added, 0 changed, 2 destroyed."


def test_a_target_that_matches_nothing_is_a_usage_error(remote: Any, ten: Any) -> None:
    ran = ten.apply("--target", "nothing*")
    assert ran.code == 64
    assert "--target selects no manifest" in ran.out + ran.err
    assert remote.writes == []
    assert ten.plan("--target", "nothing*").code == 64


@pytest.mark.parametrize(
    "event",
    [
        {"GITHUB_EVENT_NAME": "pull_request"},
        {"GITHUB_EVENT_NAME": "pull_request_target"},
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
    ],
)
@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_run_for_a_pull_request_writes_nothing_unless_the_operator_allows_it(
    remote: Any, ten: Any, yaml_of: Any, event: dict[str, str], verb: str
) -> None:
    ten.write(new=yaml_of("new"))
    ran = ten.run(verb, "--auto-approve", **event)
    assert ran.code == 6
    assert next(iter(event.values())) in ran.err
    assert remote.requests == []
    assert ten.run(verb, "--auto-approve", "--allow-pull-request", **event).code == 0
    assert remote.writes


def test_a_run_for_a_pull_request_may_plan_and_may_use_the_embedded_remote(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.write(bot=yaml_of("bot"))
    assert folder.plan(GITHUB_EVENT_NAME="pull_request").code == 0
    folder.base_url = None
    ran = folder.apply("--provider", "local", GITHUB_EVENT_NAME="pull_request")
    assert ran.last == "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_changes_without_terminal_and_approval_are_a_usage_error(
    remote: Any, ten: Any, yaml_of: Any, verb: str
) -> None:
    ran = ten.write(new=yaml_of("new")).run(verb)
    assert ran.code == 64
    assert "--auto-approve" in ran.err
    assert remote.writes == []


def test_without_changes_no_terminal_is_needed(ten: Any) -> None:
    ran = ten.run("apply")
    assert (ran.code, ran.out.splitlines()[-2:]) == (
        0,
        [NO_CHANGES, "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."],
    )


def test_the_other_spelling_of_approval_works(remote: Any, folder: Any, yaml_of: Any) -> None:
    assert folder.write(bot=yaml_of("bot")).run("apply", "--yes").code == 0
    assert folder.run("destroy", "--yes").code == 0
    assert remote.all() == []


def at_a_terminal(folder: Any, answer: str, *args: str) -> tuple[int, str]:
    """Runs the program on a pseudo-terminal where somebody types ``answer``."""
    master, slave = pty.openpty()
    environ = {**os.environ, "ASSISTCTL_BASE_URL": folder.base_url, "NO_COLOR": "1"}
    process = subprocess.Popen(
        [SCRIPT, *args], cwd=folder.path, env=environ, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.write(master, answer.encode())
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    return process.wait(timeout=30), seen.decode()


@pytest.mark.parametrize("answer", ["no\n", "YES\n", "y\n", "\n", "\x04"])
def test_only_the_whole_word_yes_applies(remote: Any, folder: Any, yaml_of: Any, answer: str) -> None:
    code, seen = at_a_terminal(folder.write(bot=yaml_of("bot")), answer, "apply")
    assert "Only 'yes' is accepted" in seen
    assert "Apply cancelled: nothing was changed." in seen
    assert "complete" not in seen
    assert (code, remote.writes) == (0, [])


def test_yes_at_the_terminal_applies(remote: Any, folder: Any, yaml_of: Any) -> None:
    code, seen = at_a_terminal(folder.write(bot=yaml_of("bot")), "yes\n", "apply")
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in seen
    assert (code, remote.writes) == (0, ["POST /assistants"])


@pytest.mark.parametrize(("answer", "left"), [("yes\n", 1), ("shop/default\n", 0)])
def test_destroy_asks_for_the_owners_name(
    remote: Any, folder: Any, yaml_of: Any, answer: str, left: int
) -> None:
    folder.write(bot=yaml_of("bot")).apply()
    at_a_terminal(folder, answer, "destroy")
    assert len(remote.all()) == left


def test_l2_a_remote_that_lost_everything_is_refused_with_both_numbers_until_the_operator_insists(
    remote: Any, ten: Any
) -> None:
    for item in remote.all():
        remote.ask("DELETE", f"/{item['id']}")
    assert_refused(ten.apply(), remote, "shows 0 assistants of shop/default, but 10 were owned")
    planned = ten.plan()
    assert (planned.code, planned.last) == (0, "Plan: 10 to add, 0 to change, 0 to destroy.")
    assert "--create-anyway" in planned.out
    assert ten.apply("--create-anyway").last.endswith("10 added, 0 changed, 0 destroyed.")


def test_l2_what_was_destroyed_or_released_on_purpose_is_no_loss(remote: Any, ten: Any) -> None:
    assert ten.run("release", *(f"bot-{number}" for number in range(6)), "--auto-approve").code == 0
    for item in remote.all():
        if "assistctl" not in item["metadata"]:
            remote.ask("DELETE", f"/{item['id']}")
    assert ten.apply().last.endswith("6 added, 0 changed, 0 destroyed.")
    assert ten.run("destroy", "--auto-approve").code == 0
    assert ten.apply().last.endswith("10 added, 0 changed, 0 destroyed.")


def test_l2_a_saved_plan_is_guarded_as_well(remote: Any, ten: Any, yaml_of: Any, tmp_path: Path) -> None:
    ten.write(more=yaml_of("more"))
    ten.plan("--out", str(tmp_path / "plan"))
    for item in remote.all():
        remote.ask("DELETE", f"/{item['id']}")
    assert_refused(ten.run("apply", str(tmp_path / "plan")), remote, "but 10 were owned")
