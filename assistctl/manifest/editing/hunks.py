"""The smallest replacements that turn one text into another: whole lines first, then words within them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_WORD: Final = re.compile(r"\w+|[ \t]+|.", re.DOTALL)
_MAX_PARTS: Final = 4000
"""Longer sequences are compared as a whole: the time of a comparison grows with the square."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """``old[start:end]`` becomes ``text``."""

    start: int
    end: int
    text: str


def hunks(old: str, new: str) -> tuple[Hunk, ...]:
    """What turns ``old`` into ``new``, in order of place; never two that touch."""
    found: list[Hunk] = []
    for block in _blocks(LINE.findall(old), LINE.findall(new)):
        words = _WORD.findall(old[block.start : block.end]), _WORD.findall(block.text)
        found += (Hunk(block.start + h.start, block.start + h.end, h.text) for h in _blocks(*words))
    return tuple(found)


def slid(old: str, hunk: Hunk, fits: Callable[[Hunk], bool]) -> Hunk:
    """The same change at a place that ``fits``, where repeated characters leave a choice; else ``hunk``."""
    for step in (_left, _right):
        moved: Hunk | None = hunk
        while moved is not None:
            if fits(moved):
                return moved
            moved = step(old, moved)
    return hunk


def _left(old: str, hunk: Hunk) -> Hunk | None:
    start, end, text = hunk.start, hunk.end, hunk.text
    if not start or bool(text) == (start < end):
        return None
    if text:
        return Hunk(start - 1, end - 1, text[-1] + text[:-1]) if old[start - 1] == text[-1] else None
    return Hunk(start - 1, end - 1, "") if old[start - 1] == old[end - 1] else None


def _right(old: str, hunk: Hunk) -> Hunk | None:
    start, end, text = hunk.start, hunk.end, hunk.text
    if end >= len(old) or bool(text) == (start < end):
        return None
    if text:
        return Hunk(start + 1, end + 1, text[1:] + text[0]) if old[end] == text[0] else None
    return Hunk(start + 1, end + 1, "") if old[end] == old[start] else None


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Hunk]:
    """Differing runs of two sequences of parts, as places in the joined old text."""
    starts = [0]
    for part in old:
        starts.append(starts[-1] + len(part))
    for low, high, first, last in changed_runs(old, new):
        yield Hunk(starts[low], starts[high], "".join(new[first:last]))


def changed_runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """``old[a:b]`` stands where ``new[c:d]`` stands: all such runs, in order."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > _MAX_PARTS:
        yield head, head + len(old), head, head + len(new)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield head + a, head + b, head + c, head + d


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = zip(old, new, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
