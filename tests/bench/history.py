"""Holds what a remote went through against what the program promises. Each law answers its violations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .world import Exchange, Row, key_of, owner_of


def twins(truth: Iterable[Row], owner: str) -> list[str]:
    """Keys that more than one assistant bears."""
    held = Counter(key_of(row) for row in truth if owner_of(row) == owner)
    return [f"{key} has {count} assistants" for key, count in sorted(held.items()) if count > 1]


def wrong_keys(truth: Iterable[Row], owner: str, wanted: Iterable[str]) -> list[str]:
    """Keys that are missing, and keys that should not be there."""
    found = {key_of(row) for row in truth if owner_of(row) == owner}
    missing = [f"{key} is missing" for key in sorted(set(wanted) - found)]
    return missing + [f"{key} is still there" for key in sorted(found - set(wanted))]


def lost_creates(
    journal: Iterable[Mapping[str, Any]], truth: Iterable[Row], history: Iterable[Exchange]
) -> list[str]:
    """Creates that the journal says have landed and that do not exist, though nobody deleted them."""
    known = {row["id"] for row in truth}
    known |= {exchange.target for exchange in history if exchange.kind == "delete" and exchange.applied}
    landed = [(entry["landed"], entry["id"]) for entry in journal if entry.get("id")]
    return [f"{key} landed as {made}, which does not exist" for key, made in landed if made not in known]


def touched(history: Iterable[Exchange], strangers: Collection[str], owner: str) -> list[str]:
    """Writes that named, or took effect on, something that was not this owner's at that moment."""
    found = []
    for exchange in history:
        named = exchange.write and exchange.target in strangers
        hit = bool(exchange.applied and exchange.target and exchange.target_owner != owner)
        if named or hit:
            found.append(f"{exchange.method} {exchange.path} of {exchange.target_owner or 'nobody'}")
    return found


def altered(before: Iterable[Row], after: Iterable[Row], strangers: Collection[str]) -> list[str]:
    """Strangers that are not, to the letter, what they were."""
    now = {row["id"]: row for row in after}
    return [
        f"{row['id']} is not what it was"
        for row in before
        if row["id"] in strangers and row != now.get(row["id"])
    ]


def unmarked(history: Iterable[Exchange], owner: str) -> list[str]:
    """Creates and modifies whose body did not carry this owner's marker."""
    return [
        f"{exchange.method} {exchange.path} carries the marker of {exchange.owner or 'nobody'}"
        for exchange in history
        if exchange.kind in ("create", "modify") and exchange.read is not None and exchange.owner != owner
    ]


def writes_after(history: Iterable[Exchange], moment: float) -> list[Exchange]:
    """Writes whose first byte came after ``moment`` of the monotonic clock."""
    return [exchange for exchange in history if exchange.write and exchange.begun > moment]


def created_twice(history: Iterable[Exchange]) -> list[str]:
    """Keys for which more than one create took effect."""
    made = Counter(exchange.key for exchange in history if exchange.kind == "create" and exchange.applied)
    return [f"{key} was created {count} times" for key, count in sorted(made.items()) if count > 1]


def misreported(report: Mapping[str, Any], history: Sequence[Exchange]) -> list[str]:
    """Results of a run's report (``apply --format json``) that the truth contradicts."""
    created = {exchange.key for exchange in history if exchange.kind == "create" and exchange.applied}
    changed = {exchange.target for exchange in history if exchange.kind == "modify" and exchange.applied}
    deleted = {exchange.target for exchange in history if exchange.kind == "delete" and exchange.applied}
    asked = {exchange.key for exchange in history if exchange.kind == "create"}
    asked |= {exchange.target for exchange in history if exchange.write and exchange.target}
    # Of a create that was reset before its body was read nobody knows the key: each explains one unknown.
    nameless = sum(exchange.kind == "create" and exchange.read is None for exchange in history)
    unknown = [result for result in report["results"] if result["outcome"] == "unknown"]
    unnamed = [result for result in unknown if result["action"] == "create" and result["key"] not in asked]
    asked |= {result["key"] for result in unnamed[:nameless]}
    return [
        f"{result['action']} {result['key']} is reported as {result['outcome']}"
        for result in report["results"]
        if not _true(
            result["outcome"],
            took=result["key"] in created or result["id"] in changed | deleted,
            sent=result["key"] in asked or result["id"] in asked,
        )
    ]


def _true(outcome: str, *, took: bool, sent: bool) -> bool:
    """Whether an outcome fits what happened. Unknown is honest for whatever was sent."""
    fits = {"done": took, "failed": not took, "unknown": sent, "not started": not sent, "skipped": not took}
    return fits[outcome]


def read_journal(state: Path) -> list[dict[str, Any]]:
    """Every whole entry of every journal below a state folder, in order."""
    entries: list[dict[str, Any]] = []
    for path in sorted(state.rglob("journal.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # torn by a kill
            if isinstance(entry, dict):
                entries.append(entry)
    return entries
