"""The life of a fleet, the same on every remote: plan, apply, edit, remove, drift, destroy.

Each test runs against the embedded server in every single mood and in some moods together, over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from assistctl.server.moods import MOODS

LEARNED = (
    "ranker-rewritten",
    "trims-prompts",
    "effort-dropped",
    "names-shortened",
    "null-ignored",
    "empty-ignored",
    "null-refused",
    "metadata-null-refused",
)
"""What an apply learns from the answers to its writes; it may say so in a warning, once."""
UNOWNABLE = frozenset({"metadata-drop", "few-fields", "constants"})
"""Without metadata nothing can be owned: see ``test_moods_limits.py``."""
OF_PROFILES = frozenset({"no-get", "no-modify", "no-delete", "newest-twenty", "version-asked", "key-headers"})
"""They need a profile that knows of them: see ``test_profiles_life.py``."""
TOGETHER = (
    ("hex-ids", "word-errors", "delete-word", "newest-first"),
    ("dash-ids", "detail-errors", "deletes-204", "inclusive-cursor"),
    ("wrapped-errors", "model-respelled", "schema-renamed", "missing-500"),
    ("none-errors", "upserting", "list-word", "cursors-ignored"),
    ("empty-errors", "deletes-denied", "defaults-null", "forgets-cursors", "beta-tables"),
    ("summary-list", "no-has-more", "created-201", "flat-errors"),  # AIML API, as its schema declares it
    ("cursors-refused", "no-paging", "ms-times"),  # Astra Assistants
    ("metadata-replace", "nulls-added", "float-times", "uuid-ids", "null-ignored"),
    ("metadata-replace", "metadata-null-refused"),
    ("metadata-replace", "omitted-wiped"),
    ("defaults-omitted", "summary-list"),
    ("omitted-wiped", "null-refused", "text-errors"),
    ("trims-prompts", "ranker-rewritten", "names-shortened", "effort-dropped"),
)
FIRST_FIVE = frozenset(mood for moods in TOGETHER[:5] for mood in moods)
"""Small differences, which live together to save time."""
ALONE = [(mood,) for mood in MOODS if mood not in UNOWNABLE | OF_PROFILES | FIRST_FIVE]
LIVES = (*ALONE, *TOGETHER)

EDITS = (
    ("temperature: 0.25", "temperature: 0.75", "support", "temperature"),
    ("and the rest", "and all the rest", "support", "name"),
    ("JSON.  \\n\\n", "JSON.  \\n", "support", "instructions"),
    ("max_num_results: 7", "max_num_results: 8", "support", "tools.file_search"),
    ("tier: first", "tier: second", "support", "metadata.tier"),
    ("reasoning_effort: low", "reasoning_effort: high", "judge", "reasoning_effort"),
    ("top_p: 0.5", "top_p: 1", "translator", "top_p"),
)
"""What is replaced in the manifests, and the one field of one assistant that it changes."""

REMOVALS: tuple[tuple[str | None, str, str, str, tuple[Any, ...]], ...] = (
    ("description: Answers", "model: gpt-4o", "support", "description", ("", None)),
    ("tools:\n", "metadata:", "support", "tools", ([],)),
    (None, "", "support", "tool_resources", ({},)),
    ("temperature:", "response_format:\n", "support", "temperature", (1,)),
    ("response_format:\n", "---\nkey: judge", "support", "response_format", ("auto",)),
    ("instructions: Weigh", "reasoning_effort", "judge", "instructions", ("", None)),
    ("reasoning_effort", "response_format: {type: text}", "judge", "reasoning_effort", ("", None)),
    ("top_p", "tools: [{type: file_search}]", "translator", "top_p", (1,)),
)
"""From where to where the manifests lose text, the field that leaves with it and its defaults."""

REWRITES = (
    ("ranker-rewritten", "support", "tools"),
    ("trims-prompts", "support", "instructions"),
    ("names-shortened", "support", "name"),
    ("effort-dropped", "judge", "reasoning_effort"),
)
"""Moods that store another form, and the one field of the manifests that they touch."""

FleetFactory = Callable[..., AbstractContextManager[Any]]

in_every_mood = pytest.mark.parametrize("moods", LIVES, ids="+".join)


@in_every_mood
def test_a_second_plan_right_after_an_apply_is_empty(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        first = fleet.apply()
        assert first.out.endswith("Apply complete! Resources: 3 added, 0 changed, 0 destroyed.\n")
        assert learned(moods) or not warnings(first)
        assert_nothing_pending(fleet)
        stored = fleet.stored()
        assert set(stored) == {"support", "judge", "translator"}
        assert not warnings(fleet.apply())
        assert fleet.stored() == stored


@pytest.mark.parametrize(("mood", "key", "field"), REWRITES)
def test_a_field_that_the_remote_stores_in_its_own_form_is_told_once(
    fleet_in: FleetFactory, mood: str, key: str, field: str
) -> None:
    with fleet_in(mood) as fleet:
        (told,) = warnings(fleet.apply())
        assert key in told
        assert field in told
        fleet.edit("temperature: 0.25", "temperature: 0.75")
        fleet.edit("Weighs claims", "Weighs the claims")
        assert not warnings(fleet.apply())
        assert_nothing_pending(fleet)


@in_every_mood
def test_an_edited_line_changes_exactly_its_field(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        fleet.apply()
        for old, new, key, field in EDITS:
            before = fleet.stored()
            fleet.edit(old, new)
            assert fleet.pending() == {key: {field: "manifest"}}
            fleet.apply()
            moved = differences(before, fleet.stored())
            assert moved == {(key, field)} or (learned(moods) and not moved), field
            assert_nothing_pending(fleet)


@in_every_mood
def test_a_removed_line_brings_the_default_back_or_is_told(
    fleet_in: FleetFactory, moods: tuple[str, ...]
) -> None:
    with fleet_in(*moods) as fleet:
        fleet.apply()
        before = fleet.stored()
        for start, end, *_ in REMOVALS:
            if start is not None:
                fleet.remove(start, end)
        standing = [found[2:] for found in REMOVALS if value_of(before, *found[2:4]) not in found[4]]
        assert fields_of(fleet.pending()) == {(key, field) for key, field, _ in standing}
        told = warnings(fleet.apply())
        after = fleet.stored()
        for key, field, defaults in standing:
            reset = value_of(after, key, field) in defaults
            assert reset or (learned(moods) and any(key in line and field in line for line in told)), field
        gone = {(key, field) for key, field, _ in standing}
        assert {(key, field.partition(".")[0]) for key, field in differences(before, after)} <= gone
        assert_nothing_pending(fleet)


@in_every_mood
def test_a_removed_metadata_key_goes_and_its_neighbours_stay(
    fleet_in: FleetFactory, moods: tuple[str, ...]
) -> None:
    with fleet_in(*moods) as fleet:
        fleet.apply()
        fleet.edit("{team: support, tier: first}", "{team: support}")
        assert fleet.pending() == {"support": {"metadata.tier": "removed"}}
        fleet.apply()
        metadata = fleet.stored()["support"]["metadata"]
        assert (metadata["team"], metadata.get("tier", "")) == ("support", "")
        assert_nothing_pending(fleet)


@in_every_mood
def test_what_nobody_manages_survives_every_modify(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        fleet.apply()
        ids = {key: item["id"] for key, item in fleet.stored().items()}
        fleet.ask("POST", f"/{ids['support']}", {"metadata": {"console": "added by hand"}, "top_p": 0.875})
        fleet.ask("POST", f"/{ids['translator']}", {"description": "By hand.", "temperature": 0.125})
        assert_nothing_pending(fleet)
        before = fleet.stored()
        fleet.edit("temperature: 0.25", "temperature: 0.75")
        fleet.edit("top_p: 0.5", "top_p: 0.75")
        fleet.apply()
        assert differences(before, fleet.stored()) == {("support", "temperature"), ("translator", "top_p")}
        assert_nothing_pending(fleet)


@in_every_mood
def test_a_change_outside_is_drift_and_put_right(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        fleet.apply()
        before = fleet.stored()
        outside = {"temperature": 1.5, "instructions": "Improvise.", "metadata": {"tier": "third"}}
        fleet.ask("POST", f"/{before['support']['id']}", outside)
        names = ("temperature", "instructions", "metadata.tier")
        assert fleet.pending() == {"support": dict.fromkeys(names, "drift")}
        fleet.apply()
        assert fleet.stored() == before
        assert_nothing_pending(fleet)


@in_every_mood
def test_destroy_leaves_only_what_others_made(fleet_in: FleetFactory, moods: tuple[str, ...]) -> None:
    with fleet_in(*moods) as fleet:
        stranger = fleet.ask("POST", "", {"model": "gpt-4o", "name": "somebody else's"})
        fleet.apply()
        ran = fleet.run("destroy", "--auto-approve")
        assert ran.out.endswith("Destroy complete! Resources: 3 destroyed.\n")
        assert (ran.code, fleet.stored()) == (0, {stranger["id"]: stranger | {"metadata": {}}})
        assert set(fleet.pending().values()) == {"create"}


def learned(moods: tuple[str, ...]) -> bool:
    return not set(moods).isdisjoint(LEARNED)


def warnings(ran: Any) -> list[str]:
    return [line for line in ran.err.splitlines() if line.lower().strip().startswith("warning: ")]


def assert_nothing_pending(fleet: Any) -> None:
    ran = fleet.run("plan", "--detailed-exitcode")
    last = ran.out.splitlines()[-1]
    assert (ran.code, last) == (0, "No changes. Your infrastructure matches the configuration."), ran.out


def value_of(stored: dict[str, Any], key: str, field: str) -> Any:
    """A stored field; resources without the empty lists that come and go with their tools."""
    value = stored[key][field]
    if field != "tool_resources":
        return value
    return {kind: member for kind, member in value.items() if any(member.values())}


def fields_of(pending: dict[str, Any]) -> set[tuple[str, str]]:
    """Assistant and top-level field of every pending change."""
    return {(key, name.partition(".")[0]) for key, fields in pending.items() for name in fields}


def differences(before: dict[str, Any], after: dict[str, Any]) -> set[tuple[str, str]]:
    """Assistant and field wherever two views of the store differ; metadata by key, tools by type."""
    assert before.keys() == after.keys()
    return {
        (key, name)
        for key in before
        for name in flat(before[key]).keys() | flat(after[key]).keys()
        if flat(before[key]).get(name) != flat(after[key]).get(name)
    }


def flat(item: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in item.items() if name not in ("metadata", "tools")}
    metadata = {f"metadata.{key}": text for key, text in item["metadata"].items()}
    return rest | metadata | {f"tools.{tool['type']}": tool for tool in item["tools"]}
