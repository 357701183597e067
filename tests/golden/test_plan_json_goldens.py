"""The plan as data. How to update the files: see ``conftest.py`` in this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistctl.model.plan import ABSENT, Action, Candidate, Cause, Change, FieldChange, Plan, Refusal
from assistctl.model.values import Json, pack
from assistctl.render.json_text import json_text
from assistctl.render.plan_json import plan_document

GOLDENS = Path(__file__).parent / "plan_json"
SUFFIX = ".json"
Golden = Callable[[str], None]

REFUND: Json = {"type": "function", "function": {"name": "refund"}}
SEARCH: Json = {"type": "file_search"}


def document(*changes: Change, full: bool = False, **more: object) -> str:
    plan = Plan("acme/prod", "aimlapi", "https://api.aimlapi.com", changes, **more)  # type: ignore[arg-type]
    return json_text(plan_document(plan, timestamp="2026-11-22T10:00:00Z", full=full)) + "\n"


def test_every_action_in_terraforms_shape(golden: Golden) -> None:
    before = {"model": "gpt-4o", "temperature": 0.2, "metadata": pack({"team": "support"})}
    after = {**before, "temperature": 0.7}
    warmer = FieldChange("temperature", 0.2, 0.7, Cause.MANIFEST)
    healed = FieldChange("model", "gpt-4o", "gpt-4o", Cause.HEAL)
    golden(
        document(
            Change(Action.ADOPT, "a", "asst_a", (warmer,), before=before, after=after, base="f00"),
            Change(
                Action.CREATE, "b", None, reason="no assistant carries this key", after=after, file="b.yaml"
            ),
            Change(Action.DELETE, "c", "asst_c", before=before, base="f01"),
            Change(Action.NOOP, "d", "asst_d", (healed,), before=before, after=before),
            Change(Action.UPDATE, "e", "asst_e", (warmer,), "", "old-e", before=before, after=after),
            Change(
                Action.UNDECIDED,
                "f",
                None,
                reason="an unowned assistant has the same name",
                candidates=(Candidate("asst_f", "f", 1_763_800_000),),
                ways=("--adopt=f",),
            ),
            unmanaged=1,
            foreign=2,
            refusals=(Refusal(6, "c has prevent_destroy", "apply with --no-delete"),),
            notes=("the list changed while it was read",),
        )
    )


def test_a_no_op_has_bodies_only_in_full(golden: Golden) -> None:
    body = {"model": "gpt-4o"}
    golden(document(Change(Action.NOOP, "d", "asst_d", before=body, after=body), full=True))


def test_drift_tells_what_was_applied_and_what_the_remote_holds(golden: Golden) -> None:
    before = {
        "temperature": 0.2,
        "tools": pack([SEARCH, REFUND]),
        "metadata": pack({"team": "sales", "zone": "eu"}),
    }
    fields = (
        FieldChange("temperature", 0.2, 0.7, Cause.DRIFT),
        FieldChange("metadata.team", "sales", "support", Cause.DRIFT),
        FieldChange("metadata.tier", ABSENT, "1", Cause.DRIFT),
        FieldChange("tools.file_search", pack(SEARCH), ABSENT, Cause.DRIFT),
        FieldChange("model", "gpt-4o", "gpt-4.1", Cause.MANIFEST),
    )
    golden(document(Change(Action.UPDATE, "e", "asst_e", fields, before=before, after=before)))


def test_hostile_text_leaves_as_escapes_of_the_same_json(golden: Golden) -> None:
    evil = "::error::\x1b[2J\r\x7f\x9b\u202e\u200b\U000e0041 ##[group] ##vso[x]y\t\u2028é"
    golden(document(Change(Action.CREATE, "b", None, reason=evil, after={"instructions": evil})))


def test_every_golden_file_belongs_to_a_test(stale_goldens: list[str]) -> None:
    assert stale_goldens == []
