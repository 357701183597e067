"""The JSON Schemas in ``docs/schemas``: up to date, and true of every manifest that is shown here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from assistctl.manifest.yaml_reader import load

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "docs/schemas/manifest.schema.json"
PROJECT = ROOT / "docs/schemas/project.schema.json"
PROJECTS = sorted([ROOT / "assistctl.yaml", *(ROOT / "examples").rglob("assistctl.yaml")])
MANIFESTS = sorted(
    path
    for folder in ("assistants", "examples")
    for path in (ROOT / folder).rglob("*.yaml")
    if path not in PROJECTS and not any(part.startswith("_") for part in path.relative_to(ROOT).parts)
    if not path.is_relative_to(ROOT / "examples" / "ci")
)
_PROGRAM = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))


def check(schema: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    if _PROGRAM is None:
        pytest.skip("check-jsonschema is not installed")
    words = [_PROGRAM, "--schemafile", str(schema), *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def documents(path: Path, folder: Path) -> Iterator[Path]:
    """Each document of a manifest file as a file of its own."""
    for number, document in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8"))):
        target = folder / f"{path.stem}-{number}.yaml"
        target.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        yield target


def test_the_schemas_are_up_to_date(generator: ModuleType) -> None:
    for name in generator.SCHEMAS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text == generator.schema(name), f"{name} is stale: run python docs/generate.py"


@pytest.mark.parametrize(("name", "args"), [("manifest", []), ("project", ["--project"])])
def test_the_program_prints_the_same_schemas(name: str, args: list[str]) -> None:
    program = Path(sys.executable).with_name("assistctl")
    told = subprocess.run([program, "schema", *args], capture_output=True, text=True, check=True).stdout
    assert told == (ROOT / f"docs/schemas/{name}.schema.json").read_text(encoding="utf-8")


def test_every_manifest_here_fits_its_schema(tmp_path: Path) -> None:
    assert len(MANIFESTS) >= 15
    ran = check(MANIFEST, *(file for path in MANIFESTS for file in documents(path, tmp_path)))
    assert ran.returncode == 0, ran.stdout


def test_every_project_file_here_fits_its_schema() -> None:
    assert len(PROJECTS) >= 4
    ran = check(PROJECT, *PROJECTS)
    assert ran.returncode == 0, ran.stdout


def test_a_manifest_with_a_mistake_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("model: gpt-4o\nnmae: x\n")
    ran = check(MANIFEST, tmp_path / "a.yaml")
    assert ran.returncode == 1
    assert "nmae" in ran.stdout


def corpus() -> Iterator[Any]:
    """Every document of the corpus that is YAML at all, most of them wrong in one way."""
    for path in sorted((ROOT / "tests/corpus/manifests").glob("*.yaml")):
        loaded = load(path.read_bytes())
        if not loaded.problems:
            yield from (document.value for document in loaded.documents)


@pytest.mark.parametrize("schema", [MANIFEST, PROJECT], ids=lambda path: path.name)
def test_readers_of_draft_7_come_to_the_same_verdict(schema: Path) -> None:
    validators = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    text = json.loads(schema.read_text(encoding="utf-8"))
    for reader in (validators.Draft7Validator, validators.Draft202012Validator):
        reader.check_schema(text)
    old, new = validators.Draft7Validator(text), validators.Draft202012Validator(text)
    verdicts = [(old.is_valid(value), new.is_valid(value)) for value in corpus()]
    assert all(first == second for first, second in verdicts)
    assert len(verdicts) > 50
