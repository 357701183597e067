"""The reports of ``validate``, given to programs that others wrote to read or write such reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistctl.model.codes import CODES, severity
from assistctl.model.diagnostic import Diagnostic
from assistctl.render.diagnostics_github import github_lines
from assistctl.render.diagnostics_gitlab import gitlab_document
from assistctl.render.diagnostics_sarif import sarif_document
from assistctl.render.json_text import json_text

pytestmark = pytest.mark.fresh

Npm = Callable[..., Path]

HOSTILE = (
    "100% :: a,b=c",
    "x\n::error::y",
    "[a](https://evil.example) {0} %25",
    "##[group]x",
    "ünï \U0001f600",
)
FINDINGS = [
    *(Diagnostic("s/a b.yaml", n, 3, code, f"found {n}", severity(code)) for n, code in enumerate(CODES, 1)),
    *(Diagnostic(f"s/{text}.yaml", 1, 1, "AC101", text) for text in HOSTILE),
]

_ACTIONS = """
import { error } from '@actions/core';
import { readFileSync } from 'node:fs';
for (const each of JSON.parse(readFileSync(0, 'utf8'))) error(each.message, each.properties);
"""
_TYPES = """
import type { Issue } from 'codeclimate-types';
type Named = 'description' | 'check_name' | 'severity' | 'fingerprint';  // GitLab reads these
type Place = Pick<Issue['location'], 'path'> & { lines: { begin: number } };  // and asks for no end
const report: (Required<Pick<Issue, Named>> & { location: Place })[] = REPORT;
console.log(report.length);
"""


def run(words: list[str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    return subprocess.run(
        words, cwd=folder, input=text, env=environ, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the package is for Linux")
def test_the_multitool_of_sarif_finds_no_error_and_no_warning(npm: Npm, tmp_path: Path) -> None:
    tool = npm("@microsoft/sarif-multitool-linux@5.7.0") / (
        "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    )
    tool.chmod(0o755)
    (tmp_path / "a.sarif").write_text(json_text(sarif_document(FINDINGS, "1.2.3")), encoding="utf-8")
    rules = ["--rule-kind", "Sarif;Gh", "--level", "Error;Warning", "--output", "found.sarif"]
    ran = run([str(tool), "validate", "a.sarif", *rules], tmp_path)
    assert ran.returncode == 0, ran.stdout
    found = json.loads((tmp_path / "found.sarif").read_text(encoding="utf-8-sig"))["runs"][0]
    assert found.get("results", []) == []
    assert "1 files scanned" in ran.stdout


def test_the_schema_of_sarif_takes_every_report(npm: Npm) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    folder = npm("@microsoft/jest-sarif@1.0.0-beta.0") / "node_modules/@microsoft/jest-sarif/lib/schemas"
    (path,) = folder.glob("sarif-2.1.0*.json")
    schema = jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))
    for findings in (FINDINGS, []):
        report = json.loads(json_text(sarif_document(findings, "1.2.3")))
        assert [error.message for error in schema.iter_errors(report)] == []
    report["runs"][0]["resutls"] = []
    assert not schema.is_valid(report)


def test_an_annotation_is_what_the_toolkit_of_github_would_print(npm: Npm, tmp_path: Path) -> None:
    folder = npm("@actions/core@3.0.1")
    wanted: list[dict[str, Any]] = []
    lines: list[str] = []
    for found in (Diagnostic(f"s/{text}.yaml", 4, 2, "AC101", text) for text in ("plain", *HOSTILE[::2])):
        place = {"file": found.file, "startLine": 4, "startColumn": 2, "endLine": 4, "endColumn": 2}
        wanted.append({"message": found.message, "properties": {**place, "title": found.code}})
        lines += github_lines([found])
    (folder / "print.mjs").write_text(_ACTIONS)
    ran = run(["node", "print.mjs"], folder, json.dumps(wanted))
    assert ran.returncode == 0, ran.stderr
    assert [_parts(line) for line in lines] == [_parts(line) for line in ran.stdout.splitlines()]


def _parts(line: str) -> tuple[str, set[str], str]:
    """Command, properties in any order, and message, all still encoded."""
    _, command, message = line.split("::", 2)
    name, _, properties = command.partition(" ")
    return name, set(properties.split(",")), message


def test_a_quality_report_has_the_types_of_code_climate(npm: Npm) -> None:
    folder = npm("typescript@5.9.3", "codeclimate-types@0.3.1")
    words = ["node", "node_modules/typescript/bin/tsc", "--strict", "--noEmit", "report.ts"]
    good = gitlab_document(FINDINGS)
    (folder / "report.ts").write_text(_TYPES.replace("REPORT", json.dumps(good)), encoding="utf-8")
    assert run(words, folder).stdout == ""
    bad = json.dumps(good).replace('"major"', '"grave"')
    (folder / "report.ts").write_text(_TYPES.replace("REPORT", bad), encoding="utf-8")
    assert "grave" in run(words, folder).stdout
