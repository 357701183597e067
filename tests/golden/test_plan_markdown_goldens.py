"""The plan as Markdown. How to update the files: see ``conftest.py`` in this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistctl.model.drift import Drift, Drifted, Kind
from assistctl.model.plan import Action, Candidate, Cause
from assistctl.model.report import Outcome, Report, Result
from assistctl.render.drift import drift_markdown
from assistctl.render.markdown import Room
from assistctl.render.plan_markdown import plan_markdown
from assistctl.render.report_markdown import apply_markdown
from tests.browser.report_plans import (
    HOSTILE,
    hostile_plan,
    plan_of,
    prompt,
    prompt_change,
    safer,
    setting,
    shared_plan,
    update,
    usual_plan,
)

GOLDENS = Path(__file__).parent / "plan_markdown"
SUFFIX = ".md"
Golden = Callable[[str], None]


def test_every_action_and_cause_in_one_comment(golden: Golden) -> None:
    golden(plan_markdown(usual_plan()))


def test_a_hunk_that_several_share_is_shown_once(golden: Golden) -> None:
    fields = [prompt_change(prompt(key), safer(prompt(key))) for key in ("a", "b", "c")]
    warmer = setting("temperature", 0.2, 0.7, Cause.DRIFT)
    golden(
        plan_markdown(plan_of(update("a", fields[0], warmer), update("b", fields[1]), update("c", fields[2])))
    )


def test_what_finds_no_room_is_counted_and_named(golden: Golden) -> None:
    golden(plan_markdown(usual_plan(), room=Room(3_000)))


def test_names_beyond_the_room_are_counted(golden: Golden) -> None:
    golden(plan_markdown(shared_plan(500), room=Room(2_000)))


def test_hostile_text_is_shown_as_code(golden: Golden) -> None:
    golden(plan_markdown(hostile_plan(" ".join(HOSTILE[5:12]))))


def test_nothing_to_do(golden: Golden) -> None:
    golden(plan_markdown(plan_of(unmanaged=2)))


def test_an_apply_tells_its_end_first(golden: Golden) -> None:
    plan = plan_of(update("a", setting("model", "x", "y")), update("b", setting("model", "x", "z")))
    results = (
        Result(Action.UPDATE, "a", "asst_a", Outcome.DONE, warnings=("top_p was not stored",)),
        Result(Action.UPDATE, "b", "asst_b", Outcome.UNKNOWN, "no answer within 60 s", 4),
    )
    golden(apply_markdown(plan, Report(results)))


def test_drift_folds_a_section_per_assistant(golden: Golden) -> None:
    twins = (
        Candidate("asst_1", "Bot", 1_763_800_000, "acme/prod"),
        Candidate("asst_2", "Bot", 1_763_800_900),
    )
    items = (
        Drifted(Kind.CHANGED, "a", "asst_a", (setting("temperature", 0.2, 0.7, Cause.DRIFT),)),
        Drifted(Kind.MISSING, "b", None, detail="no assistant on the remote stands for it"),
        Drifted(Kind.TWINS, "c", None, candidates=twins),
    )
    golden(drift_markdown(Drift("acme/prod", "aimlapi", "https://api.aimlapi.com", items, 9)))


def test_every_golden_file_belongs_to_a_test(stale_goldens: list[str]) -> None:
    assert stale_goldens == []
