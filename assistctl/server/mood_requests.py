"""Moods of storing: what is taken from a request that the core has checked.

Each is a :data:`~.assistants.Received`; those without a word on creates leave them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from assistctl.model.values import Json

from .assistants import MERGED, Received
from .checks import wrong_type
from .defaults import RANKER

SHORT_NAME = 64
"""Characters of a name that ``names-shortened`` keeps."""
HOUSE_MODEL = "house"
"""The only model of ``constants``."""
_FEW = frozenset({"name", "instructions", "model"})
_CLEARED: Mapping[str, Json] = {
    "name": None,
    "description": None,
    "instructions": None,
    "tools": [],
    "tool_resources": None,
    "metadata": None,
    "temperature": None,
    "top_p": None,
    "response_format": None,
    "reasoning_effort": None,
}
"""Every field but the model, with the value that resets it."""

Stored = Mapping[str, Json] | None
Body = Mapping[str, Json]


def together(steps: list[Received]) -> Received:
    """One after the other: each gets what the one before it took."""

    def received(stored: Stored, body: Body) -> Body:
        return reduce(lambda taken, step: step(stored, taken), steps, body)

    return received


def nulls_refused(_stored: Stored, body: Body) -> Body:
    """400 for a null, in creates and modifies, metadata values included."""
    for field, value in body.items():
        if value is None:
            raise wrong_type(value, field, "a value")
    return metadata_nulls_refused(_stored, body)


def metadata_nulls_refused(_stored: Stored, body: Body) -> Body:
    """400 ``invalid_type`` for a null among the values of ``metadata``."""
    metadata = body.get("metadata")
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        if value is None:
            raise wrong_type(value, f"metadata.{key}", "a string")
    return body


def nulls_ignored(stored: Stored, body: Body) -> Body:
    """A null in a modify changes nothing."""
    return body if stored is None else _standing(stored, body, lambda value: value is None)


def empties_ignored(stored: Stored, body: Body) -> Body:
    """``""``, ``[]``, ``{}`` and maps of nothing else leave what is stored as it is."""
    return body if stored is None else _standing(stored, body, _is_empty)


def dropping(field: str) -> Received:
    """The field is accepted and never stored."""

    def received(_stored: Stored, body: Body) -> Body:
        return {name: value for name, value in body.items() if name != field}

    return received


def few_fields(_stored: Stored, body: Body) -> Body:
    """Only name, instructions and model are stored (LumenLabs' open-assistants-api)."""
    return {name: value for name, value in body.items() if name in _FEW}


def constants(stored: Stored, body: Body) -> Body:
    """Only name and instructions are stored; model and tools are the house's own (Ragen)."""
    kept = {name: body[name] for name in ("name", "instructions") if name in body}
    return kept if stored is not None else {**kept, "model": HOUSE_MODEL, "tools": [{"type": "file_search"}]}


def model_respelled(_stored: Stored, body: Body) -> Body:
    """``gpt-4o`` is stored as ``openai/gpt-4o``, its canonical id in AIML API's catalogue."""
    return _rewritten(body, "model", lambda model: "openai/gpt-4o" if model == "gpt-4o" else model)


def ranker_resolved(_stored: Stored, body: Body) -> Body:
    """``file_search`` is stored with the ranker that ``auto`` stands for."""
    tools = body.get("tools")
    return {**body, "tools": [_resolved(tool) for tool in tools]} if isinstance(tools, list) else body


def prompts_trimmed(_stored: Stored, body: Body) -> Body:
    """``instructions`` lose the white space at their end."""
    return _rewritten(body, "instructions", str.rstrip)


def names_shortened(_stored: Stored, body: Body) -> Body:
    """``name`` keeps its first 64 characters."""
    return _rewritten(body, "name", lambda name: name[:SHORT_NAME])


def omitted_wiped(stored: Stored, body: Body) -> Body:
    """A modify resets every field that it leaves out, except the model."""
    return body if stored is None else {**_CLEARED, **body}


def metadata_replaced(stored: Stored, body: Body) -> Body:
    """The map of a modify takes the place of the stored one."""
    old, new = (stored or {}).get("metadata"), body.get("metadata")
    if not isinstance(old, dict) or not isinstance(new, dict):
        return body
    return {**body, "metadata": {**dict.fromkeys(old), **new}}


def _standing(stored: Mapping[str, Json], sent: Body, ignored: Callable[[Json], bool]) -> dict[str, Json]:
    """``sent`` with the stored value wherever it holds an ignored one, one level into merged fields."""
    taken: dict[str, Json] = {}
    for field, value in sent.items():
        old = stored.get(field)
        if field in stored and ignored(value):
            taken[field] = old
        elif field in MERGED and isinstance(old, dict) and isinstance(value, dict):
            taken[field] = _standing(old, value, ignored)
        else:
            taken[field] = value
    return taken


def _is_empty(value: Json) -> bool:
    if isinstance(value, dict):
        return all(_is_empty(item) for item in value.values())
    return value in ("", [])


def _resolved(tool: Json) -> Json:
    search = tool.get("file_search") if isinstance(tool, dict) else None
    ranking = search.get("ranking_options") if isinstance(search, dict) else None
    if not isinstance(tool, dict) or not isinstance(search, dict) or not isinstance(ranking, dict):
        return tool
    if ranking.get("ranker") != "auto":
        return tool
    return {**tool, "file_search": {**search, "ranking_options": {**ranking, "ranker": RANKER}}}


def _rewritten(body: Body, field: str, rewrite: Callable[[str], str]) -> Body:
    value = body.get(field)
    return {**body, field: rewrite(value)} if isinstance(value, str) else body
