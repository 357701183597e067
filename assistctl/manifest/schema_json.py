"""The JSON Schemas of manifests and of the project file, for editors and other tools.

Draft 2020-12 without ``unevaluatedProperties`` and ``prefixItems``, so that readers of draft 7 understand
it too. The help of a field is the text below it in the models' source.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Final

from pydantic import BaseModel

from assistctl.files import read_beside

from . import schema, schema_project, schema_tools
from .schema import Manifest
from .schema_project import Project
from .shapes import KNOWN_TOOLS

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_DESCRIBED: Final = (schema, schema_tools, schema_project)

Schema = dict[str, object]


def manifest_schema(
    extra_tools: Collection[str] = (), reasoning_efforts: Collection[str] = ()
) -> dict[str, object]:
    """The schema of one manifest document.

    With a profile's ``extra_tools`` and ``reasoning_efforts`` editors offer just these words; without,
    every tool type beside the protocol's three and every effort passes here, to be judged by ``validate``.
    """
    made = _schema(Manifest, "A manifest of assistctl")
    definitions = _map(made["$defs"])
    opaque = _map(_map(definitions["OpaqueTool"])["properties"])
    opaque["type"] = {"type": "string", **_other_tools(extra_tools)}
    if reasoning_efforts:
        for each in (made, *definitions.values()):
            properties = _map(_map(each).get("properties"))
            if "reasoning_effort" in properties:
                help_text = _map(properties["reasoning_effort"]).get("description")
                properties["reasoning_effort"] = {
                    "enum": [*reasoning_efforts, None],
                    "description": help_text,
                }
    return made


def project_schema() -> dict[str, object]:
    """The schema of ``assistctl.yaml``."""
    made = _schema(Project, "A project file of assistctl")
    definitions = _map(made["$defs"])
    _map(_map(definitions["OpaqueTool"])["properties"])["type"] = {"type": "string", **_other_tools(())}
    return made


def _other_tools(extra_tools: Collection[str]) -> Schema:
    return {"enum": sorted(extra_tools)} if extra_tools else {"not": {"enum": list(KNOWN_TOOLS)}}


def _schema(model: type[BaseModel], title: str) -> Schema:
    made: Schema = {"$schema": _DRAFT, **model.model_json_schema(by_alias=True), "title": title}
    texts = {name: text for module in _DESCRIBED for name, text in _field_texts(module).items()}
    _describe(made, model.__name__, texts)
    for name, definition in _map(made.get("$defs")).items():
        _describe(_map(definition), name, texts)
    _strip(made)
    return made


def _describe(definition: Schema, name: str, texts: Mapping[str, Mapping[str, str]]) -> None:
    for field, value in _map(definition.get("properties")).items():
        for base in _lineage(name):
            text = texts.get(base, {}).get(field) or texts.get(base, {}).get(f"{field}_")
            if text and isinstance(value, dict):
                value["description"] = text
                break


def _lineage(name: str) -> list[str]:
    """The names of a model and of the models it extends, nearest first."""
    for module in _DESCRIBED:
        model = getattr(module, name, None)
        if isinstance(model, type):
            return [each.__name__ for each in model.__mro__]
    return [name]


def _field_texts(module: ModuleType) -> dict[str, dict[str, str]]:
    """By class and field: the string that stands below the field in the source."""
    source = read_beside(str(module.__file__), f"{module.__name__.rpartition('.')[2]}.py")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {each.name: _texts_in(each) for each in classes}


def _texts_in(node: ast.ClassDef) -> dict[str, str]:
    texts: dict[str, str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[field.target.id] = str(below.value.value)
    return texts


def _strip(value: object) -> None:
    """Takes out what only describes our Python: titles of fields, and defaults that stand for absence."""
    if isinstance(value, list):
        for each in value:
            _strip(each)
    if not isinstance(value, dict):
        return
    properties = value.get("properties")
    if isinstance(properties, dict):
        for each in properties.values():
            if isinstance(each, dict):
                each.pop("title", None)
                if each.get("default") in (None, ""):
                    each.pop("default", None)
    for each in value.values():
        _strip(each)


def _map(value: object) -> Schema:
    return value if isinstance(value, dict) else {}
