"""Finds and reads the project file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from assistctl.errors import InvalidInput
from assistctl.files import Root, read_chosen
from assistctl.model.diagnostic import Diagnostic
from assistctl.model.policy import Policy
from assistctl.model.values import Json

from .findings import Finding, Place, diagnostics, of_problem
from .project_rules import project_rules
from .settings import (
    ONLY_ENVIRONMENT,
    Defaults,
    EnvironmentSettings,
    OnConflict,
    OnDrift,
    ProjectFile,
    Rule,
)
from .yaml_reader import load

PROJECT_FILE: Final = "assistctl.yaml"

_Map = Mapping[str, Json]


def find_project_file(start: Path) -> Path | None:
    """``assistctl.yaml`` in ``start`` or the nearest folder above it; None where there is none."""
    start = Path(start).absolute()
    return next((path for each in (start, *start.parents) if (path := each / PROJECT_FILE).is_file()), None)


def read_project(path: Path) -> ProjectFile:
    """The project file, checked as a whole.

    Raises ``InvalidInput`` with all diagnostics at once, ``FileRefused`` when it cannot be read.
    """
    path = Path(path).absolute()
    return read_project_in(Root(path.parent), path.name)


def read_project_in(root: Root, file: str) -> ProjectFile:
    """:func:`read_project` of a file directly below ``root``."""
    data = root.read(file)
    value, findings = _checked(file, data)
    if findings or value is None:
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        raise _invalid(file, diagnostics(findings, lambda _: text))
    return _project(root, file, value)


def read_policies(path: Path) -> tuple[Policy, ...]:
    """The operator's own policy file: what ``policies:`` holds in a project file, as a file.

    Raises ``InvalidInput``, or ``FileRefused`` when it cannot be read.
    """
    from .schema_core import check

    data = read_chosen(Path(path))
    loaded = load(data)
    findings = [of_problem(str(path), problem) for problem in loaded.problems]
    for document in loaded.documents[:1]:
        found = check("Policies", document.value)
        findings += [Finding(m.code, m.message, Place(str(path), 0, m.path, m.on_key)) for m in found]
    if findings:
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        raise _invalid(str(path), diagnostics(findings, lambda _: text))
    return _policies(_map(loaded.documents[0].value))


def _invalid(file: str, found: tuple[Diagnostic, ...]) -> InvalidInput:
    return InvalidInput(
        f"{file} is invalid",
        diagnostics=found,
        undone="nothing was read beyond it and nothing was changed",
        next=f"assistctl explain {found[0].code}" if found else "",
    )


def _checked(file: str, data: bytes) -> tuple[_Map | None, list[Finding]]:
    from .schema_core import check

    loaded = load(data)
    if loaded.problems:
        return None, [of_problem(file, problem) for problem in loaded.problems]
    value = loaded.documents[0].value
    findings = [
        Finding(each.code, each.message, Place(file, 0, each.path, each.on_key))
        for each in check("Project", value)
    ]
    if len(loaded.documents) > 1:
        words = f"a project file is one document, found {len(loaded.documents)}"
        findings.append(Finding("AC019", words, Place(file, 1)))
    if not isinstance(value, dict):
        return None, findings
    return value, findings + list(project_rules(file, value))


def _project(root: Root, file: str, value: _Map) -> ProjectFile:
    project = str(value["project"])
    environments = _map(value.get("environments"))
    default = value.get("default_environment")
    return ProjectFile(
        root=root,
        file=file,
        project=project,
        manifests=_texts(value.get("manifests")) or ("assistants",),
        environments=tuple(environments),
        default_environment=default if isinstance(default, str) else None,
        formerly=_texts(value.get("formerly")),
        policies=_policies(_map(value.get("policies"))),
        settings={
            name: _environment(project, name, value, _map(environments.get(name)))
            for name in environments or (ONLY_ENVIRONMENT,)
        },
    )


def _environment(project: str, name: str, base: _Map, own: _Map) -> EnvironmentSettings:
    limits = {**_map(base.get("limits")), **_map(own.get("limits"))}
    provider = own.get("provider", base.get("provider", "aimlapi"))
    maximum = limits.get("max_deletes", "30%")
    return EnvironmentSettings(
        name=name,
        owner=f"{project}/{name}",
        provider=provider if isinstance(provider, dict) else str(provider),
        variables=_variables(base) | _variables(own),
        defaults=tuple(_defaults(name, base, own)),
        max_deletes=maximum if isinstance(maximum, int) else str(maximum),
        on_drift=cast(OnDrift, own.get("on_drift", base.get("on_drift", "overwrite"))),
        on_conflict=cast(OnConflict, own.get("on_conflict", base.get("on_conflict", "fail"))),
    )


def _defaults(name: str, base: _Map, own: _Map) -> Iterator[Defaults]:
    if "defaults" in base:
        yield Defaults(("defaults",), _map(base["defaults"]))
    if "defaults" in own:
        yield Defaults(("environments", name, "defaults"), _map(own["defaults"]))


def _policies(value: _Map) -> tuple[Policy, ...]:
    rules: tuple[Rule, ...] = ("allowed_models", "required_metadata", "no_deletion")
    return tuple(_policy(rule, _map(value[rule])) for rule in rules if value.get(rule) is not None)


def _policy(rule: Rule, value: _Map) -> Policy:
    return Policy(rule, "deny" if value["level"] == "deny" else "warn", _texts(value.get("values")))


def _variables(settings: _Map) -> dict[str, str]:
    return {name: str(value) for name, value in _map(settings.get("vars")).items()}


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
