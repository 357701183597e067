"""JSON text in pieces: plans and records hold whole fleets of prompts, which are never one text in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from assistctl.model.values import Json


def in_pieces(head: Mapping[str, Json], name: str, items: Iterable[Json]) -> Iterator[str]:
    """The text of an object: ``head``, which is not empty, and after it the list ``name``, an item a line."""
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    yield f",\n {json.dumps(name)}: ["
    before = "\n  "
    for item in items:
        yield before + json.dumps(item, ensure_ascii=False)
        before = ",\n  "
    yield "\n ]\n}\n"


def canonical(head: Mapping[str, Json], name: str, items: Iterable[Json]) -> Iterator[str]:
    """The same object as the one text that stands for it, for digests: sorted names and no white space."""
    before = "{"
    for key in sorted({*head, name}):
        yield f"{before}{_canonical(key)}:"
        if key == name:
            yield from _canonical_list(items)
        else:
            yield _canonical(head[key])
        before = ","
    yield "}"


def _canonical_list(items: Iterable[Json]) -> Iterator[str]:
    yield "["
    before = ""
    for item in items:
        yield before + _canonical(item)
        before = ","
    yield "]"


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
