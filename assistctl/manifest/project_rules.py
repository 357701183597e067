"""Rules of the project file that no schema can say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from assistctl.model.values import Json

from .findings import Finding, Place
from .interpolate import has_references
from .suggest import dotted, listed, nearest
from .texts import check_text
from .yaml_nodes import Path

BUILT_IN_VARIABLES: Final = frozenset({"environment"})

_CARRIES_KEYS: Final = re.compile(
    r"authorization|cookie|api[-_]?key|^key$|token|secret|password|signature|^sig$|^code$", re.IGNORECASE
)
_EXPANDED: Final = "defaults"


def project_rules(file: str, value: Mapping[str, Json]) -> Iterator[Finding]:
    """What is wrong with a project file beyond its shape."""
    yield from _default_environment(file, value)
    environments = value.get("environments")
    named = environments.items() if isinstance(environments, dict) else ()
    for path, settings in (((), value), *((("environments", name), each) for name, each in named)):
        if isinstance(settings, dict):
            yield from _settings(file, path, settings)


def _default_environment(file: str, value: Mapping[str, Json]) -> Iterator[Finding]:
    chosen, environments = value.get("default_environment"), value.get("environments")
    known = list(environments) if isinstance(environments, dict) else []
    if isinstance(chosen, str) and chosen not in known:
        words = f"default_environment '{chosen}' is not among environments{nearest(chosen, known)}"
        tail = f"; there is {listed(known)}" if known else "; the file names none"
        yield Finding("AC502", words + tail, Place(file, 0, ("default_environment",)))


def _settings(file: str, path: tuple[str, ...], settings: Mapping[str, Json]) -> Iterator[Finding]:
    variables = settings.get("vars")
    for name in variables if isinstance(variables, dict) else ():
        if name in BUILT_IN_VARIABLES:
            words = f"the variable '{name}' is built in and cannot be set"
            yield Finding("AC504", words, Place(file, 0, (*path, "vars", name), on_key=True))
    provider = settings.get("provider")
    if isinstance(provider, dict):
        yield from _provider(file, (*path, "provider"), provider)
    for name, value in settings.items():
        if name != _EXPANDED and not (name == "environments" and not path):
            yield from _references(file, (*path, name), value)


def _references(file: str, path: Path, value: Json) -> Iterator[Finding]:
    if isinstance(value, str) and has_references(value):
        words = f"{dotted(path)} is taken literally: references are expanded in manifests and defaults only"
        yield Finding("AC308" if "vars" in path else "AC306", words, Place(file, 0, path))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _references(file, (*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _references(file, (*path, index), inner)


def _provider(file: str, path: tuple[str, ...], provider: Mapping[str, Json]) -> Iterator[Finding]:
    for part in ("headers", "query"):
        entries = provider.get(part)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            secret = isinstance(value, str) and any(f.code == "AC702" for f in check_text(value, ()))
            if secret or _CARRIES_KEYS.search(name):
                words = f"{part} must not carry a key ('{name}'): keys come from the environment only"
                yield Finding("AC501", words, Place(file, 0, (*path, part, name), on_key=True))
