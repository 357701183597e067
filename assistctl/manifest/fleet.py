"""All manifests of a project: what is desired in one environment, and everything there is to say about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic

from .effective import Effective
from .findings import PLAIN_TEXT, Place
from .fleet_reader import FleetReader
from .inputs import Inputs
from .listing import list_manifests
from .settings import ProjectFile
from .sources import Sources
from .yaml_nodes import Positions

__all__ = [
    "Fleet",
    "Inputs",
    "all_origins",
    "check_project",
    "count_files",
    "origins",
    "provenance",
    "read_fleet",
    "reading_fleet",
]


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the manifests say for one environment."""

    desired: tuple[Desired, ...]
    """Sorted by key. Manifests with errors are missing: look at ``diagnostics`` before deleting anything."""
    diagnostics: tuple[Diagnostic, ...]
    """Errors, warnings and notices, sorted by place."""
    files: int
    """How many manifest files there are."""
    unreadable: frozenset[str] = frozenset()
    """Keys of invalid manifests, as far as they can be told."""


def read_fleet(project: ProjectFile, environment: str, inputs: Inputs) -> Fleet:
    """All manifests in one environment. Bad ones are diagnostics, not exceptions.

    Raises ``UsageFault`` for an environment that the project does not have.
    """
    first: dict[str, Desired] = {}
    with reading_fleet(project, environment, inputs, partial(_keep_first, first)) as finish:
        rest = finish()
    return replace(rest, desired=tuple(first[key] for key in sorted(first)))


@contextmanager
def reading_fleet(
    project: ProjectFile, environment: str, inputs: Inputs, give: Callable[[Desired], None]
) -> Iterator[Callable[[], Fleet]]:
    """Begins what :func:`read_fleet` does, in other processes where that helps; the call does the rest.

    The manifests go to ``give`` as they are read, in any order; the Fleet of the call holds none. Where two
    have one key, which is an error, both are given.
    """
    reader = FleetReader(project)
    reading = reader.reading(environment, inputs, give)

    def finish(go_on: Callable[[], None]) -> Fleet:
        go_on()
        found = (*reader.common, *reading.findings, *reader.notices([reading]))
        unreadable = frozenset(each.key for each in reading.identities) - reading.valid
        return Fleet((), reader.diagnostics(found), reader.files, unreadable)

    with reader.begun([reading]) as go_on:
        yield partial(finish, go_on)


def _keep_first(first: dict[str, Desired], desired: Desired) -> None:
    """Of two manifests with one key the first by place, whichever is read first."""
    known = first.setdefault(desired.key, desired)
    if (desired.file, desired.line) < (known.file, known.line):
        first[desired.key] = desired


def check_project(
    project: ProjectFile, environments: Sequence[str], inputs_for: Callable[[str], Inputs]
) -> tuple[Diagnostic, ...]:
    """Everything about all manifests in all ``environments``, sorted, each once; what holds in some of
    them only says in which."""
    reader = FleetReader(project)
    readings = [reader.reading(name, inputs_for(name)) for name in environments]
    reader.read(readings)
    common = reader.diagnostics((*reader.common, *reader.notices(readings)))
    found: dict[Diagnostic, list[str]] = {each: list(environments) for each in common}
    known = set(common)
    for reading in readings:
        for each in reader.diagnostics(reading.findings):
            if each not in known:
                found.setdefault(each, []).append(reading.scope.environment)
    return tuple(sorted(_naming(each, names, environments) for each, names in found.items()))


def origins(project: ProjectFile, environment: str, inputs: Inputs, key: str) -> Mapping[str, str]:
    """Where each field of one assistant comes from: field (or ``metadata.KEY``) to ``file:line``.

    Several files are joined by ``, ``. Empty when no valid manifest has this key.
    """
    return all_origins(project, environment, inputs, (key,)).get(key, {})


def all_origins(
    project: ProjectFile, environment: str, inputs: Inputs, keys: Collection[str]
) -> Mapping[str, Mapping[str, str]]:
    """:func:`origins` of several assistants, by key, in one pass over the manifests."""
    found = provenance(project, environment, inputs, keys)
    lines = _Lines(project)
    return {
        key: {name: ", ".join(lines.of(place) for place in places) for name, places in fields.items()}
        for key, fields in found.items()
    }


def provenance(
    project: ProjectFile, environment: str, inputs: Inputs, keys: Collection[str]
) -> Mapping[str, Mapping[str, tuple[Place, ...]]]:
    """By key and field the places where the values were written, for programs that edit them."""
    reader = FleetReader(project)
    reading = reader.reading(environment, inputs)
    return {desired.key: _places(desired, effective) for desired, effective in reader.find(reading, keys)}


def count_files(project: ProjectFile) -> int:
    """How many manifest files the project has."""
    return len(list_manifests(project.root, project.file, project.manifests)[0])


def _places(desired: Desired, effective: Effective) -> dict[str, tuple[Place, ...]]:
    places: dict[str, tuple[Place, ...]] = {}
    for name in desired.fields:
        places[name] = (effective.place((name,) if name in effective.values else ()),)
    if effective.prompts:
        places["instructions"] = tuple(Place(file, PLAIN_TEXT) for file in effective.prompts)
    if "tools" in places:
        places["tools"] += tuple(Place(file) for file in effective.functions.values())
    for name in desired.metadata:
        places[f"metadata.{name}"] = (effective.place(("metadata", name)),)
    return places


class _Lines:
    """``file:line`` of places; each file is read once."""

    def __init__(self, project: ProjectFile) -> None:
        self._sources = Sources(project.root)
        self._positions: dict[str, Positions] = {}

    def of(self, place: Place) -> str:
        if place.document == PLAIN_TEXT:
            return f"{place.file}:1"
        if place.file not in self._positions:
            self._positions[place.file] = Positions(self._sources.positions_text(place.file))
        span = self._positions[place.file].locate(place.document, place.path, key=True)
        return f"{place.file}:{span.line}"


def _naming(found: Diagnostic, names: list[str], all_names: Sequence[str]) -> Diagnostic:
    if len(names) == len(all_names):
        return found
    return replace(found, message=f"{found.message} (in {', '.join(names)})")
