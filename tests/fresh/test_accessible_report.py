"""The HTML report of a plan under axe-core, the checker of accessibility rules (npm: axe-core)."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import Show, chromium, show  # noqa: F401 - fixtures
from tests.browser.report_plans import hostile_plan, shared_plan, usual_plan
from tests.browser.test_browser_report import OPEN_ALL, quiet

from .conftest import Npm

pytestmark = pytest.mark.fresh


@pytest.fixture(scope="module")
def axe(npm: Npm) -> str:
    """The checker as a script."""
    return (npm("axe-core@4.14.1") / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [
        ("usual", 1200, "light"),
        ("usual", 390, "dark"),
        ("shared", 1200, "dark"),
        ("hostile", 390, "light"),
    ],
)
def test_axe_finds_nothing_serious(axe: str, show: Show, kind: str, width: int, scheme: str) -> None:  # noqa: F811
    plan = {"usual": usual_plan(), "shared": shared_plan(20), "hostile": hostile_plan("<b>@x</b> يا ::x::")}
    page = show(plan[kind], width=width, scheme=scheme)
    page.run(f"{axe};0")
    for expression in ("0", OPEN_ALL):
        page.run(expression)
        found = page.run("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
        assert [entry for entry in found if entry[0] in ("serious", "critical")] == [], json.dumps(found)
    quiet(page)
