"""Keys for assistants that have none yet, made from their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

LONGEST: Final = 63
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ID_TAIL: Final = 8
_FILE_NAMES_OF_WINDOWS: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


def choose_keys(named: Iterable[tuple[str, str]], taken: Collection[str]) -> list[str]:
    """One valid key for each pair of a wished key (usually the name) and a remote id, in their order.

    None of them is in ``taken`` and no two are equal. Of equal wishes the first gets the bare key, the
    others ``-2``, ``-3`` and so on: give the oldest first, so that the answer is the same every time.
    """
    used = set(taken)
    counts: dict[str, int] = {}
    chosen: list[str] = []
    for wish, remote_id in named:
        base = slug(wish, remote_id)
        key = base
        while key in used:
            counts[base] = counts.get(base, 1) + 1
            key = _numbered(base, counts[base])
        used.add(key)
        chosen.append(key)
    return chosen


def slug(wish: str, remote_id: str) -> str:
    """The nearest valid key: lower-case ASCII, runs of anything else become one dash.

    A wish without Latin letters (other scripts, emoji, empty) gives ``assistant-`` and the end of the id,
    which stays the same whatever else is imported.
    """
    if _KEY.fullmatch(wish) and not _FILE_NAMES_OF_WINDOWS.fullmatch(wish):
        return wish
    plain = unicodedata.normalize("NFKD", wish.casefold()).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:LONGEST].rstrip("-_")
    if re.search(r"[a-z]", found):
        return f"{found}-assistant" if _FILE_NAMES_OF_WINDOWS.fullmatch(found) else found
    tail = re.sub(r"[^a-z0-9]", "", remote_id.lower())[-_ID_TAIL:]
    return f"assistant-{found or tail}"[:LONGEST].rstrip("-_")


def _numbered(base: str, number: int) -> str:
    end = f"-{number}"
    return base[: LONGEST - len(end)].rstrip("-_") + end
