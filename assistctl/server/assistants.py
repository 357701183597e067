"""What is stored: the whole answer, ready to be sent, as JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from assistctl.model.values import Json

from .defaults import filled
from .json_body import encode
from .metadata_checks import check_pairs

MERGED = ("metadata", "tool_resources")
"""The fields that a modify merges by key; the others are replaced whole."""
Received: TypeAlias = Callable[[Mapping[str, Json] | None, Mapping[str, Json]], Mapping[str, Json]]
"""The stored assistant (None on a create) and a checked request to what is taken from that request; it may
raise ``Refused``. The seam for servers that store something else than they are sent."""


def as_sent(_stored: Mapping[str, Json] | None, body: Mapping[str, Json]) -> Mapping[str, Json]:
    """Everything is taken as it is sent."""
    return body


def created(
    assistant_id: str, created_at: int, body: Mapping[str, Json], vector_store_id: Callable[[], str]
) -> bytes:
    """A new assistant from a checked create body.

    Inline ``vector_stores`` become a vector store of which only the id is known here
    (``vector_store_id`` makes it); as on OpenAI it is never echoed.
    """
    fields = {**body, "tool_resources": _with_store(body.get("tool_resources"), vector_store_id)}
    return _stored(assistant_id, created_at, fields)


def modified(stored: bytes, body: Mapping[str, Json], received: Received = as_sent) -> bytes:
    """The assistant after a checked modify, of which it takes what ``received`` gives.

    A partial update: a field that ``body`` leaves out keeps its value, null brings the default back.
    ``metadata`` is merged by key (null removes a key, a null map removes all), ``tool_resources`` by
    member; everything else is replaced whole. What null stores is not documented: null for texts, the
    default for the rest. Raises ``Refused`` when the merged metadata has more than 16 pairs.
    """
    current: dict[str, Json] = json.loads(stored)
    taken = received(current, body)
    fields = {**current, **taken}
    for merged in MERGED:
        if merged in taken:
            fields[merged] = _merged(current[merged], taken[merged])
    if isinstance(fields["metadata"], dict):
        check_pairs(fields["metadata"], "metadata")
    return _stored(str(current["id"]), current["created_at"], fields)


def _stored(assistant_id: str, created_at: Json, fields: Mapping[str, Json]) -> bytes:
    return encode({"id": assistant_id, "object": "assistant", "created_at": created_at, **filled(fields)})


def _merged(current: Json, change: Json) -> Json:
    if not isinstance(change, dict) or not isinstance(current, dict):
        return change
    return {key: value for key, value in {**current, **change}.items() if value is not None}


def _with_store(resources: Json, vector_store_id: Callable[[], str]) -> Json:
    search = resources.get("file_search") if isinstance(resources, dict) else None
    if not isinstance(resources, dict) or not isinstance(search, dict) or "vector_stores" not in search:
        return resources
    rest = {key: value for key, value in search.items() if key != "vector_stores"}
    ids: list[Json] = [vector_store_id()] if search["vector_stores"] else []
    return {**resources, "file_search": {**rest, "vector_store_ids": ids}}
