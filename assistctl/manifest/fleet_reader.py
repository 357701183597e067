"""Reads every manifest file of a project once, for any number of environments."""

from __future__ import annotations

import gc
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from assistctl.model.assistant import Desired
from assistctl.model.codes import is_error
from assistctl.model.diagnostic import Diagnostic

from .desired import Compiled, Scope, compile_manifest, exists_in, key_of, pin_of
from .document_rules import document_findings, key_findings
from .effective import Effective
from .findings import Finding, Place, diagnostics
from .identity import Identity, identity_findings
from .inputs import Inputs
from .interpolate import Names
from .layers import Layer
from .listing import list_manifests
from .models import catalogue
from .settings import EnvironmentSettings, ProjectFile
from .sources import Sources
from .yaml_nodes import Path


@dataclass(slots=True)
class Reading:
    """One environment while it is read."""

    scope: Scope
    desired: dict[str, Desired] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)

    def add(self, compiled: Compiled, *, broken: bool) -> None:
        """Takes what one manifest came to; of a ``broken`` one only its findings."""
        for finding in compiled.findings:
            (self.notices if finding.code.startswith("AC8") else self.findings).append(finding)
        if compiled.desired is not None and not broken:
            self.desired.setdefault(compiled.desired.key, compiled.desired)


@dataclass(frozen=True, slots=True)
class _Manifest:
    """One document of a manifest file."""

    layer: Layer
    stem: str
    line: int
    documents: int
    """How many documents its file has."""


class FleetReader:
    """One pass over the manifests of one project."""

    def __init__(self, project: ProjectFile) -> None:
        self.common: list[Finding] = []
        """What holds in every environment."""
        self.files = 0
        self._project = project
        self._sources = Sources(project.root)
        self._fragments: dict[str, bool] = {}

    def reading(self, environment: str, inputs: Inputs) -> Reading:
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
        return Reading(Scope(settings.name, layers, inputs, names, tuple(sorted(secrets)), catalogue()))

    def read(self, readings: Sequence[Reading]) -> None:
        """Reads everything into ``readings`` and ``common``."""
        with _collector_paused():
            for manifest in self._manifests():
                broken = self._note(_own_findings(manifest, self._project.names))
                for reading in readings:
                    if exists_in(manifest.layer, reading.scope.environment):
                        self._compile(manifest, reading, broken=broken)
        known = {_about(finding) for finding in self.common}
        for reading in readings:
            own = [finding for finding in reading.findings if _about(finding) not in known]
            reading.findings = own + list(identity_findings(reading.identities))

    def find(self, reading: Reading, keys: Collection[str]) -> Iterator[tuple[Desired, Effective]]:
        """The valid manifests with these keys, with where their values come from."""
        for manifest in self._manifests():
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
            for finding in reading.notices:
                first.setdefault(finding.message, finding)
        return list(first.values())

    def _defaults(self, settings: EnvironmentSettings) -> tuple[Layer, ...]:
        return tuple(
            Layer(self._project.file, 0, each.path, each.values, "${" in json.dumps(each.values))
            for each in settings.defaults
        )

    def _manifests(self) -> Iterator[_Manifest]:
        project = self._project
        files, findings = list_manifests(project.root, project.file, project.manifests)
        self.files = len(files)
        self.common += findings
        for file in files:
            loaded, unreadable = self._sources.load(file)
            self.common += unreadable
            stem = file.rpartition("/")[2].rpartition(".")[0]
            for document in loaded.documents:
                if isinstance(document.value, dict):
                    layer = Layer(file, document.index, (), document.value, loaded.dollars)
                    yield _Manifest(layer, stem, document.line, len(loaded.documents))
                else:
                    place = Place(file, document.index)
                    self.common.append(Finding("AC018", "a manifest must be a map", place))

    def _compile(self, manifest: _Manifest, reading: Reading, *, broken: bool) -> None:
        layer, environment = manifest.layer, reading.scope.environment
        key, pin = key_of(layer, manifest.stem), pin_of(layer, environment)
        identity = Identity(key, _named_only(layer), manifest.line, pin)
        reading.identities.append(identity)
        compiled = compile_manifest(layer, manifest.stem, manifest.line, reading.scope, self._sources)
        fragments = [part for part in compiled.effective.layers if self._is_fragment(part, layer)]
        reading.add(compiled, broken=any([broken, *map(self._fragment_is_broken, fragments)]))

    def _is_fragment(self, part: Layer, manifest: Layer) -> bool:
        return part.file not in (manifest.file, self._project.file)

    def _fragment_is_broken(self, fragment: Layer) -> bool:
        """Checks a fragment by itself when it is first met."""
        known = self._fragments.get(fragment.file)
        if known is None:
            known = self._note(document_findings(fragment, "Fragment", self._project.names))
            self._fragments[fragment.file] = known
        return known

    def _note(self, findings: list[Finding]) -> bool:
        self.common += findings
        return any(is_error(finding.code) for finding in findings)


def _named_only(layer: Layer) -> Layer:
    """The layer without what identities do not need: they are kept to the end, and prompts are large."""
    values = {name: layer.values[name] for name in ("key", "id", "aliases") if name in layer.values}
    return Layer(layer.file, layer.document, layer.path, values)


def _own_findings(manifest: _Manifest, environments: Sequence[str]) -> list[Finding]:
    found = document_findings(manifest.layer, "Manifest", environments)
    found += key_findings(manifest.layer, manifest.stem, manifest.documents)
    return found


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
