"""Pieces of Markdown that untrusted text cannot break out of: code spans, fences, folded sections.

Untrusted text stands in code only. There GitHub and GitLab look for no mention, reference, link or quick
action; an entity would not do, since they look for those in the finished page (html-pipeline, MentionFilter).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape as html_escape

from .escape import escape
from .words import count

_TICKS = re.compile(r"`+")
_OWNER = re.compile(r"[^A-Za-z0-9/_.-]")
_LONGEST_LINE = 1_000
_TITLE = 100


@dataclass(frozen=True, slots=True)
class Room:
    """How much text a place takes."""

    most: int
    measure: Callable[[str], int] = len
    """Characters by default."""

    def part(self, most: int) -> Room:
        """A part of it, in the same measure."""
        return Room(most, self.measure)


COMMENT = Room(64_900)
"""A comment on GitHub: its limit of 65,536 characters, and a margin for what a bot adds."""


def marker(kind: str, owner: str) -> str:
    """``<!-- assistctl:plan:OWNER -->``, by which a bot finds its comment again."""
    return f"<!-- assistctl:{kind}:{_OWNER.sub('_', owner[:_TITLE])} -->"


def code(text: str) -> str:
    """One line of untrusted text as a code span, within a line of Markdown."""
    shown = escape(text) or " "
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def short_code(text: str) -> str:
    """The same for a title: at most its first 100 characters."""
    shown = escape(text)
    return code(shown if len(shown) <= _TITLE else f"{shown[:_TITLE]}…")


def html_code(text: str) -> str:
    """The same within a line of HTML, such as the summary of :func:`folded`."""
    return f"<code>{html_escape(escape(text))}</code>"


def fenced(lines: Iterable[str], language: str = "") -> Iterator[str]:
    """A code block of escaped lines; its fence is longer than any run of backticks inside."""
    body = list(lines)
    longest = max((len(run) for line in body for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from body
    yield fence


def folded(summary: str, body: Iterable[str]) -> Iterator[str]:
    """A section that opens on a click; ``summary`` is one line of safe HTML."""
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield from body
    yield ""
    yield "</details>"


def clipped(lines: Iterable[str], room: Room) -> list[str]:
    """The first escaped lines, as many as find room; what is left out is counted in a last line."""
    every = [_shortened(line) for line in lines]
    kept: list[str] = []
    left = room.most
    for line in every:
        left -= room.measure(line) + 1
        if left < 0:
            break
        kept.append(line)
    rest = len(every) - len(kept)
    return [*kept, f"… {count(rest, 'more line')}"] if rest else kept


def names(keys: Sequence[str], room: Room) -> str:
    """As many names as find room, the others counted: ``a, b and 3 more``, each as a code span."""
    shown: list[str] = []
    left = room.most
    for name in map(code, keys):
        left -= room.measure(name) + 2
        if left < 0:
            break
        shown.append(name)
    rest = len(keys) - len(shown)
    if not rest:
        return ", ".join(shown)
    return f"{', '.join(shown)} and {rest:,} more" if shown else f"{rest:,}"


def _shortened(line: str) -> str:
    rest = len(line) - _LONGEST_LINE
    return f"{line[:_LONGEST_LINE]} … {count(rest, 'more character')}" if rest > 0 else line
