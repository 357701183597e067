"""Lines become text in one place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import assistctl.render
from assistctl.render.columns import pad, table, width
from assistctl.render.style import Role, Span, gutter, line, terminal_paint, texts

parts = st.lists(st.text("#:[] vso\t\r\x1berror", max_size=8), max_size=6)


def tagged(text: str, role: Role) -> str:
    return f"<{role}>{text}</{role}>"


@given(parts)
def test_a_command_split_over_spans_is_broken_too(pieces: list[str]) -> None:
    (shown,) = texts([line(*pieces)])
    assert "##[" not in shown
    assert "##vso[" not in shown
    assert not shown.lstrip().startswith("::")
    assert shown.isprintable()


def test_colour_goes_around_escaped_text() -> None:
    assert list(texts([line("a ", Span("\x1b[0m", Role.CREATE))], tagged)) == [r"a <create>\x1b[0m</create>"]


def test_plain_spans_are_never_painted() -> None:
    assert list(texts([line("Plan: 1 to add")], tagged)) == ["Plan: 1 to add"]


def test_prompt_lines_keep_their_tabs_behind_the_gutter() -> None:
    shown = texts([gutter("\tx"), gutter(""), gutter("y", Role.CREATE, "+"), line("\tz")])
    assert list(shown) == ["        | \tx", "        |", "        | + y", r"\tz"]


def test_every_role_but_plain_has_a_colour_on_a_terminal() -> None:
    for role in Role:
        if role is not Role.PLAIN:
            assert terminal_paint("x", role).startswith("\x1b[")


def test_wide_and_combining_characters_count_as_terminals_do() -> None:
    assert [width(text) for text in ("abc", "請求", "e\u0301", "\x1b", "")] == [3, 4, 1, 4, 0]
    assert pad("請求", 6) == "請求  "


def test_a_table_is_aligned_and_cuts_nothing() -> None:
    rows = [("a" * 50, "x"), ("請", "y")]
    shown = list(texts(table(("KEY", "ID"), rows)))
    assert shown == ["KEY" + " " * 49 + "ID", "a" * 50 + "  x", "請" + " " * 50 + "y"]


def test_the_room_loads_nothing_heavy() -> None:
    heavy = {
        "click",
        "pydantic",
        "httpx",
        "sqlite3",
        "ruamel.yaml",
        "deepdiff",
        "tenacity",
        "yaml",
        "http.server",
    }
    modules = sorted(path.stem for path in Path(assistctl.render.__path__[0]).glob("[!_]*.py"))
    imports = "; ".join(f"import assistctl.render.{name}" for name in modules)
    code = f"import sys; {imports}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
