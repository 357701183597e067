"""Reads every manifest file of a project once, for any number of environments, on every core."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic
from assistctl.workers import MOST_PIECES, Pieces, shared

from .desired import Scope, compile_manifest, exists_in, key_of
from .effective import Effective
from .findings import Finding, diagnostics
from .identity import Identity, identity_findings
from .inputs import Inputs
from .interpolate import Names
from .layers import Layer
from .listing import list_manifests
from .models import catalogue
from .part_reader import Found, Part, PartReader
from .settings import EnvironmentSettings, ProjectFile
from .sources import Sources
from .yaml_nodes import Path

_FILES: Final = 32
"""In one part: some 10 ms of work, so that nobody waits long for the last one."""


def _nowhere(_desired: Desired) -> None:
    return None


@dataclass(slots=True)
class Reading:
    """One environment while it is read."""

    scope: Scope
    give: Callable[[Desired], None] = _nowhere
    """Called with each valid manifest as it is read, in any order."""
    valid: set[str] = field(default_factory=set)
    """The keys that were given."""
    findings: list[Finding] = field(default_factory=list)
    notices: dict[str, Finding] = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)

    def receive(self, found: Found) -> None:
        """Gives the manifests of one part on and keeps no more of them than the keys."""
        for desired in found.desired:
            self.valid.add(desired.key)
            self.give(desired)
        found.desired.clear()

    def add(self, found: Found) -> None:
        """Takes the rest of one part; parts must come in the order of their files."""
        self.findings += found.findings
        self.notices = found.notices | self.notices
        self.identities += found.identities


class FleetReader:
    """One pass over the manifests of one project."""

    def __init__(self, project: ProjectFile) -> None:
        self.common: list[Finding] = []
        """What holds in every environment."""
        self.files = 0
        self._project = project
        self._sources = Sources(project.root)
        self._parts = PartReader(project, self._sources)

    def reading(
        self, environment: str, inputs: Inputs, give: Callable[[Desired], None] = _nowhere
    ) -> Reading:
        """An empty reading. Raises ``UsageFault`` for an unknown environment."""
        settings = self._project.environment(environment)
        names = Names(
            read_text=self._sources.text,
            variables={**settings.variables, **inputs.variables, "environment": settings.name},
            allowed_env=inputs.allowed_env,
            environ=inputs.environ,
        )
        secrets = {form for secret in inputs.secrets for form in (secret, json.dumps(secret)[1:-1])}
        layers = self._defaults(settings)
        scope = Scope(settings.name, layers, inputs, names, tuple(sorted(secrets)), catalogue())
        return Reading(scope, give)

    @contextmanager
    def begun(self, readings: Sequence[Reading]) -> Iterator[Callable[[], None]]:
        """Begins to read everything, in other processes where that helps; the call does the rest, into
        ``readings`` and ``common``."""
        files = self._list()
        size = max(_FILES, -(-len(files) // MOST_PIECES))
        scopes = [reading.scope for reading in readings]

        def read(number: int) -> Part:
            return self._parts.read(files[number * size : (number + 1) * size], scopes)

        with _collector_paused(), shared(-(-len(files) // size), read) as parts:
            yield lambda: self._gather(parts, readings)

    def read(self, readings: Sequence[Reading]) -> None:
        """Reads everything into ``readings`` and ``common``."""
        with self.begun(readings) as finish:
            finish()

    def find(self, reading: Reading, keys: Collection[str]) -> Iterator[tuple[Desired, Effective]]:
        """The valid manifests with these keys, with where their values come from."""
        for manifest in self._parts.manifests(self._list(), self.common):
            layer, scope = manifest.layer, reading.scope
            if key_of(layer, manifest.stem) not in keys or not exists_in(layer, scope.environment):
                continue
            compiled = compile_manifest(layer, manifest.stem, manifest.line, scope, self._sources)
            if compiled.desired is not None:
                yield compiled.desired, compiled.effective

    def diagnostics(self, findings: Iterable[Finding]) -> tuple[Diagnostic, ...]:
        """The findings with their positions, sorted by place."""
        return diagnostics(findings, self._sources.positions_text)

    def notices(self, readings: Iterable[Reading]) -> list[Finding]:
        """One notice per model, at the first manifest that names it."""
        first: dict[str, Finding] = {}
        for reading in readings:
            first = reading.notices | first
        return list(first.values())

    def _defaults(self, settings: EnvironmentSettings) -> tuple[Layer, ...]:
        return tuple(
            Layer(self._project.file, 0, each.path, each.values, "${" in json.dumps(each.values))
            for each in settings.defaults
        )

    def _list(self) -> list[str]:
        project = self._project
        files, findings = list_manifests(project.root, project.file, project.manifests)
        self.files = len(files)
        self.common += findings
        return files

    def _gather(self, parts: Pieces[Part], readings: Sequence[Reading]) -> None:
        """Takes the parts as they come; whatever depends on an order is put together at the end."""
        known: dict[int, Part] = {}
        for number, part in parts:
            known[number] = part
            for reading, found in zip(readings, part.found, strict=True):
                reading.receive(found)
        fragments: dict[str, list[Finding]] = {}
        for _, part in sorted(known.items()):
            self.common += part.common
            fragments |= part.fragments
            for reading, found in zip(readings, part.found, strict=True):
                reading.add(found)
        self.common += [finding for found in fragments.values() for finding in found]
        self._across(readings)

    def _across(self, readings: Sequence[Reading]) -> None:
        """What only shows once all manifests are there."""
        known = {_about(finding) for finding in self.common}
        for reading in readings:
            own = [finding for finding in reading.findings if _about(finding) not in known]
            reading.findings = own + list(identity_findings(reading.identities))


def _about(finding: Finding) -> tuple[str, str, int, Path]:
    """What tells two wordings of one problem: in the file as it is, and in the values it leads to."""
    return finding.code, finding.place.file, finding.place.document, finding.place.path


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Thousands of new maps and no garbage: the collector would take half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
