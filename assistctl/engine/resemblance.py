"""Recognising a renamed manifest: an owned assistant without a manifest that looks like a new one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from assistctl.model.assistant import Desired

from .survey import Seen, prompt_of

_ALIKE = 0.8
_MOST_COMPARED = 5_000
"""Pairs of prompts compared word by word in one run, about a second; beyond that only names and equal
prompts count."""
_MOST_WORDS = 5_000_000
"""Different words looked at in one run: below a second; a few hundred pairs of the longest prompts."""
_SHORT = 3
"""Prompts of fewer words say nothing about identity unless they are equal."""

_WORDS = re.compile(r"\w+|[^\w\s]")


class Orphans:
    """Owned assistants that no manifest claims, ready to be recognised."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._seen = tuple(seen)
        self._words: dict[str, Counter[str]] = {}
        self._comparisons = _MOST_COMPARED
        self._budget = _MOST_WORDS

    def like(self, desired: Desired) -> tuple[Seen, ...]:
        """Those with an equal name or at least 80 % of the words of the prompt in common, oldest first."""
        if not self._seen:
            return ()
        name = desired.fields.get("name")
        named = tuple(seen for seen in self._seen if name and seen.name == name)
        return named or self._alike(desired)

    def _alike(self, desired: Desired) -> tuple[Seen, ...]:
        prompt = desired.fields.get("instructions")
        if not isinstance(prompt, str) or not prompt:
            return ()
        words = _count(prompt)
        return tuple(
            seen for seen in self._seen if prompt_of(seen) == prompt or self._share(words, seen) >= _ALIKE
        )

    def _share(self, words: Counter[str], seen: Seen) -> float:
        if not self._comparisons or self._budget <= 0:
            return 0.0
        theirs = self._count(seen)
        self._comparisons -= 1
        self._budget -= len(words) + len(theirs)
        return share(words, theirs)

    def _count(self, seen: Seen) -> Counter[str]:
        if seen.remote.id not in self._words:
            self._words[seen.remote.id] = _count(prompt_of(seen))
        return self._words[seen.remote.id]


def share(left: Counter[str], right: Counter[str]) -> float:
    """How much two bags of words have in common, 0 to 1 (Sørensen–Dice)."""
    total = left.total() + right.total()
    if left.total() < _SHORT or right.total() < _SHORT:
        return 0.0
    return 2 * (left & right).total() / total


def _count(text: str) -> Counter[str]:
    return Counter(_WORDS.findall(text))
