"""A changed text back into its pieces: every edit goes to the file that the changed words stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Final

from assistctl.manifest.findings import PLAIN_TEXT, Place
from assistctl.manifest.interpolate import Names, escape

from .hunks import Hunk, hunks, slid
from .pieces import Assembly, Composition, Unit
from .source import CannotEdit


@dataclass(frozen=True, slots=True)
class Rewrite:
    """New sources of the origins that change."""

    sources: Mapping[Place, str]
    lost: tuple[str, ...] = ()
    """References that had to become literal text, as they were written."""


def rewrite(composition: Composition, names: Names, wanted: str) -> Rewrite:
    """What to write so that the composition reads ``wanted``; checked by reading it again.

    Words in an included file are changed there; at a seam the file that ends there grows. References stay
    unless the edit changes what they stand for. Raises :class:`CannotEdit`.
    """
    for way in _WAYS:
        found = way(composition, names, wanted)
        if found is not None and _reads(composition, names, found.sources) == wanted:
            return found
    raise CannotEdit("the change lies where several files meet, and none of them can take it")


def _distributed(
    composition: Composition, names: Names, wanted: str, *, left: bool = True, inline: bool = False
) -> Rewrite | None:
    """Each hunk to the piece it lies in; with ``inline`` included files stay and their text moves out."""
    assembly = Assembly(composition, names)
    before = {unit.place: unit.source for unit in assembly.units()}
    spread = _Spread(assembly, left=left)
    for hunk in reversed(hunks(spread.text, wanted)):
        if not spread.take(hunk):
            return None
    changed = [unit for unit in assembly.units() if unit.source != before[unit.place]]
    if inline:
        spread.inline(unit for unit in changed if unit.raw)
        changed = [unit for unit in assembly.units() if unit.source != before[unit.place]]
    sources: dict[Place, str] = {}
    for unit in changed:
        inlined = any(unit in outer.units() for outer in assembly.units() if outer.inlined)
        if not inlined and sources.setdefault(unit.place, unit.source) != unit.source:
            return None
    return Rewrite(sources, tuple(spread.lost))


def _as_one_literal(composition: Composition, names: Names, wanted: str) -> Rewrite | None:
    if len(composition.origins) != 1:
        return None
    assembly = Assembly(composition, names)
    hidden = "".join(leaf.hidden for leaf in assembly.leaves)
    lost = tuple(leaf.raw for leaf in assembly.leaves if leaf.raw)
    lost += tuple(unit.raw for unit in assembly.units() if unit.raw)
    return Rewrite({composition.origins[0].place: escape(wanted + hidden)}, lost)


_WAYS: Final = (
    _distributed,
    partial(_distributed, left=False),
    partial(_distributed, inline=True),
    _as_one_literal,
)


class _Spread:
    """Leaves that take hunks, from the last hunk to the first, so that places before them hold."""

    def __init__(self, assembly: Assembly, *, left: bool) -> None:
        self._leaves = assembly.leaves
        self._units = [unit for unit in assembly.units() if unit.raw]
        self._starts = [0, *accumulate(len(leaf.text) for leaf in self._leaves)]
        self._left = left
        self.text = assembly.text
        self.lost: list[str] = []

    def take(self, hunk: Hunk) -> bool:
        """Changes the leaves; False where one would have to change that stands in no file."""
        hunk = slid(self.text, hunk, self._is_literal)
        return self._insert(hunk) if hunk.start == hunk.end else self._replace(hunk)

    def inline(self, units: Iterable[Unit]) -> None:
        """Moves the texts of included files to where they are named."""
        for unit in units:
            if not unit.inlined:
                unit.inlined = True
                self.lost.append(unit.raw)

    def _is_literal(self, hunk: Hunk) -> bool:
        if hunk.start == hunk.end:
            return any(self._at(hunk.start))
        return all(self._leaves[index].raw is None for index in self._within(hunk))

    def _within(self, hunk: Hunk) -> Iterator[int]:
        for index, leaf in enumerate(self._leaves):
            if leaf.text and self._starts[index] < hunk.end and hunk.start < self._starts[index + 1]:
                yield index

    def _at(self, offset: int) -> Iterator[int]:
        """Literal leaves that hold or touch an offset, in order."""
        for index, leaf in enumerate(self._leaves):
            if leaf.raw is None and self._starts[index] <= offset <= self._starts[index + 1]:
                yield index

    def _insert(self, hunk: Hunk) -> bool:
        touching = [*self._at(hunk.start)]
        filled = [index for index in touching if self._starts[index] < self._starts[index + 1]]
        if touching:
            chosen = (filled or touching)[0 if self._left else -1]
        else:
            around = [
                index
                for index in range(len(self._leaves))
                if self._starts[index] < hunk.start < self._starts[index + 1]
            ]
            if not around or not self._give_up(around[0]):
                return False
            chosen = around[0]
        self._change(chosen, hunk.start, hunk.start, hunk.text)
        return True

    def _replace(self, hunk: Hunk) -> bool:
        within = [*self._within(hunk)]
        for index in within:
            if not self._give_up(index):
                return False
        self.inline(unit for unit in self._units if self._swallows(hunk, unit))
        heir = within[0 if self._left else -1]
        for index in within:
            start = max(hunk.start, self._starts[index])
            end = min(hunk.end, self._starts[index + 1])
            self._change(index, start, end, hunk.text if index == heir else "")
        return True

    def _swallows(self, hunk: Hunk, unit: Unit) -> bool:
        """Whether a hunk is about more than an included file, or takes all of it away."""
        own = {id(leaf) for leaf in unit.leaves()}
        at = [index for index, leaf in enumerate(self._leaves) if id(leaf) in own]
        start, end = self._starts[at[0]], self._starts[at[-1] + 1]
        if start == end or not hunk.start <= start <= end <= hunk.end:
            return False
        return (start, end) != (hunk.start, hunk.end) or not hunk.text

    def _give_up(self, index: int) -> bool:
        """Makes literal text of a reference; False for what stands in no file."""
        leaf = self._leaves[index]
        if leaf.fixed:
            return False
        if leaf.raw is not None:
            self.lost.append(leaf.raw)
            leaf.raw = None
        return True

    def _change(self, index: int, start: int, end: int, text: str) -> None:
        leaf, base = self._leaves[index], self._starts[index]
        leaf.text = leaf.text[: start - base] + text + leaf.text[end - base :]


def _reads(composition: Composition, names: Names, sources: Mapping[Place, str]) -> str:
    """What the composition would read with new sources."""
    origins = tuple(
        replace(each, source=sources.get(each.place, each.source)) for each in composition.origins
    )
    texts = {place.file: source for place, source in sources.items() if place.document == PLAIN_TEXT}
    reading = replace(names, read_text=_patched(names.read_text, texts))
    return Assembly(replace(composition, origins=origins), reading).text


def _patched(read_text: Callable[[str], str], texts: Mapping[str, str]) -> Callable[[str], str]:
    return lambda file: texts[file] if file in texts else read_text(file)
