"""The page in a real browser: headless Chromium, where one is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistctl.model.plan import Plan
from assistctl.render.html import page as html_page
from assistctl.render.html.page import Assets, plan_page

from .chromium import Chromium, Page, installed, running

_FOLDER = Path(html_page.__file__).parent
Show = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for a module; Debian's package is called chromium."""
    if installed() is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with running(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def show(chromium: Chromium, tmp_path: Path) -> Iterator[Show]:
    """``show(plan, anchor="", width=…, scheme=…, script=…)`` opens the page of a plan."""
    pages: list[Page] = []

    def opened(plan: Plan, anchor: str = "", **look: object) -> Page:
        assets = Assets(*((_FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")))
        path = tmp_path / "plan.html"
        text = plan_page(plan, assets, timestamp="2026-11-22T10:00:00Z")
        path.write_text(text, encoding="utf-8", newline="\n")
        page = chromium.page()
        pages.append(page)
        page.look(**look)  # type: ignore[arg-type]
        page.open(path, anchor)
        return page

    yield opened
    for page in pages:
        page.close()
