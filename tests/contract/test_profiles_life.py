"""The life of a fleet under every built-in profile, against the embedded server in that profile's manner.

The moods repeat what public sources say of each remote; see ``docs/remotes.md``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest

from assistctl.providers.profiles import built_in, built_in_names

MANNERS: Mapping[str, tuple[str, ...]] = {
    "local": (),
    "aimlapi": ("summary-list", "no-has-more", "created-201", "wrapped-errors", "model-respelled"),
    "openai": (),
    "azure-openai": ("version-asked", "key-headers"),
    "azure-foundry": ("version-asked", "effort-dropped"),
    "open-assistant-api": ("metadata-replace", "effort-dropped", "hex-ids", "defaults-null", "nulls-added"),
    "astra": (
        *("cursors-refused", "no-paging", "ms-times", "list-word", "upserting", "delete-word"),
        *("beta-tables", "key-headers"),
    ),
    "litellm": ("newest-twenty", "no-get", "no-modify", "effort-dropped", "none-errors"),
    "dashscope": ("effort-dropped", "flat-errors"),
}
MODIFYING = [name for name in built_in_names() if "update" in built_in(name).verbs]
PINNED: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "lum": (
        {
            "name": "lum",
            "metadata": "none",
            "verbs": ["list", "get", "create", "update"],
            "ignored_fields": [
                *("description", "tools", "tool_resources", "temperature", "top_p"),
                *("response_format", "reasoning_effort"),
            ],
            "api_key_env": "LUM_API_KEY",
        },
        ("few-fields", "created-201", "no-paging", "no-delete", "uuid-ids"),
    ),
    "ragen": (
        {
            "name": "ragen",
            "metadata": "none",
            "models": "free",
            "ignored_fields": [
                *("description", "model", "tools", "tool_resources", "temperature", "top_p"),
                *("response_format", "reasoning_effort"),
            ],
            "api_key_env": "RAGEN_API_KEY",
        },
        ("constants", "dash-ids"),
    ),
}
"""Servers without metadata, as a project file describes them."""
KEY = "key-of-the-contract-tests"
NOTHING = "No changes. Your infrastructure matches the configuration."

FleetFactory = Callable[..., AbstractContextManager[Any]]
InProfile = Callable[[str], AbstractContextManager[Any]]


@pytest.fixture
def in_profile(fleet_in: FleetFactory, monkeypatch: pytest.MonkeyPatch) -> InProfile:
    """``with in_profile("astra") as fleet``: a remote of that kind, which asks for the key."""

    def make(name: str) -> AbstractContextManager[Any]:
        profile = built_in(name)
        for variable in profile.api_key_env:
            monkeypatch.setenv(variable, KEY)
        return fleet_in(*MANNERS[name], provider=name, key=KEY if profile.api_key_env else None)

    return make


def assert_nothing_pending(fleet: Any) -> None:
    ran = fleet.run("plan", "--detailed-exitcode")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, NOTHING), ran.out + ran.err


def test_every_built_in_profile_is_lived_through() -> None:
    assert set(MANNERS) == set(built_in_names())


@pytest.mark.parametrize("name", built_in_names())
def test_what_a_profile_creates_needs_no_second_apply_and_can_be_destroyed(
    in_profile: InProfile, name: str
) -> None:
    with in_profile(name) as fleet:
        stranger = fleet.ask("POST", "", {"model": "gpt-4o", "name": "somebody else's"})
        first = fleet.apply()
        assert first.out.endswith("Apply complete! Resources: 3 added, 0 changed, 0 destroyed.\n")
        assert_nothing_pending(fleet)
        assert set(fleet.stored()) == {"support", "judge", "translator", stranger["id"]}
        ran = fleet.run("destroy", "--auto-approve")
        assert (ran.code, ran.out.splitlines()[-1]) == (0, "Destroy complete! Resources: 3 destroyed.")
        assert set(fleet.stored()) == {stranger["id"]}


@pytest.mark.parametrize("name", MODIFYING)
def test_a_change_is_one_change_and_then_there_is_none(in_profile: InProfile, name: str) -> None:
    with in_profile(name) as fleet:
        fleet.apply()
        fleet.edit("temperature: 0.25", "temperature: 0.75")
        fleet.edit("tier: first", "tier: second")
        assert fleet.pending() == {"support": {"temperature": "manifest", "metadata.tier": "manifest"}}
        fleet.apply()
        stored = fleet.stored()["support"]
        assert (stored["temperature"], stored["metadata"]["tier"]) == (0.75, "second")
        assert_nothing_pending(fleet)


@pytest.mark.parametrize("name", MODIFYING)
def test_a_removed_line_and_an_outside_edit_are_put_right(in_profile: InProfile, name: str) -> None:
    with in_profile(name) as fleet:
        fleet.apply()
        fleet.remove("description: Answers", "model: gpt-4o\ninstructions")
        fleet.remove("{team: support, ", "tier: first")
        fleet.edit("tier: first}", "{tier: first}")
        judge = fleet.stored()["judge"]["id"]
        fleet.ask("POST", f"/{judge}", {"instructions": "Improvise.", "metadata": {"by": "hand"}})
        assert fleet.pending() == {
            "support": {"description": "removed", "metadata.team": "removed"},
            "judge": {"instructions": "drift"},
        }
        fleet.apply()
        stored = fleet.stored()
        assert not stored["support"]["description"]
        assert not stored["support"]["metadata"].get("team")
        assert stored["judge"]["instructions"] == "Weigh both sides."
        assert stored["judge"]["metadata"]["by"] == "hand"
        assert_nothing_pending(fleet)


@pytest.mark.parametrize("name", sorted(set(built_in_names()) - set(MODIFYING)))
def test_without_a_modify_a_change_is_refused_by_name_before_anything_is_written(
    in_profile: InProfile, name: str
) -> None:
    with in_profile(name) as fleet:
        fleet.apply()
        before = fleet.stored()
        fleet.edit("temperature: 0.25", "temperature: 0.75")
        fleet.edit("---\nkey: judge", "---\nkey: newcomer\nmodel: gpt-4o\n---\nkey: judge")
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, f"{name} has no modify call" in ran.err) == (6, True)
        assert fleet.stored() == before


@pytest.mark.parametrize("name", built_in_names())
def test_list_ids_and_export_only_read(in_profile: InProfile, name: str) -> None:
    with in_profile(name) as fleet:
        fleet.apply()
        before = fleet.stored()
        ids = json.loads(fleet.run("ids", "--format", "json").out)
        assert ids == {key: item["id"] for key, item in before.items()}
        listed = json.loads(fleet.run("list", "--format", "json").out)
        assert {entry["key"]: entry["holder"] for entry in listed} == dict.fromkeys(ids, "ours")
        exported = json.loads(fleet.run("export", "--remote").out)
        assert {key: item["id"] for key, item in exported.items()} == ids
        assert exported["judge"]["instructions"] == "Weigh both sides."
        assert fleet.stored() == before


@pytest.mark.parametrize("name", built_in_names())
def test_an_import_writes_manifests_that_change_nothing(in_profile: InProfile, name: str) -> None:
    with in_profile(name) as fleet:
        fleet.manifest.unlink()
        made = fleet.ask("POST", "", {"model": "gpt-4o", "name": "Found", "instructions": "One.\nTwo.\n"})
        ran = fleet.run("import", "--all")
        assert ran.code == 0, ran
        assert made["id"] in (fleet.root / "assistants" / "found.yaml").read_text("utf-8")
        assert fleet.pending() == {"found": "adopt"}


@pytest.fixture(params=sorted(PINNED))
def pinned(
    request: pytest.FixtureRequest, fleet_in: FleetFactory, monkeypatch: pytest.MonkeyPatch
) -> AbstractContextManager[Any]:
    """A fleet on a server that keeps no metadata."""
    provider, moods = PINNED[request.param]
    monkeypatch.setenv(provider["api_key_env"], KEY)
    return fleet_in(*moods, provider=provider, key=KEY)


def _made_by_hand(fleet: Any, name: str) -> str:
    made = fleet.ask("POST", "", {"model": "gpt-4o", "name": name, "instructions": "By hand."})
    return str(made["id"])


def test_without_metadata_a_pinned_assistant_follows_its_manifest(pinned: Any) -> None:
    with pinned as fleet:
        made = _made_by_hand(fleet, "Helper")
        fleet.write(f"key: helper\nid: {made}\nname: Helper\nmodel: gpt-4o\ninstructions: From git.\n")
        assert fleet.pending() == {"helper": {"instructions": "manifest"}}
        fleet.apply()
        assert fleet.ask("GET", f"/{made}")["instructions"] == "From git."
        assert_nothing_pending(fleet)


def test_without_metadata_nothing_is_created_by_name_and_nothing_deleted(pinned: Any) -> None:
    with pinned as fleet:
        made = _made_by_hand(fleet, "Helper")
        fleet.write("key: helper\nname: Helper\nmodel: gpt-4o\n")
        ran = fleet.run("apply", "--auto-approve")
        assert (ran.code, f"id: {made}" in ran.out) == (5, True)
        assert fleet.run("destroy", "--auto-approve").code == 0
        assert [item["id"] for item in fleet.ask("GET")["data"]] == [made]


def test_without_metadata_list_show_and_ids_go_by_pins(pinned: Any) -> None:
    with pinned as fleet:
        made, other = _made_by_hand(fleet, "Helper"), _made_by_hand(fleet, "Other")
        fleet.write(f"key: helper\nid: {made}\nname: Helper\nmodel: gpt-4o\n")
        assert json.loads(fleet.run("ids", "--format", "json").out) == {"helper": made}
        listed = json.loads(fleet.run("list", "--format", "json").out)
        assert [(entry["key"], entry["id"], entry["holder"]) for entry in listed] == [
            ("helper", made, "ours"),
            (None, other, "unmanaged"),
        ]
        assert json.loads(fleet.run("show", "helper", "--format", "json").out)["id"] == made


def test_without_metadata_a_pin_to_nowhere_prints_no_ids(pinned: Any) -> None:
    with pinned as fleet:
        fleet.write("key: helper\nid: asst_gone\nname: Helper\nmodel: gpt-4o\n")
        ran = fleet.run("ids")
        assert (ran.code, ran.out, "helper (asst_gone)" in ran.err) == (5, "", True)


def test_without_metadata_import_and_export_only_read(pinned: Any) -> None:
    with pinned as fleet:
        fleet.manifest.unlink()
        made = _made_by_hand(fleet, "Helper")
        exported = json.loads(fleet.run("export", "--remote").out)
        assert exported[made]["instructions"] == "By hand."
        assert fleet.run("import", "--all").code == 0
        assert_nothing_pending(fleet)
        assert json.loads(fleet.run("ids", "--format", "json").out) == {"helper": made}
