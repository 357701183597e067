"""One scalar of YAML or JSON, rewritten in place: the forms worth trying, the one nearest to today's first.

Whoever tries a form reads the whole file again; a form that does not hold the value is passed over. So the
rules of YAML's styles are not repeated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assistctl.manifest.scalars import Scalar

from . import emit
from .hunks import Hunk, hunks
from .source import Extent, Source

_HEADER: Final = re.compile(r"[|>](?P<marks>[-+0-9]*)(?P<rest>[^\r\n]*)")
_TAIL: Final = re.compile(r"(?:\r?\n[ \t]*)*\Z")
_CONTEXTS: Final = (40, 16, 6, 2, 0)
_PATCHED: Final = 20_000
"""Longer scalars are written anew instead of being searched for each changed word."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A scalar and what its forms depend on."""

    source: Source
    extent: Extent
    full_end: int
    """Behind the blank lines that follow a block scalar."""
    column: int
    """The column of the map or list that holds it, from 0."""
    old: Scalar

    @property
    def raw(self) -> str:
        """The scalar as written."""
        return self.source.text[self.extent.start : self.extent.end]


@dataclass(frozen=True, slots=True)
class Splice:
    """``text`` in place of what the extent holds."""

    extent: Extent
    text: str


def forms(spot: Spot, new: Scalar) -> Iterator[Splice]:
    """Every way to write ``new`` at this spot that is worth trying."""
    token = spot.source.token(new)
    if isinstance(new, str) and not spot.source.is_json:
        yield from _strings(spot, new)
        token = emit.quoted(new)
    yield _inline(spot, token)
    if spot.raw[:1] in ("|", ">"):
        yield _without_blank_lines(spot, token)


def _strings(spot: Spot, new: str) -> Iterator[Splice]:
    patched = _patched(spot, new)
    if patched is not None:
        yield patched
    yield from _same_style(spot, new)
    yield from _literal(spot, new)


def _same_style(spot: Spot, new: str) -> Iterator[Splice]:
    style = spot.raw[:1]
    if style == "|":
        yield from _literal(spot, new)
    elif style == ">":
        yield from _folded(spot, new)
        yield from _literal(spot, new)
    elif style == "'":
        if "\n" not in new:
            yield _inline(spot, "'" + new.replace("'", "''") + "'")
    elif style == '"':
        yield _inline(spot, emit.quoted(new))
    elif "\n" not in new:
        bare = isinstance(spot.old, str) and not emit.is_old_word(new)
        yield _inline(spot, new if bare else emit.scalar(new))
        yield _inline(spot, emit.quoted(new))


def _inline(spot: Spot, text: str) -> Splice:
    """On the line where the scalar begins; an empty one stands right behind its colon or dash, and the
    comment on a block's first line stays."""
    bare = spot.extent.start == spot.extent.end and spot.source.text[: spot.extent.start][-1:] in (":", "-")
    header = _HEADER.match(spot.raw)
    comment = header["rest"].rstrip() if header else ""
    return Splice(spot.extent, f" {text}" if bare else text + comment)


def _without_blank_lines(spot: Spot, text: str) -> Splice:
    """The same without the lines of blanks behind a block, which would not stand behind a plain scalar."""
    return Splice(Extent(spot.extent.start, spot.full_end), text + spot.source.eol)


def _patched(spot: Spot, new: str) -> Splice | None:
    """Only the words that changed: for scalars whose line breaks or escapes are a matter of taste."""
    raw = spot.raw
    own_form = raw[:1] == ">" or "\n" in raw or (raw[:1] == '"' and "\\" in raw)
    if raw[:1] == "|" or not own_form or not isinstance(spot.old, str) or len(raw) > _PATCHED:
        return None
    for hunk in reversed(hunks(spot.old, new)):
        place = _find(raw, spot.old, hunk)
        if place is None:
            return None
        raw = raw[:place] + hunk.text + raw[place + hunk.end - hunk.start :]
    return Splice(spot.extent, raw)


def _find(raw: str, old: str, hunk: Hunk) -> int | None:
    """Where the words of a hunk stand in the raw text, if that is beyond doubt."""
    for reach in _CONTEXTS:
        start = max(0, hunk.start - reach)
        words = old[start : hunk.end + reach]
        if words and raw.count(words) == 1:
            return raw.index(words) + hunk.start - start
    return None


def _literal(spot: Spot, new: str) -> Iterator[Splice]:
    """As ``|`` block: lines as they are, indentation and header comment as today."""
    if not new.strip("\n"):
        return
    indent, depth = _indents(spot)
    header, *lines = emit.literal(new, indent)
    marked = f"|{depth}{header[1:]}"
    order = (marked, header) if re.match(r"[|>][-+]?[0-9]", spot.raw) else (header, marked)
    for head in order:
        yield from _blocks(spot, head, lines)


def _folded(spot: Spot, new: str) -> Iterator[Splice]:
    """As ``>`` block with one line for each line of the value."""
    if not new.strip("\n"):
        return
    indent, _ = _indents(spot)
    header, *lines = emit.literal(new, indent)
    folded: list[str] = []
    for index, line in enumerate(lines):
        folded.append(line)
        if line and any(lines[index + 1 :]):
            folded.append("")
    yield from _blocks(spot, ">" + header[1:], folded)


def _indents(spot: Spot) -> tuple[str, int]:
    """The indentation of a block's lines, and the same relative to the map or list around it."""
    header = _HEADER.match(spot.raw)
    width = spot.column + 2
    if header is not None:
        digits = re.sub(r"\D", "", header["marks"])
        body = spot.raw[header.end() :].splitlines()
        first = next((line for line in body if line.strip(" ")), " " * width)
        width = spot.column + int(digits) if digits else len(first) - len(first.lstrip(" "))
    return " " * width, width - spot.column


def _blocks(spot: Spot, header: str, lines: list[str]) -> Iterator[Splice]:
    """A block in place of the scalar; blank lines behind it stay unless they would become text."""
    source, eol = spot.source, spot.source.eol
    found = _HEADER.match(spot.raw)
    if found is not None:
        rest, end = found["rest"], spot.full_end
        tail = _TAIL.search(source.text, spot.extent.start, end)
        blank = tail[0] if tail else ""
    else:
        end = source.line_end(spot.extent.end)
        rest, blank = source.text[spot.extent.end : end], ""
    bare = source.text[: spot.extent.start][-1:] in (":", "-")
    text = (" " if bare else "") + header + rest.rstrip() + eol + eol.join(lines)
    extent = Extent(spot.extent.start, end)
    if not header.endswith("+"):
        yield Splice(extent, text + blank)
    yield Splice(extent, text + eol)
