"""Members of maps and lists: added, taken away, or written anew as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assistctl.manifest.yaml_nodes import Path
from assistctl.model.values import Json

from . import emit
from .source import Extent, Source
from .styles import Splice

_STEP: Final = 2


def replacements(source: Source, document: int, path: Path, new: Json) -> Iterator[Splice]:
    """A whole value, map or list included, written anew."""
    extent = source.extent(document, path)
    if not source.is_json and path and not source.is_flow(document, path[:-1]):
        yield _anew(source, document, path, new)
    margin = _margin(source, extent.start)
    bare = extent.start == extent.end and source.text[: extent.start][-1:] in (":", "-")
    if _has_lines(source, extent):
        yield Splice(extent, _json_lines(source, new, margin))
    yield Splice(extent, (" " if bare else "") + emit.flow(new, source.token))


def _anew(source: Source, document: int, path: Path, new: Json) -> Splice:
    """In block style, from the key or dash on."""
    end = source.extent(document, path).end
    indent = " " * source.column(document, path[:-1])
    step = path[-1]
    if isinstance(step, str):
        start = source.name(document, path).start
        lines = emit.member(step, new, indent)
        written = source.text[start : source.name(document, path).end]
        head = emit.scalar(step)
        first = lines[0][len(indent) :]
        lines[0] = written + first[len(head) :]
    else:
        start = source.text.rfind("-", 0, source.start(document, path))
        lines = emit.item(new, indent)
        lines[0] = lines[0][len(indent) :]
    return Splice(Extent(start, end), source.eol.join(lines))


def insertions(source: Source, document: int, path: Path, new: Json) -> Iterator[Splice]:
    """A new member of the map or list at ``path[:-1]``: behind its last one, in a list at its index."""
    outer, step = path[:-1], path[-1]
    holder = source.value(document, outer)
    if not isinstance(holder, dict | list) or not holder:
        return
    if source.is_flow(document, outer):
        yield from _into_brackets(source, document, path, new)
        return
    indent = " " * source.column(document, outer)
    lines = emit.member(step, new, indent) if isinstance(step, str) else emit.item(new, indent)
    if step == 0:
        start = source.line_start(source.start(document, outer))
        yield Splice(Extent(start, start), source.eol.join(lines) + source.eol)
        return
    before = (*outer, _before(holder, step))
    text = source.eol.join(["", *lines])
    at = source.line_end(source.extent(document, before).end)
    yield Splice(Extent(at, at), text)
    # Behind the blank lines too, where a block scalar keeps them.
    end = source.full_end(document, before)
    yield Splice(Extent(end, end), source.eol.join([*lines, ""]))


def _into_brackets(source: Source, document: int, path: Path, new: Json) -> Iterator[Splice]:
    outer, step = path[:-1], path[-1]
    holder = source.value(document, outer)
    head = f"{source.token(step)}: " if isinstance(step, str) else ""
    if step == 0:
        at = source.start(document, (*outer, 0))
        yield Splice(Extent(at, at), emit.flow(new, source.token) + ", ")
        return
    last = (*outer, _before(holder, step))
    end = source.extent(document, last).end
    begin = source.name(document, last).start
    margin = source.text[source.line_start(begin) : begin]
    if not margin.strip():
        value = _json_lines(source, new, margin)
        yield Splice(Extent(end, end), f",{source.eol}{margin}{head}{value}")
    yield Splice(Extent(end, end), f", {head}{emit.flow(new, source.token)}")


def removals(source: Source, document: int, path: Path) -> Iterator[Splice]:
    """Takes one member away, with its own lines and nothing else; not the only one of its map or list."""
    outer, step = path[:-1], path[-1]
    steps = _steps(source.value(document, outer))
    if len(steps) < 2 or step not in steps:
        return
    at = steps.index(step)
    begin = source.name(document, path).start
    end = source.extent(document, path).end
    if source.is_flow(document, outer):
        if at + 1 < len(steps):
            after = source.name(document, (*outer, steps[at + 1])).start
            yield Splice(Extent(begin, after), "")
        else:
            before = source.extent(document, (*outer, steps[at - 1])).end
            yield Splice(Extent(before, end), "")
        return
    yield from _without_lines(source, begin, end)
    if at + 1 < len(steps):
        # The first key behind a dash: the next one takes its place.
        after = source.name(document, (*outer, steps[at + 1])).start
        yield Splice(Extent(begin, after), "")


def _without_lines(source: Source, begin: int, end: int) -> Iterator[Splice]:
    start, stop = source.line_start(begin), source.line_end(end)
    if source.text[start:begin].strip(" -"):
        return
    if stop < len(source.text):
        yield Splice(Extent(start, stop + len(source.eol)), "")
    else:
        yield Splice(Extent(max(0, start - len(source.eol)), stop), "")


def _steps(holder: Json) -> list[str | int]:
    if isinstance(holder, dict):
        return [*holder]
    return [*range(len(holder))] if isinstance(holder, list) else []


def _before(holder: Json, step: str | int) -> str | int:
    return step - 1 if isinstance(step, int) else _steps(holder)[-1]


def _margin(source: Source, offset: int) -> str:
    """The indentation of the line that ``offset`` is in."""
    line = source.text[source.line_start(offset) : offset]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _has_lines(source: Source, extent: Extent) -> bool:
    inner = source.text[extent.start : extent.end]
    return inner[:1] in ("{", "[") and "\n" in inner


def _json_lines(source: Source, value: Json, margin: str) -> str:
    """Several lines of JSON in the file's own indentation, to stand behind ``margin``."""
    if not isinstance(value, dict | list):
        return emit.flow(value, source.token)
    text = emit.indented(value, _step_of(source), ascii_only=source.ascii_only)
    return text.replace("\n", source.eol + margin)


def _step_of(source: Source) -> str:
    """How the file indents: the blanks before its first indented line."""
    for line in source.text.splitlines():
        blanks = line[: len(line) - len(line.lstrip(" \t"))]
        if blanks and line.strip():
            return blanks
    return " " * _STEP
