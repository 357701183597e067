"""``pull``: outside edits back into the files that the values came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistctl.errors import DecisionNeeded, ExitCode, InvalidInput, UsageFault
from assistctl.model.assistant import Desired
from assistctl.model.plan import Action, Cause, Change, FieldChange, Plan
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .plan import plan_in, read_desired
from .ports import Ports
from .session import open_session

if TYPE_CHECKING:
    from assistctl.manifest.editing.desk import Desk, Draft
    from assistctl.manifest.findings import Place

    from .pull_readers import Readers
    from .pull_sides import Sides


@dataclass(frozen=True, slots=True)
class Pulled:
    """One outside edit that is in the files now."""

    key: str
    field: str
    """As the plan names it: a top-level API name, ``metadata.KEY`` or ``tools.NAME``."""
    places: tuple[str, ...]
    """``file:line`` of each file edited for it; empty where the files had it already or an edit for another
    assistant brought it."""
    merged: bool = False
    """The manifest had changed as well; both changes are in the file."""
    lost: tuple[str, ...] = ()
    """References that became literal text, as they were written."""


@dataclass(frozen=True, slots=True)
class Left:
    """What was not written, and why."""

    key: str
    why: str
    change: FieldChange | None = None
    """The field with both sides; None where it is about the assistant as a whole."""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """A question: may a place be edited that other assistants read too?"""

    key: str
    field: str
    file: str
    others: tuple[str, ...]
    """Their keys, sorted."""


@dataclass(slots=True)
class PullReport:
    """What one pull came to."""

    pulled: list[Pulled] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Plain text for people."""
    files: tuple[str, ...] = ()
    """The files that were written, relative to the project root."""

    @property
    def exit_code(self) -> ExitCode:
        """5 while somebody has to see to what was left, else 0."""
        return ExitCode.DECISION_NEEDED if self.left else ExitCode.DONE


def pull(
    settings: Settings, keys: Sequence[str], allow: Callable[[Sharing], bool], ports: Ports
) -> PullReport:
    """Writes what was changed outside into the files. Everything is prepared and checked before the first
    file is written; nothing is sent to the remote but questions.

    ``keys`` are all by default; ``allow`` is asked for every place that several assistants share. Raises
    UsageFault for a key that no manifest has and DecisionNeeded when a file changes meanwhile.
    """
    from assistctl.manifest.editing.desk import Desk
    from assistctl.manifest.editing.resolving import View

    from .pull_readers import Readers
    from .pull_sides import Sides

    desired, findings = read_desired(settings)
    manifests = {item.key: item for item in desired}
    _check_keys(keys, manifests)
    with open_session(settings, ports) as session:
        planned = plan_in(session, desired, findings, Selection(), ports, hold=True)
        canon = session.link.canon
    report = PullReport()
    desk = Desk(View(settings.project, settings.environment, settings.inputs))
    sides = Sides(desk, planned.remote, canon, settings.project.root.path, ports)
    readers = Readers(desk, manifests, planned, canon)
    _Pull(desk, sides, readers, allow, report).run(_jobs(planned.plan, keys, report))
    report.files = _write(desk, settings)
    if report.files and len(settings.project.names) > 1:
        report.notes.append("Other environments read these files too: plan them before you commit.")
    return report


def _check_keys(keys: Sequence[str], manifests: Mapping[str, Desired]) -> None:
    missing = [key for key in keys if key not in manifests]
    if missing:
        raise UsageFault(
            f"no manifest has the key {', '.join(missing)}; there are {', '.join(sorted(manifests))}",
            undone="nothing was pulled",
        )


def _jobs(plan: Plan, keys: Sequence[str], report: PullReport) -> list[tuple[Change, FieldChange]]:
    """The fields that were changed outside; assistants without any side to pull from are reported."""
    jobs: list[tuple[Change, FieldChange]] = []
    for change in plan.changes:
        if not change.file or (keys and change.key not in keys):
            continue
        missing = _without_remote(change)
        if missing and keys:
            report.left.append(Left(change.key, missing, next=f"assistctl plan --target {change.key}"))
        elif missing:
            report.notes.append(f"{change.key}: {missing}")
        jobs += ((change, each) for each in change.fields if each.cause in (Cause.DRIFT, Cause.CONFLICT))
    return jobs


