"""How many deletions one run may make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor

_ALWAYS_ALLOWED = 2
_LIMIT = re.compile(r"\d{1,9}|(?:100|\d{1,2})(?:\.\d{1,4})?%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many deletions one run may make.

    ``max_deletes`` is a count (``5``) or a share of the owned assistants (``30%``, of which two are
    always allowed). ``cap`` is the operator's own ceiling in the same form. None means no limit.
    """

    max_deletes: str | None = "30%"
    cap: str | None = None

    def allowed(self, owned: int) -> int | None:
        """The number of deletions allowed, None for any number."""
        given = [_count(text, owned) for text in (self.max_deletes, self.cap) if text is not None]
        return min(given) if given else None


def is_limit(text: str) -> bool:
    """Whether ``text`` is a count (``5``) or a share (``30%``)."""
    return _LIMIT.fullmatch(text) is not None


def _count(text: str, owned: int) -> int:
    if text.endswith("%"):
        return max(_ALWAYS_ALLOWED, floor(owned * float(text[:-1]) / 100))
    return int(text)
