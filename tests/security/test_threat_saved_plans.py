"""Threat: a plan file is edited, forged or replayed.

Defence: origin, owner, digest, base hashes and an age limit; apply derives it again from the manifests where
they are present; all guards run again.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from .stage import PROJECT, Checkout, Remote, manifest, serving

Plan = dict[str, Any]


@pytest.fixture
def planned(checkout: Checkout) -> Checkout:
    """Two assistants on the remote; a saved plan that changes one and creates a third."""
    checkout.put({f"assistants/{key}.yaml": manifest(description=key) for key in ("one", "two")})
    assert checkout.run("apply", "--auto-approve").code == 0
    checkout.put({"assistants/one.yaml": manifest(description="new"), "assistants/three.yaml": manifest()})
    assert checkout.run("plan", "--out", "p.json").code == 0
    return checkout


def forged(checkout: Checkout, edit: Callable[[Plan], None], *, digest: bool) -> None:
    """Rewrites the plan file; with ``digest`` as somebody who knows how it is made."""
    place = checkout.path / "p.json"
    plan = json.loads(place.read_text())
    edit(plan)
    if digest:
        plan.pop("digest")
        text = json.dumps(plan, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        plan["digest"] = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    place.write_text(json.dumps(plan))


def first(plan: Plan) -> Plan:
    changes: list[Plan] = plan["changes"]
    return changes[0]


def victim(plan: Plan, remote_id: str) -> None:
    first(plan).update(action="delete", key="two", id=remote_id, body={}, metadata={})


EDITS: dict[str, Callable[[Plan], Any]] = {
    "another prompt": lambda plan: first(plan)["body"].update(instructions="Obey me."),
    "another model": lambda plan: first(plan)["body"].update(model="gpt-4o"),
    "a field more": lambda plan: first(plan)["body"].update(name="x"),
    "another key": lambda plan: first(plan).update(key="evil"),
    "another target": lambda plan: first(plan).update(id="asst_foreign"),
    "another endpoint": lambda plan: first(plan).update(id="../files/file-1"),
    "an update more": lambda plan: plan["changes"].append({**first(plan), "key": "two"}),
    "a deletion": lambda plan: first(plan).update(action="delete"),
    "a create that is none": lambda plan: first(plan).update(action="create", id=None),
    "no marker": lambda plan: first(plan)["metadata"].pop("assistctl"),
    "another marker": lambda plan: first(plan)["metadata"].update(assistctl="1 evil/prod bot aaaaaa #aaaaa"),
    "another base": lambda plan: first(plan).update(base="0" * 12),
    "another owner": lambda plan: plan.update(owner="evil/prod"),
    "another origin": lambda plan: plan.update(origin="https://evil.invalid"),
    "another provider": lambda plan: plan.update(provider="openai"),
    "another format": lambda plan: plan.update(assistctl_plan=2),
    "no protection": lambda plan: first(plan).update(protected=False, reason="safe, promised"),
    "adoption of everything": lambda plan: plan["selection"].update(adopt_all=True),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_plan_is_refused_by_its_digest(planned: Checkout, remote: Remote, name: str) -> None:
    before = len(remote.writes)
    forged(planned, EDITS[name], digest=False)
    ran = planned.run("apply", "p.json")
    harmless = name == "no protection" and ran.code == 0
    assert ran.code == 65 or harmless, ran.shown
    assert len(remote.writes) == before


HARMLESS = {"no protection", "adoption of everything", "another provider"}
"""What decides nothing: the project says which provider, and the manifests still produce the same."""


@pytest.mark.parametrize("name", [name for name in EDITS if name not in HARMLESS])
def test_a_forged_plan_with_a_fitting_digest_does_nothing_that_the_manifests_do_not_say(
    planned: Checkout, remote: Remote, name: str
) -> None:
    before = remote.all()
    forged(planned, EDITS[name], digest=True)
    ran = planned.run("apply", "p.json")
    assert ran.code in (5, 64, 65), ran.shown
    for item in remote.all():
        original = next((each for each in before if each["id"] == item["id"]), None)
        assert item["instructions"] == "Be brief.\n"
        assert original is None or item["metadata"] == original["metadata"] or item["description"] == "new"
        assert item["model"] == "gpt-4o-mini"
        assert "evil" not in json.dumps(item)
    assert len(remote.all()) >= len(before)


def test_a_forged_deletion_of_another_assistant_is_not_carried_out(planned: Checkout, remote: Remote) -> None:
    target = next(item for item in remote.all() if item["description"] == "two")
    forged(planned, lambda plan: victim(plan, target["id"]), digest=True)
    assert planned.run("apply", "p.json").code == 5
    assert target in remote.all()


@pytest.mark.parametrize(
    "name", ["a deletion", "another target", "another key", "another owner", "another origin"]
)
def test_alone_a_forged_plan_touches_nothing_foreign(
    planned: Checkout, remote: Remote, tmp_path: Path, name: str
) -> None:
    """Where there are no manifests the plan itself is all there is: the remote's markers still hold."""
    foreign = remote.add(name="foreign")
    edit: Callable[[Plan], Any] = EDITS[name]
    if name == "another target":
        edit = lambda plan: first(plan).update(id=foreign["id"])  # noqa: E731
    forged(planned, edit, digest=True)
    alone = Checkout(tmp_path / "alone", planned.base_url)
    alone.put({"p.json": (planned.path / "p.json").read_bytes()})
    ran = alone.run("apply", "p.json")
    assert foreign in remote.all()
    if name not in ("a deletion", "another key"):
        assert ran.code == 5


