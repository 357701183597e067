"""The plan as Markdown: short enough, complete in its numbers, and deaf to what texts ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistctl.model.drift import Drift, Drifted, Kind
from assistctl.model.plan import Action, Change, Plan
from assistctl.model.report import Outcome, Report, Result
from assistctl.render.drift import drift_markdown
from assistctl.render.escape import UNSEEN, disarm
from assistctl.render.markdown import Room, code, names
from assistctl.render.plan_markdown import plan_markdown
from assistctl.render.report_markdown import apply_markdown
from tests.browser.report_plans import (
    HOSTILE,
    hostile_plan,
    plan_of,
    prompt_change,
    setting,
    shared_plan,
    update,
    usual_plan,
)

LIMIT = 65_000


def created(number: int) -> Plan:
    return plan_of(
        *(
            Change(Action.CREATE, f"agent-{i:05}", None, after={"name": f"Agent {i}", "model": "gpt-4o"})
            for i in range(number)
        )
    )


def rewritten(number: int, lines: int) -> Plan:
    """Every prompt is new, and none like another."""
    return plan_of(
        *(
            update(
                f"agent-{i:05}",
                prompt_change(
                    "".join(f"old {i} {n}\n" for n in range(lines)),
                    "".join(f"new {i} {n}\n" for n in range(lines)),
                ),
            )
            for i in range(number)
        )
    )


def test_it_begins_with_the_mark_by_which_a_bot_finds_its_comment() -> None:
    lines = plan_markdown(usual_plan()).splitlines()
    assert lines[0] == "<!-- assistctl:plan:acme-support/prod -->"
    assert lines[3] == "**Plan: 2 to add, 14 to change, 2 to destroy.**"


def test_a_hunk_of_a_thousand_assistants_is_shown_once_with_all_their_names() -> None:
    text = plan_markdown(shared_plan(1_000))
    assert len(text) < LIMIT
    assert text.count("+ - Never share secrets or keys.") == 1
    assert text.count("- - Never share secrets.\n") == 1
    assert "the same in 1,000 assistants" in text
    for place in range(1_000):
        assert f"`support-agent-{place:04}`" in text


def test_names_that_find_no_room_are_counted() -> None:
    text = plan_markdown(shared_plan(3_000))
    assert len(text) < LIMIT
    listed = len(re.findall(r"`support-agent-\d+`", text))
    rest = re.search(r" and ([\d,]+) more\.", text)
    assert rest is not None
    assert listed + int(rest[1].replace(",", "")) == 3_000


def test_every_shared_change_is_shown_though_each_has_a_thousand_names() -> None:
    first, second = (shared_plan(2_000).changes[start : start + 1_000] for start in (0, 1_000))
    other = prompt_change("You are kind.\n", "You are strict.\n")
    plan = plan_of(*first, *(update(change.key, other) for change in second))
    text = plan_markdown(plan)
    assert len(text) < LIMIT
    assert text.count("+ - Never share secrets or keys.") == text.count("+ You are strict.") == 1
    assert text.count("the same in 1,000 assistants") == 2


def test_context_that_differs_does_not_hide_that_a_hunk_is_the_same() -> None:
    first = prompt_change("alpha\nshared\nold\nend\n", "alpha\nshared\nnew\nend\n")
    second = prompt_change("beta\nshared\nold\nend\nmore\n", "beta\nshared\nnew\nend\nmore\n")
    text = plan_markdown(plan_of(update("a", first), update("b", second)))
    assert text.count("+ new") == 1
    assert "alpha" not in text
    assert "  shared\n" in text
    assert "In 2 assistants: `a`, `b`." in text


def test_what_only_one_has_stands_in_its_own_section_beside_the_shared_part() -> None:
    both = prompt_change("old\n", "new\n")
    warmer = setting("temperature", 0.2, 0.4)
    text = plan_markdown(plan_of(update("a", both, warmer), update("b", both)))
    own = text.partition("<b>update</b> <code>a</code>")[2]
    assert "temperature    0.2 → 0.4" in own
    assert "and shared change 1" in own
    assert "<code>b</code>" not in text


def test_an_adoption_keeps_its_section_though_others_change_in_the_same_way() -> None:
    both = prompt_change("old\n", "new\n")
    adopted = Change(Action.ADOPT, "b", "asst_b", (both,), reason="unowned, of the same name")
    text = plan_markdown(plan_of(update("a", both), adopted))
    assert text.count("+ new") == 1
    assert "<b>adopt</b> <code>b</code> <code>asst_b</code>" in text
    assert "and shared change 1" in text.partition("<b>adopt</b>")[2]


def test_the_same_small_change_is_told_once_only_from_five_assistants_on() -> None:
    newer = setting("model", "gpt-4o", "gpt-4.1")
    keys = ["a", "b", "c", "d", "e"]
    assert plan_markdown(plan_of(*(update(key, newer) for key in keys[:4]))).count("→ gpt-4.1") == 4
    assert plan_markdown(plan_of(*(update(key, newer) for key in keys))).count("→ gpt-4.1") == 1


def test_changes_with_different_causes_are_not_the_same_change() -> None:
    mine = prompt_change("old\n", "new\n")
    outside = update("b", *shared_cause(mine))
    text = plan_markdown(plan_of(update("a", mine), outside))
    assert "shared change" not in text


def shared_cause(change: object) -> Iterator[object]:
    from dataclasses import replace

    from assistctl.model.plan import Cause, FieldChange

    assert isinstance(change, FieldChange)
    yield replace(change, cause=Cause.DRIFT)


def test_twins_with_one_key_keep_a_section_each() -> None:
    old = Change(Action.DELETE, "a", "asst_2", before={"model": "gpt-4o"})
    text = plan_markdown(plan_of(update("a", setting("model", "x", "y")), old))
    assert "<b>delete</b> <code>a</code> <code>asst_2</code>" in text
    assert "<b>update</b> <code>a</code> <code>asst_a</code>" in text


def test_decisions_and_deletions_come_first() -> None:
    text = plan_markdown(usual_plan())
    kinds = re.findall(r"<details><summary><b>([a-z-]+)", text)
    assert kinds[:3] == ["undecided", "delete", "delete"]
    assert "delete" not in kinds[3:]


@pytest.mark.parametrize(
    "plan",
    [created(5_000), rewritten(300, 30), rewritten(2, 15_000), rewritten(1, 5), shared_plan(10_000)],
    ids=["many new", "many rewritten", "two huge", "small", "ten thousand"],
)
def test_it_is_always_short_enough_and_every_change_is_shown_or_counted(plan: Plan) -> None:
    text = plan_markdown(plan)
    assert len(text) < LIMIT
    more = re.search(r"\*\*([\d,]+) more assistants? not shown in full here\*\*", text)
    missing = int(more[1].replace(",", "")) if more else 0
    sections = len(re.findall(r"<b>(?:create|update)</b>", text))
    shared = re.search(r"the same in ([\d,]+) assistants", text)
    assert sections + missing + (int(shared[1].replace(",", "")) if shared else 0) == len(plan.changes)


def test_a_section_that_is_too_long_says_how_much_is_missing() -> None:
    assert re.search(r"… [\d,]+ more lines\n```", plan_markdown(rewritten(1, 20_000)))


def test_a_prompt_in_one_very_long_line_still_shows_what_changes() -> None:
    before = "Answer politely. " * 3_000
    after = before[:20_000] + "NEVER EVER " + before[20_000:]
    assert "NEVER EVER" in plan_markdown(plan_of(update("a", prompt_change(before, after))))


def test_nothing_to_do_is_said_to_the_letter() -> None:
    quiet = plan_of(Change(Action.NOOP, "a", "asst_a"))
    text = plan_markdown(quiet)
    assert "**No changes. Your infrastructure matches the configuration.**" in text
    assert "<details>" not in text


TEXTS = st.text(st.sampled_from("ab`~<>&@#|$:/*_[]()!\\\n\t\r\x1b\u202e ") | st.characters(), max_size=40)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_no_line_is_a_command_for_a_ci_runner_and_none_holds_a_control(text: str) -> None:
    written = plan_markdown(hostile_plan(text))
    for line in written.split("\n"):
        assert disarm(line) == line
        assert not UNSEEN.search(line)


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(4_000, 20_000))
def test_no_text_makes_it_longer_than_its_room(texts: list[str], most: int) -> None:
    for text in texts:
        written = plan_markdown(hostile_plan(text * 40), room=Room(most, lambda part: len(part.encode())))
        assert len(written.encode()) <= most


class _Page(HTMLParser):
    """What GitHub's own renderer made of it: elements, and text outside code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.prose: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.prose.append(data)


