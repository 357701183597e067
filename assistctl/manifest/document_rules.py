"""What is wrong with one document by itself, before layers: its shape, and rules that no schema can say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from assistctl.model.assistant import FIELDS
from assistctl.model.codes import CODES, is_error
from assistctl.model.values import Json

from .findings import Finding
from .interpolate import has_references
from .layers import Layer
from .schema_core import SchemaName, check
from .suggest import dotted, listed, nearest
from .yaml_nodes import Path

KEY: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_IDENTITY: Final = ("key", "aliases", "only", "allow", "extends", "lifecycle", "id")
"""Keys that decide which assistant is meant and what may be done to it: nothing is expanded in them."""


def document_findings(layer: Layer, schema: SchemaName, environments: Sequence[str]) -> list[Finding]:
    """Everything about one manifest or fragment that does not depend on an environment."""
    found = [
        Finding(each.code, each.message, layer.place(each.path, on_key=each.on_key))
        for each in check(schema, layer.values)
    ]
    found += _layer_rules(layer)
    overrides = layer.values.get("environments")
    for name, values in overrides.items() if isinstance(overrides, dict) else ():
        if isinstance(values, dict):
            found += _layer_rules(_part(layer, ("environments", name), values))
    found += _environment_names(layer, environments)
    return found


def key_findings(layer: Layer, stem: str, documents: int) -> Iterator[Finding]:
    """Whether the document has a key, or its file's stem can be one."""
    key = layer.values.get("key")
    if "key" not in layer.values:
        if documents > 1:
            yield Finding("AC113", "a file with several documents needs a key in each", layer.place(()))
        elif not KEY.fullmatch(stem):
            words = f"the file's name '{stem}' cannot be a key ({KEY.pattern}): add a key"
            yield Finding("AC114", words, layer.place(()))
    aliases = layer.values.get("aliases")
    for index, alias in enumerate(aliases if isinstance(aliases, list) else ()):
        if alias == (key or stem):
            yield Finding("AC605", f"'{alias}' is the key itself", layer.place(("aliases", index)))


def _part(layer: Layer, path: Path, values: Mapping[str, Json]) -> Layer:
    return Layer(layer.file, layer.document, layer.path + path, values)


def _layer_rules(layer: Layer) -> Iterator[Finding]:
    values = layer.values
    if "instructions" in values and "instructions_file" in values:
        words = "instructions and instructions_file exclude each other"
        yield Finding("AC108", words, layer.place(("instructions_file",), on_key=True))
    for name in _IDENTITY:
        if name in values:
            yield from _references(layer, (name,), values[name])
    lifecycle = values.get("lifecycle")
    if isinstance(lifecycle, dict):
        yield from _ignored(layer, lifecycle.get("ignore_changes"))
    yield from _allowed(layer, values.get("allow"))


def _references(layer: Layer, path: Path, value: Json) -> Iterator[Finding]:
    if isinstance(value, str) and has_references(value):
        yield Finding("AC306", f"references are not expanded in {dotted(path)}", layer.place(path))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _references(layer, (*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _references(layer, (*path, index), inner)


def _ignored(layer: Layer, fields: Json) -> Iterator[Finding]:
    known = (*FIELDS, "metadata")
    for index, name in enumerate(fields if isinstance(fields, list) else ()):
        if not isinstance(name, str) or name in known or has_references(name):
            continue
        if re.fullmatch(r"metadata\..{1,64}", name):
            continue
        words = f"ignore_changes names no field: '{name}'{nearest(name, known)}"
        yield Finding("AC117", words, layer.place(("lifecycle", "ignore_changes", index)))


def _allowed(layer: Layer, codes: Json) -> Iterator[Finding]:
    for index, code in enumerate(codes if isinstance(codes, list) else ()):
        if not isinstance(code, str) or not re.fullmatch(r"AC[0-9]{3}", code):
            continue
        place = layer.place(("allow", index))
        if code not in CODES:
            near = get_close_matches(code, [known for known in CODES if not is_error(known)], n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            yield Finding("AC118", f"there is no {code}{hint}", place)
        elif is_error(code):
            yield Finding("AC118", f"{code} is an error and cannot be allowed", place)


def _environment_names(layer: Layer, known: Sequence[str]) -> Iterator[Finding]:
    for field in ("environments", "id", "only"):
        value = layer.values.get(field)
        steps: list[tuple[str | int, Json]] = []
        if isinstance(value, dict):
            steps = [(name, name) for name in value]
        elif isinstance(value, list) and field == "only":
            steps = list(enumerate(value))
        for step, name in steps:
            if isinstance(name, str) and name not in known:
                words = f"unknown environment '{name}'{nearest(name, known)}; there is {listed(known)}"
                yield Finding("AC204", words, layer.place((field, step), on_key=isinstance(step, str)))