def test_a_replayed_plan_creates_nothing_twice(planned: Checkout, remote: Remote) -> None:
    assert planned.run("apply", "p.json").code == 0
    count = len(remote.all())
    assert planned.run("apply", "p.json").code in (0, 5)
    assert len(remote.all()) == count == 3


def test_a_replayed_plan_does_not_undo_what_came_later(planned: Checkout, remote: Remote) -> None:
    assert planned.run("apply", "p.json").code == 0
    planned.put({"assistants/one.yaml": manifest(description="newer")})
    assert planned.run("apply", "--auto-approve").code == 0
    assert planned.run("apply", "p.json").code == 5
    assert "newer" in [item["description"] for item in remote.all()]


def test_a_plan_for_another_origin_is_refused(planned: Checkout) -> None:
    with serving() as other:
        planned.base_url = other.url
        assert planned.run("apply", "p.json").code == 5
        assert other.writes == []


def test_a_plan_for_another_owner_is_refused(planned: Checkout, remote: Remote) -> None:
    before = len(remote.writes)
    planned.put({"assistctl.yaml": PROJECT.replace("shop", "other")})
    assert planned.run("apply", "p.json").code == 5
    assert len(remote.writes) == before


@pytest.mark.parametrize("age", [15 * 86400, 10 * 365 * 86400])
def test_a_plan_that_is_too_old_is_refused(planned: Checkout, remote: Remote, age: int) -> None:
    before = len(remote.writes)
    forged(planned, lambda plan: plan.update(made_at=time.time() - age), digest=True)
    assert planned.run("apply", "p.json").code == 5
    assert len(remote.writes) == before


@pytest.mark.parametrize("moment", [4e9, math.inf, math.nan, -math.inf])
def test_a_plan_of_no_known_age_is_refused(planned: Checkout, remote: Remote, moment: float) -> None:
    """From the future, or at no time at all: such a plan would never grow old."""
    before = len(remote.writes)
    forged(planned, lambda plan: plan.update(made_at=moment), digest=True)
    assert planned.run("apply", "p.json").code in (5, 65)
    assert len(remote.writes) == before


def test_the_guards_run_again(planned: Checkout, remote: Remote) -> None:
    before = len(remote.writes)
    planned.put({"policy.yaml": "allowed_models: {level: deny, values: [gpt-4o]}\n"})
    ran = planned.run("apply", "p.json", ASSISTCTL_POLICY=str(planned.path / "policy.yaml"))
    assert ran.code == 6
    assert planned.run("apply", "p.json", GITHUB_EVENT_NAME="pull_request").code == 6
    assert planned.run("apply", "p.json", ASSISTCTL_OWNER="shop/prod").code == 64
    assert len(remote.writes) == before


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff\xfe", b"null", b"{" * 5000, b'{"assistctl_plan": 1}']
)
def test_a_file_that_is_no_plan_is_refused(planned: Checkout, data: bytes) -> None:
    planned.put({"p.json": data})
    assert planned.run("apply", "p.json").code == 65
