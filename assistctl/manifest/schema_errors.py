"""pydantic's errors as our problems: where in the document, which code, what was found, what is near."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .interpolate import has_references
from .suggest import dotted, listed, nearest, shown
from .yaml_nodes import Path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
}
_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_LENGTHS: Final = {
    "string_too_long": ("max_length", "at most", "character"),
    "string_too_short": ("min_length", "at least", "character"),
    "too_long": ("max_length", "at most", "entry"),
    "too_short": ("min_length", "at least", "entry"),
}
_PLURALS: Final = {"character": "characters", "entry": "entries"}
_FORMS: Final = {
    "max_deletes": "a share like 30%, or a count",
    "base_url": "an http(s) address without user, query or fragment",
    "auth": "bearer, header NAME, command or none",
}
"""Words for keys whose pattern says nothing to people; what was found is not repeated (it may hold a key)."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where a value does not fit its schema."""

    code: str
    message: str
    path: Path
    on_key: bool = False
    """Whether the key is meant, not its value."""


def check(model: type[BaseModel], value: object, *, lenient: bool = True) -> list[Mismatch]:
    """What is wrong with ``value``. When ``lenient``, texts that hold references (``${var.…}``) are not
    judged by their form: their expansion will be."""
    try:
        model.__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        return [_mismatch(model, value, each) for each in _relevant(error, lenient)]
    return []


def _relevant(error: ValidationError, lenient: bool) -> Iterator[ErrorDetails]:
    for each in error.errors(include_url=False):
        found = each.get("ctx", {}).get("tag", each["input"])
        unknown_or_missing = each["type"] in ("extra_forbidden", "missing")
        if lenient and not unknown_or_missing and isinstance(found, str) and has_references(found):
            continue
        yield each


def _mismatch(model: type[BaseModel], value: object, error: ErrorDetails) -> Mismatch:
    path, kind, found = _path(value, error["loc"]), error["type"], error["input"]
    context: Mapping[str, object] = error.get("ctx", {})
    name = dotted(path) or "the document"
    if kind == "extra_forbidden":
        return _unknown_key(model, error["loc"], path)
    if kind == "missing":
        return Mismatch("AC102", f"missing key '{error['loc'][-1]}'{_within(path)}", path)
    if kind == "union_tag_not_found":
        return Mismatch("AC102", f"missing key 'type'{_within(path)}", path)
    if found is None:
        return Mismatch("AC110", f"{name} must not be null", path)
    if kind in _TYPES:
        return Mismatch("AC103", f"{name} must be {_TYPES[kind]}, found {shown(found)}", path)
    if kind in _LENGTHS:
        return Mismatch(
            "AC104", _length(kind, name, context, found), path, on_key=error["loc"][-1] == "[key]"
        )
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        limit = context.get(key)
        return Mismatch("AC105", f"{name} must be {words} {limit:g}, found {shown(found)}", path)
    if kind in ("literal_error", "union_tag_invalid"):
        return _not_one_of(path, name, context, found)
    if kind == "string_pattern_mismatch":
        return _wrong_form(name, path, context, found)
    return Mismatch("AC119", f"{name}: {error['msg']}", path)


def _wrong_form(name: str, path: Path, context: Mapping[str, object], found: object) -> Mismatch:
    words = _FORMS.get(str(path[-1])) if path else None
    if words is not None:
        return Mismatch("AC107", f"{name} must be {words}", path)
    pattern = str(context.get("pattern", "")).removeprefix("^").removesuffix("$")
    return Mismatch("AC107", f"{name} must match {pattern}, found {shown(found)}", path)


def _length(kind: str, name: str, context: Mapping[str, object], found: object) -> str:
    key, words, unit = _LENGTHS[kind]
    size = len(found) if isinstance(found, str | list | dict) else 0
    if not size:
        return f"{name} must not be empty"
    limit = context.get(key)
    return f"{name} takes {words} {limit:,} {unit if limit == 1 else _PLURALS[unit]}, found {size:,}"


def _not_one_of(path: Path, name: str, context: Mapping[str, object], found: object) -> Mismatch:
    raw = str(context.get("expected_tags", context.get("expected", ""))).replace(" or ", ", ")
    words = [word.strip().strip("'") for word in raw.split(",")]
    words = [word for word in words if word not in ("opaque", "function_file")]
    if "tag" in context:
        path, name, found = (*path, "type"), f"{name}.type", context["tag"]
    elif path == ("response_format",):
        words = [*words, "a map with a type"]
    hint = nearest(found, words) if isinstance(found, str) else ""
    return Mismatch("AC106", f"{name} must be {listed(words)}, found {shown(found)}{hint}", path)


def _unknown_key(model: type[BaseModel], loc: Sequence[str | int], path: Path) -> Mismatch:
    key = str(loc[-1])
    if key == "vector_stores":
        words = "the inline vector_stores helper makes a new store on every create: name the store by its id"
        return Mismatch("AC109", f"{dotted(path)} is refused: {words}", path, on_key=True)
    hint = nearest(key, _names(_models_at(model, loc[:-1])))
    return Mismatch("AC101", f"unknown key '{key}'{_within(path[:-1])}{hint}", path, on_key=True)


def _within(path: Path) -> str:
    return f" in {dotted(path)}" if path else ""


def _path(value: object, loc: Sequence[str | int]) -> Path:
    """The error's place in the document: steps that are not in it (names of union branches) are skipped."""
    path: list[str | int] = []
    for step in loc:
        inner = _inner(value, step)
        if inner is not None:
            value = inner[0]
            path.append(step)
    return tuple(path)


def _inner(value: object, step: str | int) -> tuple[object] | None:
    if isinstance(value, dict):
        return (value[step],) if step in value else None
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return (value[step],)
    return None


def _names(models: Sequence[type[BaseModel]]) -> list[str]:
    return [info.alias or name for model in models for name, info in model.model_fields.items()]


def _models_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models that may describe the map at ``loc``."""
    models = [model]
    for step in loc:
        inner = [
            part
            for each in models
            for name, info in each.model_fields.items()
            if step in (name, info.alias)
            for part in _models_in(info.annotation)
        ]
        tagged = [each for each in models if step in _tags(each)]
        models = tagged if tagged and tagged != models else inner or models
    return models


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _tags(model: type[BaseModel]) -> tuple[object, ...]:
    info = model.model_fields.get("type")
    tags = get_args(info.annotation) if info and get_origin(info.annotation) is Literal else ()
    return (*tags, "function_file") if "function_file" in model.model_fields else tags
