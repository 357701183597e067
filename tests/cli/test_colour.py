"""When output is coloured."""

from __future__ import annotations

import pytest

from assistctl.cli.colour import under_ci, wants_colour
from assistctl.cli.globals import Colour


@pytest.mark.parametrize(
    ("environ", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"GITHUB_ACTIONS": "true"}, False, True),
        ({"GITLAB_CI": "true"}, False, True),
        ({"CI": "true"}, False, False),
        ({"NO_COLOR": "1", "GITHUB_ACTIONS": "true"}, False, False),
    ],
)
def test_without_an_option_the_environment_decides(environ, terminal, expected):
    assert wants_colour(Colour.AUTO, environ, terminal=terminal) is expected


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("terminal", [True, False])
def test_an_option_beats_every_variable(environ, terminal):
    assert wants_colour(Colour.ALWAYS, environ, terminal=terminal)
    assert not wants_colour(Colour.NEVER, environ, terminal=terminal)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_ci_is_what_says_so(value, expected):
    assert under_ci({"CI": value}) is expected
    assert not under_ci({})


def test_errors_are_coloured_only_when_wanted(program):
    assert "\x1b[" not in program("init", "/dev/null").stderr
    assert "\x1b[31m" in program("init", "/dev/null", "--color", "always").stderr
    assert "\x1b[31m" in program("init", "/dev/null", FORCE_COLOR="1").stderr
    assert "\x1b[" not in program("init", "/dev/null", FORCE_COLOR="1", NO_COLOR="1").stderr
    assert "\x1b[31m" in program("--color", "always", "init", "/dev/null", NO_COLOR="1").stderr