def _without_remote(change: Change) -> str:
    if change.action is Action.CREATE:
        return "there is no remote assistant to pull from: it was deleted, or never applied"
    return f"undecided: {change.reason}" if change.action is Action.UNDECIDED else ""


@dataclass(frozen=True, slots=True)
class _Why:
    """Why a field is not pulled, and what to do about it."""

    words: str
    next: str = ""


class _Pull:
    """Drafts one field after the other and keeps what may be kept."""

    def __init__(
        self,
        desk: Desk,
        sides: Sides,
        readers: Readers,
        allow: Callable[[Sharing], bool],
        report: PullReport,
    ) -> None:
        self._desk = desk
        self._sides = sides
        self._readers = readers
        self._allow = allow
        self._report = report
        self._claims: dict[Place, str] = {}
        self._answers: dict[Place, bool] = {}

    def run(self, jobs: Sequence[tuple[Change, FieldChange]]) -> None:
        """Takes all jobs, in the plan's order."""
        refused = [(*job, why) for job in jobs if (why := self._take(*job)) is not None]
        for change, each, why in refused:
            if self._sides.agree(change, each):  # an edit for another assistant brought it since
                self._report.pulled.append(Pulled(change.key, each.field, ()))
            else:
                self._report.left.append(Left(change.key, why.words, each, why.next))

    def _take(self, change: Change, each: FieldChange) -> _Why | None:
        """Pulls one field, or says why not."""
        from assistctl.manifest.editing.merge import Clash
        from assistctl.manifest.editing.source import CannotEdit

        try:
            aim = self._sides.aim(change, each)
            if aim.said:
                self._report.pulled.append(Pulled(change.key, each.field, (), aim.merged))
                return None
            draft = self._desk.draft(change.key, change.file, aim.path, aim.target)
        except Clash:
            return _Why("both sides changed it and the changes do not merge", "change one side by hand")
        except CannotEdit as error:
            return _Why(str(error))
        except InvalidInput as error:
            return _Why(error.what)
        return self._keep(change.key, each.field, draft, merged=aim.merged)

    def _keep(self, key: str, name: str, draft: Draft, *, merged: bool) -> _Why | None:
        own = f"give {key} a value of its own"
        claimed = {self._claims[place] for place in draft.touched if place in self._claims} - {key}
        if claimed:
            return _Why(f"{', '.join(sorted(claimed))} reads the same place and became something else", own)
        others = self._readers.others(key, draft)
        refused = next((place for place in others if not self._may(key, name, place, others)), None)
        if refused is not None:
            words = f"{refused.file} is shared with {', '.join(sorted(others[refused]))}"
            return _Why(words, f"assistctl pull {key} --yes, or {own}")
        if harm := self._readers.harm(draft, others, merged=merged):
            return _Why(harm, f"{own}, or edit {', '.join(sorted({place.file for place in others}))} by hand")
        self._desk.keep(draft)
        self._claims.update(dict.fromkeys(draft.touched, key))
        places = tuple(f"{file}:{line}" for file, line in sorted(draft.lines.items()))
        self._report.pulled.append(Pulled(key, name, places, merged, draft.lost))
        return None

    def _may(self, key: str, name: str, place: Place, others: Mapping[Place, frozenset[str]]) -> bool:
        if place not in self._answers:
            sharing = Sharing(key, name, place.file, tuple(sorted(others[place])))
            self._answers[place] = self._allow(sharing)
        return self._answers[place]


def _write(desk: Desk, settings: Settings) -> tuple[str, ...]:
    root = settings.project.root
    changed = {file: data for file, data in desk.pending.items() if data != desk.originals[file]}
    for file in changed:
        if root.read(file) != desk.originals[file]:
            raise DecisionNeeded(
                "the file was changed while it was being edited",
                where=file,
                undone="nothing was pulled",
                next="assistctl pull",
            )
    for file, data in changed.items():
        root.write(file, data)
    return tuple(sorted(changed))
