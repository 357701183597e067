"""The plan as JSON under other people's tools: Rego policies, and programs that read Terraform plans."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistctl.model.plan import Action, Cause, Change, Plan
from assistctl.model.values import pack
from assistctl.render.json_text import json_text
from assistctl.render.plan_json import plan_document
from tests.browser.report_plans import hostile_plan, plan_of, setting, update, usual_plan

POLICIES = sorted((Path(__file__).parents[2] / "examples/policies").glob("*.rego"))


def document(plan: Plan, *, full: bool = False) -> str:
    return json_text(plan_document(plan, timestamp="2026-11-22T10:00:00Z", full=full))


def asked(plan: Plan, query: str) -> Any:
    """The answer to a query over the example policies, all of them together."""
    regopy = pytest.importorskip("regopy", reason="regopy is in the dependency group 'test'")
    rego = regopy.Interpreter()
    for path in POLICIES:
        rego.add_module(path.stem, path.read_text(encoding="utf-8"))
    rego.set_input(json.loads(document(plan)))
    return json.loads(str(rego.query(query)))["expressions"][0]


def judged(plan: Plan, rule: str) -> set[str]:
    """The sentences of one rule."""
    return set(asked(plan, f"data.main.{rule}"))


def deletion(key: str, **metadata: str) -> Change:
    return Change(
        Action.DELETE, key, f"asst_{key}", before={"model": "gpt-4o", "metadata": pack({**metadata})}
    )


def test_there_are_policies() -> None:
    assert [path.stem for path in POLICIES] == ["deletions", "drift", "models"]


def test_a_critical_assistant_must_not_be_deleted() -> None:
    plan = plan_of(deletion("billing", tier="critical"), deletion("old", tier="trial"), deletion("older"))
    assert judged(plan, "deny") == {"assistant.billing is critical and would be deleted"}


def test_many_deletions_at_once_are_refused() -> None:
    plan = plan_of(*(deletion(f"bot-{i}") for i in range(6)))
    assert judged(plan, "deny") == {"6 assistants would be deleted, at most 5 may be"}
    assert judged(plan_of(*plan.changes[:5]), "deny") == set()


def test_a_model_outside_the_list_is_refused_on_create_update_and_adopt() -> None:
    body = {"model": "gpt-3.5-turbo", "instructions": "x"}
    plan = plan_of(
        Change(Action.CREATE, "new", None, after=body),
        Change(Action.ADOPT, "taken", "asst_2", before=body, after=body),
        Change(Action.UPDATE, "fine", "asst_3", before=body, after={**body, "model": "gpt-4o"}),
        Change(Action.NOOP, "quiet", "asst_4", before=body, after=body),
    )
    assert judged(plan, "deny") == {
        "assistant.new would use the model gpt-3.5-turbo",
        "assistant.taken would use the model gpt-3.5-turbo",
    }


def test_a_long_prompt_and_an_outside_edit_are_warned_about() -> None:
    long = {"model": "gpt-4o", "instructions": "x" * 20_001}
    plan = plan_of(
        Change(Action.CREATE, "new", None, after=long),
        update("old", setting("temperature", 0.7, 0.2, Cause.DRIFT), setting("top_p", 1, 0.5)),
    )
    assert judged(plan, "warn") == {
        "the prompt of assistant.new has 20001 characters",
        "old: temperature was changed outside",
    }


def test_hostile_text_stays_text_in_a_policy() -> None:
    """Counted, since regopy's own output does not escape quotes."""
    plan = plan_of(replace(deletion("a", tier="critical"), key='"}\n::error::\\u0000 ${x} \u202e'))
    assert asked(plan, "count(data.main.deny)") == 1
    assert asked(plan, 'count([c | some c in data.main.deletions; contains(c.name, "::error::")])') == 1


def ran(tmp_path: Path, program: str, *words: str, plan: Plan, full: bool = False) -> str:
    """A program of the test environment that reads the plan as ``plan.json``."""
    script = Path(sys.executable).with_name(program)
    if not script.exists():
        pytest.skip(f"{program} is in the dependency group 'test'")
    (tmp_path / "plan.json").write_text(document(plan, full=full), encoding="utf-8")
    done = subprocess.run(
        [str(script), *words, "plan.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_readtheplan_counts_and_rates_the_changes(tmp_path: Path) -> None:
    found = json.loads(ran(tmp_path, "readtheplan", "analyze", "--format", "json", plan=usual_plan()))
    assert found["actions"] == {"create": 2, "delete": 2, "no-op": 23, "update": 14}
    deleted = {entry["address"] for entry in found["changes"] if entry["risk"] == "irreversible"}
    assert deleted == {"assistant.release-notes", "assistant.sales-qualifier"}


def test_tofui_makes_its_report(tmp_path: Path) -> None:
    printed = ran(tmp_path, "tofui", "--build-name", "report", plan=usual_plan())
    assert "2 to create, 14 to update, 2 to delete" in printed
    assert "assistant.billing-bot" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_full_plan_and_a_hostile_one_are_read_as_well(tmp_path: Path) -> None:
    for plan in (usual_plan(), hostile_plan("</script>\x1b[2J\u202e")):
        assert "Report generated" in ran(tmp_path, "tofui", "--build-name", "report", plan=plan, full=True)
