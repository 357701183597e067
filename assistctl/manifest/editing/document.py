"""One value of one document set, added or removed; everything else keeps its place and its value."""

from __future__ import annotations

from collections.abc import Iterator

from assistctl.manifest.yaml_nodes import Path
from assistctl.model.plan import Absent
from assistctl.model.values import Json

from . import members
from .source import Source, CannotEdit, exactly, has, read, value_at
from .styles import Splice, Spot, forms


def edited(data: bytes, document: int, path: Path, new: Json | Absent, *, is_json: bool = False) -> bytes:
    """The file with ``new`` at ``path`` of one document; absent takes the member away.

    A list's index at its end, or a map's unknown key, adds. Raises :class:`CannotEdit` where no form
    gives exactly that. Texts are written as they are: what must not be expanded is escaped by the caller.
    """
    source = Source(data, is_json=is_json)
    if document >= len(source.values):
        raise CannotEdit("the document is not there any more")
    expected = [exactly(value) for value in source.values]
    expected[document] = exactly(exchanged(source.values[document], path, new))
    for splice in _ways(source, document, path, new):
        made = _spliced(source, splice)
        if made is not None and _holds(made, expected, is_json=is_json):
            return made
    raise CannotEdit("no form of YAML or JSON holds this value there")


def exchanged(value: Json, path: Path, new: Json | Absent) -> Json:
    """``value`` with ``new`` at ``path``. Raises :class:`CannotEdit` where the path leads nowhere."""
    if not path:
        if isinstance(new, Absent):
            raise CannotEdit("a document cannot be taken away")
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str):
        return _exchanged_in_map(value, step, rest, new)
    if isinstance(value, list) and isinstance(step, int) and step <= len(value):
        return _exchanged_in_list(value, step, rest, new)
    raise CannotEdit("there is no such place in the file")


def _exchanged_in_map(value: dict[str, Json], step: str, rest: Path, new: Json | Absent) -> Json:
    if not rest and isinstance(new, Absent):
        return {name: inner for name, inner in value.items() if name != step}
    if rest and step not in value:
        raise CannotEdit("there is no such place in the file")
    return {**value, step: exchanged(value.get(step), rest, new)}


def _exchanged_in_list(value: list[Json], step: int, rest: Path, new: Json | Absent) -> Json:
    if not rest and isinstance(new, Absent):
        return value[:step] + value[step + 1 :]
    if step == len(value):
        return [*value, exchanged(None, rest, new)]
    return [*value[:step], exchanged(value[step], rest, new), *value[step + 1 :]]


def _ways(source: Source, document: int, path: Path, new: Json | Absent) -> Iterator[Splice]:
    """The narrowest splices first, then the members around the place, written anew."""
    root = source.values[document]
    if isinstance(new, Absent):
        yield from members.removals(source, document, path)
    elif not has(root, path):
        yield from members.insertions(source, document, path, new)
    else:
        yield from _settings(source, document, path, new)
    for length in range(len(path) - 1, 0, -1):
        outer = path[:length]
        if has(root, outer):
            whole = exchanged(value_at(root, outer), path[length:], new)
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
