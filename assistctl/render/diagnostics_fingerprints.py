"""A name for every finding that stays when lines move, for services that compare two runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from assistctl.model.diagnostic import Diagnostic

from .diagnostics import in_order


def fingerprinted(diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[Diagnostic, str]]:
    """Each finding, by place, with 32 hexadecimal digits.

    They come from rule, file and field path, and where several findings share these three, from which one of
    them it is. So all of one run differ.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for found in in_order(diagnostics):
        about = (found.code, found.file, found.path)
        parts = (*about, str(seen[about])) if seen[about] else about
        seen[about] += 1
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        yield found, hashlib.sha256(text).hexdigest()[:32]
