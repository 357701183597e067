"""Why creating exactly once needs each of its steps: every interleaving of a small world is explored.

``pytest -n 0 -s tests/simulation/test_create_protocol_model.py`` prints the shortest way to twins, or to a
lost create, for every step that is left out.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from .create_protocol import Steps, explore

LEFT_OUT = {
    "the lock": (Steps(lock=False), "twins"),
    "the settle wait": (Steps(settle_wait=False), "twins"),
    "the complete list": (Steps(complete_list=False), "twins"),
    "the intent before the request": (Steps(intent="after"), "twins"),
    "staying unclean until listed": (Steps(dirty_until="answered"), "twins"),
    "setting the unknown aside": (Steps(unknown="sent again"), "twins"),
    "doubting what was not answered": (Steps(unknown="taken for done"), "a lost create"),
    "settling up to the bound": (Steps(settling="one look"), "twins"),
    "the same marker when sent again": (Steps(resend="other marker"), "twins"),
    "the closing list": (Steps(closing_list=False), "twins"),
}


def test_with_all_steps_no_interleaving_makes_twins_or_loses_a_create() -> None:
    worlds, ends, way = explore(Steps())
    print(f"{worlds} worlds, {len(ends)} of them ends")
    assert way == []
    assert worlds > 5_000
    assert ends


def test_where_all_runs_have_ended_and_none_was_killed_last_there_is_exactly_one() -> None:
    _, ends, _ = explore(Steps())
    assert all(run.at == "off" for end in ends for run in end.runs), "a run that waits for ever"
    assert all(len(end.things) == 1 for end in ends if end.claimed)
    assert any(end.claimed and not any(end.budget) for end in ends), "no end with all that may go wrong"


@pytest.mark.parametrize("step", LEFT_OUT)
def test_without_this_step_an_interleaving_is_found(step: str) -> None:
    steps, expected = LEFT_OUT[step]
    _, _, way = explore(steps)
    print(f"without {step}: {' > '.join(way)}")
    assert way, f"nothing goes wrong without {step}"
    assert way[-1] == expected


def test_every_step_of_the_model_is_left_out_once() -> None:
    changed = {
        field.name
        for steps, _ in LEFT_OUT.values()
        for field in fields(Steps)
        if getattr(steps, field.name) != field.default
    }
    assert changed == {field.name for field in fields(Steps)}
