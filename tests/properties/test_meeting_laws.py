"""Laws of the meeting: letting go of long values changes no plan, whatever comes in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.meeting import Meeting
from assistctl.engine.planner import Frame, make_plan
from assistctl.engine.survey import Survey, survey
from assistctl.engine.threeway import Rules
from assistctl.model.assistant import Desired, Remote
from assistctl.model.held import NOT_HELD, NotHeld
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Plan
from assistctl.model.selection import Selection
from tests.properties.test_engine_laws import (
    CANON,
    LAW,
    OWNER,
    applied,
    everything,
    fleets,
    manifests,
    remote,
)

CHOSEN = st.sampled_from(
    [Selection(), Selection(create_anyway=True), Selection(delete=False), Selection(targets=("a*",))]
)


def plan_of(desired: Sequence[Desired], found: Survey, selection: Selection) -> Plan:
    return make_plan(desired, found, Frame(OWNER, "local", "o", "r1", CANON, selection, Limits("100%")))


def met(desired: Sequence[Desired], remotes: Sequence[Remote], mixed: Any) -> Meeting:
    """Both sides, one by one, in any order; nothing is short enough to stay."""
    meeting = Meeting(OWNER, (), Rules(CANON), hold=False, short=0)
    steps = [lambda item=item: meeting.expect(item) for item in desired]
    steps += [lambda item=item: meeting.see([item]) for item in remotes]
    mixed.shuffle(steps)
    for step in steps:
        step()
    return meeting


def without_bodies(plan: Plan) -> Plan:
    """What a plan says where nobody asked for the bodies of what does not change."""
    changes = (
        replace(change, before=None, after=None) if change.action is Action.NOOP else change
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


@given(fleets(4), fleets(4), st.data(), CHOSEN, st.randoms(use_true_random=False))
@LAW
def test_a_plan_of_what_met_is_the_plan_of_the_two_sides(
    first: list[Desired], second: list[Desired], data: st.DataObject, selection: Selection, mixed: Any
) -> None:
    with remote() as provider:
        applied(first, provider)
        kept = data.draw(st.lists(st.sampled_from(first), unique_by=lambda item: item.key))
        desired = list({item.key: item for item in (*second, *kept)}.values())
        remotes = everything(provider)
    if data.draw(st.booleans()):  # twins: the same marker on another id
        remotes.append(replace(remotes[0], id="asst_twin", created_at=remotes[0].created_at + 1))
    if data.draw(st.booleans()):  # edited outside
        remotes[0] = replace(remotes[0], fields={**remotes[0].fields, "instructions": "edited"})
    meeting = met(desired, remotes, mixed)
    whole = without_bodies(plan_of(desired, survey(remotes, OWNER), selection))
    found = without_bodies(plan_of(meeting.desired, meeting.survey, selection))
    assert found == whole
    assert str(NOT_HELD) not in str(found.writes)


@given(manifests("a"), manifests("b"), st.randoms(use_true_random=False))
@LAW
def test_an_assistant_that_is_seen_in_two_states_is_never_planned_on_what_was_let_go(
    one: Desired, other: Desired, mixed: Any
) -> None:
    with remote() as provider:
        applied([one, other], provider)
        remotes = everything(provider)
    later = replace(remotes[0], fields={**remotes[0].fields, "instructions": "edited meanwhile"})
    meeting = met([one, other], remotes, mixed)
    meeting.see([later])
    whole = without_bodies(plan_of([one, other], survey([*remotes, later], OWNER), Selection()))
    try:
        found = without_bodies(plan_of(meeting.desired, meeting.survey, Selection()))
    except NotHeld:
        return  # the command plans anew and holds everything
    assert found == whole


@given(fleets(4), st.randoms(use_true_random=False))
@LAW
def test_what_is_settled_keeps_no_long_value_on_either_side(fleet: list[Desired], mixed: Any) -> None:
    with remote() as provider:
        applied(fleet, provider)
        remotes = everything(provider)
    meeting = met(fleet, remotes, mixed)
    for remote_id, key in meeting.survey.settled.items():
        (desired,) = (item for item in meeting.desired if item.key == key)
        for fields in (desired.fields, meeting.survey.by_id[remote_id].remote.fields):
            long = {name: value for name, value in fields.items() if name not in ("name", "model")}
            assert not any(isinstance(value, str) and value for value in long.values())


def test_an_applied_fleet_is_settled_as_a_whole() -> None:
    fleet = [Desired(key, {"name": key, "model": "m", "instructions": "x" * 300}) for key in "abc"]
    with remote() as provider:
        applied(fleet, provider)
        meeting = Meeting(OWNER, (), Rules(CANON), hold=False)
        for desired in fleet:
            meeting.expect(desired)
        meeting.see(everything(provider))
    assert sorted(meeting.survey.settled.values()) == ["a", "b", "c"]
    held = [*(item.fields for item in meeting.desired)]
    held += [seen.remote.fields for seen in meeting.survey.by_id.values()]
    assert all(fields["instructions"] is NOT_HELD and fields["model"] == "m" for fields in held)
