"""Very long lines of a diff with their equal parts left out, so that what differs is still to be seen.

Some prompts are one line of ten thousand characters. Cut at its end, both sides would look the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from .plan_shared import Mark
from .word_diff import Pair, paired
from .words import count

LONG = 600
"""Shorter lines stay whole."""

_AROUND = 120
"""Equal characters that stay on either side of what differs."""


def elided(lines: Sequence[Mark]) -> Iterator[Mark]:
    """The lines of a hunk; removed and added ones that belong together lose what they have in common."""
    for is_change, run in groupby(lines, lambda line: line[0] in "-+"):
        block = list(run)
        if is_change and any(len(text) > LONG for _, text in block):
            yield from _block(block)
        else:
            yield from block


def _block(block: Sequence[Mark]) -> Iterator[Mark]:
    removed = [text for mark, text in block if mark == "-"]
    added = [text for mark, text in block if mark == "+"]
    alike: list[Pair] = list(zip(removed, added, strict=True)) if len(removed) == len(added) else []
    pairs = [_pair(before, after) for before, after in alike or paired(removed, added)]
    yield from (("-", before) for before, _ in pairs if before is not None)
    yield from (("+", after) for _, after in pairs if after is not None)


def _pair(before: str | None, after: str | None) -> Pair:
    if before is None or after is None or len(before) + len(after) < 2 * LONG:
        return before, after
    head = _common(before, after)
    most = min(len(before), len(after)) - head
    tail = min(_common(before[::-1], after[::-1]), most)
    start, stop = max(0, head - _AROUND), max(0, tail - _AROUND)
    return _without(before, start, stop), _without(after, start, stop)


def _without(text: str, start: int, stop: int) -> str:
    front = f"… {count(start, 'equal character')} … " if start else ""
    back = f" … {count(stop, 'equal character')} …" if stop else ""
    return f"{front}{text[start : len(text) - stop]}{back}"


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
