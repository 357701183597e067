"""``diff REF``: the manifests of a git revision against those on the disk; no key, no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assistctl.engine.between import Declared, between
from assistctl.engine.capability import Abilities
from assistctl.engine.planner import Frame
from assistctl.engine.policy import judged
from assistctl.errors import AssistctlError, InvalidInput, UsageFault
from assistctl.files import FileRefused, Refusal
from assistctl.manifest.fleet import Fleet, read_fleet
from assistctl.manifest.project import read_project_in
from assistctl.manifest.settings import EnvironmentSettings, ProjectFile
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.plan import Plan
from assistctl.model.selection import Selection
from assistctl.model.values import pack
from assistctl.settings import (
    Chosen,
    check_owner,
    inputs_by_environment,
    limits_of,
    load_project,
    operator_policies,
    profile_in,
)

from .git import Repository
from .past import PastRoot, past_root
from .ports import Ports
from .session import canon_of

NOW = "work tree"
_RUN = "diff"


@dataclass(frozen=True, slots=True)
class Compared:
    """What changed between two revisions."""

    plan: Plan
    """Its provider is ``REF → work tree``, its origin ``git:`` and the full name of the commit."""
    findings: tuple[Diagnostic, ...]
    """Warnings and notices on the manifests of now."""
    past: tuple[Diagnostic, ...]
    """Errors in those of the past, as ``REF:file``: what they are about is compared with nothing."""


@dataclass(frozen=True, slots=True)
class _Past:
    """One environment in the past, as far as it can be read."""

    declared: Declared
    problems: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()


def diff(chosen: Chosen, revision: str, ports: Ports) -> Compared:
    """Compares the environment in force.

    Raises UsageFault where ``revision`` is no commit or there is no repository, InvalidInput where the
    manifests of now are broken; those of the past may be.
    """
    project = load_project(chosen)
    own = project.environment(chosen.environment)
    check_owner(own.owner, ports.environ)
    with _opened(project, revision, ports) as (commit, root):
        now = _now(project, own, chosen, ports)
        past = _past(root, project.file, own, _Reader(revision, chosen, ports))
    new_keys = {item.key for item in now.desired if item.file in _broken_files(past.problems)}
    old = replace(past.declared, unreadable=past.declared.unreadable | new_keys)
    frame = _frame(project, own, chosen, ports)
    frame = replace(frame, provider=f"{revision} → {NOW}", origin=f"git:{commit}")
    plan = between(old, Declared(own.owner, now.desired), frame)
    plan = replace(plan, notes=(*past.notes, *plan.notes))
    plan = judged(plan, (*project.policies, *operator_policies(ports.environ)))
    shown = tuple(replace(each, file=f"{revision}:{each.file}") for each in past.problems)
    return Compared(plan, now.diagnostics, shown)


@contextmanager
def _opened(project: ProjectFile, revision: str, ports: Ports) -> Iterator[tuple[str, PastRoot]]:
    repository = Repository.around(project.root.path, ports.environ)
    commit = repository.commit(revision)
    with past_root(repository, commit) as root:
        yield commit, root


def _frame(project: ProjectFile, own: EnvironmentSettings, chosen: Chosen, ports: Ports) -> Frame:
    """As for a plan on the remote of the environment, whose abilities count; its address does not."""
    profile = profile_in(project, own.name, chosen)
    ignored = profile.ignored_fields if profile.keeps_metadata else profile.ignored_fields | {"metadata"}
    return Frame(
        owner=own.owner,
        provider="",
        origin="",
        run=_RUN,
        canon=canon_of(profile),
        selection=Selection(formerly=project.formerly),
        limits=limits_of(str(own.max_deletes), ports.environ),
        clearing={name: pack(json.loads(text)) for name, text in profile.clearing.items()},
        abilities=Abilities(profile.name, profile.verbs, ignored=ignored),
    )


def _now(project: ProjectFile, own: EnvironmentSettings, chosen: Chosen, ports: Ports) -> Fleet:
    inputs = inputs_by_environment(project, chosen, ports.environ, ports.today())(own.name)
    fleet = read_fleet(project, own.name, inputs)
    if any(found.severity is Severity.ERROR for found in fleet.diagnostics):
        raise InvalidInput(
            "the manifests are invalid",
            diagnostics=fleet.diagnostics,
            undone="nothing was compared",
            next="correct the lines above; assistctl explain CODE tells more",
        )
    return fleet


@dataclass(frozen=True, slots=True)
class _Reader:
    """How the past is read, and what it is called."""

    revision: str
    chosen: Chosen
    ports: Ports

    def fleet(self, project: ProjectFile, environment: str) -> Fleet:
        """Its manifests. Raises AssistctlError where not even its provider can be told."""
        inputs = inputs_by_environment(project, self.chosen, self.ports.environ, self.ports.today())
        return read_fleet(project, environment, inputs(environment))


def _past(root: PastRoot, file: str, own: EnvironmentSettings, reader: _Reader) -> _Past:
    """What the past declares; a reviewer gets the comparison even where that is broken or missing."""
    nothing = Declared(own.owner)
    try:
        project = read_project_in(root, file)
        if own.name not in project.names:
            return _Past(nothing, notes=(f"{reader.revision} has no environment {own.name}: all is new",))
        fleet = reader.fleet(project, own.name)
    except (InvalidInput, UsageFault) as error:
        return _Past(nothing, _errors(error), (_unusable(error, file, reader.revision),))
    problems = tuple(found for found in fleet.diagnostics if found.severity is Severity.ERROR)
    owner = project.environment(own.name).owner
    notes = [*_problem_notes(problems, fleet, reader.revision), *_owner_notes(owner, own.owner)]
    return _Past(Declared(owner, fleet.desired, fleet.unreadable), problems, tuple(notes))


def _unusable(error: AssistctlError, file: str, revision: str) -> str:
    if isinstance(error, FileRefused) and error.refusal is Refusal.MISSING:
        return f"{revision} has no {file} here: all is new"
    return f"{revision}: {error.what}: nothing of it could be read, all is shown as new"


def _errors(error: AssistctlError) -> tuple[Diagnostic, ...]:
    found = error.diagnostics if isinstance(error, InvalidInput) else ()
    return tuple(each for each in found if isinstance(each, Diagnostic))


def _problem_notes(problems: tuple[Diagnostic, ...], fleet: Fleet, revision: str) -> Iterator[str]:
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems):,} problems"
        who = ", ".join(sorted(fleet.unreadable)) or problems[0].file
        yield f"{revision} has {count} (assistctl validate there): compared with nothing: {who}"


def _owner_notes(old: str, new: str) -> Iterator[str]:
    if old != new:
        yield f"the owner changes from {old} to {new}: formerly: [{old}] takes its assistants over"


def _broken_files(problems: tuple[Diagnostic, ...]) -> frozenset[str]:
    return frozenset(found.file for found in problems)
