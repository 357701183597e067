"""The plan as one page: nothing from outside, nothing that a text could add to it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistctl.model.plan import Action, Change, Plan
from assistctl.render.escape import UNSEEN, disarm
from assistctl.render.html import page
from assistctl.render.html.elements import Html, inlined, joined, tag
from assistctl.render.html.page import Assets, plan_page
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

FOLDER = Path(page.__file__).parent
ASSETS = Assets(*((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")))
VOID = {"meta", "link", "input", "col", "br"}


class _Page(HTMLParser):
    """Elements, attributes and text, and whether every element is closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def written(plan: Plan, *, full: bool = False) -> str:
    return plan_page(plan, ASSETS, timestamp="2026-11-22T10:00:00Z", full=full)


def parsed(html: str) -> _Page:
    found = _Page()
    found.feed(html)
    found.close()
    return found


def text_of(html: str) -> str:
    return " ".join("".join(parsed(html).text).split())


def test_the_summary_comes_first() -> None:
    html = written(usual_plan())
    assert "<title>acme-support/prod: Plan: 2 to add, 14 to change, 2 to destroy.</title>" in html
    assert "<strong>13</strong> <span>change</span>" in html
    assert html.index("Before you approve") < html.index('id="filter"') < html.index('id="changes"')


def test_decisions_and_deletions_come_before_everything_else() -> None:
    actions = re.findall(r'data-action="([a-z-]+)"', written(usual_plan()))
    assert actions == ["undecided", *["delete"] * 2, *["create"] * 2, *["update"] * 13, "adopt", "no-op"]


def test_a_changed_prompt_stands_side_by_side_with_its_words_marked() -> None:
    html = written(plan_of(update("a", prompt_change("- Be brief.\n", "- Be brief and polite.\n"))))
    assert "<ins> and polite</ins>" in html
    assert '<td class="old"><div dir="auto"><span class="unseen">removed: </span>- Be brief.</div>' in html


def test_settings_stand_in_a_table_with_now_after_and_why() -> None:
    html = written(usual_plan())
    assert ">Temperature</th>" in html
    text = text_of(html)
    assert "Temperature 0.7 0.2 changed outside, goes back".replace(" ", "") in text.replace(" ", "")


def test_a_kept_field_says_that_it_stays() -> None:
    assert "changed outside, stays as it is now" in written(usual_plan())


def test_a_hunk_that_many_share_is_shown_once_and_linked() -> None:
    html = written(shared_plan(1_000))
    assert html.count("<ins> or keys</ins>") == 1
    assert html.count('href="#shared-1"') == 1_000
    assert "The same in 1,000 assistants" in html


def test_a_new_assistant_shows_its_whole_prompt_and_its_tools() -> None:
    text = text_of(written(usual_plan()))
    assert "If a customer mentions self-harm" in text
    assert "Hands a message to a team." in text


def test_without_full_a_long_prompt_is_cut_and_counted() -> None:
    body = {"model": "gpt-4o", "instructions": "".join(f"line {i}\n" for i in range(1_000))}
    plan = plan_of(Change(Action.CREATE, "a", None, after=body))
    assert "600 more lines" in written(plan)
    assert "line 999" not in written(plan)
    assert "line 999" in written(plan, full=True)


def test_an_equal_stretch_of_a_very_long_line_is_left_out() -> None:
    before = "word " * 20_000
    html = written(plan_of(update("a", prompt_change(f"{before}old", f"{before}new"))))
    assert len(html) < 60_000
    assert "<ins>new</ins>" in html
    assert "equal characters" in html


def test_the_policy_of_the_page_allows_its_own_style_and_script_only() -> None:
    html = written(usual_plan())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    for name, element in (("style-src", "style"), ("script-src", "script")):
        (inline,) = re.findall(f"<{element}>(.*?)</{element}>", html, re.DOTALL)
        assert rules[name] == f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"
    assert {rules["base-uri"], rules["form-action"]} == {"'none'"}


def test_the_page_names_no_other_address_and_carries_no_code_in_attributes() -> None:
    found = parsed(written(usual_plan()))
    for element, name, value in found.attributes:
        assert not name.startswith("on"), (element, name)
        assert name not in ("style", "src", "srcset", "action", "formaction", "ping"), (element, name)
        if name == "href":
            assert value.startswith(("#", "data:,"))
    assert found.tags.count("script") == 1
    assert "url(" not in ASSETS.style
    assert "@import" not in ASSETS.style
    assert not re.search(r"innerHTML|eval|fetch|XMLHttp|document\.write", ASSETS.script)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute(text: str, full: bool) -> None:
    ours = [parsed(written(plan, full=full)) for plan in (usual_plan(), hostile_plan("harmless text"))]
    found = parsed(written(hostile_plan(text), full=full))
    assert set(found.tags) <= {name for page in ours for name in page.tags}
    attributes = {(element, name) for page in ours for element, name, _ in page.attributes}
    assert {(element, name) for element, name, _ in found.attributes} <= attributes
    assert found.tags.count("script") == 1


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("<>&\"'`/ \n\r\t\x1b\u202e:#[") | st.characters(), max_size=30))
def test_every_text_leaves_as_visible_text(text: str) -> None:
    html = written(hostile_plan(text))
    parsed(html)
    for line in html.split("\n"):
        assert disarm(line) == line
        assert not UNSEEN.search(line)


def test_ids_are_unique_and_every_link_has_its_target() -> None:
    found = parsed(written(usual_plan()))
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for _, name, value in found.attributes if name == "href" and value.startswith("#")}
    assert links <= set(ids)


def test_a_plan_without_changes_says_so() -> None:
    text = text_of(written(plan_of(Change(Action.NOOP, "a", "asst_a"))))
    assert "No changes. Your infrastructure matches the configuration." in text
    assert "Every assistant is as its files say." in text


def test_two_revisions_are_no_proposal() -> None:
    change = update("a", setting("model", "x", "y"))
    text = text_of(written(Plan("acme/prod", "HEAD~1 → now", "", (change,), offline=True)))
    assert "No remote was asked" in text
    assert "Left alone" not in text


def test_text_becomes_markup_in_one_place_only() -> None:
    assert tag("p", "<b>", Html("<i>x</i>"), title='"<') == '<p title="&quot;&lt;">&lt;b&gt;<i>x</i></p>'
    assert joined(["a\n\x1b", Html("<br>")]) == "a\\n\\x1b<br>"
    with pytest.raises(ValueError, match="its own end"):
        inlined("script", "x</SCRIPT>")
