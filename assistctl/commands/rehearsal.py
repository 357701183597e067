"""Drafts of manifests, tried in the project before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistctl.engine.planner import make_plan
from assistctl.engine.survey import survey
from assistctl.model.assistant import Desired, Remote
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .session import Session

if TYPE_CHECKING:
    from assistctl.manifest.writing.draft import Draft

_NOT_ALLOWED = "the project file does not allow it: assistctl validate tells why"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What the validator makes of some drafts."""

    kept: tuple[Draft, ...]
    """Valid, with their own warnings silenced."""
    desired: tuple[Desired, ...]
    """What the kept ones come to."""
    refused: tuple[tuple[Draft, str], ...]
    """With the reasons."""


def rehearse(settings: Settings, drafts: Sequence[Draft]) -> Rehearsed:
    """Reads the project with the drafts in it, as every other command would."""
    errors, warnings = _sorted(_read(settings, drafts)[1], drafts)
    good = [each.allowing(warnings.get(each.key, ())) for each in drafts if each.key not in errors]
    refused = [(each, _reasons(errors[each.key])) for each in drafts if each.key in errors]
    desired = _read(settings, good)[0]
    kept = [each for each in good if each.key in desired]
    refused += [(each, _NOT_ALLOWED) for each in good if each.key not in desired]
    return Rehearsed(tuple(kept), tuple(desired[each.key] for each in kept), tuple(refused))


def surprises(session: Session, tried: Rehearsed, remotes: Iterable[Remote], run: str) -> Iterator[str]:
    """What the next plan would change after all: nothing, unless the remote hides a field."""
    settings = session.settings
    found = survey(remotes, settings.owner, settings.project.formerly)
    owners = frozenset(seen.marker.owner for seen in found.foreign if seen.marker is not None)
    selection = Selection(takeover=owners, formerly=settings.project.formerly)
    keys = {each.key for each in tried.desired}
    for change in make_plan(tried.desired, found, session.frame(selection, run)).changes:
        if change.key in keys and change.shown:
            fields = ", ".join(field.field for field in change.shown)
            yield f"{change.key}: the next plan will change {fields}"


def files_of(drafts: Iterable[Draft]) -> dict[str, bytes]:
    """All files of some drafts: path below the root to content."""
    return {path: data for each in drafts for path, data in each.files.items()}


def _read(
    settings: Settings, drafts: Sequence[Draft]
) -> tuple[Mapping[str, Desired], tuple[Diagnostic, ...]]:
    from assistctl.manifest.fleet import read_fleet
    from assistctl.manifest.writing.overlay import Overlay

    project = replace(
        settings.project,
        root=Overlay(settings.project.root.path, files_of(drafts)),
        manifests=(*settings.project.manifests, *(each.manifest for each in drafts)),
    )
    fleet = read_fleet(project, settings.environment, settings.inputs)
    return {each.key: each for each in fleet.desired}, fleet.diagnostics


def _sorted(
    findings: Iterable[Diagnostic], drafts: Iterable[Draft]
) -> tuple[dict[str, list[Diagnostic]], dict[str, list[str]]]:
    """Errors, and codes of warnings, by key; findings on other files are not about the drafts."""
    errors: dict[str, list[Diagnostic]] = {}
    warnings: dict[str, list[str]] = {}
    keys = {path: each.key for each in drafts for path in each.files}
    for finding in findings:
        if finding.file in keys and finding.severity is Severity.ERROR:
            errors.setdefault(keys[finding.file], []).append(finding)
        elif finding.file in keys and finding.severity is Severity.WARNING:
            warnings.setdefault(keys[finding.file], []).append(finding.code)
    return errors, warnings


def _reasons(errors: Iterable[Diagnostic]) -> str:
    return "; ".join(dict.fromkeys(f"{error.code} {error.message}" for error in errors))
