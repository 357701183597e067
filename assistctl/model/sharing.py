"""Long texts that both sides hold are kept once: half the memory of a fleet whose prompts are in place."""

from __future__ import annotations

_WORTH = 200
"""Shorter texts are not worth the look-up."""
_TAIL = 60


class SharedTexts:
    """Called with a text, gives an equal one: the first that was seen, where it is still the same.

    Texts are told apart by length and end, not by a hash of the whole, which would cost more than the memory
    is worth. May be called from several threads.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], str] = {}

    def __call__(self, text: str) -> str:
        if len(text) < _WORTH:
            return text
        known = self._known.setdefault((len(text), text[-_TAIL:]), text)
        return known if known == text else text
