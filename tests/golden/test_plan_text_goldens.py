"""The text plan, situation by situation. How to update the files: see ``conftest.py`` in this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistctl.model.plan import (
    ABSENT,
    Action,
    Candidate,
    Cause,
    Change,
    FieldChange,
    Plan,
    Refusal,
)
from assistctl.model.values import Json, pack
from assistctl.render.plan_text import plan_lines
from assistctl.render.style import texts

GOLDENS = Path(__file__).parent / "plan_text"
Golden = Callable[[str], None]

PROMPT = """You answer questions about invoices for Acme.

## Tone
- Be brief.
- Never promise a refund.

## Facts
- Invoices are sent on the first of the month.
- They are due within 30 days.
"""


def function(name: str, properties: dict[str, Json], **more: Json) -> dict[str, Json]:
    parameters: Json = {"type": "object", "properties": properties, "required": sorted(properties)}
    return {"type": "function", "function": {"name": name, **more, "parameters": parameters}}


LOOKUP = function(
    "lookup_invoice",
    {"number": {"type": "string", "description": "As printed, such as 2026-0042."}},
    description="Finds one invoice.",
)
REFUND = function("refund", {"amount": {"type": "number"}, "reason": {"type": "string"}})


def shown(*changes: Change, full: bool = False, **counts: object) -> str:
    plan = Plan("acme-support/prod", "aimlapi", "https://api.aimlapi.com", changes, **counts)  # type: ignore[arg-type]
    return "\n".join(texts(plan_lines(plan, full=full))) + "\n"


def update(*fields: FieldChange, key: str = "billing-bot", action: Action = Action.UPDATE) -> Change:
    return Change(action, key, "asst_abc123", fields)


def created() -> Change:
    tools: Json = [{"type": "code_interpreter"}, LOOKUP, REFUND]
    after = {
        "name": "Support triage",
        "model": "gpt-4o",
        "instructions": PROMPT,
        "tools": pack(tools),
        "temperature": 0.2,
        "response_format": pack({"type": "json_object"}),
        "metadata": pack({"team": "support", "tier": "1"}),
    }
    return Change(Action.CREATE, "support-triage", None, after=after)


def test_a_create_lists_its_fields_with_their_sizes(golden: Golden) -> None:
    golden(shown(created()))


def test_a_create_in_full_shows_prompt_and_schemas(golden: Golden) -> None:
    golden(shown(created(), full=True))


def test_the_three_usual_actions_in_one_plan(golden: Golden) -> None:
    after = PROMPT.replace("Be brief.", "Be brief and polite.")
    golden(
        shown(
            update(
                FieldChange("instructions", PROMPT, after, Cause.MANIFEST),
                FieldChange("temperature", 0.2, 0.7, Cause.DRIFT),
            ),
            Change(Action.NOOP, "faq-bot", "asst_noop"),
            Change(
                Action.DELETE, "old-bot", "asst_def456", before={"model": "gpt-4o", "instructions": PROMPT}
            ),
            Change(Action.CREATE, "support-triage", None, after={"model": "gpt-4o", "instructions": PROMPT}),
            unmanaged=7,
            foreign=3,
        )
    )


def test_a_changed_prompt_shows_its_hunk(golden: Golden) -> None:
    after = PROMPT.replace("30 days", "14 days").replace("- Never promise a refund.\n", "")
    golden(shown(update(FieldChange("instructions", PROMPT, after, Cause.MANIFEST))))


def test_changes_far_apart_in_a_prompt_show_a_hunk_each_under_its_heading(golden: Golden) -> None:
    sections = [f"## Part {n}\n" + "".join(f"Rule {n}.{i}\n" for i in range(12)) for n in range(4)]
    before = "".join(sections)
    after = before.replace("Rule 1.6\n", "Rule 1.6, revised\n").replace("Rule 3.9\n", "")
    golden(shown(update(FieldChange("instructions", before, after, Cause.MANIFEST))))


def test_a_lost_final_newline_and_a_carriage_return_are_visible(golden: Golden) -> None:
    change = FieldChange("instructions", "One\nTwo\n", "One\r\nTwo", Cause.DRIFT)
    golden(shown(update(change)))


def test_a_prompt_rewritten_beyond_400_lines_is_folded_and_says_so(golden: Golden) -> None:
    before = "".join(f"old {n}\n" for n in range(300))
    after = "".join(f"new {n}\n" for n in range(300))
    golden(shown(update(FieldChange("instructions", before, after, Cause.MANIFEST))))


def test_scalars_show_both_sides_and_the_cause(golden: Golden) -> None:
    golden(
        shown(
            update(
                FieldChange("name", "Billing", " Billing ", Cause.MANIFEST),
                FieldChange("description", None, "Answers questions about invoices.", Cause.MANIFEST),
                FieldChange("model", "gpt-4o-mini", "gpt-4o", Cause.MANIFEST),
                FieldChange("temperature", 0.2, 0.7, Cause.DRIFT),
                FieldChange("response_format", "auto", pack({"type": "json_object"}), Cause.MANIFEST),
            )
        )
    )


def test_a_long_description_is_compared_line_by_line(golden: Golden) -> None:
    before = "Answers questions about invoices and payments for all customers of Acme."
    golden(shown(update(FieldChange("description", before, before + " In German too.", Cause.MANIFEST))))


def test_metadata_entries_are_added_changed_and_removed_one_by_one(golden: Golden) -> None:
    golden(
        shown(
            update(
                FieldChange("metadata.owner", ABSENT, "ann", Cause.MANIFEST),
                FieldChange("metadata.team", "support", "billing", Cause.MANIFEST),
                FieldChange("metadata.tier", "1", None, Cause.REMOVED),
                FieldChange("metadata.zone", "eu", ABSENT, Cause.MANIFEST),
            )
        )
    )


def test_a_changed_tool_shows_the_paths_that_differ(golden: Golden) -> None:
    after = function(
        "lookup_invoice",
        {"number": {"type": "string", "pattern": "[0-9-]+"}, "year": {"type": "integer"}},
        description="Finds one invoice by its number, or all invoices of one customer in a given year.",
    )
    golden(shown(update(FieldChange("tools.lookup_invoice", pack(LOOKUP), pack(after), Cause.MANIFEST))))


def test_tools_that_come_and_go_are_shown_whole(golden: Golden) -> None:
    interpreter: Json = {"type": "code_interpreter"}
    golden(
        shown(
            update(
                FieldChange("tools.code_interpreter", pack(interpreter), ABSENT, Cause.REMOVED),
                FieldChange("tools.refund", ABSENT, pack(REFUND), Cause.MANIFEST),
            )
        )
    )


def test_a_conflict_shows_both_sides(golden: Golden) -> None:
    after = PROMPT.replace("30 days", "14 days")
    before = PROMPT.replace("30 days", "60 days")
    golden(
        shown(
            update(
                FieldChange("instructions", before, after, Cause.CONFLICT),
                FieldChange("temperature", 0.2, 0.7, Cause.CONFLICT),
            ),
            refusals=(
                Refusal(5, "billing-bot: 2 fields changed here and outside", "assistctl pull billing-bot"),
            ),
        )
    )


def test_a_removed_line_resets_to_the_servers_default(golden: Golden) -> None:
    golden(
        shown(
            update(
                FieldChange("top_p", 0.4, None, Cause.REMOVED),
                FieldChange("instructions", PROMPT, None, Cause.REMOVED),
            )
        )
    )


def test_an_adoption_counts_as_a_change_and_names_its_fields(golden: Golden) -> None:
    adopt = update(FieldChange("temperature", 1.0, 0.3, Cause.ADOPT), key="faq-bot", action=Action.ADOPT)
    plain = Change(Action.ADOPT, "greeter", "asst_greeter")
    golden(shown(adopt, plain))


def test_a_rename_names_the_former_key(golden: Golden) -> None:
    name = FieldChange("name", "old-bot", "new-bot", Cause.RENAME)
    golden(shown(Change(Action.UPDATE, "new-bot", "asst_1", (name,), previous_key="old-bot")))


def test_a_delete_in_full_shows_what_is_lost(golden: Golden) -> None:
    before = {"name": "Old", "description": None, "model": "gpt-4o", "instructions": PROMPT}
    golden(shown(Change(Action.DELETE, "old-bot", "asst_def456", before=before), full=True))


def test_undecided_twins_show_every_candidate_and_the_ways_out(golden: Golden) -> None:
    twins = (
        Candidate("asst_old", "Billing", 1_760_000_000, "acme-support/prod"),
        Candidate("asst_new", "Billing", 1_763_800_000, "acme-support/prod"),
    )
    golden(
        shown(
            Change(
                Action.UNDECIDED,
                "billing-bot",
                None,
                reason="2 assistants carry the marker of this key",
                candidates=twins,
                ways=("--adopt-oldest", "id: asst_old", "id: asst_new"),
            ),
            unmanaged=1,
        )
    )


def test_an_unowned_assistant_of_the_same_name_asks_for_a_decision(golden: Golden) -> None:
    golden(
        shown(
            Change(
                Action.UNDECIDED,
                "faq-bot",
                None,
                reason="an unowned assistant has the same name",
                candidates=(Candidate("asst_found", "faq-bot", 1_763_800_000),),
                ways=("--adopt=faq-bot", "id: asst_found", "--create-anyway"),
            ),
            created(),
        )
    )


def test_a_renamed_file_offers_the_alias_to_paste(golden: Golden) -> None:
    golden(
        shown(
            Change(
                Action.UNDECIDED,
                "invoice-bot",
                None,
                reason="it looks like billing-bot, which has no manifest any more: renamed?",
                candidates=(Candidate("asst_abc123", "Billing", 1_763_800_000, "acme-support/prod"),),
                ways=("aliases: [billing-bot]", "--create-anyway"),
            )
        )
    )


def test_nothing_to_do_says_no_changes(golden: Golden) -> None:
    heal = FieldChange("temperature", 0.2, 0.2, Cause.HEAL)
    golden(
        shown(
            Change(Action.NOOP, "billing-bot", "asst_1"),
            Change(Action.NOOP, "faq-bot", "asst_2", (heal,)),
            foreign=3,
        )
    )


def test_an_empty_project_on_an_empty_remote_says_no_changes(golden: Golden) -> None:
    golden(shown())


def test_kept_drift_alone_is_listed_and_never_called_no_changes(golden: Golden) -> None:
    kept = FieldChange("temperature", 0.2, 0.7, Cause.DRIFT, kept=True)
    prompt = FieldChange("instructions", PROMPT, PROMPT + "- Pay by card.\n", Cause.CONFLICT, kept=True)
    golden(shown(update(kept, prompt, action=Action.NOOP), Change(Action.NOOP, "faq-bot", "asst_2")))


def test_refusals_and_notes_stand_before_the_verdict(golden: Golden) -> None:
    golden(
        shown(
            Change(Action.DELETE, "old-bot", "asst_def456"),
            refusals=(
                Refusal(
                    6, "old-bot has prevent_destroy", "apply with --no-delete, or lift it in a first apply"
                ),
                Refusal(6, "1 deletion would be more than the 0 allowed"),
            ),
            notes=("2 assistants were changed while the list was read",),
        )
    )


def test_hostile_text_is_shown_and_never_obeyed(golden: Golden) -> None:
    evil = "\x1b[2Jx\r::error::y ##[group]z ##vso[task.complete]\u202eabc\U000e0041\u200b\x9b\x7f"
    lines = "::error::one\n  ::set-env name=A::b\n##[group]two\nplain\ttab\n" + evil
    tool: Json = {"type": "function", "function": {"name": evil, evil: [evil, lines]}}
    golden(
        shown(
            Change(
                Action.UPDATE,
                "::error::key",
                evil,
                (
                    FieldChange("name", evil[:50], "::error::" + evil[:40], Cause.MANIFEST),
                    FieldChange("instructions", "", lines, Cause.DRIFT),
                    FieldChange(f"metadata.{evil}", "##", "[group]", Cause.MANIFEST),
                    FieldChange(f"tools.{evil}", ABSENT, pack(tool), Cause.MANIFEST),
                ),
                reason=evil,
                previous_key=evil,
            ),
            Change(
                Action.UNDECIDED,
                "twin",
                None,
                reason="::error::" + evil,
                candidates=(Candidate(evil, lines, 1e300, evil),),
                ways=(evil,),
            ),
            refusals=(Refusal(5, evil, evil),),
            notes=(evil,),
        )
    )


def test_wide_characters_keep_the_columns(golden: Golden) -> None:
    golden(
        shown(
            update(
                FieldChange("name", "請求書ボット", "Rechnung für Café", Cause.MANIFEST),
                FieldChange("metadata.チーム", "営業", "サポート", Cause.DRIFT),
            )
        )
    )


def test_every_golden_file_belongs_to_a_test(stale_goldens: list[str]) -> None:
    assert stale_goldens == []
