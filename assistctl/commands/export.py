"""``export``: assistants as data for programs, from the manifests or from the remote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistctl.engine.survey import Seen
from assistctl.errors import UsageFault
from assistctl.model.assistant import MARKER_KEY, Desired
from assistctl.model.profile import Profile
from assistctl.model.values import Json, unpack

from .remote import gather
from .session import Link
from .whole import with_all_fields

_RANKER_OF_ASSISTANTS = "default_2024_08_21"
"""The Responses API does not know it (OpenAI's OpenAPI description, RankingOptions)."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One assistant, resolved."""

    name: str
    """Its key; its id where nobody's key stands for it."""
    body: Mapping[str, Json]
    """The protocol's fields; nothing that is null, and no marker of ours."""
    remote_id: str = ""
    """Empty where it comes from a manifest."""


def from_manifests(desired: Sequence[Desired], keys: Collection[str]) -> tuple[Exported, ...]:
    """What the manifests come to: all, or those named. Raises UsageFault for unknown keys."""
    return _picked([Exported(item.key, _wanted(item)) for item in desired], keys)


def from_remote(link: Link, profile: Profile, owner: str, keys: Collection[str]) -> tuple[Exported, ...]:
    """What the remote holds, whoever owns it: all, or those named by key of ``owner`` or by id.

    Asks only for the list, and by id for what the list leaves out. Raises UsageFault for unknown names.
    """
    found = gather(link.provider, owner)
    unique = {held[0].remote.id: key for key, held in found.ours.items() if len(held) == 1}
    seen = sorted(found.by_id.values(), key=lambda item: item.age)
    named = [item for item in seen if not keys or {item.remote.id, unique.get(item.remote.id)} & {*keys}]
    whole = with_all_fields(named, link.provider, profile)
    exported = [
        Exported(unique.get(item.remote.id, item.remote.id), _held(item), item.remote.id) for item in whole
    ]
    return _picked(exported, keys)


def as_json(exported: Iterable[Exported]) -> dict[str, Json]:
    """By key: the fields as a create takes them, and the ``id`` of what the remote holds."""
    return {
        item.name: {"id": item.remote_id, **item.body} if item.remote_id else dict(item.body)
        for item in exported
    }


def as_responses(exported: Iterable[Exported]) -> dict[str, Json]:
    """By key: parameters of OpenAI's ``POST /responses`` (OpenAPI description, CreateResponse).

    ``name`` and ``description`` have no place there and are left out.
    """
    return {item.name: _response(item.body) for item in exported}


def _picked(exported: Sequence[Exported], names: Collection[str]) -> tuple[Exported, ...]:
    known = {name for item in exported for name in (item.name, item.remote_id) if name}
    if missing := [name for name in names if name not in known]:
        raise UsageFault(
            f"nothing is called {', '.join(missing)}",
            undone="nothing was exported",
            next="assistctl list",
        )
    chosen = (item for item in exported if not names or {item.name, item.remote_id} & {*names})
    return tuple(sorted(chosen, key=lambda item: item.name))


def _wanted(item: Desired) -> dict[str, Json]:
    body = {name: unpack(value) for name, value in item.fields.items() if value is not None}
    metadata: dict[str, Json] = {key: text for key, text in item.metadata.items() if text is not None}
    return {**body, "metadata": metadata} if metadata else body


def _held(seen: Seen) -> dict[str, Json]:
    body = {name: unpack(value) for name, value in seen.remote.fields.items() if value is not None}
    entries = seen.remote.metadata or {}
    metadata: dict[str, Json] = {key: text for key, text in entries.items() if key != MARKER_KEY}
    return {**body, "metadata": metadata} if metadata else body


def _response(body: Mapping[str, Json]) -> Json:
    as_they_are = ("model", "instructions", "metadata")
    made: dict[str, Json] = {name: body[name] for name in as_they_are if body.get(name) not in (None, "")}
    # 1 is the default, which every remote fills in, and reasoning models refuse these two at any value.
    made |= {name: body[name] for name in ("temperature", "top_p") if body.get(name, 1) != 1}
    tools = body.get("tools")
    resources = _map(body.get("tool_resources"))
    if isinstance(tools, list) and tools:
        made["tools"] = [_tool(_map(tool), resources) for tool in tools]
    if form := _text_format(body.get("response_format")):
        made["text"] = {"format": form}
    if effort := body.get("reasoning_effort"):
        made["reasoning"] = {"effort": effort}
    return made


def _text_format(value: Json) -> dict[str, Json]:
    """The schema's keys stand beside the type there; empty for ``auto``."""
    form = _map(value)
    schema = {name: item for name, item in _map(form.get("json_schema")).items() if item is not None}
    rest = {name: item for name, item in form.items() if name != "json_schema" and item is not None}
    return {**rest, **schema}


def _tool(tool: Mapping[str, Json], resources: Mapping[str, Json]) -> Json:
    kind = tool.get("type")
    if kind == "function":
        return _function(_map(tool.get("function")))
    if kind == "file_search":
        return _file_search(_map(tool.get("file_search")), _map(resources.get("file_search")))
    if kind == "code_interpreter":
        files = _map(resources.get("code_interpreter")).get("file_ids")
        container: dict[str, Json] = {"type": "auto"}
        return {"type": kind, "container": {**container, "file_ids": files} if files else container}
    return dict(tool)


def _function(function: Mapping[str, Json]) -> Json:
    """``strict`` is always said: its default is false in one protocol and true in the other."""
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    made: dict[str, Json] = {"type": "function", "name": function.get("name")}
    if function.get("description"):
        made["description"] = function["description"]
    made["parameters"] = function.get("parameters") or empty
    made["strict"] = function.get("strict") is True
    return made


def _file_search(options: Mapping[str, Json], resources: Mapping[str, Json]) -> Json:
    made: dict[str, Json] = {
        "type": "file_search",
        "vector_store_ids": resources.get("vector_store_ids") or [],
    }
    if options.get("max_num_results") is not None:
        made["max_num_results"] = options["max_num_results"]
    ranking: dict[str, Json] = {
        name: item
        for name, item in _map(options.get("ranking_options")).items()
        if item is not None and item != _RANKER_OF_ASSISTANTS
    }
    return {**made, "ranking_options": ranking} if ranking else made


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
