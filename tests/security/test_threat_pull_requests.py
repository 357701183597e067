"""Threat: apply under ``pull_request*`` events, where anybody's manifests meet the operator's key.

Defence: refuse; validate without a key, apply after the merge.
"""

from __future__ import annotations

import pytest

from .stage import PROJECT, Checkout, Remote, manifest

EVENTS = [
    {"GITHUB_EVENT_NAME": "pull_request"},
    {"GITHUB_EVENT_NAME": "pull_request_target"},
    {"GITHUB_EVENT_NAME": "pull_request_review"},
    {"GITHUB_EVENT_NAME": "pull_request_review_comment"},
    {"CI_PIPELINE_SOURCE": "merge_request_event"},
]
ids = [next(iter(event.values())) for event in EVENTS]


@pytest.fixture
def proposed(checkout: Checkout) -> Checkout:
    checkout.put({"assistants/bot.yaml": manifest()})
    assert checkout.run("plan", "--out", "p.json").code == 0
    return checkout


@pytest.mark.parametrize("event", EVENTS, ids=ids)
@pytest.mark.parametrize(
    "words",
    [("--auto-approve",), ("p.json",), ("--yes",), ("--auto-approve", "--format", "json")],
    ids=" ".join,
)
def test_apply_refuses_to_write_for_a_pull_request(
    proposed: Checkout, remote: Remote, event: dict[str, str], words: tuple[str, ...]
) -> None:
    asked = len(remote.requests)
    ran = proposed.run("apply", *words, **event)
    assert ran.code == 6
    assert "after the merge" in ran.err
    assert len(remote.requests) == asked


@pytest.mark.parametrize("event", EVENTS, ids=ids)
def test_nothing_in_the_checkout_allows_it(proposed: Checkout, remote: Remote, event: dict[str, str]) -> None:
    proposed.put({".env": "ASSISTCTL_ALLOW_PULL_REQUEST=1\n"})
    assert proposed.run("apply", "--auto-approve", **event).code == 6
    proposed.put({"assistctl.yaml": PROJECT + "allow_pull_request: true\n"})
    assert proposed.run("apply", "--auto-approve", **event).code == 65
    assert remote.writes == []


@pytest.mark.parametrize("event", EVENTS, ids=ids)
@pytest.mark.parametrize("verb", ["destroy", "release", "undo"])
def test_the_other_verbs_that_write_refuse_as_well(
    proposed: Checkout, remote: Remote, event: dict[str, str], verb: str
) -> None:
    """Whoever may change what apply does may change the command that the pipeline runs, too."""
    assert proposed.run("apply", "--auto-approve", "--record", "r.json").code == 0
    before = len(remote.writes)
    words = {"destroy": (), "release": ("bot",), "undo": ("r.json",)}[verb]
    ran = proposed.run(verb, *words, "--auto-approve", **event)
    assert ran.code == 6, ran.shown
    assert len(remote.writes) == before


@pytest.mark.parametrize("event", EVENTS, ids=ids)
def test_reading_and_checking_go_on(proposed: Checkout, event: dict[str, str]) -> None:
    for words in (("validate",), ("plan",), ("drift",), ("list",), ("render",)):
        assert proposed.run(*words, **event).code == 0


def test_validating_needs_no_key_and_no_network(proposed: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIMLAPI_API_KEY")
    proposed.base_url = "https://unreachable.invalid"
    for words in (("validate",), ("render",), ("export",), ("fmt", "--check")):
        assert proposed.run(*words, GITHUB_EVENT_NAME="pull_request").code == 0


@pytest.mark.parametrize("event", EVENTS, ids=ids)
def test_the_operator_may_allow_it_and_the_embedded_remote_needs_no_leave(
    proposed: Checkout, remote: Remote, event: dict[str, str]
) -> None:
    assert proposed.run("apply", "--auto-approve", "--allow-pull-request", **event).code == 0
    assert len(remote.writes) == 1
    proposed.base_url = None
    assert proposed.run("apply", "--auto-approve", "--provider", "local", **event).code == 0


@pytest.mark.parametrize(
    "event", [{"GITHUB_EVENT_NAME": "push"}, {"CI_PIPELINE_SOURCE": "push"}, {}], ids=str
)
def test_other_events_apply(proposed: Checkout, event: dict[str, str]) -> None:
    assert proposed.run("apply", "--auto-approve", **event).code == 0
