"""Which removed line became which added one, and the words that differ in such a pair.

Both are for the eye only, so effort is bounded and what is too long is shown without them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

MOST_COMPARED = 2_000_000
"""Characters that are looked at to pair the lines of one block; beyond it they are paired in order."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4
"""Lines with a smaller share in common are one that went and one that came."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a line; ``changed`` where the other side says something else."""

    text: str
    changed: bool = False


Pieces: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """Both lines cut where they differ: the pieces of one side put together are that side."""

    before: Pieces
    after: Pieces
    cost: int
    """Pairs of words that were compared."""


Pair: TypeAlias = tuple[str | None, str | None]


def paired(removed: Sequence[str], added: Sequence[str]) -> list[Pair]:
    """The lines of one block side by side, in order; None where a line has no counterpart."""
    if not (removed and added):
        matches = []
    elif sum(map(len, removed)) * len(added) + sum(map(len, added)) * len(removed) > MOST_COMPARED:
        matches = [(i, i) for i in range(min(len(removed), len(added)))]
    else:
        matches = _best_matches(removed, added)
    pairs: list[Pair] = []
    i = j = 0
    for left, right in [*matches, (len(removed), len(added))]:
        pairs += [(line, None) for line in removed[i:left]]
        pairs += [(None, line) for line in added[j:right]]
        if left < len(removed):
            pairs.append((removed[left], added[right]))
        i, j = left + 1, right + 1
    return pairs


def word_marks(before: str, after: str, budget: int) -> Marks:
    """The words that differ; where that would compare more than ``budget`` pairs of words, everything
    between the first and the last difference."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    old_core, new_core = old[head : len(old) - tail], new[head : len(new) - tail]
    cost = len(old_core) * len(new_core)
    left, right = _compare(old_core, new_core) if cost <= budget else ([(old_core, True)], [(new_core, True)])
    ends = (old[:head], False), (old[len(old) - tail :], False)
    return Marks(
        tuple(_pieces([ends[0], *left, ends[1]])),
        tuple(_pieces([ends[0], *right, ends[1]])),
        cost if cost <= budget else 0,
    )


_Part: TypeAlias = tuple[list[str], bool]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words both begin with."""
    places = zip(old, new, strict=False)
    return next((i for i, (a, b) in enumerate(places) if a != b), min(len(old), len(new)))


def _compare(old: list[str], new: list[str]) -> tuple[list[_Part], list[_Part]]:
    codes = SequenceMatcher(None, old, new).get_opcodes()
    left = [(old[i1:i2], tag != "equal") for tag, i1, i2, _, _ in codes]
    right = [(new[j1:j2], tag != "equal") for tag, _, _, j1, j2 in codes]
    return left, right


def _pieces(parts: Sequence[_Part]) -> Iterator[Piece]:
    return (Piece("".join(words), changed) for words, changed in parts if words)


def _best_matches(removed: Sequence[str], added: Sequence[str]) -> list[tuple[int, int]]:
    """Places of lines that belong together, rising on both sides, with the most in common overall."""
    olds, news = [_Bag.of(line) for line in removed], [_Bag.of(line) for line in added]
    alike = [[old.likeness(new) for new in news] for old in olds]
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in range(len(olds) - 1, -1, -1):
        for j in range(len(news) - 1, -1, -1):
            together = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _ALIKE else 0.0
            best[i][j] = max(together, best[i + 1][j], best[i][j + 1])
    return list(_walk(best, len(olds), len(news)))


def _walk(best: Sequence[Sequence[float]], rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Follows the best way from the start: a step that loses nothing is a line without a counterpart."""
    i = j = 0
    while i < rows and j < columns:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


@dataclass(frozen=True, slots=True)
class _Bag:
    """The words of one line, however they are ordered."""

    words: Counter[str]
    weight: int

    @classmethod
    def of(cls, line: str) -> _Bag:
        words = Counter(word for word in _WORD.findall(line) if not word.isspace())
        return cls(words, _weight(words))

    def likeness(self, other: _Bag) -> float:
        """The share of characters, blanks aside, that both have: 0 to 1."""
        whole = self.weight + other.weight
        return 2 * _weight(self.words & other.words) / whole if whole else 1.0


def _weight(words: Counter[str]) -> int:
    return sum(len(word) * times for word, times in words.items())
