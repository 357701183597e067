"""Reports, findings, tables and resolved manifests. How to update the files: see ``conftest.py`` here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from assistctl.model.assistant import Desired, Remote
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.listing import Holder, Listed
from assistctl.model.plan import Action
from assistctl.model.report import Outcome, Report, Result
from assistctl.model.values import pack
from assistctl.render.diagnostics import diagnostic_lines, diagnostics_summary
from assistctl.render.report_text import closing_lines, destroy_closing_lines, result_lines
from assistctl.render.style import Line, texts
from assistctl.render.tables import ids_env, ids_lines, list_lines, show_lines
from assistctl.render.yaml_view import resolved_yaml

GOLDENS = Path(__file__).parent / "views"
Golden = Callable[[str], None]


def shown(lines: Iterable[Line]) -> str:
    return "\n".join(texts(lines)) + "\n"


def told(report: Report, closing: Iterable[Line]) -> str:
    return shown([*(line for result in report.results for line in result_lines(result)), *closing])


DONE = Outcome.DONE

COMPLETE = Report(
    (
        Result(Action.UPDATE, "billing-bot", "asst_abc123", DONE, warnings=("top_p was rewritten to 0.5",)),
        Result(Action.ADOPT, "faq-bot", "asst_found", DONE),
        Result(Action.DELETE, "old-bot", "asst_def456", DONE),
        Result(Action.CREATE, "support-triage", "asst_new", DONE),
    )
)

INCOMPLETE = Report(
    (
        Result(Action.CREATE, "a-bot", "asst_a", DONE),
        Result(Action.UPDATE, "b-bot", "asst_b", Outcome.SKIPPED, "it was changed since the plan", 5),
        Result(Action.UPDATE, "c-bot", "asst_c", Outcome.FAILED, "400: model gpt-9 does not exist", 3),
        Result(Action.CREATE, "d-bot", None, Outcome.UNKNOWN, "the connection was lost", 4),
        Result(Action.DELETE, "e-bot", "asst_e", Outcome.NOT_STARTED),
        Result(Action.DELETE, "f-bot", "asst_f", Outcome.FAILED, "\x1b[31m::error::\r\nbad", 7),
    )
)


def test_a_complete_apply_says_what_it_did(golden: Golden) -> None:
    golden(told(COMPLETE, closing_lines(COMPLETE)))


def test_an_incomplete_apply_counts_every_outcome(golden: Golden) -> None:
    golden(told(INCOMPLETE, closing_lines(INCOMPLETE)))


def test_an_apply_without_changes_says_so_first(golden: Golden) -> None:
    golden(told(Report(()), closing_lines(Report(()))))


def test_an_apply_that_only_kept_drift_never_says_no_changes(golden: Golden) -> None:
    golden(told(Report(()), closing_lines(Report(()), open_questions=2)))


def test_a_destroy_ends_as_terraform_does(golden: Golden) -> None:
    report = Report((Result(Action.DELETE, "old-bot", "asst_def456", DONE),))
    golden(told(report, destroy_closing_lines(report)))


def test_an_interrupted_destroy_is_incomplete(golden: Golden) -> None:
    results = (
        Result(Action.DELETE, "a-bot", "asst_a", DONE),
        Result(Action.DELETE, "b-bot", "asst_b", Outcome.NOT_STARTED),
    )
    report = Report(results, interrupted=130)
    golden(told(report, destroy_closing_lines(report)))


def test_findings_are_sorted_by_place_and_summed_up(golden: Golden) -> None:
    found = [
        Diagnostic("b.yaml", 2, 10, "AC103", "temperature: 3 is above 2"),
        Diagnostic("b.yaml", 2, 9, "AC701", "a zero-width \u200b character", Severity.WARNING),
        Diagnostic("b.yaml", 10, 1, "AC101", "unknown key 'modle' (did you mean 'model'?)"),
        Diagnostic("a.yaml", 1, 1, "AC801", "o3 is shut down on 2026-12-11", Severity.NOTICE),
        Diagnostic("a.yaml", 1, 1, "AC801", "o3 is shut down on 2026-12-11", Severity.NOTICE),
        Diagnostic("::error file=x::y", 1, 1, "AC001", "\x1b[1m##[error]hostile"),
    ]
    golden(shown([*diagnostic_lines(found), diagnostics_summary(found, 14)]))


def test_the_list_tells_ours_from_others_and_unmanaged(golden: Golden) -> None:
    fields = {"name": "請求書 Bot", "model": "gpt-4o"}
    golden(
        shown(
            list_lines(
                [
                    Listed(
                        Remote("asst_1", 1_763_800_000, fields, {}), Holder.OURS, "billing-bot", "acme/prod"
                    ),
                    Listed(
                        Remote("asst_22222", 1_763_900_000, {"name": None, "model": "o3"}, {}),
                        Holder.OTHER,
                        "faq",
                        "shop/prod",
                    ),
                    Listed(Remote("asst_3", 0, {"name": "\x1b]0;evil\x07::x::"}, None), Holder.UNMANAGED),
                ]
            )
        )
    )


def test_show_gives_every_field_whole_but_not_our_marker(golden: Golden) -> None:
    fields = {
        "name": "Billing",
        "model": "gpt-4o",
        "instructions": "Be brief.\n\n\tBe kind.\n",
        "tools": pack([{"type": "code_interpreter"}]),
        "temperature": 1.0,
        "description": None,
    }
    remote = Remote(
        "asst_1", 1_763_800_000, fields, {"assistctl": "1 acme/prod billing-bot", "team": "support"}
    )
    golden(shown(show_lines(Listed(remote, Holder.OURS, "billing-bot", "acme/prod"))))


def test_ids_for_people_and_for_shells(golden: Golden) -> None:
    ids = {"faq_2": "asst_22222", "billing-bot": "asst_1"}
    golden(shown(ids_lines(ids)) + "\n" + "\n".join(ids_env(ids)) + "\n")


def test_resolved_manifests_as_yaml_name_their_sources(golden: Golden) -> None:
    billing = Desired(
        "billing-bot",
        {
            "name": "Billing",
            "model": "gpt-4o",
            "instructions": "## Tone\n- Be brief.\n\n  Never say: no\n",
            "tools": pack([{"type": "function", "function": {"name": "refund", "strict": True}}]),
            "temperature": None,
            "response_format": "auto",
        },
        {"team": "no", "tier": None},
    )
    hostile = Desired("hostile", {"instructions": "One\n  ::error::two\n##[group]\u202e\n", "name": "##[x]"})
    origins = {
        "billing-bot": {"instructions": "assistants/billing.md:1", "tools": "assistants/refund.json:1"},
        "hostile": {"name": "a\x1b##[b].yaml:1"},
    }
    golden(resolved_yaml([billing, hostile], origins))


def test_every_golden_file_belongs_to_a_test(stale_goldens: list[str]) -> None:
    assert stale_goldens == []
