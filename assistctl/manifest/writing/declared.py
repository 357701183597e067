"""What a project says already: keys and pins of its manifests, and its defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assistctl.manifest.desired import exists_in, key_of, pin_of
from assistctl.manifest.effective import make_effective
from assistctl.manifest.findings import Finding
from assistctl.manifest.fleet_reader import FleetReader
from assistctl.manifest.inputs import Inputs
from assistctl.manifest.layers import Layer
from assistctl.manifest.listing import list_manifests
from assistctl.manifest.settings import ProjectFile
from assistctl.manifest.sources import Sources
from assistctl.model.values import Json


@dataclass(frozen=True, slots=True)
class Declared:
    """Identities in the manifests that can be read; the others are the validator's business."""

    keys: frozenset[str]
    """Keys and aliases, of all environments."""
    here: Mapping[str, str]
    """Key to file, of the environment in force."""
    pins: Mapping[str, str]
    """Remote id to the file that pins it, in the environment in force."""
    pinned: Mapping[str, str]
    """Remote id to the key that is pinned to it, in the environment in force."""


def declared(project: ProjectFile, environment: str) -> Declared:
    """The identities of all manifests. Broken files are passed over."""
    keys: set[str] = set()
    here: dict[str, str] = {}
    pins: dict[str, str] = {}
    pinned: dict[str, str] = {}
    for layer, stem in _manifests(project):
        key = key_of(layer, stem)
        keys |= {key, *_aliases(layer)}
        if not exists_in(layer, environment):
            continue
        here.setdefault(key, layer.file)
        if pin := pin_of(layer, environment):
            pins.setdefault(pin, layer.file)
            pinned.setdefault(pin, key)
    return Declared(frozenset(keys), here, pins, pinned)


def defaults_of(project: ProjectFile, environment: str, inputs: Inputs) -> Mapping[str, Json]:
    """The project's defaults in one environment, merged, with their files read and references expanded.

    What cannot be read or expanded is missing: the validator reports it.
    """
    scope = FleetReader(project).reading(environment, inputs).scope
    if not scope.layers:
        return {}
    findings: list[Finding] = []
    empty = Layer(project.file, 0, (), {}, dollars=False)
    return make_effective([*scope.layers, empty], Sources(project.root), scope.names, findings).values


def picks_up(project: ProjectFile, file: str) -> bool:
    """Whether the project file's ``manifests:`` name this file of the project's folder."""
    return file in list_manifests(project.root, project.file, project.manifests)[0]


def _manifests(project: ProjectFile) -> Iterator[tuple[Layer, str]]:
    sources = Sources(project.root)
    for file in list_manifests(project.root, project.file, project.manifests)[0]:
        loaded, _ = sources.load(file)
        stem = file.rpartition("/")[2].rpartition(".")[0]
        for document in loaded.documents:
            if isinstance(document.value, dict):
                yield Layer(file, document.index, (), document.value), stem


def _aliases(layer: Layer) -> Iterator[str]:
    named = layer.values.get("aliases")
    yield from (alias for alias in named if isinstance(alias, str)) if isinstance(named, list) else ()
