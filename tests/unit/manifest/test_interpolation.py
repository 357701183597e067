from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.files import FileRefused, Refusal
from assistctl.manifest.interpolate import MAX_INSERTED, Names, escape, expand, has_references

_FILES = {
    "p/a.md": "A ${file.sub/b.md} z\n",
    "p/sub/b.md": "B ${var.x} ${file.../c.md}\r\n",
    "p/c.md": "C\n\n",
    "p/circle.md": "${file.circle.md}",
    "p/wide.md": "${file.big.md}" * 40,
    "p/big.md": "x" * 100_000,
    **{f"p/deep{i}.md": f"{i}${{file.deep{i + 1}.md}}" for i in range(1, 6)},
    "p/deep6.md": "6",
}


def _read(path: str) -> str:
    if path not in _FILES:
        raise FileRefused(path, Refusal.MISSING, "does not exist")
    return _FILES[path]


_NAMES = Names(
    _read, {"x": "X", "company": "Acme", "odd": "${var.x} $1"}, frozenset({"REV"}), {"REV": "7", "KEY": "k"}
)


def _expand(text: str) -> tuple[str, list[str]]:
    codes: list[str] = []
    expanded = expand(text, "p/m.yaml", _NAMES, lambda code, _message, _file, _written: codes.append(code))
    return expanded, codes


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a ${var.x} b ${var.company}", "a X b Acme"),
        ("${env.REV}", "7"),
        ("$5 $$ ${x} ${HOME} {{ x }} ${VAR.x} ${var} ${variable.x}", None),
        ("$${var.x}", "${var.x}"),
        ("$$${var.x}", "$${var.x}"),
        ("$${var.", "${var."),
        ("$${env.SECRET} $${file./etc/passwd}", "${env.SECRET} ${file./etc/passwd}"),
        ("${var.x}${var.x}$${var.x}", "XX${var.x}"),
        ("${var.odd}", "${var.x} $1"),
        ("[${file.c.md}]", "[C\n]"),
        ("${file.a.md}", "A B X C\n z"),
        ("${file.deep2.md}", "23456"),
    ],
)
def test_only_the_three_namespaces_are_expanded(text: str, expanded: str | None) -> None:
    assert _expand(text) == (text if expanded is None else expanded, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${var.y}", "AC301"),
        ("${var.}", "AC302"),
        ("${var.a b}", "AC302"),
        ("${var.x", "AC302"),
        ("${var.x\n}", "AC302"),
        ("${env.KEY}", "AC303"),
        ("${env.}", "AC303"),
        ("${file.nothing.md}", "AC001"),
        ("${file.../../x}", "AC002"),
        ("${file./etc/passwd}", "AC002"),
        ("${file.circle.md}", "AC305"),
        ("${file.deep1.md}", "AC305"),
        ("${file.wide.md}", "AC307"),
    ],
)
def test_what_cannot_be_expanded_is_reported_once(text: str, code: str) -> None:
    assert _expand(text)[1] == [code]


def test_an_allowed_variable_that_is_not_set_is_an_error() -> None:
    codes: list[str] = []
    names = Names(_read, allowed_env=frozenset({"REV"}))
    assert expand("a${env.REV}", "m.yaml", names, lambda code, *_: codes.append(code)) == "a"
    assert codes == ["AC304"]


def test_every_problem_of_a_text_is_reported_with_its_reference() -> None:
    seen: list[tuple[str, str, str]] = []
    expand(
        "${var.q} ${file.sub/b.md} ${env.KEY}",
        "p/m.yaml",
        Names(_read),
        lambda c, _m, f, w: seen.append((c, f, w)),
    )
    assert seen == [
        ("AC301", "p/m.yaml", "${var.q}"),
        ("AC301", "p/sub/b.md", "${var.x}"),
        ("AC303", "p/m.yaml", "${env.KEY}"),
    ]


def test_a_message_suggests_the_nearest_name() -> None:
    messages: list[str] = []
    expand("${var.compny}", "m.yaml", _NAMES, lambda _code, message, *_: messages.append(message))
    assert messages == ["undefined variable 'compny' (did you mean 'company'?)"]


def test_files_that_name_files_cannot_multiply_without_bound() -> None:
    assert len(_expand("${file.wide.md}")[0]) <= MAX_INSERTED


_TEXT = st.lists(
    st.sampled_from(["$", "{", "}", "var.", "file.", "env.", "x", "\n", "${var.x}", " "]), max_size=12
).map("".join)


@given(_TEXT | st.text(max_size=40))
def test_an_escaped_text_expands_to_itself(text: str) -> None:
    assert _expand(escape(text)) == (text, [])


@given(_TEXT)
def test_a_text_without_references_is_left_alone(text: str) -> None:
    if not has_references(text):
        assert _expand(text) == (text, [])
        assert escape(text) == text
