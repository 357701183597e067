"""The seam to PyYAML: its event stream, typed as much as we use of it. Its constructors are never used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast


class Mark(Protocol):
    """A position of PyYAML, counting from 0."""

    index: int
    line: int


class Event(Protocol):
    """What an event has; each kind has only some of it."""

    start_mark: Mark
    end_mark: Mark
    tag: str | None
    anchor: str | None
    style: str | None
    """Empty (C parser) or None (Python parser) for a plain scalar."""
    value: str


def events(text: str | bytes) -> Callable[[], Event]:
    """A function that gives the next event, by the C parser where PyYAML was built with it.

    Events and not nodes: PyYAML's composer overflows the C stack on deep input, the stream does not.
    """
    import yaml

    fast: type[yaml.CSafeLoader] | None = getattr(yaml, "CSafeLoader", None)
    reader = fast(text) if fast is not None else yaml.SafeLoader(text)
    return cast("Callable[[], Event]", reader.get_event)


def kind_of(event: Event) -> type[object]:
    """The event's class, to be compared with those of PyYAML."""
    return type(event)
