"""Which assistant a manifest stands for: what is left open stops apply before any write, until decided."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

NO_CHANGES = "No changes. Your infrastructure matches the configuration."
PROMPT = "You answer questions about bicycles, their parts and their repair, in two sentences at most.\n"


def assert_undecided(ran: Any, remote: Any) -> None:
    """Apply stopped for a decision and wrote nothing."""
    assert ran.code == 5, ran.err
    assert remote.writes == []
    assert "need a decision." in ran.out
    assert "No changes." not in ran.out
    assert "Apply complete" not in ran.out


def test_a_moved_manifest_is_undecided_until_the_printed_line_is_pasted(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    folder.write(bike=yaml_of("bike", instructions=PROMPT, name="Bikes")).apply()
    before = remote.named("Bikes")
    git = ["git", "-C", str(folder.path), "-c", "user.name=t", "-c", "user.email=t@t"]
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *args], check=True, capture_output=True)
    subprocess.run([*git, "mv", "assistants/bike.yaml", "assistants/bicycle.yaml"], check=True)
    remote.forget()
    ran = folder.apply()
    assert_undecided(ran, remote)
    (line,) = (text.split("decide with: ")[1] for text in ran.out.splitlines() if "aliases:" in text)
    place = folder.path / "assistants/bicycle.yaml"
    place.write_text(place.read_text() + line + "\n")
    planned = folder.plan()
    assert "renamed from bike" in planned.out
    assert planned.last == "Plan: 0 to add, 1 to change, 0 to destroy."
    assert folder.apply().last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    after = remote.named("Bikes")
    assert (after["id"], len(remote.all())) == (before["id"], 1)
    assert after["metadata"]["assistctl"].split()[2] == "bicycle"
    place.write_text(place.read_text().replace(line + "\n", ""))
    assert folder.plan().last == NO_CHANGES


def test_a_moved_manifest_can_be_created_anyway(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bike=yaml_of("bike", instructions=PROMPT)).apply()
    folder.drop("bike").write(bicycle=yaml_of("bicycle", instructions=PROMPT))
    assert folder.apply().code == 5
    assert (
        folder.apply("--create-anyway").last == "Apply complete! Resources: 1 added, 0 changed, 1 destroyed."
    )
    assert list(remote.by_name()) == ["bicycle"]


def test_an_unowned_assistant_of_the_same_name_needs_a_decision(
    remote: Any, folder: Any, yaml_of: Any
) -> None:
    made = remote.add(name="bot", instructions="By hand.")
    ran = folder.write(bot=yaml_of("bot")).apply()
    assert_undecided(ran, remote)
    for way in ("--adopt=bot", f"id: {made['id']}", "--create-anyway"):
        assert f"decide with: {way}" in ran.out


@pytest.mark.parametrize("flag", ["--adopt", "--adopt=bot"])
def test_an_adopted_assistant_keeps_its_id_and_what_nobody_manages(
    remote: Any, folder: Any, yaml_of: Any, flag: str
) -> None:
    made = remote.add(name="bot", instructions="By hand.", description="Mine.", metadata={"made_by": "hand"})
    folder.write(bot=yaml_of("bot"))
    planned = folder.plan(flag)
    assert planned.last == "Plan: 0 to add, 1 to change, 0 to destroy."
    assert "1 adopt, 1 field change." in planned.out
    assert folder.apply(flag).last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    after = remote.named("bot")
    assert (after["id"], after["description"]) == (made["id"], "Mine.")
    assert after["instructions"].startswith("You look after bot:")
    assert after["metadata"]["made_by"] == "hand"
    assert folder.plan().last == NO_CHANGES


def test_adopting_one_key_leaves_the_others_undecided(remote: Any, folder: Any, yaml_of: Any) -> None:
    remote.add(name="bot")
    remote.add(name="desk")
    folder.write(bot=yaml_of("bot"), desk=yaml_of("desk"))
    assert_undecided(folder.apply("--adopt=bot"), remote)


def test_a_pin_adopts_whatever_the_name(remote: Any, folder: Any, yaml_of: Any) -> None:
    made = remote.add(name="old name")
    folder.write(bot=yaml_of("bot", id=made["id"], name="New name"))
    assert folder.apply().last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    assert remote.named("New name")["id"] == made["id"]
    folder.write(bot=yaml_of("bot", name="New name"))
    assert folder.plan().last == NO_CHANGES


def test_a_pin_by_environment_holds_there_only(remote: Any, folder: Any, yaml_of: Any) -> None:
    made = remote.add(name="old name")
    folder.put({"assistctl.yaml": "project: shop\nenvironments: {dev: {}, prod: {}}\n"})
    folder.write(bot=yaml_of("bot", id={"prod": made["id"]}))
    assert folder.changes("-e", "prod")["bot"]["action"] == "adopt"
    assert folder.changes("-e", "dev")["bot"]["action"] == "create"


def test_a_pin_on_nothing_is_undecided(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot", id="asst_nowhere"))
    assert_undecided(folder.apply(), remote)


def test_two_candidates_need_a_pin_even_with_adopt(remote: Any, folder: Any, yaml_of: Any) -> None:
    first, second = (remote.add(name="bot")["id"] for _ in range(2))
    folder.write(bot=yaml_of("bot"))
    ran = folder.apply("--adopt")
    assert_undecided(ran, remote)
    assert first in ran.out
    assert second in ran.out
    folder.write(bot=yaml_of("bot", id=second))
    assert folder.apply().code == 0
    assert "assistctl" in remote.ask("GET", f"/{second}")["metadata"]
    assert "assistctl" not in remote.ask("GET", f"/{first}")["metadata"]


def test_create_anyway_makes_one_beside_the_stranger(remote: Any, folder: Any, yaml_of: Any) -> None:
    made = remote.add(name="bot")
    before = remote.bytes_of(made["id"])
    folder.write(bot=yaml_of("bot"))
    assert (
        folder.apply("--create-anyway").last == "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
    )
    assert remote.bytes_of(made["id"]) == before
    assert folder.plan().last == NO_CHANGES


@pytest.fixture
def other(tmp_path: Any, remote: Any, open_folder: Any, yaml_of: Any) -> Any:
    """Another project on the same server, which owns ``bot`` and ``till``."""
    made = open_folder(tmp_path / "other", remote.url)
    made.put({"assistctl.yaml": "project: bank\nprovider: aimlapi\n"})
    made.write(bot=yaml_of("bot"), till=yaml_of("till"))
    assert made.apply().code == 0
    remote.forget()
    return made


def test_foreign_assistants_are_counted_and_never_touched(
    remote: Any, folder: Any, other: Any, yaml_of: Any
) -> None:
    before = {item["id"]: remote.bytes_of(item["id"]) for item in remote.all()}
    folder.write(desk=yaml_of("desk")).apply()
    assert "0 unmanaged and 2 owned by others left alone." in folder.plan().out
    folder.apply("--adopt", "--create-anyway", "--adopt-oldest")
    assert folder.run("destroy", "--auto-approve").last == "Destroy complete! Resources: 1 destroyed."
    assert {item: remote.bytes_of(item) for item in before} == before
    assert other.plan().last == NO_CHANGES


def test_a_foreign_key_needs_takeover(remote: Any, folder: Any, other: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot"))
    ran = folder.apply("--adopt")
    assert_undecided(ran, remote)
    assert "decide with: --takeover bank/default" in ran.out
    assert_undecided(folder.apply("--takeover", "bakery/default"), remote)
    assert folder.apply("--takeover", "bank/default").last.endswith("0 added, 1 changed, 0 destroyed.")
    assert remote.named("bot")["metadata"]["assistctl"].split()[1] == "shop/default"
    assert remote.named("till")["metadata"]["assistctl"].split()[1] == "bank/default"
    assert folder.plan().last == NO_CHANGES


def test_a_former_owner_named_in_the_project_file_moves_here(
    remote: Any, folder: Any, other: Any, yaml_of: Any
) -> None:
    folder.put({"assistctl.yaml": "project: shop\nformerly: [bank/default]\n"}).write(bot=yaml_of("bot"))
    assert folder.apply().last == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    assert remote.named("till")["metadata"]["assistctl"].split()[1] == "bank/default"
    assert folder.plan().last == NO_CHANGES


@pytest.fixture
def twins(remote: Any, folder: Any, yaml_of: Any) -> tuple[str, str]:
    """Two assistants with the marker of ``bot``: the ids, the older one first."""
    folder.write(bot=yaml_of("bot")).apply()
    made = remote.named("bot")
    remote.clock.now += 3600
    copied = {name: made[name] for name in ("name", "model", "instructions", "metadata")}
    younger = remote.add(**copied)["id"]
    remote.forget()
    return made["id"], younger


def test_twins_are_shown_with_ids_and_ages_and_stop_apply(
    remote: Any, folder: Any, twins: tuple[str, str]
) -> None:
    ran = folder.apply()
    assert_undecided(ran, remote)
    older, younger = (next(text for text in ran.out.splitlines() if f"| {name} " in text) for name in twins)
    assert "2025-06-15" in older
    assert older.split("created")[1] < younger.split("created")[1]
    assert "decide with: --adopt-oldest" in ran.out


def test_adopt_oldest_keeps_the_older_and_deletes_the_younger_twin(
    remote: Any, folder: Any, twins: tuple[str, str]
) -> None:
    assert folder.plan("--adopt-oldest").last == "Plan: 0 to add, 0 to change, 1 to destroy."
    assert (
        folder.apply("--adopt-oldest").last == "Apply complete! Resources: 0 added, 0 changed, 1 destroyed."
    )
    assert [item["id"] for item in remote.all()] == [twins[0]]
    assert folder.plan().last == NO_CHANGES


def test_no_id_is_printed_while_there_are_twins(folder: Any, twins: tuple[str, str]) -> None:
    ran = folder.run("ids")
    assert (ran.code, ran.out) == (5, "")
    assert all(name in ran.err for name in twins)


def test_a_key_and_its_alias_that_are_both_alive_are_twins(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(old=yaml_of("old"), new=yaml_of("new")).apply()
    remote.forget()
    folder.drop("old").write(new=yaml_of("new", aliases=["old"]))
    assert_undecided(folder.apply(), remote)


def test_an_edited_marker_is_not_ours_and_needs_a_decision(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot")).apply()
    made = remote.named("bot")
    remote.edit(made["id"], metadata={"assistctl": made["metadata"]["assistctl"].replace("bot", "bat")})
    remote.forget()
    assert_undecided(folder.apply(), remote)
    folder.drop("bot")
    assert folder.apply().last == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
    assert len(remote.all()) == 1
