"""The one YAML loader: bytes in, plain values or problems out; nothing is ever raised for bad input.

Good files take the fast path: one tight pass over the parser's events that keeps no positions. At the
first sign of trouble the same text is read again by :mod:`.yaml_nodes`, which knows every position.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from sys import intern
from typing import Final

from assistctl.model.values import Json

from .scalars import MAY_MEAN_MORE, NotJson, resolve
from .yaml_events import Event, events, kind_of
from .yaml_nodes import MAX_DEPTH, MAX_NODES, Lines, Positions, Problem

_HARMLESS: Final = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
"""Also the line and paragraph separators: the parser takes them for line ends, as YAML 1.1 did, and drops
blanks around them."""
_MAX_REPORTED: Final = 20
_UNEXPLAINED: Final = (Problem("AC008", "this is not YAML that can be read safely", 1, 1),)
"""Where the two readers disagree the file counts as broken: it is never taken for an empty one."""
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document."""

    index: int
    """Its place in the file, from 0."""
    line: int
    """Where its value starts, from 1."""
    value: Json


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one file holds: documents, or the problems that kept us from reading them."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    dollars: bool = False
    """Whether ``${`` occurs at all; false spares looking for interpolation."""


def load(data: bytes) -> Loaded:
    """Reads strict YAML: 1.2 core scalars; no tags, anchors, aliases, merge keys, duplicate or
    non-string keys, empty documents; at most 50 levels and 100,000 nodes."""
    documents = None if _has_controls(data) else _documents(data)
    if documents is not None:
        return Loaded(documents, dollars=b"$" in data and b"${" in data)  # one byte is found much faster
    text, problems = decode(data)
    return Loaded(problems=problems or Positions(text).problems() or _UNEXPLAINED)


def decode(data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The text of a YAML file without its byte order mark, and what is wrong with its characters."""
    try:
        text = data.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8").removeprefix(_BOM)
        line, column = Lines(good).place(len(good))
        return "", (Problem("AC006", f"not UTF-8: byte 0x{data[error.start]:02x}", line, column),)
    return text, tuple(_control_problems(text)) if _has_controls(data) else ()


def _has_controls(data: bytes) -> bool:
    """Whether a control character occurs; looks only at the few bytes that are not plain text."""
    rare = data.translate(None, _HARMLESS)
    return bool(rare) and _CONTROL.search(rare.decode("utf-8", "replace")) is not None


def _control_problems(text: str) -> list[Problem]:
    problems: list[Problem] = []
    lines = Lines(text)
    for match in _CONTROL.finditer(text):
        place = lines.place(match.start())
        words = f"U+{ord(match[0]):04X} cannot stand in YAML as itself"
        problems.append(Problem("AC007", words, *place))
        if len(problems) == _MAX_REPORTED:
            break
    return problems


def _documents(data: bytes) -> tuple[Document, ...] | None:
    """All documents, or None when there is anything to report, broken UTF-8 included."""
    from yaml import StreamEndEvent, YAMLError

    documents: list[Document] = []
    budget = MAX_NODES
    try:
        next_event = events(data)
        next_event()
        while kind_of(next_event()) is not StreamEndEvent:
            line, value, budget = _value(next_event, budget)
            if value is None:
                return None
            documents.append(Document(len(documents), line, value))
            next_event()
    except (YAMLError, NotJson, _Trouble):
        return None
    return tuple(documents) or None


class _Trouble(Exception):
    """Something that the slow reader will name."""


def _value(next_event: Callable[[], Event], budget: int) -> tuple[int, Json, int]:  # noqa: C901
    """Builds one document's value: the line where it starts, the value, the nodes that are left.

    One loop on purpose: it is where the time of reading a thousand manifests goes.
    """
    from yaml import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

    event = next_event()
    line = event.start_mark.line + 1
    stack: list[tuple[dict[str, Json] | list[Json] | None, str | None]] = []
    container: dict[str, Json] | list[Json] | None = None
    key: str | None = None
    while True:
        kind: type[object] = type(event)
        value: Json
        if kind is ScalarEvent:
            budget -= 1
            text = event.value
            if event.tag is not None or event.anchor is not None or budget < 0:
                raise _Trouble
            value = resolve(text) if not event.style and (not text or text[0] in MAY_MEAN_MORE) else text
            if key is None and type(container) is dict:
                if type(value) is not str or value in container or (value == "<<" and not event.style):
                    raise _Trouble
                key = intern(value)
                event = next_event()
                continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            budget -= 1
            as_key = key is None and type(container) is dict
            if as_key or event.tag is not None or event.anchor is not None or budget < 0:
                raise _Trouble
            if len(stack) >= MAX_DEPTH:
                raise _Trouble
            stack.append((container, key))
            container, key = ({} if kind is MappingStartEvent else []), None
            event = next_event()
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            container, key = stack.pop()
        else:
            raise _Trouble
        if container is None:
            return line, value, budget
        if type(container) is list:
            container.append(value)
        elif key is not None and type(container) is dict:
            container[key] = value
            key = None
        event = next_event()
