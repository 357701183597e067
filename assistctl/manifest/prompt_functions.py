"""Functions that a prompt asks the model to call."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from .suggest import nearest
from .texts import TextFinding

_COMPOUND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+")
_QUOTED: Final = re.compile(r"`([A-Za-z][A-Za-z0-9_-]{1,63})(\()?[^`\n]{0,120}`")
_BARE: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)(\(\))?")
_TOKEN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_`.-")
_CALL: Final = re.compile(r"\b(?:call|invok)(?:e|s|es|ing)?\s+(?:the\s+)?$", re.IGNORECASE)
_USE: Final = re.compile(r"\b(?:use|using|run|running)\s+(?:the\s+)?$", re.IGNORECASE)
_NAMED_BEFORE: Final = re.compile(r"\b(?:function|tool)s?\s*:?\s*$", re.IGNORECASE)
_NAMED_AFTER: Final = re.compile(r"\s+(?:function|tool)\b", re.IGNORECASE)
_BUILT_IN: Final = frozenset({"code_interpreter", "file_search"})
_CONTEXT: Final = 32
_MAX_REPORTED: Final = 20


def missing_functions(prompt: str, functions: Collection[str]) -> list[TextFinding]:
    """Functions that the prompt asks to call and that are not among ``functions`` (AC709).

    Cautious on purpose: a name counts beside the word "function" or "tool", after "call" or "invoke",
    and after "use" or "run" only when it is written like a call or quoted.
    """
    found: dict[str, TextFinding] = {}
    for name, needle in _named(prompt, _BUILT_IN.union(functions)):
        if name not in found:
            words = f"the prompt names the function '{name}' that tools lacks{nearest(name, functions)}"
            found[name] = TextFinding("AC709", words, needle)
            if len(found) == _MAX_REPORTED:
                break
    return list(found.values())


def _named(prompt: str, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Names that are not ``known``, with the text to look for; a known one is not looked at any closer."""
    if "`" in prompt:
        for match in _QUOTED.finditer(prompt):
            if match[1] in known:
                continue
            likely = match[2] is not None or _COMPOUND.fullmatch(match[1]) is not None
            if _is_asked(prompt, match, likely=likely):
                yield match[1], match[0]
    for start, end in _with_underscore(prompt):
        if prompt[start:end] in known:
            continue
        bare = _BARE.match(prompt, start, min(len(prompt), end + 2))
        if bare and bare.end(1) == end and _is_asked(prompt, bare, likely=bare[2] is not None):
            yield bare[1], bare[1]


def _with_underscore(prompt: str) -> Iterator[tuple[int, int]]:
    """The words that hold an underscore. Found from the underscore outwards: prompts have few of them."""
    end = 0
    while (at := prompt.find("_", end)) >= 0:
        start, end = at, at + 1
        while start > 0 and prompt[start - 1] in _TOKEN:
            start -= 1
        while end < len(prompt) and prompt[end] in _TOKEN:
            end += 1
        yield start, len(prompt[start:end].rstrip(".-")) + start


def _is_asked(prompt: str, match: re.Match[str], *, likely: bool) -> bool:
    before = prompt[max(0, match.start() - _CONTEXT) : match.start()]
    if _NAMED_BEFORE.search(before) or _NAMED_AFTER.match(prompt, match.end()):
        return True
    bare = not match[0].startswith("`")
    return bool(_CALL.search(before) and (likely or bare)) or bool(likely and _USE.search(before))
