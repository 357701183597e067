"""Query parameters of the list: OpenAI's OpenAPI description, listAssistants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import checks
from .messages import Refused, clip

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the list is asked for."""

    limit: int = DEFAULT_LIMIT
    newest_first: bool = True
    after: str | None = None
    before: str | None = None


def wanted(query: Mapping[str, str]) -> Wanted:
    """Reads ``limit`` (1 to 100, default 20), ``order`` (asc or desc, the default) and the cursors.

    Raises ``Refused`` (400) for other values; other parameters, as some remotes want them, are ignored.
    An empty cursor is none.
    """
    order = checks.choice(query.get("order", "desc"), "order", ("asc", "desc"))
    return Wanted(_limit(query), order == "desc", query.get("after") or None, query.get("before") or None)


def _limit(query: Mapping[str, str]) -> int:
    if "limit" not in query:
        return DEFAULT_LIMIT
    found = query["limit"]
    if not _WHOLE.match(found):
        raise Refused(
            f"Invalid type for 'limit': expected an integer, but got '{clip(found)}' instead.",
            param="limit",
            code="invalid_type",
        )
    return checks.integer(int(found), "limit", 1, MAX_LIMIT)
