"""Which requests are sent, and how many: the list is walked once, and nothing else is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

NO_CHANGES = "No changes. Your infrastructure matches the configuration."


@pytest.fixture
def crowd(remote: Any, folder: Any, yaml_of: Any) -> Any:
    """250 assistants of one second: 200 from manifests, then 50 that nobody manages."""
    folder.write(**{f"bot-{number:03}": yaml_of(f"bot-{number:03}") for number in range(200)})
    assert folder.apply("--parallelism", "16").code == 0
    for number in range(50):
        remote.add(name=f"by hand {number}")
    remote.forget()
    return remote


def test_250_assistants_of_one_second_are_read_completely_and_once(crowd: Any, folder: Any) -> None:
    assert {item["created_at"] for item in crowd.all()} == {1_750_000_000}
    ran = folder.plan()
    assert "200 unchanged, 50 unmanaged and 0 owned by others left alone." in ran.out
    listed = folder.run("list", "--format", "json").data
    assert Counter(item["id"] for item in listed) == Counter(item["id"] for item in crowd.all())


def test_a_plan_of_250_sends_three_list_calls_and_no_other_request(crowd: Any, folder: Any) -> None:
    assert folder.plan().last == NO_CHANGES
    assert crowd.requests == ["GET /assistants"] * 3


def test_an_apply_without_changes_asks_no_more_than_a_plan(crowd: Any, folder: Any) -> None:
    assert folder.apply().code == 0
    assert crowd.requests == ["GET /assistants"] * 3


@pytest.mark.parametrize("verb", ["plan", "apply", "list", "ids", "destroy"])
def test_an_empty_remote_is_asked_once(remote: Any, folder: Any, verb: str) -> None:
    assert folder.run(verb).code == 0
    assert remote.requests == ["GET /assistants"]


def test_a_change_is_one_look_and_one_write(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot")).apply()
    remote.forget()
    folder.write(bot=yaml_of("bot", temperature=0.5)).apply()
    one = f"/assistants/{remote.named('bot')['id']}"
    assert remote.writes == [f"POST {one}"]
    assert remote.requests[:2] == ["GET /assistants", f"GET {one}"]


@pytest.mark.parametrize("args", [("validate",), ("render",), ("explain", "AC101"), ("schema",)])
def test_offline_verbs_send_nothing(remote: Any, folder: Any, yaml_of: Any, args: tuple[str, ...]) -> None:
    assert folder.write(bot=yaml_of("bot")).run(*args).code == 0
    assert remote.requests == []
