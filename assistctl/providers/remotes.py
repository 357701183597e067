"""Wire JSON to the vocabulary: one assistant, one page of the list.

Shapes as in OpenAI's OpenAPI description (AssistantObject, ListAssistantsResponse), loosened where servers of
the same protocol are known to differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import NoneType

from assistctl.errors import RemoteError
from assistctl.model.assistant import FIELDS, Remote
from assistctl.model.values import Json, Packed, Value, pack

from .first_contact import strange_list, stranger
from .json_wire import MAX_DEPTH, too_deep
from .urls import ID

_TEXT: frozenset[object] = frozenset({str, NoneType})
_NUMBER: frozenset[object] = frozenset({int, float, NoneType})
_SHAPES: dict[str, frozenset[object]] = {
    "tools": frozenset({list, NoneType}),
    "tool_resources": frozenset({dict, NoneType}),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "response_format": frozenset({str, dict, NoneType}),
}
_EMPTY_LIST, _EMPTY_MAP = Packed("[]"), Packed("{}")
_MILLISECONDS = 1e11
"""Seconds until the year 5138: a larger ``created_at`` counts milliseconds (Astra Assistants does)."""
_NO_TIME = 1e17


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the list call."""

    items: tuple[Remote, ...]
    has_more: bool | None
    """None where the answer does not say."""
    keys: tuple[str, ...] = ()
    """The keys of the answer itself, in its order."""


def page_of(answer: Json) -> Page:
    """Raises ``RemoteError`` unless ``data`` is an array of maps with string ids, and ``OtherProtocol`` for
    what is known to be another product's answer."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(data, list) or stranger(answer):
        raise strange_list(answer)
    more = answer.get("has_more")
    items = tuple(remote_of(item) for item in data)
    return Page(items, more if isinstance(more, bool) else None, tuple(answer))


def remote_of(item: Json) -> Remote:
    """One assistant. Unknown keys are left out, missing keys stay missing, numbers stay as they are.

    Raises ``RemoteError`` for an id that is no plain word and for a field of a type it cannot have.
    """
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise RemoteError("this is no assistant: a map with a string `id` was expected")
    remote_id = str(item["id"])
    if not ID.fullmatch(remote_id):
        raise RemoteError(f"the remote uses an id that is refused: {remote_id[:64]!r}")
    fields = {name: _value(remote_id, name, item[name]) for name in FIELDS if name in item}
    return Remote(remote_id, _seconds(item.get("created_at")), fields, _metadata(remote_id, item))


def _value(remote_id: str, name: str, value: Json) -> Value:
    kind = type(value)
    if kind not in _SHAPES.get(name, _TEXT):
        raise RemoteError(f"`{name}` of {remote_id} is a {kind.__name__}, which it cannot be")
    if isinstance(value, list):
        if any(type(tool) is not dict for tool in value):
            raise RemoteError(f"`{name}` of {remote_id} holds something that is no map")
        return _packed(remote_id, name, value) if value else _EMPTY_LIST
    if isinstance(value, dict):
        found = _with_schema(value) if name == "response_format" else value
        return _packed(remote_id, name, found) if found else _EMPTY_MAP
    return value


def _with_schema(value: dict[str, Json]) -> dict[str, Json]:
    """The schema under its own name: some Python servers leak their attribute ``schema_``."""
    form = value.get("json_schema")
    if not isinstance(form, dict) or "schema_" not in form or "schema" in form:
        return value
    renamed: dict[str, Json] = {"schema" if key == "schema_" else key: item for key, item in form.items()}
    return {**value, "json_schema": renamed}


def _packed(remote_id: str, name: str, value: Json) -> Value:
    try:
        packed = pack(value)
    except RecursionError:
        packed = None
    if not isinstance(packed, Packed) or too_deep(packed.text, value):
        raise RemoteError(f"`{name}` of {remote_id} is nested deeper than {MAX_DEPTH} levels")
    return packed


def _seconds(created: Json) -> float:
    """0 where the answer has no usable time."""
    if isinstance(created, bool) or not isinstance(created, int | float) or abs(created) > _NO_TIME:
        return 0.0
    return created / 1000 if created > _MILLISECONDS else float(created)


def _metadata(remote_id: str, item: dict[str, Json]) -> dict[str, str] | None:
    if "metadata" not in item:
        return None
    entries = item["metadata"]
    if not entries and (entries is None or isinstance(entries, list)):
        return {}  # null is "no entries"; an empty map of PHP servers is written []
    if not isinstance(entries, dict):
        raise RemoteError(f"`metadata` of {remote_id} is a {type(entries).__name__}, which it cannot be")
    return {
        key: value if isinstance(value, str) else _as_text(remote_id, value) for key, value in entries.items()
    }


def _as_text(remote_id: str, value: Json) -> str:
    packed = _packed(remote_id, "metadata", value) if isinstance(value, list | dict) else None
    return packed.text if isinstance(packed, Packed) else json.dumps(value, ensure_ascii=False)
