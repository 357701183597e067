"""The escaper against terminals and CI runners, each runner modelled from its own parser."""

from __future__ import annotations

import json
import random
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistctl.render.escape import Scrubber, encodable, escape

# Pieces that mean something to a runner or a terminal, so that random text meets the rules often.
PIECES = [":", "::", "#", "##", "[", "]", "vso[", "VSO[", "teamcity[", "error", " ", "\t", "\u00a0", "\u3000"]
PIECES += [
    "\r",
    "\n",
    "\x1b[0K",
    "section_start:1:a",
    "\x9b",
    "\u202e",
    "\u200b",
    "\U000e0041",
    "\ud800",
    "é",
    "字",
]
hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=30).map("".join)

DOTNET_BLANKS = (
    "".join(map(chr, range(9, 14)))
    + "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000 "
    + "".join(map(chr, range(0x2000, 0x200B)))
)
"""What .NET's ``string.TrimStart()`` takes off."""


PREPENDED = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Format characters with a glyph of their own (Unicode property Prepended_Concatenation_Mark)."""


def obeyed(line: str) -> bool:
    """Whether a line would be a command to GitHub's runner, Azure's agent, GitLab or TeamCity."""
    trimmed = line.lstrip(DOTNET_BLANKS)
    github = trimmed.startswith("::") and "::" in trimmed[2:]
    old_github = "##[" in line and "]" in line[line.index("##[") :]
    azure = "##vso[" in line.lower() or "##teamcity[" in line.lower()
    return github or old_github or azure or "\x1b[0K" in line


def is_visible(text: str) -> bool:
    """No control, format, surrogate or line separator character."""
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return all(unicodedata.category(char) not in unseen or char in PREPENDED for char in text)


@given(hostile)
@example("  \t ::error::x")
@example(":::error::x")
@example("###[group]")
@example("####[group]##[x]")
@example("##VsO[task.setvariable]")
def test_no_text_is_obeyed_or_hidden_once_escaped(text: str) -> None:
    shown = escape(text)
    assert is_visible(shown)
    assert not obeyed(shown)


@given(hostile)
def test_tabs_stay_where_asked_and_nothing_else_does(text: str) -> None:
    shown = escape(text, keep_tabs=True)
    assert is_visible(shown.replace("\t", ""))
    assert not obeyed(shown)
    assert shown.count("\t") == text.count("\t")


@given(hostile)
def test_escaping_twice_changes_nothing_and_no_character_outgrows_ten(text: str) -> None:
    shown = escape(text)
    assert escape(shown) == shown
    assert len(text) <= len(shown) <= 10 * len(text)


@given(st.text("abc äß字😀.,-/'\"{}$%&\\[]", max_size=40))
def test_harmless_text_comes_back_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x00\x7f\x85\x9b", r"\x00\x7f\x85\x9b"),
        (
            "\u061c\u200e\u200f\u202a\u202e\u2066\u2069",
            r"\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}",
        ),
        ("\u200b\u200c\u200d\u2060\ufeff", r"\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}"),
        ("\U000e0001\U000e0041\U000e007f", r"\u{e0001}\u{e0041}\u{e007f}"),
        ("\U000e0100\ufe00", r"\u{e0100}\u{fe00}"),
        ("\u2028\u2029\ud800", r"\u{2028}\u{2029}\u{d800}"),
        ("::error file=x::y", r":\:error file=x::y"),
        ("\u3000::warning::y", "\u3000" + r":\:warning::y"),
        ("a ::error::y", "a ::error::y"),
        ("x ##[group]y", r"x #\#[group]y"),
        ("##vso[task]", r"#\#vso[task]"),
        ("## Tone", "## Tone"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_what_is_dangerous_stays_recognisable(raw: str, shown: str) -> None:
    assert escape(raw) == shown


@pytest.mark.campaign
def test_a_million_random_strings_leave_nothing_raw() -> None:
    rng = random.Random(7)  # noqa: S311 - repeatable, not secret
    for _ in range(1_000_000):
        shown = escape("".join(rng.choices(PIECES, k=rng.randrange(12))))
        assert is_visible(shown)
        assert not obeyed(shown)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=30), hostile)
def test_a_secret_never_leaves_in_any_of_its_forms(secret: str, rest: str) -> None:
    scrub = Scrubber([secret])
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        escape(secret),
    ):
        assert form not in scrub(f"{rest} {form} {rest}").replace("***", "\0")


def test_a_secret_inside_a_longer_one_does_not_uncover_it() -> None:
    assert Scrubber(["sk-12345", "sk-12345-and-more"])("key sk-12345-and-more!") == "key ***!"


def test_lower_case_percent_escapes_are_masked_too() -> None:
    assert Scrubber(["pass/word+1"])("u=pass%2fword%2b1&u=pass%2Fword%2B1") == "u=***&u=***"


def test_short_secrets_are_left_alone() -> None:
    assert Scrubber(["1234567", ""])("1234567") == "1234567"


def test_a_scrubber_does_not_show_its_secrets() -> None:
    assert "sk-12345678" not in repr(Scrubber(["sk-12345678"]))


@given(hostile, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", "no-such-encoding"]))
def test_any_escaped_text_fits_any_terminal(text: str, encoding: str) -> None:
    fitting = encodable(escape(text), encoding)
    fitting.encode("ascii" if encoding == "no-such-encoding" else encoding)
    assert is_visible(fitting)


def test_a_poor_terminal_gets_plain_arrows_and_backslashes() -> None:
    assert encodable("a → é 字", "ascii") == r"a -> \xe9 \u5b57"
    assert encodable("a → é", "utf-8") == "a → é"
