"""One manifest as it reads from any set of files, and where each of its values was written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from assistctl.files import Root
from assistctl.manifest.effective import Effective
from assistctl.manifest.findings import PLAIN_TEXT, Place
from assistctl.manifest.fleet import read_fleet
from assistctl.manifest.fleet_reader import FleetReader
from assistctl.manifest.inputs import Inputs
from assistctl.manifest.interpolate import Names
from assistctl.manifest.layers import trace
from assistctl.manifest.settings import ProjectFile
from assistctl.manifest.yaml_nodes import Path
from assistctl.model.assistant import FIELDS, Desired
from assistctl.model.codes import is_error
from assistctl.model.plan import ABSENT, Absent
from assistctl.model.values import Json

from .pieces import Composition, Origin
from .source import CannotEdit, has, read, value_at

PROMPT: Path = ("instructions",)
_PROMPT_FILES = "instructions_file"


@dataclass(frozen=True, slots=True)
class Resolved:
    """One manifest as it reads now."""

    desired: Desired
    effective: Effective
    names: Names
    root: Root
    included: frozenset[str] = frozenset()
    """Text files that its texts name by reference."""

    def value(self, path: Path) -> Json | Absent:
        """A final value; absent where nothing says it."""
        values: Json = dict(self.effective.values)
        return value_at(values, path) if has(values, path) else ABSENT

    def place_of_edit(self, path: Path) -> Place:
        """What an edit at ``path`` touches: a function's file, or the whole field in the map it stands in."""
        place = self.effective.place(path)
        if place.file in self.effective.functions.values():
            return Place(place.file)
        return self.effective.place(path[: 2 if path[0] == "metadata" else 1])

    def places(self) -> Iterator[Place]:
        """Everything that it reads, as :meth:`place_of_edit` and text files go."""
        for name in FIELDS:
            if name in self.effective.values:
                yield self.effective.place((name,))
        for name in self.desired.metadata:
            yield self.effective.place(("metadata", name))
        yield from (Place(file) for file in self.effective.functions.values())
        yield from (Place(file, PLAIN_TEXT) for file in {*self.effective.prompts, *self.included})

    def composition(self, path: Path) -> Composition:
        """Where the text at ``path`` comes from. Raises :class:`CannotEdit`."""
        if path == PROMPT and self.effective.prompts:
            origins = tuple(self._prompt(file) for file in self.effective.prompts)
            layer, _ = trace(self.effective.layers, (_PROMPT_FILES,))
            return Composition(origins, isinstance(layer.values.get(_PROMPT_FILES), list))
        place = self.effective.place(path)
        loaded = read(self.root.read(place.file), is_json=place.file.endswith(".json"))
        document = loaded.documents[place.document].value
        source = value_at(document, place.path) if has(document, place.path) else None
        if not isinstance(source, str):
            raise CannotEdit("the text cannot be traced to its file")
        return Composition((Origin(place, source),))

    def _prompt(self, file: str) -> Origin:
        return Origin(Place(file, PLAIN_TEXT), self.names.read_text(file))


@dataclass(frozen=True, slots=True)
class View:
    """A project in one environment."""

    project: ProjectFile
    environment: str
    inputs: Inputs

    def resolve(self, root: Root, key: str, file: str) -> Resolved | None:
        """The manifest ``key`` of one file, read from ``root``; None where it is missing or not valid."""
        return next(self._narrowed(root, file).resolve_all((key,)), None)

    def resolve_all(self, keys: Collection[str]) -> Iterator[Resolved]:
        """All valid manifests with these keys."""
        reader = FleetReader(self.project)
        reading = reader.reading(self.environment, self.inputs)
        included: set[str] = set()
        names = reading.scope.names
        names = replace(names, read_text=_noting(names.read_text, included))
        reading.scope = replace(reading.scope, names=names)
        for desired, effective in reader.find(reading, keys):
            yield Resolved(desired, effective, names, self.project.root, frozenset(included))
            included.clear()

    def why_invalid(self, root: Root, file: str) -> str:
        """The first error in one manifest file, read from ``root``."""
        project = self._narrowed(root, file).project
        found = read_fleet(project, self.environment, self.inputs).diagnostics
        errors = [each for each in found if is_error(each.code)]
        if not errors:
            return "the manifest would not be valid"
        return f"the manifest would not be valid: {errors[0].code} {errors[0].message}"

    def _narrowed(self, root: Root, file: str) -> View:
        return replace(self, project=replace(self.project, root=root, manifests=(file,)))


def _noting(read_text: Callable[[str], str], seen: set[str]) -> Callable[[str], str]:
    def noted(file: str) -> str:
        seen.add(file)
        return read_text(file)

    return noted
