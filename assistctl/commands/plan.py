"""``plan``: manifests and remote become a Plan; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistctl.engine.planner import make_plan
from assistctl.engine.policy import judged
from assistctl.engine.storm import without_storm
from assistctl.engine.survey import Survey
from assistctl.errors import AssistctlError, ExitCode, InvalidInput, strongest
from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.plan import Action, Plan
from assistctl.model.selection import Selection
from assistctl.model.sharing import SharedTexts
from assistctl.settings import Settings

from .ahead import gathering
from .live_key import refuse_live_key
from .owned import last_owned
from .ports import Ports
from .remote import complete, gather
from .session import Session, open_session


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the findings on the manifests that do not forbid it, and the remote it was made from."""

    plan: Plan
    findings: tuple[Diagnostic, ...]
    remote: Survey
    key: str = field(default="", repr=False)
    """The key in force, which no plan may hold."""


def plan(settings: Settings, selection: Selection, ports: Ports) -> Planned:
    """Plans once; the list is asked for while the manifests are read.

    Raises InvalidInput where a manifest is broken, whatever became of the list.
    """
    with ExitStack() as stack:
        try:
            session = stack.enter_context(open_session(settings, ports))
        except AssistctlError:
            read_desired(settings)  # problems of manifests come first
            raise
        share = SharedTexts()
        gathered = stack.enter_context(gathering(session, share))
        desired, findings = read_desired(settings, share)
        return planned_from(session, gathered(), desired, findings, selection, ports)


def read_desired(
    settings: Settings, share: Callable[[str], str] = str
) -> tuple[tuple[Desired, ...], tuple[Diagnostic, ...]]:
    """Every manifest of the environment in force, or all problems at once as one InvalidInput.

    ``share`` gives an equal text that is held already, or the text itself.
    """
    from assistctl.manifest.fleet import read_fleet

    fleet = read_fleet(settings.project, settings.environment, replace(settings.inputs, share=share))
    if any(finding.severity is Severity.ERROR for finding in fleet.diagnostics):
        raise InvalidInput(
            "the manifests are invalid",
            diagnostics=fleet.diagnostics,
            undone="nothing was planned, and nothing was changed",
            next="correct the lines above; assistctl explain CODE tells more",
        )
    return fleet.desired, fleet.diagnostics


def plan_in(
    session: Session,
    desired: tuple[Desired, ...],
    findings: tuple[Diagnostic, ...],
    selection: Selection,
    ports: Ports,
) -> Planned:
    """Plans within an open session."""
    settings = session.settings
    share = SharedTexts()
    for item in desired:
        if isinstance(prompt := item.fields.get("instructions"), str):
            share(prompt)
    found = gather(session.link.provider, settings.owner, settings.project.formerly, share)
    return planned_from(session, found, desired, findings, selection, ports)


def planned_from(
    session: Session,
    found: Survey,
    desired: tuple[Desired, ...],
    findings: tuple[Diagnostic, ...],
    selection: Selection,
    ports: Ports,
) -> Planned:
    """Plans from a list that was walked already."""
    chosen = replace(selection, formerly=session.settings.project.formerly)
    found = complete(found, desired, chosen, session.link.provider)
    made = make_plan(desired, found, session.frame(chosen, ports.run_id()))
    made = without_storm(made, last_owned(session.link, session.settings.owner, ports), chosen)
    return Planned(judged(made, session.settings.policies), findings, found, session.link.key)


def save(planned: Planned, path: Path, made_at: float, selection: Selection) -> None:
    """Writes the reviewed artefact, readable by its owner only: it holds prompts. ``made_at`` is in
    seconds since 1970; ``selection`` is what the plan was made with. Raises DiskFault, and InvalidInput
    where the plan holds the live key."""
    from assistctl.engine.saved import dump
    from assistctl.files import write_private

    refuse_live_key(planned.plan, planned.key)
    write_private(path, dump(planned.plan, made_at, selection).encode("utf-8", "surrogatepass"))


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
