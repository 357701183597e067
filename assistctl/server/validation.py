"""Checks of whole request bodies, written by hand: nothing here is shared with the client side.

Both operations close their top level (``additionalProperties: false`` in OpenAI's OpenAPI
description, CreateAssistantRequest and ModifyAssistantRequest): an unknown field is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from assistctl.model.values import Json

from . import checks
from .metadata_checks import check_metadata
from .resource_checks import check_created_resources, check_modified_resources
from .tool_checks import check_response_format, check_tools

Check: TypeAlias = Callable[[Json, str], None]

MAX_NAME = 256
MAX_DESCRIPTION = 512
MAX_INSTRUCTIONS = 256_000
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def check_create(body: Mapping[str, Json]) -> None:
    """Raises ``Refused`` (400) unless ``body`` is a legal create; only ``model`` is required."""
    checks.only(body, _CREATE)
    checks.required(body, "model", "model")
    _check(body, _CREATE)


def check_modify(body: Mapping[str, Json]) -> None:
    """Raises ``Refused`` (400) unless ``body`` is a legal modify; every field may be left out."""
    checks.only(body, _MODIFY)
    _check(body, _MODIFY)


def _check(body: Mapping[str, Json], rules: Mapping[str, Check]) -> None:
    for field, value in body.items():
        rules[field](value, field)


def _text_or_null(longest: int) -> Check:
    def check(value: Json, param: str) -> None:
        if value is not None:
            checks.text(value, param, longest)

    return check


def _number_or_null(high: float) -> Check:
    def check(value: Json, param: str) -> None:
        if value is not None:
            checks.number(value, param, 0, high)

    return check


def _model(value: Json, param: str) -> None:
    checks.text(value, param)


def _effort(value: Json, param: str) -> None:
    if value is not None:
        checks.choice(value, param, EFFORTS)


def _merged_metadata(value: Json, param: str) -> None:
    check_metadata(value, param, removals=True)


_BOTH: Mapping[str, Check] = {
    "model": _model,
    "name": _text_or_null(MAX_NAME),
    "description": _text_or_null(MAX_DESCRIPTION),
    "instructions": _text_or_null(MAX_INSTRUCTIONS),
    "reasoning_effort": _effort,
    "tools": check_tools,
    "temperature": _number_or_null(2),
    "top_p": _number_or_null(1),
    "response_format": check_response_format,
}
_CREATE: Mapping[str, Check] = {
    **_BOTH,
    "tool_resources": check_created_resources,
    "metadata": check_metadata,
}
_MODIFY: Mapping[str, Check] = {
    **_BOTH,
    "tool_resources": check_modified_resources,
    "metadata": _merged_metadata,
}
