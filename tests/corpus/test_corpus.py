"""Every broken manifest and project file of the corpus gives exactly the findings that it names.

``manifests/NAME.yaml`` starts with lines ``# expect LINE:COLUMN CODE`` and is read as the only manifest of a
small project. ``projects/NAME/`` is a whole project; its file ``expected`` holds ``FILE:LINE:COLUMN CODE``.
A new case is a new file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assistctl.errors import InvalidInput
from assistctl.manifest.fleet import Inputs, check_project
from assistctl.manifest.project import read_project
from assistctl.model.codes import CODES
from assistctl.model.diagnostic import Diagnostic

_HERE = Path(__file__).parent
_MANIFESTS = sorted((_HERE / "manifests").glob("*.yaml"))
_PROJECTS = sorted(path.parent for path in (_HERE / "projects").glob("*/expected"))
_PROJECT = "project: corpus\nprovider: local\nenvironments: {dev: {}, prod: {}}\nvars: {company: Acme}\n"


def _findings(root: Path) -> tuple[Diagnostic, ...]:
    try:
        project = read_project(root / "assistctl.yaml")
    except InvalidInput as error:
        return tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))
    return check_project(project, project.names, lambda _: Inputs())


def _lines(findings: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{each.file}:{each.line}:{each.column} {each.code}" for each in findings]


@pytest.mark.parametrize("case", _MANIFESTS, ids=lambda path: path.stem)
def test_a_broken_manifest_gives_exactly_these_findings(case: Path, tmp_path: Path) -> None:
    (tmp_path / "assistctl.yaml").write_text(_PROJECT)
    (tmp_path / "assistants").mkdir()
    shutil.copyfile(case, tmp_path / "assistants" / "case.yaml")
    expected = [
        f"assistants/case.yaml:{line.removeprefix('# expect ')}"
        for line in case.read_text().splitlines()
        if line.startswith("# expect ")
    ]
    assert expected
    assert _lines(_findings(tmp_path)) == expected


@pytest.mark.parametrize("case", _PROJECTS, ids=lambda path: path.name)
def test_a_broken_project_gives_exactly_these_findings(case: Path) -> None:
    assert _lines(_findings(case)) == (case / "expected").read_text().splitlines()


def test_the_corpus_has_an_example_of_nearly_every_code() -> None:
    text = "".join(path.read_text() for path in [*_MANIFESTS, *(p / "expected" for p in _PROJECTS)])
    missing = {code for code in CODES if code not in text}
    # These need a symbolic link, an operator, a date, a huge file or a lone surrogate: unit tests have them.
    assert missing == {"AC003", "AC005", "AC016", "AC119", "AC304", "AC307", "AC404", "AC405", "AC801"}
