"""One form for manifest files: indentation, spacing inside brackets, ``null``; comments and quotes stay.

The result is checked before it is given: the same documents, the same comments, and formatting it again
changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assistctl.manifest.findings import diagnostics, of_problem
from assistctl.manifest.yaml_events import events, kind_of
from assistctl.manifest.yaml_reader import Loaded, decode, load
from assistctl.model.diagnostic import Diagnostic

from .yaml_text import Unwritable, rewrite

_PASSES: Final = 4
_PREAMBLE: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*---[ \t]*(?:#[^\n]*)?\n")
_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t\n]))#[^\n]*")
_LINE_END: Final = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Formatted:
    """What became of one file: ``data``, or why it is left alone."""

    data: bytes | None
    problems: tuple[Diagnostic, ...] = ()
    """Why it is no valid YAML file."""
    refused: str = ""
    """Why it is left alone though it is valid."""


def format_manifest(file: str, data: bytes) -> Formatted:
    """The bytes of a manifest, fragment or project file in our form. Nothing is raised for bad input.

    ``file`` is the name that problems carry.
    """
    loaded = load(data)
    text, _ = decode(data)
    if loaded.problems:
        findings = [of_problem(file, problem) for problem in loaded.problems]
        return Formatted(None, problems=diagnostics(findings, lambda _: text))
    text = _LINE_END.sub("\n", text)
    try:
        done = _settled(text)
    except Unwritable as error:
        return Formatted(None, refused=f"cannot be rewritten: {error}")
    if _values(load(done.encode())) != _values(loaded):
        return Formatted(None, refused="rewriting it would change its values")
    if Counter(_comments(done)) != Counter(_comments(text)):
        return Formatted(None, refused="rewriting it would lose a comment")
    return Formatted(done.encode())


def _settled(text: str) -> str:
    """Formatted until nothing changes any more; comments in odd places may move twice."""
    for _ in range(_PASSES):
        before, text = text, _formatted(text)
        if before == text:
            return text
    raise Unwritable("it does not come to rest")


def _formatted(text: str) -> str:
    """Comments before a first ``---`` are kept apart: they belong to no document."""
    preamble = _PREAMBLE.match(text)
    start = preamble.end() if preamble else 0
    return text[:start] + rewrite(text[start:])


def _values(loaded: Loaded) -> list[str]:
    """Texts that tell 1 from 1.0 and true, and keep the order of keys."""
    return [repr(document.value) for document in loaded.documents]


def _comments(text: str) -> Iterator[str]:
    """Every comment outside of scalars, without blanks at its end."""
    outside, at = [], 0
    for start, end in _scalars(text):
        outside.append(text[at:start])
        at = end
    outside.append(text[at:])
    for match in _COMMENT.finditer("\0".join(outside)):
        yield match[0].rstrip("\0 \t")


def _scalars(text: str) -> Iterator[tuple[int, int]]:
    """Where scalars stand. A block scalar counts from the end of its first line, which may hold a comment."""
    next_event = events(text)
    while (kind := kind_of(event := next_event()).__name__) != "StreamEndEvent":
        if kind == "ScalarEvent":
            start = event.start_mark.index
            head = text.find("\n", start) if event.style in ("|", ">") else start
            yield head if head >= 0 else len(text), event.end_mark.index
