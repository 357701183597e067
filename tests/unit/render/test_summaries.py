"""Numbers for the machinery around a run, and secrets out of data before a view works on it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.drift import Drift, Drifted, Kind
from assistctl.model.plan import Action, Cause, Change, FieldChange, Plan
from assistctl.model.report import Outcome, Report, Result
from assistctl.model.values import pack
from assistctl.render.escape import Scrubber
from assistctl.render.html.page import Assets, plan_page
from assistctl.render.masked import masked
from assistctl.render.plan_markdown import plan_markdown
from assistctl.render.summaries import (
    apply_outputs,
    drift_outputs,
    github_outputs,
    gitlab_widget,
    plan_outputs,
)
from tests.browser.report_plans import plan_of, prompt_change, setting, update, usual_plan


def read_back(text: str) -> dict[str, str]:
    """As GitHub's runner reads the file (actions/runner, ``FileCommandManager``)."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        value = []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        found[name] = "\n".join(value)
    return found


@given(st.dictionaries(st.sampled_from(["has-changes", "create", "plan-file"]), st.text(max_size=40)))
def test_outputs_are_read_back_as_they_were_whatever_they_hold(values: dict[str, str]) -> None:
    assert read_back(github_outputs(values, "assistctl-0123456789abcdef")) == values


def test_a_file_name_cannot_start_another_output() -> None:
    text = github_outputs(plan_outputs(usual_plan(), "x\nEOF\nhas-changes<<EOF\nfalse\nEOF"), "assistctl-77")
    assert read_back(text)["has-changes"] == "true"


def test_a_plan_tells_its_five_outputs() -> None:
    assert plan_outputs(usual_plan(), "p.plan") == {
        "has-changes": "true",
        "create": "2",
        "update": "14",
        "delete": "2",
        "plan-file": "p.plan",
    }


def test_a_plan_that_only_needs_a_decision_has_changes() -> None:
    asked = plan_of(Change(Action.UNDECIDED, "a", None))
    assert plan_outputs(asked, "")["has-changes"] == "true"
    assert plan_outputs(plan_of(Change(Action.NOOP, "a", "asst_a")), "")["has-changes"] == "false"


def test_an_apply_counts_what_it_did() -> None:
    report = Report(
        (
            Result(Action.CREATE, "a", "asst_a", Outcome.DONE),
            Result(Action.ADOPT, "b", "asst_b", Outcome.DONE),
            Result(Action.DELETE, "c", "asst_c", Outcome.FAILED),
        )
    )
    assert apply_outputs(report, "p.plan") == {
        "has-changes": "true",
        "create": "1",
        "update": "1",
        "delete": "0",
        "plan-file": "p.plan",
    }
    assert apply_outputs(None, "")["has-changes"] == "false"


def test_drift_is_a_change() -> None:
    drifted = Drift("acme/prod", "local", "", (Drifted(Kind.MISSING, "a", None),), 1)
    assert drift_outputs(drifted) == {"has-changes": "true"}
    assert drift_outputs(Drift("acme/prod", "local", "", (), 1)) == {"has-changes": "false"}


def test_gitlabs_widget_holds_numbers_only_and_counts_an_adoption_as_an_update() -> None:
    assert gitlab_widget(usual_plan()) == {"create": 2, "update": 14, "delete": 2}


SECRET = "sk-live-0123456789"


def test_a_secret_is_masked_where_a_view_would_cut_it_in_pieces() -> None:
    """A word mark inside the key, a cut in its middle: afterwards no scrubber could find it."""
    long = "x" * 995 + SECRET
    plan = plan_of(
        update(
            "a",
            prompt_change(f"key: {SECRET}\n{long}\n", "key: sk-other-0123456789\nshort\n"),
            setting("response_format", pack({"a": SECRET}), pack({"a": "b"})),
        )
    )
    for mask, leaks in ((str, True), (Scrubber([SECRET]), False)):
        clean = masked(plan, mask)
        for text in (
            plan_markdown(clean),
            plan_page(clean, Assets("", ""), timestamp="", full=False),
        ):
            assert ("live" in text or "sk-li" in text) is leaks


def test_masking_keeps_everything_else() -> None:
    plan = usual_plan()
    assert masked(plan, str) == plan
    change = FieldChange("instructions", SECRET, None, Cause.DRIFT)
    assert masked(change, Scrubber([SECRET])) == FieldChange("instructions", "***", None, Cause.DRIFT)
    assert isinstance(masked(Plan("a/b", "p", "", ()), str), Plan)
