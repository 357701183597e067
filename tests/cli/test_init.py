"""``init``: a project that works at once, and files that are never touched again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistctl.commands.init import initialise, project_name, slugged
from assistctl.errors import UsageFault
from assistctl.manifest.fleet import check_project
from assistctl.manifest.inputs import Inputs
from assistctl.manifest.project import read_project


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_init_writes_a_project_and_names_the_next_three_commands(program, tmp_path):
    folder = tmp_path / "Acme Support"
    ran = program("init", str(folder))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert set(contents(folder)) == {
        ".gitattributes",
        ".gitignore",
        "assistants/billing-bot.yaml",
        "assistants/support-triage.yaml",
        "assistctl.schema.json",
        "assistctl.yaml",
    }
    steps = [line.split()[-1] for line in ran.stdout.splitlines() if line.startswith("  assistctl")]
    assert steps == ["validate", "plan", "apply"]
    assert f"-C '{folder}'" in ran.stdout


def test_the_project_is_local_and_named_after_its_folder(tmp_path):
    initialise(tmp_path / "Acme Support")
    text = (tmp_path / "Acme Support" / "assistctl.yaml").read_text()
    project = yaml.safe_load(text)
    assert (project["project"], project["provider"], project["manifests"]) == (
        "acme-support",
        "local",
        ["assistants"],
    )
    assert "# provider: aimlapi" in text


def test_each_sample_has_a_key_and_a_schema_that_is_there(tmp_path):
    initialise(tmp_path)
    samples = sorted((tmp_path / "assistants").iterdir())
    assert len(samples) == 2
    for path in samples:
        text = path.read_text()
        comment, _, schema = text.splitlines()[0].partition("$schema=")
        assert comment == "# yaml-language-server: "
        assert "2020-12" in json.loads((path.parent / schema).read_text())["$schema"]
        assert yaml.safe_load(text)["key"] == path.stem


def test_a_fresh_project_has_no_error_and_no_warning(tmp_path):
    initialise(tmp_path)
    project = read_project(tmp_path / "assistctl.yaml")
    findings = check_project(project, ["default"], lambda _: Inputs(today="2026-01-01"))
    assert findings == ()


def test_git_is_told_what_to_ignore_and_what_to_leave_alone(tmp_path):
    initialise(tmp_path)
    assert ".assistctl/\n" in (tmp_path / ".gitignore").read_text()
    assert "assistants/** -text\n" in (tmp_path / ".gitattributes").read_text()


def test_init_twice_changes_nothing(program, tmp_path):
    assert program("init").returncode == 0
    before = contents(tmp_path)
    again = program("init")
    assert again.returncode == 0
    assert contents(tmp_path) == before
    assert "created" not in again.stdout


def test_existing_files_are_kept_and_the_missing_lines_named(program, tmp_path):
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / ".gitattributes").write_text("assistants/** -text\n")
    ran = program("init")
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"
    assert ".gitignore is there already; it should have the line: .assistctl/" in ran.stderr
    assert ".gitattributes is there already" not in ran.stderr


def test_no_sample_is_added_to_a_project_that_exists(tmp_path):
    (tmp_path / "assistctl.yaml").write_text("project: mine\n")
    initialise(tmp_path)
    assert not (tmp_path / "assistants").exists()


def test_no_sample_is_added_to_a_folder_that_has_manifests(tmp_path):
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistants" / "mine.yml").write_text("model: gpt-4o\n")
    initialise(tmp_path)
    assert [path.name for path in (tmp_path / "assistants").iterdir()] == ["mine.yml"]
    assert (tmp_path / "assistctl.yaml").exists()


def test_a_dangling_link_counts_as_a_file_that_is_there(tmp_path):
    (tmp_path / "assistctl.yaml").symlink_to(tmp_path / "elsewhere")
    initialise(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_is_not_a_folder(program, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFault):
        initialise(tmp_path / "file")
    assert program("init", "file").returncode == 64


def test_the_folder_of_minus_c_is_where_it_starts(program, tmp_path):
    (tmp_path / "sub").mkdir()
    assert program("-C", "sub", "init", "deeper").returncode == 0
    assert (tmp_path / "sub" / "deeper" / "assistctl.yaml").exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:acme/Help_Desk.git", "help-desk"),
        ("https://gitlab.com/group/sub/bots/", "bots"),
        ("../relative/repo.git", "repo"),
    ],
)
def test_the_project_is_named_after_the_git_remote(tmp_path, url, name):
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "remote", "add", "upstream", "https://example.com/other.git"], check=True)
    subprocess.run([*git, "remote", "add", "origin", url], check=True)
    assert project_name(tmp_path) == name


def test_without_git_the_folder_gives_the_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "Straße 7 — Bots"
    folder.mkdir()
    assert project_name(folder) == "strae-7-bots"


def test_a_folder_without_usable_letters_still_gives_a_name(tmp_path):
    folder = tmp_path / "プロジェクト"
    folder.mkdir()
    assert project_name(folder) == "assistants"


@given(st.text())
def test_a_slug_is_empty_or_a_valid_project_name(text):
    import re

    assert re.fullmatch(r"([a-z0-9][a-z0-9-]{0,62})?", slugged(text))
