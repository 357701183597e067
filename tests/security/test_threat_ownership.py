"""Threat: forged ownership.

Defence: ``ASSISTCTL_OWNER`` pins the owner for a pipeline; deletes need the marker, a complete list and the
thresholds; an unreadable marker means "not ours".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistctl.engine.marker import Marker
from assistctl.server.messages import Answer, Request

from .stage import PROJECT, Checkout, Remote, manifest

OURS = "shop/default"


def marker(owner: str = OURS, key: str = "gone", **fields: Any) -> str:
    return Marker(owner, key, "abcdef", **fields).encode()


@pytest.fixture
def fleet(checkout: Checkout) -> Checkout:
    """Four assistants of ours."""
    checkout.put({f"assistants/bot{n}.yaml": manifest(description=f"bot {n}") for n in range(4)})
    assert checkout.run("apply", "--auto-approve").code == 0
    return checkout


FORGERIES = {
    "no marker": None,
    "words": "owned by shop/default",
    "empty": "",
    "cut off": marker()[:-1],
    "a wrong checksum": marker()[:-5] + "AAAAA",
    "another version": marker().replace("1 ", "2 ", 1),
    "another case": marker().replace(OURS, "Shop/default"),
    "a look-alike owner": marker("sh0p/default"),
    "another environment": marker("shop/prod"),
    "a longer owner": marker("shop/default2"),
    "a key that is none": marker().replace("gone", "../gone"),
    "line ends around it": marker() + "\n",
    "blanks around it": " " + marker(),
    "JSON": json.dumps({"owner": OURS, "key": "gone"}),
    "two markers": marker() + " " + marker(),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_does_not_bear_our_valid_marker_is_never_modified_or_deleted(
    fleet: Checkout, remote: Remote, name: str
) -> None:
    text = FORGERIES[name]
    metadata = {} if text is None else {"assistctl": text}
    foreign = remote.add(name="not of the fleet", instructions="Nobody's.", metadata=metadata)
    fleet.put({"assistants/bot0.yaml": manifest(description="changed")})
    (fleet.path / "assistants/bot1.yaml").unlink()
    ran = fleet.run("apply", "--auto-approve")
    assert ran.code in (0, 5), ran.shown
    assert foreign in remote.all()
    assert fleet.run("destroy", "--auto-approve").code in (0, 5)
    assert foreign in remote.all()
    assert not any(foreign["id"] in write for write in remote.writes)


def test_forged_markers_in_number_hit_the_threshold(fleet: Checkout, remote: Remote) -> None:
    """Somebody who can write to the remote copies our marker onto what is not ours: apply would delete it."""
    victims = [remote.add(name=f"victim {n}", metadata={"assistctl": marker(key=f"v{n}")}) for n in range(9)]
    before = len(remote.writes)
    ran = fleet.run("apply", "--auto-approve")
    assert ran.code == 6
    assert "9" in ran.err
    assert len(remote.writes) == before
    assert all(victim in remote.all() for victim in victims)


def test_a_copied_marker_makes_twins_and_deletes_neither(fleet: Checkout, remote: Remote) -> None:
    copied = next(item for item in remote.all() if item["description"] == "bot 0")["metadata"]
    victim = remote.add(name="victim", metadata=copied)
    before = len(remote.writes)
    assert fleet.run("apply", "--auto-approve").code == 5
    assert victim in remote.all()
    assert len(remote.writes) == before


@pytest.mark.parametrize("text", [PROJECT.replace("shop", "other"), PROJECT + "environments: {prod: {}}\n"])
def test_a_checkout_cannot_make_a_pipeline_act_for_another_owner(
    fleet: Checkout, remote: Remote, text: str
) -> None:
    before = remote.all()
    count = len(remote.requests)
    fleet.put({"assistctl.yaml": text})
    for words in (("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve"), ("list",)):
        extra = ("-e", "prod") if "prod" in text else ()
        assert fleet.run(*words, *extra, ASSISTCTL_OWNER=OURS).code == 64
    assert remote.all() == before
    assert len(remote.requests) == count


def test_formerly_cannot_take_over_what_is_pinned_elsewhere(fleet: Checkout, remote: Remote) -> None:
    """Taking over needs a manifest for each: ``formerly`` alone deletes nothing of the former owner."""
    thief = Checkout(fleet.path.parent / "thief", fleet.base_url)
    thief.put({"assistctl.yaml": f"project: thief\nprovider: aimlapi\nformerly: [{OURS}]\n"})
    thief.put({"assistants/own.yaml": manifest()})
    before = {item["id"] for item in remote.all()}
    assert thief.run("apply", "--auto-approve").code == 0
    assert thief.run("destroy", "--auto-approve").code == 0
    assert {item["id"] for item in remote.all()} == before


@pytest.mark.parametrize("has_more", [True, "yes", 1])
def test_nothing_is_deleted_upon_a_list_that_may_be_incomplete(
    fleet: Checkout, remote: Remote, has_more: object
) -> None:
    (fleet.path / "assistants/bot1.yaml").unlink()

    def cut(request: Request, answer: Answer) -> Answer:
        if request.method != "GET" or request.path.count("/") > 1:
            return answer
        page = json.loads(answer.body)
        page.update(has_more=has_more)
        return Answer(200, answer.headers, json.dumps(page if "after" not in request.query else {}).encode())

    remote.rewritten = cut
    before = len(remote.writes)
    ran = fleet.run("apply", "--auto-approve", "--timeout", "1")
    assert ran.code == 7, ran.shown
    assert len(remote.writes) == before


@pytest.mark.parametrize("change", ["marker lost", "marker of another", "prompt changed"])
def test_the_marker_is_looked_at_again_at_the_moment_of_the_write(
    fleet: Checkout, remote: Remote, change: str
) -> None:
    """Between plan and write somebody takes the assistant: it is skipped."""
    target = next(item for item in remote.all() if item["description"] == "bot 1")
    (fleet.path / "assistants/bot1.yaml").unlink()
    seen: list[Request] = []

    def take(request: Request) -> None:
        if request.method == "GET" and request.path.endswith(target["id"]) and not seen:
            seen.append(request)
            if change == "prompt changed":
                remote.ask("POST", f"/{target['id']}", {"instructions": "Mine now."})
            else:
                taken = {"assistctl": marker("other/prod", "x") if change == "marker of another" else ""}
                remote.ask("POST", f"/{target['id']}", {"metadata": taken})

    remote.replaced = take
    ran = fleet.run("apply", "--auto-approve")
    assert seen, "the target was not looked at before the write"
    assert ran.code == 5
    assert target["id"] in {item["id"] for item in remote.all()}
    assert f"DELETE /assistants/{target['id']}" not in remote.writes
