"""Metadata, compared per key: only managed keys, foreign ones stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistctl.model.assistant import MARKER_KEY, Desired
from assistctl.model.plan import ABSENT, Absent, Cause, FieldChange
from assistctl.model.values import Value

from .marker import Record, assign, digest
from .survey import Seen
from .threeway import Comparison, Rules, judge, note, wanted_of


@dataclass(frozen=True, slots=True)
class _Entries:
    """The three sides of all managed keys."""

    wanted: Mapping[str, str | None]
    current: Mapping[str, str]
    records: Mapping[str, Record]
    known: bool
    """Whether the remote answered with a metadata map at all."""


def foreign_metadata(seen: Seen) -> dict[str, str]:
    """Everything in the remote's metadata but our marker."""
    return {key: text for key, text in (seen.remote.metadata or {}).items() if key != MARKER_KEY}


def rewritten_digest(values: Mapping[str, str]) -> str:
    """One digest for all metadata values that the remote stores in another form than was sent."""
    return digest("metadata", "\0".join(f"{key}={values[key]}" for key in sorted(values)))


def compare_metadata(result: Comparison, desired: Desired, seen: Seen, rules: Rules) -> None:
    """Adds the verdict on every managed metadata key to ``result``."""
    prefix = "metadata."
    names = desired.lifecycle.ignore_changes
    ignored = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    wanted = {key: text for key, text in desired.metadata.items() if key not in ignored}
    current = {key: text for key, text in foreign_metadata(seen).items() if key not in ignored}
    entries = _Entries(
        wanted, current, _records(result, wanted, current, seen), seen.remote.metadata is not None
    )
    for key in sorted(wanted.keys() | (current.keys() & entries.records.keys())):
        _compare_entry(result, key, entries, rules)


def _records(
    result: Comparison, wanted: Mapping[str, str | None], current: Mapping[str, str], seen: Seen
) -> dict[str, Record]:
    if seen.marker is None:
        return {}
    known = {
        key: tuple({text or "" for text in (wanted.get(key), current.get(key))})
        for key in wanted.keys() | current.keys()
    }
    digests = assign(seen.marker, known, known)
    now = {key: digest(f"metadata.{key}", current.get(key, "")) for key in digests}
    rewritten = {key: current.get(key, "") for key in digests if now[key] != digests[key]}
    if not rewritten or rewritten_digest(rewritten) != seen.marker.metadata_stored:
        return {key: Record(text) for key, text in digests.items()}
    result.metadata_stored = seen.marker.metadata_stored
    return {key: Record(text, now[key] if key in rewritten else None) for key, text in digests.items()}


def _compare_entry(result: Comparison, key: str, entries: _Entries, rules: Rules) -> None:
    name = f"metadata.{key}"
    wanted: Value | Absent = entries.wanted.get(key, ABSENT)
    remote: Value | Absent = entries.current.get(key) if entries.known else ABSENT
    record = entries.records.get(key)
    target = wanted_of(name, wanted, rules.canon)
    verdict = judge(name, target, record, remote, rules)
    intended = None if isinstance(wanted, Absent) or wanted is None else str(wanted)
    if verdict.cause is not None:
        before = entries.current.get(key, ABSENT)
        after = before if verdict.cause is Cause.HEAL else ABSENT if intended is None else intended
        note(result, name, [FieldChange(name, before, after, verdict.cause, verdict.kept)], verdict, rules)
    stays = verdict.kept or (isinstance(wanted, Absent) and verdict.cause is not Cause.REMOVED)
    sent = entries.current.get(key) if stays else intended
    if sent is not None or key in entries.current:
        result.metadata[key] = sent
    if not isinstance(target, Absent):
        result.metadata_records[key] = record.digest if record and verdict.kept else target.mark
