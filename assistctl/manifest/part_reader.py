"""Reads some manifest files for any number of environments: one part of a fleet, by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistctl.model.assistant import Desired
from assistctl.model.codes import is_error

from .desired import Compiled, Scope, compile_manifest, exists_in, key_of, pin_of
from .document_rules import document_findings, key_findings
from .findings import Finding, Locator, Place
from .identity import Identity
from .layers import Layer
from .settings import ProjectFile
from .sources import Sources


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a manifest file."""

    layer: Layer
    stem: str
    line: int
    documents: int
    """How many documents its file has."""


@dataclass(slots=True)
class Found:
    """What some files came to in one environment."""

    desired: list[Desired] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notices: dict[str, Finding] = field(default_factory=dict)
    """The first of each wording: there is one notice per model, not one per manifest."""
    identities: list[Identity] = field(default_factory=list)

    def add(self, compiled: Compiled, *, broken: bool) -> None:
        """Takes what one manifest came to; of a ``broken`` one only its findings."""
        for finding in compiled.findings:
            if finding.code.startswith("AC8"):
                self.notices.setdefault(finding.message, finding)
            else:
                self.findings.append(finding)
        if compiled.desired is not None and not broken:
            self.desired.append(compiled.desired)


@dataclass(slots=True)
class Part:
    """What some files came to. Plain data: it may come from another process."""

    found: list[Found]
    """One per environment, in the order they were asked for."""
    common: list[Finding] = field(default_factory=list)
    """What holds in every environment."""
    fragments: dict[str, list[Finding]] = field(default_factory=dict)
    """What is wrong with a fragment by itself, by file; other parts may have met the same one."""

    def locate(self, locator: Locator) -> None:
        """Gives every finding its place, here where other parts are not waited for. Notices are left out:
        most of them are told by another part as well."""
        for findings in (self.common, *self.fragments.values(), *(found.findings for found in self.found)):
            findings[:] = map(locator.located, findings)


class PartReader:
    """Reads parts of one project; what several manifests share is read once."""

    def __init__(self, project: ProjectFile, sources: Sources) -> None:
        self._project = project
        self._sources = sources
        self._fragments: dict[str, bool] = {}

    def read(self, files: Sequence[str], scopes: Sequence[Scope]) -> Part:
        """Everything about these files in each of ``scopes``."""
        part = Part([Found() for _ in scopes])
        for manifest in self.manifests(files, part.common):
            own = _own_findings(manifest, self._project.names)
            part.common += own
            for scope, found in zip(scopes, part.found, strict=True):
                if exists_in(manifest.layer, scope.environment):
                    self._compile(manifest, scope, found, part, broken=_is_broken(own))
        part.locate(Locator(self._sources.positions_text))
        return part

    def manifests(self, files: Sequence[str], findings: list[Finding]) -> Iterator[Manifest]:
        """The documents of these files; why one cannot be read is added to ``findings``."""
        for file in files:
            loaded, unreadable = self._sources.load(file)
            findings += unreadable
            stem = file.rpartition("/")[2].rpartition(".")[0]
            for document in loaded.documents:
                if isinstance(document.value, dict):
                    layer = Layer(file, document.index, (), document.value, loaded.dollars)
                    yield Manifest(layer, stem, document.line, len(loaded.documents))
                else:
                    place = Place(file, document.index)
                    findings.append(Finding("AC018", "a manifest must be a map", place))

    def _compile(self, manifest: Manifest, scope: Scope, found: Found, part: Part, *, broken: bool) -> None:
        layer = manifest.layer
        key, pin = key_of(layer, manifest.stem), pin_of(layer, scope.environment)
        found.identities.append(Identity(key, _named_only(layer), manifest.line, pin))
        compiled = compile_manifest(layer, manifest.stem, manifest.line, scope, self._sources)
        for each in compiled.effective.layers:
            if each.file not in (layer.file, self._project.file):
                broken |= self._fragment_is_broken(each, part)
        found.add(compiled, broken=broken)

    def _fragment_is_broken(self, fragment: Layer, part: Part) -> bool:
        """Checks a fragment by itself when it is first met."""
        known = self._fragments.get(fragment.file)
        if known is None:
            found = document_findings(fragment, "Fragment", self._project.names)
            part.fragments[fragment.file] = found
            known = self._fragments[fragment.file] = _is_broken(found)
        return known


def _is_broken(findings: Sequence[Finding]) -> bool:
    return any(is_error(finding.code) for finding in findings)


def _named_only(layer: Layer) -> Layer:
    """The layer without what identities do not need: they are kept to the end, and prompts are large."""
    values = {name: layer.values[name] for name in ("key", "id", "aliases") if name in layer.values}
    return Layer(layer.file, layer.document, layer.path, values)


def _own_findings(manifest: Manifest, environments: Sequence[str]) -> list[Finding]:
    found = document_findings(manifest.layer, "Manifest", environments)
    found += key_findings(manifest.layer, manifest.stem, manifest.documents)
    return found
