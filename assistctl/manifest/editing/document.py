"""One value of one document set, added or removed; everything else keeps its place and its value."""

from __future__ import annotations

from collections.abc import Iterator

from assistctl.manifest.yaml_nodes import Path
from assistctl.model.plan import Absent
from assistctl.model.values import Json

from . import members
from .source import CannotEdit, Source, exactly, has, read, value_at
from .styles import Splice, Spot, forms


def edited(
    data: bytes, document: int, path: Path, new: Json | Absent, *, add: bool = False, is_json: bool = False
) -> bytes:
    """The file with ``new`` at ``path`` of one document; absent takes the member away.

    A map's unknown key and the index at a list's end add a member; with ``add`` any index does, and what
    stood there moves on. Raises :class:`CannotEdit` where no form gives exactly that. Texts are written as
    they are: what must not be expanded is escaped by the caller.
    """
    source = Source(data, is_json=is_json)
    if document >= len(source.values):
        raise CannotEdit("the document is not there any more")
    expected = [exactly(value) for value in source.values]
    expected[document] = exactly(exchanged(source.values[document], path, new, add=add))
    for splice in _ways(source, document, path, new, add=add):
        made = _spliced(source, splice)
        if made is not None and _holds(made, expected, is_json=is_json):
            return made
    raise CannotEdit("no form of YAML or JSON holds this value there")


def exchanged(value: Json, path: Path, new: Json | Absent, *, add: bool = False) -> Json:
    """``value`` after the edit. Raises :class:`CannotEdit` where the path leads nowhere."""
    if not path:
        if isinstance(new, Absent):
            raise CannotEdit("a document cannot be taken away")
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and (step in value or not rest):
        return _exchanged_in_map(value, step, rest, new, add=add)
    if isinstance(value, list) and isinstance(step, int) and step < len(value) + (not rest):
        return _exchanged_in_list(value, step, rest, new, add=add)
    raise CannotEdit("there is no such place in the file")


def _exchanged_in_map(
    value: dict[str, Json], step: str, rest: Path, new: Json | Absent, *, add: bool
) -> Json:
    if not rest and isinstance(new, Absent):
        return {name: inner for name, inner in value.items() if name != step}
    return {**value, step: exchanged(value.get(step), rest, new, add=add)}


def _exchanged_in_list(value: list[Json], step: int, rest: Path, new: Json | Absent, *, add: bool) -> Json:
    if rest:
        return [*value[:step], exchanged(value[step], rest, new, add=add), *value[step + 1 :]]
    made = [] if isinstance(new, Absent) else [new]
    return [*value[:step], *made, *value[step + (not add) :]]


def _ways(source: Source, document: int, path: Path, new: Json | Absent, *, add: bool) -> Iterator[Splice]:
    """The narrowest splices first, then the members around the place, written anew."""
    root = source.values[document]
    if isinstance(new, Absent):
        yield from members.removals(source, document, path)
    elif add or not has(root, path):
        yield from members.insertions(source, document, path, new)
    else:
        yield from _settings(source, document, path, new)
    for length in range(len(path) - 1, 0, -1):
        outer = path[:length]
        if has(root, outer):
            whole = exchanged(value_at(root, outer), path[length:], new, add=add)
            yield from _settings(source, document, outer, whole)


def _settings(source: Source, document: int, path: Path, new: Json) -> Iterator[Splice]:
    old = source.value(document, path)
    if not isinstance(old, dict | list) and not isinstance(new, dict | list):
        start = source.extent(document, path)
        column = source.column(document, path[:-1])
        yield from forms(Spot(source, start, source.full_end(document, path), column, old), new)
    yield from members.replacements(source, document, path, new)


def _spliced(source: Source, splice: Splice) -> bytes | None:
    text = source.text
    made = source.bom + text[: splice.extent.start] + splice.text + text[splice.extent.end :]
    try:
        return made.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _holds(data: bytes, expected: list[str], *, is_json: bool) -> bool:
    loaded = read(data, is_json=is_json)
    return not loaded.problems and [exactly(each.value) for each in loaded.documents] == expected
