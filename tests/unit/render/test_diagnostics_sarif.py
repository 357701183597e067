"""SARIF, checked by the models that are generated from the standard's own schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistctl.model.codes import CODES, DOCUMENTATION, severity
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.render.diagnostics_sarif import MOST, sarif_document
from assistctl.render.json_text import json_text

standard = pytest.importorskip("pydantic_sarif.model", reason="the models of SARIF 2.1.0 are not installed")

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


def finding(line: int = 1, code: str = "AC101", message: str = "wrong", file: str = "s/a.yaml") -> Diagnostic:
    return Diagnostic(file, line, 3, code, message, severity(code))


def sarif(*found: Diagnostic) -> dict[str, Any]:
    """What a reader gets: through text, and accepted by the standard's models."""
    document: dict[str, Any] = json.loads(json_text(sarif_document(found, "1.2.3")))
    standard.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(document)
    return document


def run_of(*found: Diagnostic) -> dict[str, Any]:
    (run,) = sarif(*found)["runs"]
    return run  # type: ignore[no-any-return]


def test_the_models_refuse_what_the_standard_does_not_know() -> None:
    document = sarif_document([finding()], "1.2.3")
    document["runs"][0]["results"][0]["level"] = "fatal"  # type: ignore[index,call-overload]
    with pytest.raises(ValueError, match="level"):
        standard.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(document)


@settings(deadline=None)
@given(st.lists(diagnostics, max_size=8))
def test_any_findings_make_a_valid_document(found: list[Diagnostic]) -> None:
    run = run_of(*found)
    assert len(run["results"]) == len(set(found))
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    prints = [str(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_no_findings_are_a_run_without_results() -> None:
    run = run_of()
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_a_result_says_rule_level_place_and_words() -> None:
    (result,) = run_of(finding(7))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"], result["message"]["text"]) == ("AC101", "error", "wrong")
    assert place == {"artifactLocation": {"uri": "s/a.yaml"}, "region": {"startLine": 7, "startColumn": 3}}


def test_warnings_are_warnings_and_notices_are_notes() -> None:
    results = run_of(finding(code="AC701"), finding(code="AC801"))["results"]
    assert [result["level"] for result in results] == ["warning", "note"]


def test_every_code_is_a_rule_with_help_behind_an_absolute_address() -> None:
    rules = run_of(*(finding(code=code) for code in CODES))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CODES)
    for rule in rules:
        address = urlsplit(rule["helpUri"])
        assert address.scheme == "https"
        assert address.netloc
        assert CODES[rule["id"]].explanation in rule["help"]["markdown"]
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", rule["name"])


def test_the_address_of_a_rule_is_its_heading_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    rules = run_of(*(finding(code=code) for code in CODES))["tool"]["driver"]["rules"]
    assert {rule["helpUri"] for rule in rules} == {f"{DOCUMENTATION}#{anchor}" for anchor in anchors}


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_the_address_of_a_file_is_relative_and_leads_back_to_its_name(name: str) -> None:
    (result,) = run_of(finding(file=name))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
    assert unquote(uri) == name


def test_a_file_name_that_is_no_utf_8_keeps_its_bytes() -> None:
    (result,) = run_of(finding(file="caf\udce9.yaml"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "caf%E9.yaml"


def test_text_of_a_manifest_never_becomes_a_link() -> None:
    (result,) = run_of(finding(message="unknown key '[fix](https://evil.example)'"))["results"]
    assert result["message"]["text"] == r"unknown key '\[fix\](https://evil.example)'"
    (plain,) = run_of(finding(message="must match [a-z]{0,62}"))["results"]
    assert plain["message"]["text"] == "must match [a-z]{0,62}"


def test_beyond_what_viewers_keep_the_least_severe_are_left_out_and_counted() -> None:
    many = [finding(n, "AC701") for n in range(1, MOST + 1)]
    document = sarif_document([*many, finding(3), finding(1, "AC801")], "1.2.3")
    run: Any = document["runs"][0]  # type: ignore[index]
    levels = [result["level"] for result in run["results"]]
    assert (levels.count("error"), levels.count("warning"), levels.count("note")) == (1, MOST - 1, 0)
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"] == "2 more findings are left out; assistctl validate prints them all"
    standard.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(document)
