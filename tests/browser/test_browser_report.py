"""What a reviewer meets: the page works, asks nobody, obeys no text, and can be read by everybody."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from .chromium import Page
from .conftest import Show
from .report_plans import HOSTILE, hostile_plan, shared_plan, usual_plan

SHOWN = (
    "[...document.querySelectorAll('#changes > details')].filter(d => !d.hidden).map(d => d.dataset.action)"
)
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"


def settled(page: Page, expression: str) -> Any:
    """The value of an expression once the page has had time to react to typing."""
    return page.run(f"new Promise(done => setTimeout(done, 200)).then(() => {expression})")


def quiet(page: Page) -> None:
    """Nothing was asked for but the file itself, and the console has nothing to say."""
    assert page.complaints == []
    assert {url.partition(":")[0] for url in page.requests} <= {"file", "data"}
    assert page.dialogs == 0


def test_the_filter_finds_words_inside_prompts(show: Show) -> None:
    page = show(usual_plan())
    assert page.run("document.getElementById('shown').value") == "20 of 20 shown"
    page.run("document.getElementById('find').focus()")
    page.type("Fridays")
    assert settled(page, "document.getElementById('shown').value") == "1 of 20 shown"
    assert page.run(SHOWN) == ["update"]
    quiet(page)


def test_the_filter_hides_kinds_of_changes_and_says_when_nothing_is_left(show: Show) -> None:
    page = show(usual_plan())
    page.run("document.querySelector('#filter input[value=update]').click()")
    assert "update" not in page.run(SHOWN)
    page.run("document.getElementById('only-outside').click()")
    assert page.run(SHOWN) == ["no-op"]
    page.run("document.querySelector('#filter input[value=no-op]').click()")
    assert page.run(SHOWN) == []
    assert page.run("document.getElementById('none').hidden") is False


def test_all_sections_open_and_close_at_once(show: Show) -> None:
    page = show(usual_plan())
    opened = "document.querySelectorAll('#changes > details[open]').length"
    assert page.run(opened) == 0
    page.run("document.getElementById('open-all').click()")
    assert page.run(opened) == 20
    page.run("document.getElementById('close-all').click()")
    assert page.run(opened) == 0


def test_a_section_opens_by_the_keyboard(show: Show) -> None:
    page = show(usual_plan())
    page.run("document.querySelector('#assistant-6 > summary').focus()")
    page.press("Enter", 13)
    assert page.run("document.getElementById('assistant-6').open") is True


def test_a_link_to_an_assistant_opens_it(show: Show) -> None:
    page = show(usual_plan(), "#assistant-6")
    assert page.run("document.getElementById('assistant-6').open") is True
    quiet(page)


def test_without_javascript_everything_can_be_read(show: Show) -> None:
    page = show(usual_plan(), script=False)  # what ran while it loaded cannot come back
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert page.run("getComputedStyle(document.getElementById('filter')).display") == "none"
    page.run("document.querySelector('#assistant-6 > summary').click()")
    assert page.run("document.querySelector('#assistant-6 .diff').checkVisibility()") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_colour_schemes_are_the_readers(show: Show, scheme: str) -> None:
    page = show(usual_plan(), scheme=scheme)
    shade = page.run("getComputedStyle(document.body).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", shade)[:3])
    assert (min(red, green, blue) > 200) == (scheme == "light")


@pytest.mark.parametrize("width", [320, 390, 800, 1600])
def test_no_width_needs_scrolling_sideways(show: Show, width: int) -> None:
    page = show(usual_plan(), width=width)
    page.run(OPEN_ALL)
    assert page.run("document.documentElement.scrollWidth") <= width


def test_a_thousand_assistants_stay_usable(show: Show) -> None:
    page = show(shared_plan(1_000))
    page.run("document.getElementById('find').focus()")
    page.type("number-0 agent-0999")
    assert settled(page, "document.getElementById('shown').value") == "0 of 1,000 shown"
    page.run("document.getElementById('find').value = ''")
    page.type("agent-0999")
    assert settled(page, "document.getElementById('shown').value") == "1 of 1,000 shown"
    quiet(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_runs_loads_or_escapes(show: Show, text: str) -> None:
    page = show(hostile_plan(text))
    page.run(OPEN_ALL)
    foreign = page.run(
        "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on')"
        " || a.name === 'style') || ['IMG','SVG','IFRAME','OBJECT','EMBED','FORM','BASE','B'].includes("
        "e.tagName.toUpperCase())).length"
    )
    assert foreign == 0
    assert page.run("document.scripts.length") == 1
    assert page.run("document.styleSheets.length") == 1
    assert page.run("document.querySelectorAll('h1').length") == 1
    quiet(page)


def test_the_browser_itself_would_stop_a_script_that_got_in(show: Show) -> None:
    """The second line of defence: the policy of the page, as the browser enforces it."""
    page = show(usual_plan())
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        page.run(
            "(() => { const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
            f" document.body.append(s); const i = new Image(); i.src = '{address}';"
            " document.body.append(i); document.body.insertAdjacentHTML('beforeend',"
            ' \'<p style="color:red">x</p><a id=hit onclick="window.pwned = 2">x</a>\');'
            f" document.getElementById('hit').click(); fetch('{address}').catch(() => 0); }})()"
        )
        assert settled(page, "window.pwned === undefined") is True
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
