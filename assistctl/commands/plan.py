"""``plan``: manifests and remote become a Plan; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistctl.engine.meeting import Meeting
from assistctl.engine.planner import make_plan
from assistctl.engine.policy import judged
from assistctl.engine.storm import without_storm
from assistctl.engine.survey import Survey
from assistctl.engine.threeway import Rules
from assistctl.errors import AssistctlError, ExitCode, InvalidInput, strongest
from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.held import NotHeld
from assistctl.model.plan import Action, Plan
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .ahead import Pages, listing
from .live_key import refuse_live_key
from .owned import last_owned
from .ports import Ports
from .remote import complete
from .session import Session, canon_of, open_session


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the findings on the manifests that do not forbid it, and the remote it was made from."""

    plan: Plan
    findings: tuple[Diagnostic, ...]
    remote: Survey
    key: str = field(default="", repr=False)
    """The key in force, which no plan may hold."""


def plan(settings: Settings, selection: Selection, ports: Ports, *, hold: bool = False) -> Planned:
    """Plans once; the list is asked for while the manifests are read.

    ``hold`` is for whoever shows what does not change: without it, unchanged assistants have no bodies.
    Raises InvalidInput where a manifest is broken, whatever became of the list.
    """
    return _enough_held(lambda everything: _plan(settings, selection, ports, hold=everything), hold=hold)


def read_desired(settings: Settings) -> tuple[tuple[Desired, ...], tuple[Diagnostic, ...]]:
    """Every manifest of the environment in force, or all problems at once as one InvalidInput."""
    from assistctl.manifest.fleet import read_fleet

    fleet = read_fleet(settings.project, settings.environment, settings.inputs)
    return fleet.desired, _sound(fleet.diagnostics)


def plan_in(
    session: Session,
    desired: tuple[Desired, ...],
    findings: tuple[Diagnostic, ...],
    selection: Selection,
    ports: Ports,
    *,
    hold: bool = False,
) -> Planned:
    """Plans within an open session; ``hold`` as for :func:`plan`."""

    def make(everything: bool) -> Planned:
        meeting = _meeting(session.settings, selection, hold=everything)
        for item in desired:
            meeting.expect(item)
        for page in session.link.provider.pages():
            meeting.see(page)
        return _planned(session, meeting, findings, selection, ports)

    return _enough_held(make, hold=hold)


def _enough_held(make: Callable[[bool], Planned], *, hold: bool) -> Planned:
    """Makes a plan that holds little, and where that turns out to be too little, one that holds all."""
    if not hold:
        with suppress(NotHeld):
            return make(False)
    return make(True)


def _plan(settings: Settings, selection: Selection, ports: Ports, *, hold: bool) -> Planned:
    meeting = _meeting(settings, selection, hold=hold)
    walks: list[Pages] = []

    def give(desired: Desired) -> None:
        meeting.expect(desired)
        for page in (page for walk in walks for page in walk.by_now()):
            meeting.see(page)

    with ExitStack() as stack:
        read = stack.enter_context(_reading(settings, give))
        try:
            session = stack.enter_context(open_session(settings, ports))
        except AssistctlError:
            read()  # problems of manifests come first
            raise
        walks.append(stack.enter_context(listing(session.link)))
        findings = read()
        for page in walks[0].rest():
            meeting.see(page)
        return _planned(session, meeting, findings, selection, ports)


@contextmanager
def _reading(
    settings: Settings, give: Callable[[Desired], None]
) -> Iterator[Callable[[], tuple[Diagnostic, ...]]]:
    """Begins to read the manifests; the call does the rest, or raises InvalidInput with all problems."""
    from assistctl.manifest.fleet import reading_fleet

    with reading_fleet(settings.project, settings.environment, settings.inputs, give) as finish:
        yield lambda: _sound(finish().diagnostics)


def _sound(findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise InvalidInput(
            "the manifests are invalid",
            diagnostics=findings,
            undone="nothing was planned, and nothing was changed",
            next="correct the lines above; assistctl explain CODE tells more",
        )
    return findings


def _meeting(settings: Settings, selection: Selection, *, hold: bool) -> Meeting:
    profile = settings.profile
    # Of twins the one to go may have met its manifest; what is no marker settles nothing.
    everything = hold or selection.adopt_oldest or not profile.keeps_metadata
    rules = Rules(canon_of(profile), ignored=profile.ignored_fields)
    return Meeting(settings.owner, settings.project.formerly, rules, hold=everything)


def _planned(
    session: Session,
    meeting: Meeting,
    findings: tuple[Diagnostic, ...],
    selection: Selection,
    ports: Ports,
) -> Planned:
    """Plans from a list that was walked to its end."""
    desired = meeting.desired
    chosen = replace(selection, formerly=session.settings.project.formerly)
    found = complete(meeting.survey, desired, chosen, session.link.provider)
    made = make_plan(desired, found, session.frame(chosen, ports.run_id()))
    made = without_storm(made, last_owned(session.link, session.settings.owner, ports), chosen)
    return Planned(judged(made, session.settings.policies), findings, found, session.link.key)


def save(planned: Planned, path: Path, made_at: float, selection: Selection) -> None:
    """Writes the reviewed artefact, readable by its owner only: it holds prompts. ``made_at`` is in
    seconds since 1970; ``selection`` is what the plan was made with. Raises DiskFault, and InvalidInput
    where the plan holds the live key."""
    from assistctl.engine.saved import dump
    from assistctl.files import stream_private

    refuse_live_key(planned.plan, planned.key)
    pieces = dump(planned.plan, made_at, selection)
    stream_private(path, (piece.encode("utf-8", "surrogatepass") for piece in pieces))


def exit_code(plan: Plan, *, detailed: bool) -> ExitCode:
    """What ``plan`` answers: 0, or 2 with ``--detailed-exitcode`` while anything is pending.

    A field that a policy keeps is listed on every run and counts as no change.
    """
    if ExitCode.USAGE in (refusal.code for refusal in plan.refusals):
        return ExitCode.USAGE  # a --target that names nothing
    pending = bool(plan.writes) or bool(plan.of(Action.UNDECIDED))
    return ExitCode.CHANGES_PENDING if detailed and pending else ExitCode.DONE


def refusal_code(plan: Plan) -> ExitCode:
    """What apply answers for the guards of this plan; DONE where nothing stands in the way."""
    return strongest(ExitCode(refusal.code) for refusal in plan.refusals)
