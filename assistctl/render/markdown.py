"""Pieces of Markdown that untrusted text cannot break out of: fences, code and table cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .escape import escape

_TICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+!|~@&:$-]")


def fenced(lines: Iterable[str], language: str = "") -> Iterator[str]:
    """A code block whose fence is longer than any run of backticks inside."""
    body = list(lines)
    longest = max((len(run) for line in body for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from body
    yield fence


def plain(text: str) -> str:
    """One line of text that shows as it is: no mention, link, image, HTML or emphasis."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", escape(text))


def folded(summary: str, body: Iterable[str]) -> Iterator[str]:
    """A section that opens on a click; ``summary`` is Markdown-safe already."""
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield from body
    yield ""
    yield "</details>"
