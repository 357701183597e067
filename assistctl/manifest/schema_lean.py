"""Turns the models into what :mod:`.schema_core` checks with; used by ``docs/generate.py`` only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from .schema import Fields, Fragment, Manifest
from .schema_project import Policies, Project
from .shapes import BRANCHES

_Schema = dict[str, Any]

_MODELS: Final[tuple[type[BaseModel], ...]] = (Manifest, Fragment, Fields, Project, Policies)
_KEPT: Final = {
    "any": (),
    "bool": (),
    "dict": ("min_length", "max_length"),
    "float": ("ge", "le", "gt", "lt"),
    "int": ("ge", "le", "gt", "lt"),
    "list": ("min_length", "max_length"),
    "literal": ("expected",),
    "nullable": (),
    "str": ("min_length", "max_length", "pattern"),
}
"""The simple types in use, with what is kept of each; another type needs a decision here first."""
_INNER: Final = ("schema", "items_schema", "keys_schema", "values_schema")
_STRICT: Final[Mapping[str, _Schema]] = {
    "float": {"strict": True, "allow_inf_nan": False},
    **{kind: {"strict": True} for kind in ("bool", "dict", "int", "list", "str")},
}
"""What the models' configuration says once is said at each type: definitions know no configuration."""


def core_schemas() -> dict[str, object]:
    """The schemas of all documents by their models' names. A value passes where the model accepts it."""
    made: dict[str, object] = {}
    for model in _MODELS:
        model.model_rebuild()
        made[model.__name__] = _lean(dict(model.__pydantic_core_schema__))
    return made


def _lean(schema: _Schema) -> _Schema:
    kind = schema["type"]
    special: Mapping[str, Callable[[_Schema], _Schema]] = {
        "default": lambda found: _lean(found["schema"]),
        "definition-ref": lambda found: {"type": "definition-ref", "schema_ref": _name(found["schema_ref"])},
        "definitions": _definitions,
        "model": _model,
        "tagged-union": _union,
    }
    if kind in special:
        return _named(special[kind](schema), schema)
    kept = {name: schema[name] for name in _KEPT[kind] if name in schema}
    inner: _Schema = {name: _lean(schema[name]) for name in _INNER if name in schema}
    return _named({"type": kind, **_STRICT.get(kind, {}), **kept, **inner}, schema)


def _named(made: _Schema, schema: _Schema) -> _Schema:
    return made | {"ref": _name(schema["ref"])} if "ref" in schema else made


def _name(ref: str) -> str:
    """A model's name without the address of its class, which differs from run to run."""
    return ref.rpartition(":")[0].rpartition(".")[2]


def _definitions(schema: _Schema) -> _Schema:
    parts = [_lean(each) for each in schema["definitions"]]
    return {"type": "definitions", "schema": _lean(schema["schema"]), "definitions": parts}


def _model(schema: _Schema) -> _Schema:
    """A map with these keys; its values are taken from the plain map, so no default is needed."""
    fields = {
        field.get("validation_alias", name): {
            "type": "typed-dict-field",
            "schema": _lean(field["schema"]),
            "required": field["schema"]["type"] != "default",
        }
        for name, field in schema["schema"]["fields"].items()
    }
    return {
        "type": "typed-dict",
        "fields": fields,
        "extra_behavior": schema["config"]["extra_fields_behavior"],
    }


def _union(schema: _Schema) -> _Schema:
    (name,) = (name for name, call in BRANCHES.items() if call is schema["discriminator"])
    choices = {tag: _lean(each) for tag, each in schema["choices"].items()}
    return {"type": "tagged-union", "discriminator": name, "choices": choices}
