"""One YAML or JSON file as text, with the extents of its values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from assistctl.manifest.json_reader import load_json
from assistctl.manifest.scalars import Scalar
from assistctl.manifest.yaml_nodes import Path, Positions
from assistctl.manifest.yaml_reader import Loaded, load
from assistctl.model.values import Json

from . import emit

_BOM: Final = "\ufeff"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_SPACE_LINES: Final = re.compile(r"(?:\r?\n[ \t]*)*\Z")


class CannotEdit(Exception):
    """The value cannot be written there; says why."""


def read(data: bytes, *, is_json: bool) -> Loaded:
    """The values of a file, as the program reads it everywhere."""
    return load_json(data) if is_json else load(data)


def exactly(value: Json) -> str:
    """A text that is equal for equal values only: 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Extent:
    """``text[start:end]`` holds a value; blank lines behind it do not belong to it."""

    start: int
    end: int


class Source:
    """A file that is valid; offsets count characters after the byte order mark."""

    def __init__(self, data: bytes, *, is_json: bool) -> None:
        loaded = read(data, is_json=is_json)
        if loaded.problems:
            raise CannotEdit(f"the file is not valid: {loaded.problems[0].message}")
        whole = data.decode("utf-8")
        self.is_json = is_json
        self.text = whole.removeprefix(_BOM)
        self.bom = whole[: len(whole) - len(self.text)]
        self.values = tuple(document.value for document in loaded.documents)
        first = self.text.find("\n")
        self.eol = "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"
        self.ascii_only = is_json and self.text.isascii() and "\\u" in self.text
        # In JSON an emoji may be two escapes, which YAML's reader does not know; only places matter here.
        self._positions = Positions(_SURROGATE.sub("??????", self.text) if is_json else self.text)

    def token(self, value: Scalar) -> str:
        """A scalar as it may stand anywhere in this file."""
        if self.is_json and isinstance(value, str):
            return emit.quoted(value, ascii_only=self.ascii_only)
        return emit.scalar(value)

    def value(self, document: int, path: Path) -> Json:
        """The value at a path that exists."""
        return value_at(self.values[document], path)

    def start(self, document: int, path: Path) -> int:
        """Where the value begins; of a block list, its first dash."""
        return self._positions.locate(document, path).start

    def name(self, document: int, path: Path) -> Extent:
        """Where the key of a map's member stands."""
        span = self._positions.locate(document, path, key=True)
        return Extent(span.start, span.end)

    def full_end(self, document: int, path: Path) -> int:
        """The end that the reader has for a scalar: behind the last blank line of a block."""
        return self._positions.locate(document, path).end

    def extent(self, document: int, path: Path) -> Extent:
        """Where the value stands, without blank lines behind it."""
        value, span = self.value(document, path), self._positions.locate(document, path)
        if not isinstance(value, dict | list):
            end = span.end
            if self.text[span.start : span.start + 1] in ("|", ">"):
                end = span.start + len(_SPACE_LINES.sub("", self.text[span.start : end]))
            return Extent(span.start, end)
        if self.is_flow(document, path):
            return Extent(span.start, span.end + 1)
        last = len(value) - 1 if isinstance(value, list) else [*value][-1]
        return Extent(span.start, self.extent(document, (*path, last)).end)

    def is_flow(self, document: int, path: Path) -> bool:
        """Whether a map or list is written in brackets."""
        start = self.start(document, path)
        return self.text[start : start + 1] in ("{", "[")

    def column(self, document: int, path: Path) -> int:
        """The column, from 0, of the block map or list at ``path``."""
        start = self.start(document, path)
        return start - self.line_start(start)

    def line_start(self, offset: int) -> int:
        """The first offset of the line that ``offset`` is in."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The offset of the line end at or behind ``offset``, or the end of the text."""
        end = self.text.find("\n", offset)
        if end < 0:
            return len(self.text)
        return end - 1 if end > offset and self.text[end - 1] == "\r" else end


def value_at(value: Json, path: Path) -> Json:
    """The value at a path. Raises LookupError where there is none."""
    for step in path:
        value = _inner(value, step)
    return value


def _inner(value: Json, step: str | int) -> Json:
    if isinstance(value, dict) and isinstance(step, str):
        return value[step]
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    raise LookupError(step)


def has(value: Json, path: Path) -> bool:
    """Whether there is a value at this path."""
    try:
        value_at(value, path)
    except LookupError:
        return False
    return True
