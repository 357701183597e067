"""One document and one environment to one :class:`Desired`, with everything there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistctl.model.assistant import FIELDS, Desired, Lifecycle
from assistctl.model.codes import is_error
from assistctl.model.values import Json, Value, pack

from .effective import IDENTITY_KEYS, Effective, extended, make_effective
from .findings import Finding
from .inputs import Inputs
from .interpolate import Names
from .layers import Layer
from .lint import lint
from .models import Catalogue
from .rules import text_rules, value_rules
from .schema_core import check
from .sources import Sources


@dataclass(frozen=True, slots=True)
class Scope:
    """What is the same for all manifests of one environment."""

    environment: str
    layers: tuple[Layer, ...]
    """The project's defaults, low to high."""
    inputs: Inputs
    names: Names
    secrets: tuple[str, ...]
    models: Catalogue


@dataclass(frozen=True, slots=True)
class Compiled:
    """One manifest in one environment."""

    desired: Desired | None
    """None where a finding is an error."""
    effective: Effective
    findings: tuple[Finding, ...]


def exists_in(manifest: Layer, environment: str) -> bool:
    """Whether ``only`` leaves the assistant in this environment."""
    only = manifest.values.get("only")
    return not isinstance(only, list) or environment in only


def key_of(manifest: Layer, stem: str) -> str:
    """The manifest's key: its own, else the stem of its file."""
    key = manifest.values.get("key", stem)
    return key if isinstance(key, str) else ""


def pin_of(manifest: Layer, environment: str) -> str | None:
    """The remote id that the manifest names for this environment."""
    pin = manifest.values.get("id")
    if isinstance(pin, dict):
        pin = pin.get(environment)
    return pin if isinstance(pin, str) else None


def compile_manifest(manifest: Layer, stem: str, line: int, scope: Scope, sources: Sources) -> Compiled:
    """Merges, checks and packs one manifest. Its own shape is checked elsewhere, once."""
    findings: list[Finding] = []
    layers = [*scope.layers, *reversed([*extended(manifest, sources, findings)]), manifest]
    overrides = manifest.values.get("environments")
    own = overrides.get(scope.environment) if isinstance(overrides, dict) else None
    if isinstance(own, dict):
        path = ("environments", scope.environment)
        layers.append(Layer(manifest.file, manifest.document, path, own, manifest.dollars))
    effective = make_effective(layers, sources, scope.names, findings)
    findings += _shape(effective)
    findings += value_rules(effective, scope.inputs)
    fields = _fields(key_of(manifest, stem), effective.values)
    rest = {name: value for name, value in fields.items() if name != "instructions"}
    findings += text_rules(effective, rest, sources, scope.secrets)
    findings += lint(effective, sources, scope.inputs, scope.models)
    findings = _not_allowed(findings, effective.values.get("allow"))
    if any(is_error(finding.code) for finding in findings):
        return Compiled(None, effective, tuple(findings))
    pin = pin_of(manifest, scope.environment)
    desired = _desired(manifest, key_of(manifest, stem), fields, effective.values, line, pin)
    return Compiled(desired, effective, tuple(findings))


def _shape(effective: Effective) -> list[Finding]:
    """The shape of the final values, where they are not the manifest's own (those are checked already)."""
    if not effective.changed:
        return []
    sent = {name: value for name, value in effective.values.items() if name not in IDENTITY_KEYS}
    return [
        Finding(each.code, each.message, effective.place(each.path, on_key=each.on_key))
        for each in check("Fields", sent, lenient=False)
    ]


def _not_allowed(findings: list[Finding], allow: Json) -> list[Finding]:
    allowed = {code for code in allow if isinstance(code, str)} if isinstance(allow, list) else set()
    if not allowed:
        return findings
    return [finding for finding in findings if is_error(finding.code) or finding.code not in allowed]


def _desired(
    manifest: Layer,
    key: str,
    fields: Mapping[str, Value],
    values: Mapping[str, Json],
    line: int,
    pin: str | None,
) -> Desired:
    metadata = values.get("metadata")
    entries = metadata if isinstance(metadata, dict) else {}
    aliases = manifest.values.get("aliases")
    return Desired(
        key=key,
        fields=fields,
        metadata={name: value if isinstance(value, str) else None for name, value in entries.items()},
        pin=pin,
        aliases=tuple(str(alias) for alias in aliases) if isinstance(aliases, list) else (),
        lifecycle=_lifecycle(values.get("lifecycle"), entries),
        file=manifest.file,
        line=line,
    )


def _fields(key: str, values: Mapping[str, Json]) -> dict[str, Value]:
    fields = {name: pack(values[name]) for name in FIELDS if name in values}
    fields.setdefault("name", key)
    resources = values.get("tool_resources")
    if isinstance(resources, dict) and None in resources.values():
        # Null only serves to take a lower layer's member away; the protocol has no null here.
        fields["tool_resources"] = pack({k: v for k, v in resources.items() if v is not None})
    return fields


_USUAL = Lifecycle()


def _lifecycle(value: Json, metadata: Mapping[str, Json]) -> Lifecycle:
    if not isinstance(value, dict):
        return _USUAL
    named = value.get("ignore_changes")
    ignored = {str(name) for name in named} if isinstance(named, list) else set()
    if "metadata" in ignored:
        ignored = (ignored - {"metadata"}) | {f"metadata.{name}" for name in metadata}
    return Lifecycle(
        prevent_destroy=value.get("prevent_destroy") is True,
        ignore_changes=frozenset(ignored),
        keep_on_remove=value.get("on_remove") == "keep",
    )
