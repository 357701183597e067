"""Guards: reasons why a plan may be shown but not applied. Each says what it counted and the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assistctl.errors import ExitCode
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Plan, Refusal

METADATA_ENTRIES = 16
"""The protocol's limit of metadata entries on one assistant (OpenAI's OpenAPI description, Metadata)."""


def refusals(
    plan: Plan, limits: Limits, failures: Mapping[str, tuple[str, ...]], *, declared: int, chosen: int
) -> tuple[Refusal, ...]:
    """Everything that stands in the way of applying ``plan``, all at once.

    ``failures`` are the fields per key whose policy is ``fail``; ``declared`` and ``chosen`` count the
    manifests and those that ``--target`` selects.
    """
    found = [*_undecided(plan), *_failing(failures), *_full_metadata(plan), *_protected(plan)]
    found += _too_many(plan, limits)
    if not declared and plan.of(Action.DELETE):
        found.append(_no_manifests(plan))
    if declared and not chosen and not plan.changes:
        found.append(Refusal(ExitCode.USAGE, "--target selects no manifest and no owned assistant"))
    return tuple(found)


def _undecided(plan: Plan) -> Iterator[Refusal]:
    open_questions = plan.of(Action.UNDECIDED)
    if open_questions:
        keys = tuple(change.key for change in open_questions)
        ways = "choose one of the ways shown for each, then plan again"
        yield Refusal(ExitCode.DECISION_NEEDED, f"undecided: {', '.join(keys)}", ways, keys)


def _failing(failures: Mapping[str, tuple[str, ...]]) -> Iterator[Refusal]:
    for key in sorted(failures):
        names = ", ".join(failures[key])
        yield Refusal(
            ExitCode.DECISION_NEEDED,
            f"{key}: changed outside, and the policy for it is fail: {names}",
            "edit the manifest to what it should be, or use --on-conflict / --on-drift overwrite or keep",
            (key,),
        )


def _full_metadata(plan: Plan) -> Iterator[Refusal]:
    for change in plan.writes:
        kept = sum(text is not None for text in change.metadata.values())
        if kept > METADATA_ENTRIES:
            yield Refusal(
                ExitCode.DECISION_NEEDED,
                f"{change.key}: {kept} metadata entries, over the protocol's limit of {METADATA_ENTRIES}",
                "remove entries from the manifest or on the remote; one is reserved for ownership",
                (change.key,),
            )


def _protected(plan: Plan) -> Iterator[Refusal]:
    names = ", ".join(change.key for change in plan.of(Action.DELETE) if change.protected)
    if names:
        yield Refusal(
            ExitCode.GUARD_REFUSED,
            f"prevent_destroy protects {names} from deletion",
            "restore the manifest, apply it without prevent_destroy, or go on with --no-delete",
        )


def _too_many(plan: Plan, limits: Limits) -> Iterator[Refusal]:
    allowed, wanted = limits.allowed(plan.owned), len(plan.of(Action.DELETE))
    if allowed is not None and wanted > allowed:
        yield Refusal(
            ExitCode.GUARD_REFUSED,
            f"{wanted} of {plan.owned} owned assistants would be deleted; allowed are {allowed}",
            f"check the manifests, then allow it with --max-deletes {wanted}, or keep them with --no-delete",
        )


def _no_manifests(plan: Plan) -> Refusal:
    return Refusal(
        ExitCode.GUARD_REFUSED,
        f"no manifest was found, but {plan.owned} assistants are owned: an empty folder deletes nothing",
        "check 'manifests:' in the project file, or use assistctl destroy",
    )
