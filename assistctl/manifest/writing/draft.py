"""One remote assistant as the files of a manifest, over what the project's defaults say already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from assistctl.manifest.layers import merge
from assistctl.model.assistant import MARKER_KEY, Remote
from assistctl.model.values import Json

from .characters import readable_json
from .escaping import escaped
from .pruning import is_default, said
from .yaml_text import dump

SCHEMA_FILE: Final = "assistctl.schema.json"
"""Where ``init`` puts the JSON Schema of manifests, below the project's root."""
LONGEST_INLINE: Final = 15
"""Lines of JSON; a function with more gets a file of its own."""
_SETTINGS: Final = ("name", "description", "model", "temperature", "top_p", "reasoning_effort")
_STRUCTURES: Final = ("response_format", "instructions", "tools", "tool_resources")
_PARTLY: Final = ("tool_resources", "metadata")
"""Maps in which null takes one member of a lower layer away."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where manifests are written, and what holds there."""

    folder: str
    """Below the project's root, with ``/``; empty for the root itself."""
    environment: str
    """The environment whose remote is imported."""
    pinned_by_environment: bool
    """Whether the project names environments: the manifest then exists in this one only."""
    defaults: Mapping[str, Json]
    """The project's defaults in this environment, references expanded."""

    def path(self, name: str) -> str:
        """A file's path below the root."""
        return f"{self.folder}/{name}" if self.folder else name


@dataclass(frozen=True, slots=True)
class Draft:
    """One manifest, not yet written."""

    key: str
    remote_id: str
    name: str
    """The assistant's name, for people."""
    target: Target
    document: Mapping[str, Json]
    files: Mapping[str, bytes]
    """Path below the root to content: prompt, functions, and last the manifest, so that once it is there,
    everything it names is there."""

    @property
    def manifest(self) -> str:
        """The manifest's path below the root."""
        return self.target.path(f"{self.key}.yaml")

    def allowing(self, codes: Iterable[str]) -> Draft:
        """The same manifest with these warnings silenced, beside those that the defaults silence."""
        lower = self.target.defaults.get("allow")
        known: list[Json] = list(lower) if isinstance(lower, list) else []
        allow = known + [code for code in sorted(set(codes)) if code not in known]
        if allow == known:
            return self
        document = {**self.document, "allow": allow}
        return replace(
            self, document=document, files={**self.files, self.manifest: _text(self.target, document)}
        )


def draft(remote: Remote, key: str, target: Target) -> Draft:
    """The manifest that stands for ``remote`` exactly, whatever the defaults say.

    Left out is what the server starts with and what the defaults say already. Where a default says
    something else it is overridden, by the remote's value or by null.
    """
    document: dict[str, Json] = {"key": key, **_identity(remote.id, target)}
    parts: dict[str, bytes] = {}
    overrides: dict[str, Json] = {}
    for name, value in _values(remote, key, target.defaults):
        written, final = _over(name, target.defaults.get(name), value)
        if name == "instructions" and isinstance(value, str) and value:
            document["instructions_file"] = f"{key}.md"
            parts[target.path(f"{key}.md")] = str(escaped(value)).encode()
        elif name == "tools" and isinstance(value, list):
            document[name] = list(_tools(value, key, target, parts))
        else:
            document[name] = escaped(written)
        if final is not None:
            overrides[name] = escaped(final)
    if overrides:
        document["environments"] = {target.environment: overrides}
    files = {**parts, target.path(f"{key}.yaml"): _text(target, document)}
    return Draft(key, remote.id, _name(remote), target, document, files)


def _text(target: Target, document: Mapping[str, Json]) -> bytes:
    up = "../" * target.path("x").count("/")
    return f"# yaml-language-server: $schema={up}{SCHEMA_FILE}\n{dump(document)}".encode()


def _identity(remote_id: str, target: Target) -> dict[str, Json]:
    if not target.pinned_by_environment:
        return {"id": remote_id}
    return {"id": {target.environment: remote_id}, "only": [target.environment]}


def _name(remote: Remote) -> str:
    name = remote.fields.get("name")
    return name if isinstance(name, str) else ""


def _values(remote: Remote, key: str, defaults: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Every field that the manifest has to say, in the order people read them."""
    start = {"name": key, **defaults}
    for name in (*_SETTINGS, *_STRUCTURES):
        if name not in remote.fields:
            continue
        value = said(name, remote.fields[name])
        needless = is_default(name, value) if name not in start else _same(value, start[name])
        if not needless:
            yield name, value
    if metadata := _metadata(remote, defaults.get("metadata")):
        yield "metadata", metadata


def _metadata(remote: Remote, default: Json) -> dict[str, Json]:
    """All entries but our marker and those that the default has too; null for what the remote lacks."""
    lower = default if isinstance(default, dict) else {}
    found: dict[str, Json] = {**(remote.metadata or {})}
    found.pop(MARKER_KEY, None)
    said_so: dict[str, Json] = {name: text for name, text in found.items() if lower.get(name) != text}
    lacking = (name for name, text in lower.items() if name not in found and text is not None)
    return {**said_so, **dict.fromkeys(lacking)}


def _over(name: str, default: Json, value: Json) -> tuple[Json, Json]:
    """What to write so that merging it over ``default`` gives ``value``.

    The second value is for the layer above, the environment's, where merging cannot say it: a map that
    must replace another one whole. The first is then null, which takes the default away.
    """
    if not isinstance(default, dict) or not isinstance(value, dict) or name == "metadata":
        return value, None
    written = {**value, **dict.fromkeys(default.keys() - value.keys())} if name in _PARTLY else value
    merged = merge([{name: default}, {name: written}])[name]
    if isinstance(merged, dict) and name in _PARTLY:
        merged = {member: item for member, item in merged.items() if item is not None}
    return (written, None) if _same(merged, value) else (None, value)


def _same(left: Json, right: Json) -> bool:
    """Equal as JSON: true is not 1, but 1.0 is; keys in any order."""
    return _comparable(left) == _comparable(right)


def _comparable(value: Json) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _tools(tools: list[Json], key: str, target: Target, parts: dict[str, bytes]) -> Iterator[Json]:
    folder = f"{key}.functions"
    used: set[str] = set()
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) else None
        text = readable_json(escaped(function))
        if not isinstance(tool, dict) or not isinstance(function, dict) or text.count("\n") <= LONGEST_INLINE:
            yield escaped(tool)
            continue
        path = f"{folder}/{_unused(str(function.get('name')), used)}.json"
        parts[target.path(path)] = text.encode()
        rest = {name: escaped(value) for name, value in tool.items() if name != "function"}
        yield {**rest, "function_file": path}


def _unused(name: str, used: set[str]) -> str:
    """A file name that no other function has, on disks that do not tell upper from lower case either."""
    stem = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "_-"))
    found, number = stem or "function", 2
    while found.casefold() in used:
        found, number = f"{stem}-{number}", number + 1
    used.add(found.casefold())
    return found
