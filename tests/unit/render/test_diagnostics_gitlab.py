"""The Code Quality report, by the rules that GitLab reads it with."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistctl.model.codes import CODES, severity
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.values import Json
from assistctl.render.diagnostics_gitlab import gitlab_document
from assistctl.render.json_text import json_text

diagnostics = st.builds(
    Diagnostic,
    st.text(min_size=1),
    st.integers(1, 99),
    st.integers(1, 99),
    st.sampled_from(sorted(CODES)),
    st.text(),
    st.sampled_from(Severity),
    st.sampled_from(["", "name", "tools[0].type"]),
)
_SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def check(report: Json) -> None:
    """GitLab's documentation ("Code Quality report format") and what its own schema for a report demands."""
    assert isinstance(report, list)
    for issue in report:
        assert isinstance(issue, dict)
        texts = [issue[name] for name in ("description", "check_name", "fingerprint", "severity")]
        assert all(isinstance(text, str) and text for text in texts)
        assert issue["severity"] in _SEVERITIES
        location = issue["location"]
        assert isinstance(location, dict)
        path, lines = location["path"], location["lines"]
        assert isinstance(path, str)
        assert not path.startswith("./")
        assert isinstance(lines, dict)
        assert type(lines["begin"]) is int
        assert lines["begin"] >= 1
    fingerprints = [issue["fingerprint"] for issue in report if isinstance(issue, dict)]
    assert len(set(map(str, fingerprints))) == len(fingerprints)


def finding(line: int = 1, *, path: str = "", message: str = "wrong", code: str = "AC101") -> Diagnostic:
    return Diagnostic("services/a.yaml", line, 3, code, message, severity(code), path)


def prints(*found: Diagnostic) -> list[Json]:
    return [issue["fingerprint"] for issue in gitlab_document(found) if isinstance(issue, dict)]


@given(st.lists(diagnostics, max_size=12))
def test_every_report_is_one_that_gitlab_reads(found: list[Diagnostic]) -> None:
    document = gitlab_document(found)
    check(document)
    assert len(document) == len(set(found))
    check(json.loads(json_text(document)))


def test_no_findings_are_an_empty_report() -> None:
    assert gitlab_document([]) == []


def test_an_issue_says_rule_place_and_weight() -> None:
    (issue,) = gitlab_document([finding(7)])
    assert isinstance(issue, dict)
    assert {name: issue[name] for name in issue if name != "fingerprint"} == {
        "description": "AC101: wrong",
        "check_name": "AC101",
        "severity": "major",
        "location": {"path": "services/a.yaml", "lines": {"begin": 7}},
    }


def test_each_level_has_a_severity_of_its_own() -> None:
    levels = gitlab_document([finding(), finding(code="AC701"), finding(code="AC801")])
    assert [issue["severity"] for issue in levels if isinstance(issue, dict)] == ["major", "minor", "info"]


def test_a_fingerprint_stays_when_lines_move_and_words_change() -> None:
    before = finding(3, path="name", message="found 300")
    assert prints(before) == prints(replace(before, line=40, column=9, message="found 301"))


def test_a_fingerprint_tells_rule_file_and_field_apart() -> None:
    first = finding(path="name")
    others = [replace(first, code="AC104"), replace(first, file="b.yaml"), replace(first, path="model")]
    assert len({*prints(first), *prints(others[0]), *prints(others[1]), *prints(others[2])}) == 4


def test_two_findings_of_one_field_are_both_shown_and_the_first_keeps_its_fingerprint() -> None:
    alone = prints(finding(1))
    assert prints(finding(1), finding(2))[:1] == alone
    assert len(set(prints(finding(1), finding(2), finding(3)))) == 3


def test_controls_in_a_message_are_shown_and_not_sent() -> None:
    (issue,) = gitlab_document([finding(message="\x1b[2J\u202e\n::error::x")])
    assert isinstance(issue, dict)
    assert issue["description"] == "AC101: \\x1b[2J\\u{202e}\\n::error::x"
