"""Characters and secrets that no text may hold, and those that deserve a look.

One cheap scan per text finds whether there is anything at all; only then is each finding named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_HARMLESS: Final = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_CONTROL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BIDI: Final = "\u202a-\u202e\u2066-\u2069"
_TAGS: Final = "\U000e0000-\U000e007f"
_ODD: Final = "\ud800-\udfff\ufffe\uffff"
_UNSEEN: Final = "\u180e\u200b-\u200d\u2060-\u2064\ufeff\U000e0100-\U000e01ef"
_SUSPECT: Final = re.compile(f"[{_CONTROL}{_BIDI}{_TAGS}{_ODD}{_UNSEEN}]")
_FINDING: Final = re.compile(f"(?P<tags>[{_TAGS}]+)|(?P<other>[{_CONTROL}{_BIDI}{_ODD}{_UNSEEN}])")
_FLAG: Final = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,12}\U000e007f")
_BLACK_FLAG: Final = "\U0001f3f4"
_JOINERS: Final = "\u200c\u200d"
_MAX_REPORTED: Final = 20

_TOKEN_RUN: Final = b"a" * 20
_TOKEN_TAIL: Final = 400
"""How far behind a run of letters its second and third part may be (web tokens have three)."""
_RUNS: Final = bytes(
    ord("a") if (chr(byte).isalnum() and byte < 128) or chr(byte) in "_-" else ord(" ") for byte in range(256)
)
"""Maps what tokens consist of to ``a``, everything else to a blank: a run of 20 is worth a closer look."""
# The first part of a web token has an end, or a text full of beginnings would be read from each to its end.
_TOKEN: Final = re.compile(
    rb"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{20,}|sk_live_[A-Za-z0-9]{16,}|gh[pos]_[A-Za-z0-9]{36}"
    rb"|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20}|xox[abprs]-[A-Za-z0-9-]{15,}|AKIA[0-9A-Z]{16}"
    rb"|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}"
    rb"|eyJ[A-Za-z0-9_-]{17,1024}+\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
)
BEGINNINGS: Final = "(?:sk[-_]|gh[pos]_|github_pat_|glpat-|xox|AKIA|AIza|hf_|npm_|pypi-|eyJ)"
"""How tokens begin, as a regular expression."""
_TOKEN_START: Final = re.compile(b"(?<![A-Za-z0-9])" + BEGINNINGS.encode())
"""Looked for first: names of functions are long runs too, but few begin like a token."""
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
_MIN_SECRET: Final = 8


@dataclass(frozen=True, slots=True)
class TextFinding:
    """One thing about a text: ``needle`` is what to look for to show its place."""

    code: str
    message: str
    needle: str


def check_text(text: str, secrets: Sequence[str]) -> list[TextFinding]:
    """What is wrong or odd with one text that would be sent. ``secrets`` are never repeated in messages."""
    found: list[TextFinding] = []
    data = text.encode("utf-8", "surrogatepass")
    rare = data.translate(None, _HARMLESS)
    if rare and _SUSPECT.search(rare.decode("utf-8", "surrogatepass")):
        found.extend(_characters(text))
    if any(len(secret) >= _MIN_SECRET and secret in text for secret in secrets):
        found.append(TextFinding("AC404", "holds the live API key", ""))
    if (token := _token(data)) is not None:
        words = f"looks like a secret: {token[:6]}… ({len(token)} characters)"
        found.append(TextFinding("AC702", words, token))
    return found


def _token(data: bytes) -> str | None:
    runs = data.translate(_RUNS)
    start = runs.find(_TOKEN_RUN)
    while start >= 0:
        end = runs.find(b" ", start)
        end = len(runs) if end < 0 else end
        begins = _TOKEN_START.search(data, start, end)
        if begins and (match := _TOKEN.search(data, begins.start(), end + _TOKEN_TAIL)):
            return match[0].decode()
        start = runs.find(_TOKEN_RUN, end)
    match = _PRIVATE_KEY.search(data) if b"PRIVATE KEY" in data else None
    return match[0].decode() if match else None


def _characters(text: str) -> Iterator[TextFinding]:
    unseen: dict[str, int] = {}
    count = 0
    for match in _FINDING.finditer(text):
        finding = _tags(text, match) if match["tags"] else _character(text, match.start(), unseen)
        if finding is None:
            continue
        yield finding
        count += 1
        if count == _MAX_REPORTED:
            break
    for character, times in unseen.items():
        words = f"invisible character {_named(character)}" + (f", {times} times" if times > 1 else "")
        yield TextFinding("AC701", words, character)


def _tags(text: str, match: re.Match[str]) -> TextFinding | None:
    run = match["tags"]
    if text.endswith(_BLACK_FLAG, 0, match.start()) and _FLAG.fullmatch(run):
        return None
    hidden = "".join(chr(ord(tag) - 0xE0000) for tag in run if 0xE0020 <= ord(tag) <= 0xE007E)
    words = f"hidden text in Unicode tag characters: {hidden[:80]!a}"
    return TextFinding("AC403", words, run[0])


def _character(text: str, at: int, unseen: dict[str, int]) -> TextFinding | None:
    """An error for this character; invisible ones are only counted."""
    character = text[at]
    if re.match(f"[{_UNSEEN}]", character):
        if not _is_joined(text, at):
            unseen[character] = unseen.get(character, 0) + 1
        return None
    if re.match(f"[{_BIDI}]", character):
        return TextFinding("AC402", f"bidirectional control {_named(character)}", character)
    if re.match(f"[{_ODD}]", character):
        return TextFinding("AC405", f"U+{ord(character):04X} is not a character", character)
    return TextFinding("AC401", f"control character {_named(character)}", character)


def _is_joined(text: str, at: int) -> bool:
    """Joiners inside emoji, and between letters of scripts that need them (Persian, Hindi), are writing;
    so are variation selectors after an ideograph."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if "\U000e0100" <= text[at] <= "\U000e01ef":
        return bool(before) and "CJK" in unicodedata.name(before, "")
    if text[at] not in _JOINERS or not before or not after:
        return False
    if before.isascii() or after.isascii():
        return False
    return _joins(before) and (_joins(after) or text[at] == "\u200c")


def _joins(character: str) -> bool:
    if unicodedata.category(character) in ("So", "Sk", "Mn", "Mc"):
        return True
    return "\u0590" <= character <= "\u1cff" or "\ua800" <= character <= "\uabff" or character >= "\U00010a00"


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" {name}" if name else "")