def rendered(markdown: str) -> _Page:
    """Through cmark-gfm, GitHub's renderer, raw HTML let through and every extension on."""
    cmarkgfm = pytest.importorskip("cmarkgfm", reason="cmarkgfm is in the dependency group 'test'")
    from cmarkgfm.cmark import Options

    extensions = ["table", "autolink", "strikethrough", "tasklist"]
    html = cmarkgfm.markdown_to_html_with_extensions(
        markdown, options=Options.CMARK_OPT_UNSAFE, extensions=extensions
    )
    page = _Page()
    page.feed(html)
    return page


@pytest.mark.parametrize("text", HOSTILE)
def test_githubs_renderer_sees_hostile_text_in_code_only(text: str) -> None:
    plan = hostile_plan(text)
    for markdown in (
        plan_markdown(plan, full=True),
        drift_markdown(hostile_drift(plan)),
        apply_markdown(plan, hostile_report(plan)),
        apply_markdown(plan, None),
    ):
        page = rendered(markdown)
        assert page.tags <= {"details", "summary", "b", "pre", "code", "h3", "p", "strong"}
        assert page.attributes <= {"lang", "class"}
        prose = "".join(page.prose)
        assert not re.search(r"[@#!]\w|evil|alert|pwned|Approved|approve", prose.replace("#x", "")), prose


