"""Annotations, taken apart again as the runner of GitHub Actions does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.render.diagnostics_github import MOST, github_lines
from assistctl.render.escape import escape

_MESSAGE_LIMIT = 4_096
_COMMANDS = {"error", "warning", "notice", "set-output", "add-mask", "stop-commands", "debug", "group"}
_SEPARATORS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_DATA = {"%0D": "\r", "%0A": "\n", "%25": "%"}
_PROPERTY = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


@dataclass(frozen=True)
class Command:
    """One workflow command as the runner understands it."""

    name: str
    properties: Mapping[str, str]
    data: str


def unescape(text: str, table: Mapping[str, str]) -> str:
    for code, sign in table.items():  # one after the other, as the runner does
        text = text.replace(code, sign)
    return text


def parse(line: str) -> Command | None:
    """What actions/runner's ``ActionCommand.TryParseV2`` makes of a line of the log."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, properties = line[2:end].partition(" ")
    if name not in _COMMANDS:
        return None
    pairs = (part.split("=", 1) for part in properties.strip().split(",") if part)
    found = {pair[0]: unescape(pair[1], _PROPERTY) for pair in pairs if len(pair) == 2}
    return Command(name, found, unescape(line[end + 2 :], _DATA))


def parsed(*found: Diagnostic) -> list[Command]:
    commands = [parse(line) for line in github_lines(found)]
    assert None not in commands
    return [command for command in commands if command is not None]


def finding(number: int = 1, severity: Severity = Severity.ERROR, message: str = "wrong") -> Diagnostic:
    code = {Severity.ERROR: "AC101", Severity.WARNING: "AC701", Severity.NOTICE: "AC801"}[severity]
    return Diagnostic("services/a.yaml", number, 3, code, message, severity)


def test_an_annotation_names_place_and_rule() -> None:
    assert list(github_lines([finding(7)])) == [
        "::error file=services/a.yaml,line=7,col=3,endLine=7,endColumn=3,title=AC101::wrong"
    ]


def test_no_findings_print_nothing() -> None:
    assert list(github_lines([])) == []


def test_errors_come_first_then_warnings_then_notices() -> None:
    names = [command.name for command in parsed(*(finding(9 - n, each) for n, each in enumerate(Severity)))]
    assert names == ["error", "warning", "notice"]


@pytest.mark.parametrize("severity", list(Severity))
def test_nine_of_a_level_stand_alone(severity: Severity) -> None:
    found = parsed(*(finding(n, severity) for n in range(1, MOST + 1)))
    assert [command.properties["line"] for command in found] == [str(n) for n in range(1, 10)]


@pytest.mark.parametrize("severity", list(Severity))
def test_what_is_beyond_nine_of_a_level_is_named_by_a_tenth(severity: Severity) -> None:
    *single, rest = parsed(*(finding(n, severity) for n in range(1, 13)))
    assert len(single) == MOST
    assert (rest.name, dict(rest.properties)) == (severity.value, {"title": "3 more of this level"})
    code = single[0].properties["title"]
    assert rest.data.split("\n") == [f"services/a.yaml:{n}:3: {code} wrong" for n in (10, 11, 12)]


def test_a_level_never_takes_the_room_of_another() -> None:
    every = [finding(n, severity) for severity in Severity for n in range(1, 101)]
    names = [command.name for command in parsed(*every)]
    assert names == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10


def test_what_has_no_room_in_the_tenth_is_counted() -> None:
    *_, rest = parsed(*(finding(n, message="m" * 200) for n in range(1, 501)))
    assert len(rest.data) <= _MESSAGE_LIMIT
    *named, last = rest.data.split("\n")
    assert last == f"and {500 - MOST - len(named)} more; assistctl validate prints them all"
    assert len(named) > 10


def test_a_single_message_longer_than_the_room_is_counted_too() -> None:
    *_, rest = parsed(*(finding(n, message="m" * 9_000) for n in range(1, 12)))
    assert rest.data == "and 2 more; assistctl validate prints them all"


HOSTILE = (
    "::set-output name=x::y",
    "x\n::add-mask::secret",
    "x\r\n::stop-commands::token",
    "##[group]x",
    "##vso[task.setvariable variable=x]y",
    "x::error::y",
    "a,line=99,title=other",
    "100%0A::error::x",
    "%25%3A%2C",
    "\x1b]0;title\x07\x1b[2J",
    "\u202eevil\u2066",
    "\U000e0041\U000e0042",
    "x\u2028::error::y",
    "\udcff",
    " leading and trailing ",
    "=,=",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_neither_ends_the_command_nor_starts_another(text: str) -> None:
    holds(text, text)


@given(file=st.text(min_size=1) | st.sampled_from(HOSTILE), message=st.text() | st.sampled_from(HOSTILE))
def test_any_file_name_and_message_come_back_as_they_are_shown(file: str, message: str) -> None:
    holds(file, message)


def holds(file: str, message: str) -> None:
    """One finding is one command with exactly our properties, also within the tenth annotation."""
    hostile = Diagnostic(file, 4, 2, "AC101", message)
    (line,) = github_lines([hostile])
    assert not any(sign in line for sign in _SEPARATORS)
    assert "##[" not in line
    command = parse(line)
    assert command is not None
    assert command.data == escape(message)
    place = {"file": escape(file), "line": "4", "col": "2", "endLine": "4", "endColumn": "2"}
    assert command.properties == {**place, "title": "AC101"}
    *_, rest = github_lines([*(finding(n) for n in range(1, MOST + 1)), hostile, finding(99)])
    assert not any(sign in rest for sign in _SEPARATORS)
    again = parse(rest)
    assert again is not None
    assert (again.name, set(again.properties)) == ("error", {"title"})
