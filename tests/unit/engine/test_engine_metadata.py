"""Metadata goes by the same table, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.marker import decode, metadata_records
from assistctl.engine.metadata import rewritten_digest
from assistctl.model.assistant import MARKER_KEY, Lifecycle
from assistctl.model.plan import ABSENT, Action, Cause, Change


def shown(change: Change) -> dict[str, tuple[Any, Any, Cause]]:
    return {f.field: (f.before, f.after, f.cause) for f in change.shown}


def entries(change: Change) -> dict[str, str | None]:
    return {key: text for key, text in change.metadata.items() if key != MARKER_KEY}


def recorded(change: Change) -> int:
    marker = decode(change.metadata[MARKER_KEY] or "")
    assert marker is not None
    return len(marker.metadata)


TABLE = {
    "never applied, equal": ({"k": "a"}, {}, {"k": "a"}, None),
    "never applied, different": ({"k": "a"}, {}, {"k": "b"}, ("b", "a", Cause.MANIFEST)),
    "never applied, not there": ({"k": "a"}, {}, {}, (ABSENT, "a", Cause.MANIFEST)),
    "unchanged": ({"k": "a"}, {"k": "a"}, {}, None),
    "changed outside": ({"k": "a"}, {"k": "a"}, {"k": "b"}, ("b", "a", Cause.DRIFT)),
    "removed outside": ({"k": "a"}, {"k": "a"}, {"k": None}, (ABSENT, "a", Cause.DRIFT)),
    "changed in the manifest": ({"k": "b"}, {"k": "a"}, {}, ("a", "b", Cause.MANIFEST)),
    "changed alike": ({"k": "b"}, {"k": "a"}, {"k": "b"}, None),
    "changed differently": ({"k": "b"}, {"k": "a"}, {"k": "c"}, ("c", "b", Cause.CONFLICT)),
    "line removed": ({}, {"k": "a"}, {}, ("a", ABSENT, Cause.REMOVED)),
    "line removed, changed outside": ({}, {"k": "a"}, {"k": "b"}, None),
    "line removed, removed outside": ({}, {"k": "a"}, {"k": None}, None),
    "unmanaged": ({}, {}, {"k": "a"}, None),
    "null removes": ({"k": None}, {}, {"k": "a"}, ("a", ABSENT, Cause.MANIFEST)),
    "null and not there": ({"k": None}, {}, {}, None),
}


@pytest.mark.parametrize(("manifest", "applied", "now", "expected"), TABLE.values(), ids=TABLE.keys())
def test_each_row_of_the_table_holds_for_a_metadata_key(
    make: Any, manifest: Any, applied: Any, now: Any, expected: Any
) -> None:
    change = make.change(make.desired(metadata=manifest), make.owned(entries=applied, metadata=now))
    assert shown(change) == ({"metadata.k": expected} if expected else {})
    assert change.action is (Action.UPDATE if expected else Action.NOOP)


def test_a_modify_sends_the_union_of_managed_and_foreign_entries(make: Any) -> None:
    remote = make.owned(entries={"team": "a", "gone": "x"}, metadata={"by": "hand"})
    change = make.change(make.desired(metadata={"team": "b"}), remote)
    assert entries(change) == {"by": "hand", "team": "b", "gone": None}
    assert change.after is not None
    assert recorded(change) == 1


def test_null_is_only_sent_for_an_entry_that_is_there(make: Any) -> None:
    change = make.change(make.desired(metadata={"never": None}, description="new"), make.owned())
    assert entries(change) == {}


def test_a_line_removed_for_a_value_changed_outside_is_left_and_forgotten(make: Any) -> None:
    remote = make.owned(entries={"k": "a"}, metadata={"k": "b"})
    change = make.change(make.desired(description="new"), remote)
    assert (entries(change), recorded(change)) == ({"k": "b"}, 0)


@pytest.mark.parametrize(("policy", "wanted"), [("on_drift", "a"), ("on_conflict", "c")])
def test_keep_sends_the_remotes_entry_and_keeps_the_record(make: Any, policy: str, wanted: str) -> None:
    remote = make.owned(entries={"k": "a"}, metadata={"k": "b"})
    manifest = make.desired(metadata={"k": wanted}, description="new")
    change = make.change(manifest, remote, **{policy: "keep"})
    assert entries(change) == {"k": "b"}
    kept = decode(change.metadata[MARKER_KEY] or "")
    before = decode((remote.metadata or {})[MARKER_KEY])
    assert kept is not None
    assert before is not None
    assert kept.metadata == before.metadata


def test_keep_leaves_an_entry_removed_that_was_removed_outside(make: Any) -> None:
    remote = make.owned(entries={"k": "a"}, metadata={"k": None})
    change = make.change(make.desired(metadata={"k": "a"}, description="new"), remote, on_drift="keep")
    assert entries(change) == {}


@pytest.mark.parametrize("manifest", [{"k": "mine"}, {}])
def test_an_ignored_entry_is_neither_compared_nor_recorded(make: Any, manifest: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"metadata.k"}))
    remote = make.owned(entries={"k": "old"}, metadata={"k": "typed"})
    assert make.change(make.desired(metadata=manifest, lifecycle=lifecycle), remote).fields == ()
    change = make.change(make.desired(metadata=manifest, lifecycle=lifecycle, description="new"), remote)
    assert (entries(change), recorded(change)) == ({"k": "typed"}, 0)


def test_an_ignored_entry_that_still_is_what_was_applied_stays(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"metadata.k"}))
    change = make.change(make.desired(lifecycle=lifecycle), make.owned(entries={"k": "a"}))
    assert change.fields == ()


def test_an_ignored_entry_is_sent_on_create(make: Any) -> None:
    lifecycle = Lifecycle(ignore_changes=frozenset({"metadata.k"}))
    change = make.change(make.desired(metadata={"k": "a", "n": None}, lifecycle=lifecycle))
    assert entries(change) == {"k": "a"}
    assert recorded(change) == 1


def test_values_that_the_remote_rewrote_are_not_drift_while_they_stand(make: Any) -> None:
    applied, now = {"a": "One", "b": "two"}, {"a": "one"}
    stored = rewritten_digest(now)
    standing = make.owned(entries=applied, metadata=now, metadata_stored=stored)
    assert make.change(make.desired(metadata=applied), standing).fields == ()
    moved = make.owned(entries=applied, metadata={"a": "else"}, metadata_stored=stored)
    assert shown(make.change(make.desired(metadata=applied), moved)) == {
        "metadata.a": ("else", "One", Cause.DRIFT)
    }


def test_records_are_sorted_by_key() -> None:
    assert metadata_records({"b": "bbbbbb", "a": "aaaaaa"}) == metadata_records(
        {"a": "aaaaaa", "b": "bbbbbb"}
    )


def test_an_answer_without_metadata_is_not_an_empty_one(make: Any) -> None:
    remote = make.remote("asst_1", name="bot", model="gpt-4o", metadata=None)
    change = make.change(make.desired(metadata={"k": "a"}, pin="asst_1"), remote)
    assert shown(change) == {"metadata.k": (ABSENT, "a", Cause.ADOPT)}
