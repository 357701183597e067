"""The hooks of ``.pre-commit-hooks.yaml``, run by pre-commit and by prek, without any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from .conftest import ROOT, Hooks, git

Project = Callable[..., Path]

PROJECT = "project: acme\nprovider: local\ndefaults: {model: gpt-4o-2024-11-20}\n"
GOOD = "name: Desk\ninstructions_file: desk.md\n"
FILES = {
    "assistctl.yaml": PROJECT,
    "assistants/desk.yaml": GOOD,
    "assistants/desk.md": "Be brief.\n",
    "other/compose.yaml": "services:  {web:   {image: x}}\n",
}
BOTH = "  - id: assistctl-validate\n  - id: assistctl-fmt\n"
VALIDATE = "  - id: assistctl-validate\n"


def manifest() -> list[dict[str, Any]]:
    hooks: list[dict[str, Any]] = yaml.safe_load(
        (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    )
    return hooks


def test_the_validating_hook_reads_the_whole_project_and_any_text_starts_it() -> None:
    (hook,) = (each for each in manifest() if each["id"] == "assistctl-validate")
    assert (hook["types"], hook["pass_filenames"], "files" in hook) == (["text"], False, False)


def test_the_formatting_hook_never_runs_twice_at_once() -> None:
    (hook,) = (each for each in manifest() if each["id"] == "assistctl-fmt")
    assert hook["require_serial"] is True


def test_the_list_of_hooks_is_valid(hooks: Hooks) -> None:
    ran = hooks(ROOT, "validate-manifest", ".pre-commit-hooks.yaml")
    assert ran.returncode == 0, ran.stdout


def test_the_hooks_can_be_tried_on_a_project_without_being_configured(hooks: Hooks, project: Project) -> None:
    folder = project({**FILES, "assistants/bad.yaml": "nmae:   x\n"}, BOTH)
    ran = hooks(folder, "try-repo", str(hooks.repository), "--all-files")
    assert ran.returncode == 1
    assert "assistants/bad.yaml:1:1: AC101 unknown key 'nmae'" in ran.stdout
    assert "formatted  assistants/bad.yaml" in ran.stdout


def test_a_project_in_order_passes(hooks: Hooks, project: Project) -> None:
    ran = hooks(project(FILES, BOTH), "run", "--all-files")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("Passed") == 2


def test_a_prompt_alone_starts_the_check_of_the_project(hooks: Hooks, project: Project) -> None:
    folder = project(FILES, BOTH)
    (folder / "assistants/desk.md").write_text("Be \x1b brief.\n")
    git(folder, "add", "-A")
    ran = hooks(folder, "run")
    assert ran.returncode == 1
    assert "assistants/desk.md:1:4: AC401" in ran.stdout


def test_a_manifest_that_was_not_touched_is_checked_too(hooks: Hooks, project: Project) -> None:
    folder = project(FILES, VALIDATE)
    (folder / "assistants/second.yaml").write_text(f"key: desk\n{GOOD}")
    git(folder, "add", "-A")
    ran = hooks(folder, "run")
    assert ran.returncode == 1
    assert (
        "assistants/second.yaml:1:6: AC601 duplicate key 'desk': also in assistants/desk.yaml:1" in ran.stdout
    )


def test_arguments_lead_to_one_project_of_several(hooks: Hooks, project: Project) -> None:
    files = {f"services/{name}/{path}": text for name in ("support", "sales") for path, text in FILES.items()}
    config = "".join(
        f"  - id: assistctl-validate\n    alias: {name}\n    args: [-C, services/{name}]\n"
        f"    files: ^services/{name}/\n"
        for name in ("support", "sales")
    )
    folder = project({**files, "services/sales/assistants/bad.yaml": "nmae: x\n"}, config)
    assert hooks(folder, "run", "support", "--all-files").returncode == 0
    sales = hooks(folder, "run", "sales", "--all-files")
    assert sales.returncode == 1
    assert "assistants/bad.yaml:1:1: AC101" in sales.stdout


def test_formatting_stops_the_commit_once_and_leaves_other_files_alone(
    hooks: Hooks, project: Project
) -> None:
    folder = project({**FILES, "assistants/b.yaml": "metadata:   {team:   a}\n"}, "  - id: assistctl-fmt\n")
    first = hooks(folder, "run", "--all-files")
    assert first.returncode == 1
    assert (folder / "assistants/b.yaml").read_text() == "metadata: {team: a}\n"
    assert git(folder, "diff", "--name-only") == "assistants/b.yaml"
    git(folder, "add", "-A")
    assert hooks(folder, "run", "--all-files").returncode == 0


def test_strict_is_an_argument_away(hooks: Hooks, project: Project) -> None:
    warned = {**FILES, "assistants/desk.yaml": GOOD + "temperature: 0.1\ntop_p: 0.1\n"}
    config = "  - id: assistctl-validate\n    args: [--strict]\n"
    assert hooks(project(warned, config), "run", "--all-files").returncode == 1


def test_a_missing_project_file_is_said_as_such(hooks: Hooks, project: Project) -> None:
    ran = hooks(project({"prose.md": "x\n"}, VALIDATE), "run", "--all-files")
    assert ran.returncode == 1
    assert "there is no assistctl.yaml" in ran.stdout
