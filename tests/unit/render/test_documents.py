"""Plan, report, findings and lists as data."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.assistant import Remote
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.listing import Holder, Listed
from assistctl.model.plan import Action, Cause, Change, FieldChange, Plan
from assistctl.model.report import Outcome, Report, Result
from assistctl.model.values import Json, pack
from assistctl.render.diagnostics import diagnostics_document, diagnostics_summary
from assistctl.render.json_text import json_text
from assistctl.render.plan_json import plan_document
from assistctl.render.report_json import report_document
from assistctl.render.style import texts
from assistctl.render.tables import list_document, show_document

NOW = "2026-11-22T10:00:00Z"

texts_of_json = st.text(
    st.one_of(
        st.sampled_from('#[]:\\"v so\x1b\u202e\u200b\x7f\U000e0041'), st.characters(exclude_categories=["Cs"])
    )
)
documents: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts_of_json),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts_of_json, inner, max_size=3)),
    max_leaves=8,
)


@given(documents)
def test_safe_json_is_the_same_json(document: Json) -> None:
    text = json_text(document)
    assert json.loads(text) == document
    assert "##[" not in text
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\U000e0000-\U000e007f]", text
    )


def plan(*changes: Change) -> Plan:
    return Plan("acme/prod", "local", "", changes)


def test_equal_plans_give_equal_documents_whenever_they_are_made() -> None:
    change = Change(Action.CREATE, "a", None, after={"model": "gpt-4o", "tools": pack([{"type": "x"}])})
    first = plan_document(plan(change), timestamp=NOW, full=False)
    later = plan_document(plan(change), timestamp="2027-01-01T00:00:00Z", full=False)
    assert json_text(first) == json_text({**later, "timestamp": NOW})


def test_the_digest_tells_plans_apart() -> None:
    digests = set()
    for value in ("gpt-4o", "gpt-4o-mini"):
        field = FieldChange("model", "o3", value, Cause.MANIFEST)
        ours = plan_document(plan(Change(Action.UPDATE, "a", "asst_1", (field,))), timestamp=NOW, full=False)
        digests.add(json.dumps(ours["assistctl"]["digest"]))  # type: ignore[index,call-overload]
    assert len(digests) == 2


def test_undecided_changes_are_no_resource_changes() -> None:
    document = plan_document(plan(Change(Action.UNDECIDED, "a", None)), timestamp=NOW, full=True)
    assert document["resource_changes"] == []


def test_a_kept_field_says_so() -> None:
    field = FieldChange("model", "o3", "gpt-4o", Cause.DRIFT, kept=True)
    text = json_text(
        plan_document(plan(Change(Action.NOOP, "a", "asst_1", (field,))), timestamp=NOW, full=False)
    )
    assert '"kept": true' in text


def test_a_report_counts_every_outcome_once() -> None:
    report = Report(
        tuple(
            Result(Action.UPDATE, outcome.value, "asst_1", outcome, "why", 3, ("w",)) for outcome in Outcome
        )
    )
    document = report_document(report, owner="acme/prod", origin="", timestamp=NOW)
    assert document["summary"] == {
        "added": 0,
        "changed": 1,
        "destroyed": 0,
        "skipped": 1,
        "failed": 1,
        "unknown": 1,
        "not_started": 1,
    }
    assert document["complete"] is False
    assert document["results"][1] == {  # type: ignore[index,call-overload]
        "key": "skipped",
        "id": "asst_1",
        "action": "update",
        "outcome": "skipped",
        "detail": "why",
        "exit_code": 3,
        "warnings": ["w"],
    }


def test_findings_as_data_are_sorted_and_counted() -> None:
    late = Diagnostic("b.yaml", 1, 1, "AC101", "x", Severity.ERROR, "tools[0]")
    early = Diagnostic("a.yaml", 1, 1, "AC801", "y", Severity.NOTICE)
    document = diagnostics_document([late, early, early], 3)
    assert [document[name] for name in ("files", "errors", "warnings", "notices")] == [3, 1, 0, 1]
    assert [entry["code"] for entry in document["diagnostics"]] == ["AC801", "AC101"]  # type: ignore[index,call-overload,union-attr]


def test_no_findings_read_as_such() -> None:
    assert list(texts([diagnostics_summary([], 1), diagnostics_summary([], 14)])) == [
        "No problems in 1 file",
        "No problems in 14 files",
    ]


def test_lists_and_shows_as_data_leave_our_marker_out() -> None:
    remote = Remote("asst_1", 5.0, {"name": "A", "tools": pack([])}, {"assistctl": "1 x", "team": "s"})
    entry = Listed(remote, Holder.OURS, "a", "acme/prod")
    common = {"key": "a", "id": "asst_1", "created_at": 5.0, "holder": "ours", "owner": "acme/prod"}
    assert list_document([entry]) == [{**common, "name": "A", "model": None}]
    fields = {"name": "A", "tools": [], "metadata": {"team": "s"}}
    assert show_document(entry) == {**common, "fields": fields}


def test_unknown_metadata_is_not_shown_as_empty() -> None:
    entry = Listed(Remote("asst_1", 5.0, {"model": "o3"}, None), Holder.UNMANAGED)
    assert show_document(entry)["fields"] == {"model": "o3"}


def test_drift_of_a_tool_of_odd_shape_still_has_a_document() -> None:
    tools = pack(["not a map", {"type": "opaque"}])
    field = FieldChange(
        "tools.opaque", pack({"type": "opaque"}), pack({"type": "opaque", "x": 1}), Cause.DRIFT
    )
    change = Change(Action.UPDATE, "a", "asst_1", (field,), before={"tools": tools}, after={"tools": tools})
    (drift,) = plan_document(plan(change), timestamp=NOW, full=False)["resource_drift"]  # type: ignore[misc,union-attr]
    assert drift["change"]["before"]["tools"] == ["not a map", {"type": "opaque", "x": 1}]  # type: ignore[index,call-overload]