def hostile_drift(plan: Plan) -> Drift:
    changes = [change for change in plan.changes if change.fields]
    items = tuple(
        Drifted(Kind.CHANGED, change.key, change.id, change.fields, detail=change.reason)
        for change in changes
    )
    undecided = plan.of(Action.UNDECIDED)[0]
    twins = Drifted(Kind.TWINS, undecided.key, None, candidates=undecided.candidates, detail=plan.owner)
    return Drift(plan.owner, plan.provider, plan.origin, (*items, twins), 9)


def hostile_report(plan: Plan) -> Report:
    ends = list(Outcome)
    return Report(
        tuple(
            Result(change.action, change.key, change.id, ends[i % len(ends)], plan.owner, 7, (plan.owner,))
            for i, change in enumerate(plan.writes)
        )
    )


def test_the_mark_of_a_comment_cannot_be_ended_by_an_owner() -> None:
    text = plan_markdown(Plan("a--><b>/x", "p", "", ()))
    assert text.startswith("<!-- assistctl:plan:a--__b_/x -->\n")


@given(st.text(min_size=1, max_size=30))
def test_no_run_of_backticks_inside_a_code_span_ends_it(text: str) -> None:
    span = code(text)
    fence = re.match("`+", span)
    assert fence is not None
    inside = span.removeprefix(fence[0]).removesuffix(fence[0])
    assert fence[0] not in re.findall("`+", inside)
    assert not inside.startswith("`")
    assert not inside.endswith("`")


def test_no_names_fit_into_no_room() -> None:
    assert names(["a", "b"], Room(0)) == "2"


def test_an_apply_tells_how_it_ended_before_what_was_planned() -> None:
    plan = plan_of(update("a", setting("model", "x", "y")), update("b", setting("model", "x", "z")))
    report = Report(
        (
            Result(Action.UPDATE, "a", "asst_a", Outcome.DONE),
            Result(Action.UPDATE, "b", "asst_b", Outcome.FAILED, "the model does not exist", 7),
        )
    )
    text = apply_markdown(plan, report)
    assert text.startswith("<!-- assistctl:apply:acme-support/prod -->\n")
    assert "**Apply incomplete! Resources: 0 added, 1 changed, 0 destroyed; 0 skipped, 1 failed" in text
    assert text.index("~ b failed asst_b: the model does not exist") < text.index("~ a updated asst_a")


def test_an_apply_that_was_refused_or_declined_says_that_nothing_changed() -> None:
    assert "**Apply refused: nothing was changed.**" in apply_markdown(usual_plan(), None)
    assert "sales-qualifier has prevent_destroy" in apply_markdown(usual_plan(), None)
    assert "**Apply cancelled: nothing was changed.**" in apply_markdown(usual_plan(), None, declined=True)


def test_a_drift_report_is_short_enough_and_names_what_it_leaves_out() -> None:
    fields = (prompt_change("".join(f"a{i}\n" for i in range(60)), "b\n"),)
    items = tuple(Drifted(Kind.CHANGED, f"agent-{i:05}", "asst", fields) for i in range(800))
    text = drift_markdown(Drift("acme/prod", "local", "", items, 800))
    assert len(text) < LIMIT
    assert text.startswith("<!-- assistctl:drift:acme/prod -->\n")
    more = re.search(r"\*\*([\d,]+) more assistants not shown in full here\*\*", text)
    assert more is not None
    assert int(more[1].replace(",", "")) + text.count("<b>changed</b>") == 800
