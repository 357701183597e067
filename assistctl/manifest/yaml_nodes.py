"""The slow reader: every position, every structural problem. Used only where there is something to report."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .scalars import MAY_MEAN_MORE, NotJson, Scalar, resolve
from .yaml_events import Event, events, kind_of

Path: TypeAlias = tuple[str | int, ...]
"""A place inside a document: map keys and list indexes from its root."""

MAX_DEPTH: Final = 50
MAX_NODES: Final = 100_000

_LINE_END: Final = re.compile(r"\r\n?|\n")
_EMPTY: Final = "empty document"
_MAX_REPORTED: Final = 100


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is wrong with a file as YAML; line and column count from 1."""

    code: str
    message: str
    line: int
    column: int


@dataclass(slots=True)
class Node:
    """A value with its span in the text."""

    kind: Literal["map", "list", "scalar"]
    start: int
    end: int
    items: list[Node]
    """Of a list: its elements. Of a map: keys and values in turn."""
    names: dict[str, int]
    """Of a map: where in ``items`` the first key of each name is."""
    scalar: Scalar = None
    plain: bool = False


_NO_ITEMS: Final[list[Node]] = []
_NO_NAMES: Final[dict[str, int]] = {}
"""What all scalars share; never added to."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in a text: offsets, and the line and column of its start (from 1)."""

    start: int
    end: int
    line: int
    column: int


class Lines:
    """Lines and columns of a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Positions:
    """Where the values of a text stand. Reading it once serves any number of questions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self._reader = _Reader(text, self.lines)
        self._reader.read()

    def locate(self, document: int, path: Sequence[str | int], *, key: bool = False) -> Span:
        """Where the value at ``path`` of one document stands; with ``key``, where its key does.

        A path that leads further than the document gives its deepest part.
        """
        if document >= len(self._reader.documents):
            return Span(0, 0, 1, 1)
        found = name = self._reader.documents[document]
        for step in path:
            pair = _step(found, step)
            if pair is None:
                break
            name, found = pair
        chosen = name if key else found
        return Span(chosen.start, chosen.end, *self.lines.place(chosen.start))

    def problems(self) -> tuple[Problem, ...]:
        """All structural problems, and the first syntax error, in order of place."""
        found = self._reader.problems
        if not self._reader.documents and not found:
            return (Problem("AC014", "the file holds no document", 1, 1),)
        return tuple(sorted(found, key=lambda p: (p.line, p.column, p.code)))


def locate(text: str, document: int, path: Sequence[str | int], *, key: bool = False) -> Span:
    """One question to :class:`Positions`."""
    return Positions(text).locate(document, path, key=key)


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """The key and the value one step further; a list's element is both."""
    if node.kind == "map" and isinstance(step, str):
        at = node.names.get(step)
        return None if at is None or at + 1 >= len(node.items) else (node.items[at], node.items[at + 1])
    if node.kind == "list" and isinstance(step, int) and step < len(node.items):
        return node.items[step], node.items[step]
    return None


class _Stop(Exception):
    """A limit is passed: nothing after it is read."""


class _Reader:
    """Builds nodes from events and notes what is not allowed, going on wherever that makes sense."""

    def __init__(self, text: str, lines: Lines) -> None:
        import yaml

        self.text = text
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._lines = lines
        self._stack: list[Node] = []
        self._nodes = 0
        self._scalar_kind, self._alias_kind = yaml.ScalarEvent, yaml.AliasEvent
        self._map_kind, self._list_kind = yaml.MappingStartEvent, yaml.SequenceStartEvent
        self._end_kinds = (yaml.MappingEndEvent, yaml.SequenceEndEvent)

    def note(self, code: str, message: str, offset: int) -> None:
        self.problems.append(Problem(code, message, *self._lines.place(offset)))
        if len(self.problems) >= _MAX_REPORTED:
            raise _Stop

    def read(self) -> None:
        from yaml import MarkedYAMLError, StreamEndEvent, YAMLError

        try:
            next_event = events(self.text)
            while kind_of(event := next_event()) is not StreamEndEvent:
                self._take(event)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            parts = [part for part in (error.context, error.problem) if part]
            self.problems.append(
                Problem("AC008", "; ".join(parts), *self._lines.place(mark.index if mark else 0))
            )
        except YAMLError as error:
            self.problems.append(Problem("AC008", str(getattr(error, "reason", "not YAML")), 1, 1))
        except _Stop:
            return

    def _take(self, event: Event) -> None:
        kind = kind_of(event)
        if kind is self._scalar_kind:
            self._count(event)
            self._add(self._scalar(event))
        elif kind is self._map_kind or kind is self._list_kind:
            self._count(event)
            self._open("map" if kind is self._map_kind else "list", event.start_mark.index)
        elif kind in self._end_kinds:
            node = self._stack.pop()
            node.end = max(event.start_mark.index, node.items[-1].end if node.items else 0)
        elif kind is self._alias_kind:
            self.note("AC012", f"alias *{event.anchor}", event.start_mark.index)
            self._add(Node("scalar", event.start_mark.index, event.end_mark.index, [], {}, ""))

    def _count(self, event: Event) -> None:
        start = event.start_mark.index
        if event.anchor is not None:
            self.note("AC012", f"anchor &{event.anchor}", start)
        if event.tag is not None:
            self.note("AC011", f"tag {event.tag}", start)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self.note("AC016", f"more than {MAX_NODES:,} values and keys", start)
            raise _Stop

    def _open(self, kind: Literal["map", "list"], start: int) -> None:
        node = Node(kind, start, start, [], {})
        if len(self._stack) >= MAX_DEPTH:
            self.note("AC015", f"nested deeper than {MAX_DEPTH} levels", start)
            raise _Stop
        self._add(node)
        self._stack.append(node)

    def _scalar(self, event: Event) -> Node:
        start, end, value = event.start_mark.index, event.end_mark.index, event.value
        plain = not event.style
        node = Node("scalar", start, end, _NO_ITEMS, _NO_NAMES, value, plain)
        if plain and (not value or value[0] in MAY_MEAN_MORE):
            try:
                node.scalar = resolve(value)
            except NotJson as error:
                self.note("AC017", str(error), start)
        return node

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.documents.append(node)
            if node.kind == "scalar" and node.scalar is None:
                self.note("AC014", _EMPTY, node.start)
            return
        parent = self._stack[-1]
        if parent.kind == "map" and len(parent.items) % 2 == 0:
            self._check_key(parent, node)
        parent.items.append(node)

    def _check_key(self, parent: Node, key: Node) -> None:
        if key.kind != "scalar" or not isinstance(key.scalar, str):
            text = self.text[key.start : key.end][:40] or "nothing"
            what = text if key.kind == "scalar" else "a map or list"
            self.note("AC010", f"key is not text: {what}", key.start)
        elif key.plain and key.scalar == "<<":
            self.note("AC013", "merge key <<", key.start)
        elif (first := parent.names.setdefault(key.scalar, len(parent.items))) != len(parent.items):
            line, column = self._lines.place(parent.items[first].start)
            self.note("AC009", f"duplicate key '{key.scalar}' (first at {line}:{column})", key.start)
