"""Policies held against a plan: what is written must keep to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from assistctl.errors import ExitCode
from assistctl.model.plan import Action, Change, Plan, Refusal
from assistctl.model.policy import Policy
from assistctl.model.values import Packed, Value


def judged(plan: Plan, policies: Sequence[Policy]) -> Plan:
    """The plan with a refusal for each broken ``deny`` and a note for each broken ``warn``."""
    refusals, notes = list(plan.refusals), list(plan.notes)
    for policy in policies:
        for words in _broken(policy, plan):
            if policy.level == "deny":
                way = (
                    "change the manifest, or the policy (policies: in the project file, or ASSISTCTL_POLICY)"
                )
                refusals.append(Refusal(ExitCode.GUARD_REFUSED, f"policy {policy.rule}: {words}", way))
            else:
                notes.append(f"policy {policy.rule}: {words}")
    return replace(plan, refusals=tuple(refusals), notes=tuple(notes))


def _broken(policy: Policy, plan: Plan) -> Iterator[str]:
    for change in plan.writes:
        if policy.rule == "no_deletion":
            if change.action is Action.DELETE:
                yield f"{change.key} would be deleted"
        elif change.after is not None:
            yield from _breach(policy, change, change.after)


def _breach(policy: Policy, change: Change, after: Mapping[str, Value]) -> Iterator[str]:
    if policy.rule == "allowed_models":
        if after.get("model") not in policy.values:
            yield f"{change.key} uses {after.get('model')}; allowed are {', '.join(policy.values)}"
        return
    missing = [key for key in policy.values if key not in _metadata(after)]
    if missing:
        yield f"{change.key} lacks the metadata {', '.join(missing)}"


def _metadata(after: Mapping[str, Value]) -> Mapping[str, object]:
    packed = after.get("metadata")
    entries = packed.load() if isinstance(packed, Packed) else {}
    return entries if isinstance(entries, dict) else {}
