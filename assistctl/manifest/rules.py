"""Rules about the final values of one assistant: what would be refused or lost if it were sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, takewhile
from typing import Final

from assistctl.model.assistant import FIELDS, MARKER_KEY
from assistctl.model.values import Json, Packed, Value

from .effective import Effective
from .findings import PLAIN_TEXT, Finding, Place
from .inputs import Inputs
from .shapes import KNOWN_TOOLS
from .sources import Sources
from .suggest import listed, nearest
from .texts import BEGINNINGS, TextFinding, check_text
from .yaml_nodes import Path

MAX_METADATA: Final = 15
"""The protocol has 16 metadata keys; one is ours."""

_ESCAPED: Final = re.compile(r"\\(?:[u\\bf]|[nrt]" + BEGINNINGS + ")")
"""JSON's escapes of what :mod:`.texts` looks for. Tabs and line ends are harmless, but their letter hides
where a token begins."""


def value_rules(effective: Effective, inputs: Inputs) -> Iterator[Finding]:
    """Errors in the final values that their shape does not show."""
    values = effective.values
    if "model" not in values:
        yield Finding("AC112", "no model: set it here or in defaults", effective.layers[-1].place(()))
    yield from _effort(effective, inputs)
    yield from _metadata(effective)
    if isinstance(tools := values.get("tools"), list):
        yield from _tools(effective, tools, inputs)


def _effort(effective: Effective, inputs: Inputs) -> Iterator[Finding]:
    word = effective.values.get("reasoning_effort")
    if isinstance(word, str) and word not in inputs.reasoning_efforts:
        known = inputs.reasoning_efforts
        words = f"reasoning_effort must be {listed(known)} here, found '{word}'{nearest(word, known)}"
        yield Finding("AC106", words, effective.place(("reasoning_effort",)))


def _metadata(effective: Effective) -> Iterator[Finding]:
    metadata = effective.values.get("metadata")
    if not isinstance(metadata, dict):
        return
    if MARKER_KEY in metadata:
        words = f"the metadata key '{MARKER_KEY}' is reserved for the record of ownership"
        yield Finding("AC116", words, effective.place(("metadata", MARKER_KEY), on_key=True))
    used = [key for key, value in metadata.items() if value is not None]
    if len(used) > MAX_METADATA:
        words = f"metadata takes at most {MAX_METADATA} keys beside ours, found {len(used)}"
        yield Finding("AC115", words, effective.place(("metadata",), on_key=True))


def _tools(effective: Effective, tools: list[Json], inputs: Inputs) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, tool in enumerate(tools):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(kind, str) or not isinstance(tool, dict):
            continue
        if kind not in KNOWN_TOOLS and kind not in inputs.extra_tools:
            known = (*KNOWN_TOOLS, *sorted(inputs.extra_tools))
            words = f"tools[{index}].type must be {listed(known)}, found '{kind}'{nearest(kind, known)}"
            yield Finding("AC106", words, effective.place(("tools", index, "type")))
        name = tool_name(tool)
        if name and seen.setdefault(name, index) != index:
            words = f"two tools are named '{name}': tools[{seen[name]}] and tools[{index}]"
            path: Path = ("tools", index, "function", "name") if kind == "function" else ("tools", index)
            yield Finding("AC111", words, effective.place(path))


def tool_name(tool: Mapping[str, Json]) -> str:
    """A function's name, the type of the protocol's other tools; empty where several may be alike."""
    kind, function = tool.get("type"), tool.get("function")
    if kind == "function":
        name = function.get("name") if isinstance(function, dict) else None
        return name if isinstance(name, str) else ""
    return kind if isinstance(kind, str) and kind in KNOWN_TOOLS else ""


def text_rules(
    effective: Effective, fields: Mapping[str, Value], sources: Sources, secrets: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong or odd with the characters of everything that would be sent, keys included.

    ``fields`` are the same values without the prompt, packed: one look at their texts spares walking them
    when all is well.
    """
    values = effective.values
    prompt = values.get("instructions")
    if isinstance(prompt, str):
        yield from _text(effective, sources, ("instructions",), prompt, secrets)
    rest = [value.text if isinstance(value, Packed) else str(value) for value in fields.values()]
    metadata = values.get("metadata")
    rest += map(str, chain(*metadata.items()) if isinstance(metadata, dict) else ())
    packed = "\n".join(rest)
    if _ESCAPED.search(packed) or "id" in values or check_text(packed, secrets):
        for name in (*FIELDS, "metadata", "id"):
            if name != "instructions" and name in values:
                yield from _nested(effective, sources, (name,), values[name], secrets)


def _nested(
    effective: Effective, sources: Sources, path: Path, value: Json, secrets: tuple[str, ...]
) -> Iterator[Finding]:
    if isinstance(value, str):
        yield from _text(effective, sources, path, value, secrets)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _text(effective, sources, (*path, name), name, secrets, on_key=True)
            yield from _nested(effective, sources, (*path, name), inner, secrets)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nested(effective, sources, (*path, index), inner, secrets)


def _text(
    effective: Effective,
    sources: Sources,
    path: Path,
    text: str,
    secrets: tuple[str, ...],
    *,
    on_key: bool = False,
) -> Iterator[Finding]:
    for found in check_text(text, secrets):
        shown = tuple(takewhile(lambda step: not any(secret in str(step) for secret in secrets), path))
        on_this = on_key and shown == path
        yield Finding(found.code, found.message, text_place(effective, sources, shown, found, on_key=on_this))


def text_place(
    effective: Effective, sources: Sources, path: Path, found: TextFinding, *, on_key: bool = False
) -> Place:
    """Where a finding in a text is: inside the prompt file that holds it, else in the value."""
    if path == ("instructions",):
        for file in effective.prompts:
            if found.needle and found.needle in sources.text(file):
                return Place(file, PLAIN_TEXT, needle=found.needle)
    return effective.place(path, on_key=on_key, needle=found.needle)
