"""The three-way rule: what the manifest says, what was last applied, what the remote holds.

For every field (and every metadata key on its own) these three decide whether it changes and why. The
table stands in ``docs/ownership.md``; :func:`judge` is that table, row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistctl.model.plan import Absent, Cause, FieldChange
from assistctl.model.selection import Resolution
from assistctl.model.values import Value

from .marker import Record, digest
from .normalize import Canon


@dataclass(frozen=True, slots=True)
class Rules:
    """How this run compares: canonical form, policies and whether ownership is being taken now."""

    canon: Canon
    on_drift: Resolution = "overwrite"
    on_conflict: Resolution = "fail"
    clearing: Mapping[str, Value] = field(default_factory=dict)
    """Field to the value that resets it on this remote; null where absent."""
    adopting: bool = False
    ignored: frozenset[str] = frozenset()
    """Fields that the remote does not keep: neither compared nor sent, whatever was recorded once."""


@dataclass(slots=True)
class Comparison:
    """The outcome for one assistant."""

    changes: list[FieldChange] = field(default_factory=list)
    send: dict[str, Value] = field(default_factory=dict)
    """Every managed field's intended value, for the body of a modify."""
    records: dict[str, Record] = field(default_factory=dict)
    metadata: dict[str, str | None] = field(default_factory=dict)
    """Every managed metadata key's intended value; None removes it."""
    metadata_records: dict[str, str] = field(default_factory=dict)
    """Metadata key to the digest that is recorded as applied."""
    metadata_stored: str | None = None
    """The remembered digest of the values that the remote rewrote, while they still stand."""
    failures: list[str] = field(default_factory=list)
    """Fields whose policy is ``fail``."""

    @property
    def writes(self) -> bool:
        """Whether a modify is needed."""
        return any(not change.kept and change.cause is not Cause.HEAL for change in self.changes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table: the cause of a change if any, and whether the remote's value stays."""

    cause: Cause | None
    kept: bool = False


_NOTHING = Verdict(None)
_HEAL = Verdict(Cause.HEAL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the manifest says about one field: its value, the canonical text of it and that one's digest."""

    value: Value
    text: str
    mark: str


def wanted_of(name: str, value: Value | Absent, canon: Canon) -> Wanted | Absent:
    """Canonical text and digest, made once for all rows of the table."""
    if isinstance(value, Absent):
        return value
    text = canon.text(name, value)
    return Wanted(value, text, digest(name, text))


def judge(
    name: str, wanted: Wanted | Absent, record: Record | None, current: Value | Absent, rules: Rules
) -> Verdict:
    """The table of the three-way rule, row by row."""
    if isinstance(wanted, Absent):
        return _removed(name, record, _is_untouched(name, record, current, rules.canon), current, rules)
    unchanged = record is not None and wanted.mark == record.digest
    if isinstance(current, Absent):
        return _NOTHING if unchanged else _first_or_manifest(record, rules)
    alike = type(wanted.value) is type(current) and wanted.value == current
    if alike or wanted.text == rules.canon.text(name, current):
        return _NOTHING if unchanged else _HEAL
    if record is None:
        return _first_or_manifest(record, rules)
    return _moved(unchanged, _is_untouched(name, record, current, rules.canon), rules)


def _is_untouched(name: str, record: Record | None, current: Value | Absent, canon: Canon) -> bool:
    """Whether the remote holds what was applied last, in our form or in its own."""
    if record is None or isinstance(current, Absent):
        return False
    return digest(name, canon.text(name, current)) in (record.digest, record.stored)


def _first_or_manifest(record: Record | None, rules: Rules) -> Verdict:
    return Verdict(Cause.ADOPT if record is None and rules.adopting else Cause.MANIFEST)


def _moved(unchanged: bool, untouched: bool, rules: Rules) -> Verdict:
    """The manifest and the remote differ, and something was applied before."""
    if unchanged:
        return _NOTHING if untouched else Verdict(Cause.DRIFT, rules.on_drift == "keep")
    if untouched:
        return Verdict(Cause.MANIFEST)
    return Verdict(Cause.CONFLICT, rules.on_conflict == "keep")


def _removed(
    name: str, record: Record | None, untouched: bool, current: Value | Absent, rules: Rules
) -> Verdict:
    """The line left the manifest. A value that cannot be read counts as the one last applied."""
    if isinstance(current, Absent):
        default = digest(name, rules.canon.text(name, None))
        return _HEAL if record is None or record.digest == default else Verdict(Cause.REMOVED)
    if not untouched or rules.canon.same(name, None, current):
        return _HEAL
    return Verdict(Cause.REMOVED)


def note(result: Comparison, name: str, changes: list[FieldChange], verdict: Verdict, rules: Rules) -> None:
    result.changes += changes
    fails = {Cause.DRIFT: rules.on_drift == "fail", Cause.CONFLICT: rules.on_conflict == "fail"}
    if verdict.cause is not None and fails.get(verdict.cause, False):
        result.failures.append(name)
