"""The plan as a page, without its style and script. How to update the files: see ``conftest.py`` here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assistctl.model.plan import ABSENT, Cause
from assistctl.model.values import pack
from assistctl.render.html.page import Assets, plan_page
from tests.browser.report_plans import function, plan_of, prompt_change, setting, update

GOLDENS = Path(__file__).parent / "plan_html"
SUFFIX = ".html"
Golden = Callable[[str], None]


def test_a_prompt_a_setting_and_a_tool(golden: Golden) -> None:
    refund = function("refund", {"amount": {"type": "number"}}, "Starts a refund.")
    plan = plan_of(
        update(
            "billing-bot",
            prompt_change("## Tone\n- Be brief.\n- <b>\n", "## Tone\n- Be brief & polite.\n- New\n- <b>"),
            setting("temperature", 0.7, 0.2, Cause.DRIFT),
            setting("tools.refund", ABSENT, pack(refund)),
        )
    )
    page = plan_page(plan, Assets("", ""), timestamp="2026-11-22T10:00:00Z")
    # One element a line, for people who read the difference.
    golden(page.replace("><", ">\n<"))


def test_every_golden_file_belongs_to_a_test(stale_goldens: list[str]) -> None:
    assert stale_goldens == []
