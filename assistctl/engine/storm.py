"""The guard against a storm of creates: what was owned a moment ago must not be made anew because a list
came back without it."""

from __future__ import annotations

from dataclasses import replace

from assistctl.errors import ExitCode
from assistctl.model.plan import Action, Plan, Refusal
from assistctl.model.selection import Selection

_FEW = 2
_SHARE = 0.3


def without_storm(plan: Plan, last: int | None, selection: Selection) -> Plan:
    """The plan, with a refusal where it would make anew what the remote no longer shows.

    ``last`` is how many assistants were owned after the last apply on this machine, None where that is not
    known. One or two that are missing were deleted by somebody; none left at all, or more than 30 % missing,
    looks like another account, an empty answer or a lost database. ``--create-anyway`` overrides.
    """
    missing = 0 if last is None else min(last - plan.owned, len(plan.of(Action.CREATE)))
    if last is None or missing <= 0 or selection.create_anyway:
        return plan
    if plan.owned and missing <= max(_FEW, int(_SHARE * last)):
        return plan
    refusal = Refusal(
        ExitCode.GUARD_REFUSED,
        f"the remote shows {plan.owned} assistants of {plan.owner}, but {last} were owned after the last "
        f"apply: {missing} would be created again",
        "check that key and address are those of the last apply (assistctl list); if the assistants really "
        "are gone, create them with --create-anyway",
    )
    return replace(plan, refusals=(*plan.refusals, refusal))
