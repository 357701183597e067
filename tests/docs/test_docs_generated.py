"""What the documents repeat from the code is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from assistctl.errors import ExitCode
from assistctl.manifest.schema import Manifest
from assistctl.manifest.schema_project import Project
from assistctl.model.codes import CODES

RENEW = "stale: run python docs/generate.py"


def part(text: str, name: str) -> str:
    found = re.search(rf"<!-- generated: {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert found is not None, name
    return found[1]


def first_cells(table: str) -> list[str]:
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]


def test_every_generated_part_is_up_to_date(pages: Mapping[str, str], generator: ModuleType) -> None:
    for name in generator.DOCUMENTS:
        assert pages[name] == generator.renewed(pages[name]), f"{name} is {RENEW}"


def test_the_list_of_diagnostics_is_up_to_date(pages: Mapping[str, str], generator: ModuleType) -> None:
    assert pages[generator.DIAGNOSTICS] == generator.diagnostics(), RENEW


def test_the_readme_lists_the_commands_that_help_lists(pages: Mapping[str, str]) -> None:
    program = Path(sys.executable).with_name("assistctl")
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^  ([a-z-]+)  +\S", told.partition("Global options")[0], re.MULTILINE)
    shown = [
        cell.strip("`").split()[0] for cell in first_cells(part(pages["README.md"], "commands").rstrip())
    ]
    assert shown == listed


def test_the_readme_lists_every_exit_code(pages: Mapping[str, str]) -> None:
    shown = [int(cell) for cell in first_cells(part(pages["README.md"], "exit-codes"))]
    assert shown == sorted(ExitCode)


def test_the_tables_of_keys_are_complete(pages: Mapping[str, str]) -> None:
    for name, model in (("manifest-keys", Manifest), ("project-keys", Project)):
        for page in ("README.md", "docs/manifests.md"):
            shown = {cell.split("`")[1] for cell in first_cells(part(pages[page], name))}
            assert shown == set(model.model_fields), f"{name} in {page}"


def test_every_code_has_its_heading(pages: Mapping[str, str]) -> None:
    assert re.findall(r"^### (AC\d{3}):", pages["docs/diagnostics.md"], re.MULTILINE) == sorted(CODES)
