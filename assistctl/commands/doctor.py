"""``doctor``: what a remote is like, looked at and, where the operator asks for it, tried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistctl.engine.capability import ALL_VERBS
from assistctl.engine.probing import ListSeen, Verdict, judge_list, judge_trial
from assistctl.errors import (
    AssistctlError,
    DecisionNeeded,
    DiskFault,
    GuardRefused,
    RemoteError,
    UsageFault,
)
from assistctl.model.assistant import Remote
from assistctl.model.examination import Examination
from assistctl.model.profile import Profile
from assistctl.model.values import Json

from .leftovers import Book, clear, left_behind, writing
from .list_look import Paging, look, walked
from .ports import Ports
from .probe import Lab
from .session import Link, open_link
from .trial import write_test

if TYPE_CHECKING:
    from pathlib import Path

    from assistctl.providers.wire import WireProvider
    from assistctl.settings import Settings

NOBODY = "doctor/default"
"""The owner in force where there is no project."""
_MODEL = "gpt-4o-mini"
"""What the probe is made with where neither the remote nor the project names a model."""
_GRACE = 15.0
"""Seconds beyond ``--timeout`` in which a probe may still be removed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which remote is examined, and for whom."""

    profile: Profile
    base_url: str
    """Empty for the embedded remote."""
    root: Path
    """Where the embedded remote keeps its database."""
    owner: str = NOBODY
    model: str = ""
    """What the probe is made with; empty: a model that the remote has in use, else a common one."""
    timeout: float | None = None


def target_of(settings: Settings, model: str) -> Target:
    """The remote of a project. ``model`` is the operator's, else the project's default."""
    root = settings.project.root.path
    chosen = model or _default_model(settings)
    return Target(settings.profile, settings.base_url, root, settings.owner, chosen, settings.timeout)


def _default_model(settings: Settings) -> str:
    from assistctl.manifest.writing.declared import defaults_of

    found = defaults_of(settings.project, settings.environment, settings.inputs).get("model")
    return found if isinstance(found, str) else ""


def doctor(target: Target, ports: Ports, *, trying: bool, may_write: bool) -> Examination:
    """Looks at the remote; with ``trying`` makes, changes, clears, lists and deletes one probe as well.

    A probe of this owner that an earlier run left behind is removed where ``may_write``. What ends the
    examination early is its ``fault``; only a command line that does not fit is raised (UsageFault).
    """
    notebook = _Notebook(target.profile)
    # Every call is tried, also those that the profile says are missing.
    bold = replace(target.profile, verbs=ALL_VERBS)
    try:
        grace = _GRACE if trying else 0.0  # the probe has to go after the time is over, too
        timeout = None if target.timeout is None else target.timeout + grace
        with open_link(bold, target.base_url, target.root, timeout, ports) as link:
            notebook.origin = link.origin
            _examine(_Patient(link, target, ports), notebook, trying=trying, may_write=may_write)
    except (RemoteError, DecisionNeeded, GuardRefused, DiskFault) as fault:
        notebook.fault = fault
    return notebook.written()


@dataclass(slots=True)
class _Notebook:
    """What is known so far."""

    profile: Profile
    origin: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tried: bool = False
    fault: AssistctlError | None = None

    def written(self) -> Examination:
        """As it is shown."""
        from assistctl.providers.profiles import built_in_names

        findings = tuple(finding for verdict in self.verdicts for finding in verdict.findings)
        advice: dict[str, Json] = {}
        for verdict in self.verdicts:
            advice |= verdict.advice
        return Examination(
            self.profile.name,
            self.origin,
            findings,
            advice,
            tuple(self.notes),
            extends=self.profile.name if self.profile.name in built_in_names() else "",
            tried=self.tried,
            fault=self.fault,
        )


@dataclass(frozen=True, slots=True)
class _Patient:
    """The remote under examination."""

    link: Link
    target: Target
    ports: Ports

    @property
    def provider(self) -> WireProvider:
        """The remote, with single pages of its list."""
        from assistctl.providers.wire import WireProvider

        provider = self.link.provider
        if not isinstance(provider, WireProvider):
            raise TypeError("a remote that cannot be asked for one page")
        return provider

    def looked(self) -> tuple[ListSeen, list[Remote]]:
        """See :func:`~assistctl.commands.list_look.look`."""
        return look(self.provider, self.target.profile.paging, self.ports.wall)


def _examine(patient: _Patient, notebook: _Notebook, *, trying: bool, may_write: bool) -> None:
    profile, owner, ports = patient.target.profile, patient.target.owner, patient.ports
    seen, everything = patient.looked()
    paging = seen.paging or profile.paging
    notebook.verdicts.append(judge_list(seen, profile))
    if not trying:
        _clean(patient, left_behind(everything, owner), paging, notebook, may_write=may_write)
        return
    model, run = _model(patient.target, everything), ports.run_id()
    with writing(patient.link, owner, run, ports) as book:
        _clear(patient, book, paging, notebook)
        lab = Lab(
            patient.provider, patient.link.canon, profile, owner, model, run, paging, book.journal, ports
        )
        trial = write_test(lab, lambda: _look_again(patient, seen, notebook))
    notebook.verdicts.append(judge_trial(trial, profile))
    notebook.tried = True


def _look_again(patient: _Patient, before: ListSeen, notebook: _Notebook) -> None:
    """While the probe is there: a remote that was empty shows more now. The probe itself is not counted."""
    now, _ = patient.looked()
    seen = replace(now, total=before.total, incomplete=before.incomplete)
    notebook.verdicts[0] = judge_list(seen, patient.target.profile)


def _clear(patient: _Patient, book: Book, paging: Paging, notebook: _Notebook) -> None:
    owner, ports = patient.target.owner, patient.ports
    removed = clear(patient.link, owner, book, lambda: walked(patient.provider, paging, ())[0], ports)
    notebook.notes += [f"removed a probe of an earlier run: {remote_id}" for remote_id in removed]


def _clean(
    patient: _Patient, left: Sequence[Remote], paging: Paging, notebook: _Notebook, *, may_write: bool
) -> None:
    """Removes probes that were left behind, unless somebody else is writing right now."""
    owner, ports = patient.target.owner, patient.ports
    if not left:
        return
    try:
        if may_write:
            with writing(patient.link, owner, ports.run_id(), ports) as book:
                _clear(patient, book, paging, notebook)
            return
    except DecisionNeeded:  # another run holds the lock: perhaps it is its probe
        pass
    ids = ", ".join(remote.id for remote in left)
    notebook.notes.append(f"there is a probe of another run: {ids}")


def _model(target: Target, everything: list[Remote]) -> str:
    if target.model:
        return target.model
    used = Counter(str(remote.fields["model"]) for remote in everything if remote.fields.get("model"))
    if used:
        return used.most_common(1)[0][0]
    if target.profile.models == "deployment":
        raise UsageFault(
            f"{target.profile.name} takes names of deployments, and none is known here",
            undone="no probe was made",
            next="name one: --model DEPLOYMENT",
        )
    return _MODEL
