"""The quick check of a document's shape: good ones pass without the models, whose import takes 0.1 s.

``schema_core.json`` holds, in the language of pydantic-core, what the models of :mod:`.schema` and
:mod:`.schema_project` demand. It is generated from them by ``docs/generate.py``, and tests hold the two
together. Whatever does not pass is judged by the models alone: they find the words.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from assistctl.files import read_beside

from .shapes import BRANCHES

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import CoreSchema, SchemaValidator

    from .schema_errors import Mismatch

SchemaName = Literal["Manifest", "Fragment", "Fields", "Project", "Policies"]

_FILE: Final = "schema_core.json"


def check(name: SchemaName, value: object, *, lenient: bool = True) -> list[Mismatch]:
    """What is wrong with ``value``; see :func:`.schema_errors.check`."""
    if passes(name, value):
        return []
    from .schema_errors import check as explained

    return explained(_model(name), value, lenient=lenient)


def passes(name: SchemaName, value: object) -> bool:
    """Whether ``value`` fits the schema as it stands. False may be wrong where the model is lenient."""
    from pydantic_core import ValidationError

    try:
        _validator(name).validate_python(value)
    except ValidationError:
        return False
    return True


@cache
def _validator(name: SchemaName) -> SchemaValidator:
    from pydantic_core import SchemaValidator

    schema = _with_calls(_schemas()[name])
    return SchemaValidator(cast("CoreSchema", schema))


@cache
def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(read_beside(__file__, _FILE))
    return found


def _with_calls(schema: Any) -> Any:
    """The schema with functions in the place of their names."""
    if isinstance(schema, list):
        return [_with_calls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _with_calls(each) for key, each in schema.items()}
    if made.get("type") == "tagged-union":
        made["discriminator"] = BRANCHES[schema["discriminator"]]
    return made


def _model(name: SchemaName) -> type[BaseModel]:
    from . import schema, schema_project

    models: tuple[type[BaseModel], ...] = (
        schema.Manifest,
        schema.Fragment,
        schema.Fields,
        schema_project.Project,
        schema_project.Policies,
    )
    return next(model for model in models if model.__name__ == name)
