"""What was owned a moment ago is not created anew because a list came back without it (fault L2)."""

from __future__ import annotations

from typing import Any

import pytest

from assistctl.engine.storm import without_storm
from assistctl.errors import ExitCode
from assistctl.model.selection import Selection


def watched(make: Any, owned: int, declared: int, last: int | None, **selection: Any) -> Any:
    remotes = [make.owned(f"k{n}", f"asst_{n}") for n in range(owned)]
    desired = [make.desired(f"k{n}", name=f"k{n}", model="gpt-4o") for n in range(declared)]
    return without_storm(make.plan(desired, remotes), last, Selection(**selection))


@pytest.mark.parametrize(
    ("owned", "declared", "last"),
    [(0, 20, 20), (0, 1, 1), (13, 20, 20), (6, 10, 10)],
    ids=["none left", "the only one is gone", "seven of twenty gone", "four of ten gone"],
)
def test_l2_a_list_that_lost_what_was_owned_refuses_and_shows_both_numbers(
    make: Any, owned: int, declared: int, last: int
) -> None:
    plan = watched(make, owned, declared, last)
    (refusal,) = plan.refusals
    assert refusal.code == ExitCode.GUARD_REFUSED
    assert f"shows {owned} assistants" in refusal.what
    assert f"but {last} were owned" in refusal.what
    assert "--create-anyway" in refusal.next


@pytest.mark.parametrize(
    ("owned", "declared", "last"),
    [(0, 20, None), (0, 20, 0), (20, 60, 20), (18, 20, 20), (7, 10, 10), (1, 1, 5), (3, 9, 2)],
    ids=[
        "first run",
        "nothing before",
        "new manifests",
        "two of many gone",
        "three of ten gone",
        "no create",
        "more",
    ],
)
def test_l2_what_does_not_look_like_a_loss_is_not_refused(
    make: Any, owned: int, declared: int, last: int | None
) -> None:
    assert watched(make, owned, declared, last).refusals == ()


def test_l2_the_operator_may_create_anyway(make: Any) -> None:
    assert watched(make, 0, 20, 20, create_anyway=True).refusals == ()
