"""A text that is sent, as the pieces it was put together from, each with the file it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from assistctl.files import join
from assistctl.manifest.findings import PLAIN_TEXT, Place
from assistctl.manifest.interpolate import Names, escape, expand, references

JOINT: Final = "\n\n"
"""What stands between the files of a list."""

_FILE: Final = "file."


@dataclass(frozen=True, slots=True)
class Origin:
    """One text before its references are expanded."""

    place: Place
    source: str


@dataclass(frozen=True, slots=True)
class Composition:
    """Where a text comes from: one origin, or the files of a list."""

    origins: tuple[Origin, ...]
    joined: bool = False
    """Joined by one blank line, line ends at the end of each stripped."""


@dataclass(slots=True, eq=False)
class Leaf:
    """A piece of the text that has no pieces itself."""

    text: str
    """What it contributes."""
    raw: str | None = None
    """The reference as written; None for literal text."""
    hidden: str = ""
    """Line ends behind the text that are in the file but not in the result."""
    fixed: bool = False
    """The blank line between two files: it stands in none of them."""

    @property
    def source(self) -> str:
        """How it is written."""
        return escape(self.text + self.hidden) if self.raw is None else self.raw


@dataclass(slots=True, eq=False)
class Unit:
    """One origin in pieces: leaves, and the files that it names."""

    place: Place
    parts: list[Leaf | Unit] = field(default_factory=list)
    raw: str = ""
    """The reference that names it; empty for the outermost."""
    tail: str = ""
    """The last line end of a named file, which is not inserted."""
    inlined: bool = False
    """Its text takes the place of the reference; the file itself stays as it is."""

    @property
    def as_part(self) -> str:
        """How the origin around it writes it."""
        return escape("".join(leaf.text for leaf in self.leaves())) if self.inlined else self.raw

    @property
    def source(self) -> str:
        """The whole origin as written."""
        inner = (part.as_part if isinstance(part, Unit) else part.source for part in self.parts)
        return "".join(inner) + self.tail

    def leaves(self) -> Iterator[Leaf]:
        """All leaves, depth first."""
        for part in self.parts:
            if isinstance(part, Unit):
                yield from part.leaves()
            else:
                yield part

    def units(self) -> Iterator[Unit]:
        """This one and all within it."""
        yield self
        for part in self.parts:
            if isinstance(part, Unit):
                yield from part.units()


class Assembly:
    """A composition in pieces. What cannot be expanded is left out: compare :attr:`text` first."""

    def __init__(self, composition: Composition, names: Names) -> None:
        self._names = names
        self.tops = [self._unit(origin.place, origin.source) for origin in composition.origins]
        if composition.joined:
            for top in self.tops:
                _strip([*top.leaves()])

    @property
    def leaves(self) -> list[Leaf]:
        """All leaves in order, with the joints between files."""
        found: list[Leaf] = []
        for index, top in enumerate(self.tops):
            if index:
                found.append(Leaf(JOINT, raw="", fixed=True))
            found += top.leaves()
        return found

    @property
    def text(self) -> str:
        """The text that all pieces make."""
        return "".join(leaf.text for leaf in self.leaves)

    def units(self) -> Iterator[Unit]:
        """Every origin and every file named in one."""
        for top in self.tops:
            yield from top.units()

    def _unit(self, place: Place, source: str) -> Unit:
        unit = Unit(place)
        at = 0
        for start, end, name in references(source):
            unit.parts.append(Leaf(self._expanded(source[at:start], place.file)))
            unit.parts.append(self._reference(source[start:end], name, place.file))
            at = end
        unit.parts.append(Leaf(self._expanded(source[at:], place.file)))
        return unit

    def _reference(self, raw: str, name: str, file: str) -> Leaf | Unit:
        if not name.startswith(_FILE):
            return Leaf(self._expanded(raw, file), raw)
        path = join(file, name.removeprefix(_FILE))
        text = self._names.read_text(path)
        kept = text[:-1].removesuffix("\r") if text.endswith("\n") else text
        unit = self._unit(Place(path, PLAIN_TEXT), kept)
        unit.raw, unit.tail = raw, text[len(kept) :]
        return unit

    def _expanded(self, text: str, file: str) -> str:
        return expand(text, file, self._names, lambda *_: None)


def _strip(leaves: list[Leaf]) -> None:
    """Hides the line ends at the end of one file of a list."""
    for leaf in reversed(leaves):
        kept = leaf.text.rstrip("\r\n")
        if leaf.raw is not None:
            return
        leaf.text, leaf.hidden = kept, leaf.text[len(kept) :]
        if kept:
            return
