"""One manifest against its remote assistant, field by field: what changes, what a modify sends."""

from __future__ import annotations

from assistctl.model.assistant import FIELDS, Desired
from assistctl.model.plan import ABSENT, Absent, Cause, FieldChange
from assistctl.model.values import Packed, Value

from .clearing import clear_value, with_both_members
from .marker import Record
from .metadata import compare_metadata
from .normalize import Canon, tools_by_name
from .survey import Seen
from .threeway import Comparison, Rules, Verdict, judge, note, wanted_of


def compare(desired: Desired, seen: Seen, rules: Rules) -> Comparison:
    """All fields and managed metadata keys of one manifest against its remote assistant."""
    result = Comparison()
    for name in FIELDS:
        if name in rules.ignored:
            continue
        if name in desired.lifecycle.ignore_changes:
            _resend(result, name, seen, rules)
        else:
            _compare_field(result, name, desired, seen, rules)
    if "model" in desired.fields:
        result.send.setdefault("model", desired.fields["model"])  # AIML API refuses a modify without it
    compare_metadata(result, desired, seen, rules)
    return result


def _resend(result: Comparison, name: str, seen: Seen, rules: Rules) -> None:
    if name in seen.remote.fields:
        current = seen.remote.fields[name]
        result.send[name] = clear_value(name, rules.clearing) if current is None else current


def _compare_field(result: Comparison, name: str, desired: Desired, seen: Seen, rules: Rules) -> None:
    value: Value | Absent = desired.fields.get(name, ABSENT)
    record = seen.marker.fields.get(name) if seen.marker else None
    if isinstance(value, Absent) and record is None:
        return
    current: Value | Absent = seen.remote.fields.get(name, ABSENT)
    wanted = wanted_of(name, value, rules.canon)
    verdict = judge(name, wanted, record, current, rules)
    after = clear_value(name, rules.clearing) if isinstance(value, Absent) or value is None else value
    note(result, name, _field_changes(name, current, after, verdict, rules.canon), verdict, rules)
    if isinstance(wanted, Absent):
        if verdict.cause is Cause.REMOVED:
            result.send[name] = after
        return
    sent = current if verdict.kept and not isinstance(current, Absent) else after
    result.send[name] = with_both_members(sent) if name == "tool_resources" else sent
    same = record is not None and record.digest == wanted.mark and not verdict.cause
    result.records[name] = record if record and (verdict.kept or same) else Record(wanted.mark)


def _field_changes(
    name: str, before: Value | Absent, after: Value | Absent, verdict: Verdict, canon: Canon
) -> list[FieldChange]:
    if verdict.cause is None:
        return []
    if verdict.cause is Cause.HEAL:
        return [FieldChange(name, before, before, Cause.HEAL)]
    if name != "tools" or isinstance(before, Absent):
        return [FieldChange(name, before, after, verdict.cause, verdict.kept)]
    old, new = tools_by_name(before), tools_by_name(after)
    return [
        FieldChange(f"tools.{t}", old.get(t, ABSENT), new.get(t, ABSENT), verdict.cause, verdict.kept)
        for t in sorted(old.keys() | new.keys())
        if canon.text("tools", _listed(old.get(t))) != canon.text("tools", _listed(new.get(t)))
    ]


def _listed(tool: Packed | None) -> Value:
    return None if tool is None else Packed(f"[{tool.text}]")
