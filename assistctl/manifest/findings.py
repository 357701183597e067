"""Findings while manifests are read, and how they become diagnostics with a line and a column.

A finding knows *what* it is about (file, document, path); positions are looked up at the end, by reading
the few files again that have something to report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from assistctl.files import FileRefused
from assistctl.model.codes import severity
from assistctl.model.diagnostic import Diagnostic

from .suggest import dotted
from .yaml_nodes import Lines, Path, Positions, Problem

PLAIN_TEXT: Final = -1
"""The document number of a file that is not YAML: a prompt or a text fragment."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value (or its key) in a file."""

    file: str
    document: int = 0
    path: Path = ()
    on_key: bool = False
    needle: str = ""
    """What to look for inside the value, so that long texts show the exact place."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at one place."""

    code: str
    message: str
    place: Place
    at: tuple[int, int] | None = None
    """Line and column, where they are already known."""


def of_problem(file: str, problem: Problem) -> Finding:
    """A problem of the YAML reader as a finding."""
    return Finding(problem.code, problem.message, Place(file), (problem.line, problem.column))


def diagnostics(findings: Iterable[Finding], read_text: Callable[[str], str]) -> tuple[Diagnostic, ...]:
    """All findings with their positions, sorted by place, each once.

    ``read_text`` gives a file's text as positions count it (without a byte order mark).
    """
    found: set[Diagnostic] = set()
    by_file = sorted(set(findings), key=lambda finding: finding.place.file)
    for _, group in groupby(by_file, key=lambda finding: finding.place.file):
        locator = Locator(read_text)  # one for each file: positions of all would need much memory
        found.update(_diagnostic(locator.located(finding)) for finding in group)
    return tuple(sorted(found))


class Locator:
    """Says where findings are. Each file is read once, and stays in memory as long as this does."""

    def __init__(self, read_text: Callable[[str], str]) -> None:
        self._read_text = read_text
        self._finders: dict[str, _Finder] = {}

    def located(self, finding: Finding) -> Finding:
        """The same with its line and column."""
        if finding.at is not None:
            return finding
        file = finding.place.file
        if file not in self._finders:
            self._finders[file] = _Finder(file, self._read_text)
        return replace(finding, at=self._finders[file].find(finding.place))


def _diagnostic(finding: Finding) -> Diagnostic:
    line, column = finding.at or (1, 1)
    path = dotted(finding.place.path)
    return Diagnostic(
        finding.place.file, line, column, finding.code, finding.message, severity(finding.code), path
    )


class _Finder:
    """Answers where things are in one file; reads it on the first question."""

    def __init__(self, file: str, read_text: Callable[[str], str]) -> None:
        self._file = file
        self._read_text = read_text
        self._text: str | None = None
        self._positions: Positions | None = None

    def find(self, place: Place) -> tuple[int, int]:
        """Line and column of a value or a key."""
        text = self._source()
        if place.document == PLAIN_TEXT:
            offset = text.find(place.needle) if place.needle else 0
            return Lines(text).place(max(offset, 0))
        if self._positions is None:
            self._positions = Positions(text)
        span = self._positions.locate(place.document, place.path, key=place.on_key)
        if place.needle:
            offset = text.find(place.needle, span.start, span.end)
            if offset >= 0:
                return self._positions.lines.place(offset)
        return span.line, span.column

    def _source(self) -> str:
        if self._text is None:
            try:
                self._text = self._read_text(self._file)
            except FileRefused:
                self._text = ""
        return self._text
