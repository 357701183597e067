"""Which branch of a schema a value belongs to; known apart from the models, which are heavy to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

KNOWN_TOOLS = ("code_interpreter", "file_search", "function")
"""Tool types of the protocol; others pass where the provider's profile lists them."""


def text_of(value: dict[str, object], name: str) -> str | None:
    """The text at ``name``, or None where there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else None


def by_shape(value: object) -> str:
    """The branch of a union of text, list and map that ``value`` belongs to."""
    if isinstance(value, list):
        return "list"
    return "map" if isinstance(value, dict) else "text"


def tool_tag(value: object) -> str | None:
    """The kind of tool that ``value`` means to be; None where it does not say."""
    if not isinstance(value, dict):
        return "code_interpreter"
    kind = text_of(value, "type")
    if kind == "function" and "function_file" in value:
        return "function_file"
    return kind if kind is None or kind in KNOWN_TOOLS else "opaque"


def format_tag(value: object) -> str | None:
    """The kind of response format that ``value`` means to be."""
    return text_of(value, "type") if isinstance(value, dict) else "auto"


def share_or_count(value: object) -> str:
    """The branch of ``max_deletes``."""
    return "share" if isinstance(value, str) else "count"


BRANCHES: Mapping[str, Callable[[object], str | None]] = MappingProxyType(
    {each.__name__: each for each in (by_shape, tool_tag, format_tag, share_or_count)}
)
"""By the names that ``schema_core.json`` uses."""
