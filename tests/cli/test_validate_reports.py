"""``validate --format …``: the reports for CI, as the program prints them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = "project: shop\nprovider: local\ndefaults: {model: gpt-4o-2024-11-20}\n"
WARNED = "temperature: 0.1\ntop_p: 0.1\n"
REPORTS = ("json", "github", "gitlab", "sarif")


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch):
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(tmp_path, inside):
    """A project in a folder of a larger repository, with one wrong manifest."""
    (tmp_path / "repo/.git").mkdir(parents=True)
    folder = tmp_path / "repo/services/support desk"
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistctl.yaml").write_text(PROJECT)
    (folder / "assistants/bad.yaml").write_text("nmae: x\n")
    (folder / "assistants/good.yaml").write_text("name: Good\n")

    def call(*args):
        return inside("-C", str(folder), "validate", *args)

    call.folder = folder
    return call


def files_of(form: str, out: str) -> list[str]:
    """The files that a report names, in its own words."""
    read: dict[str, Callable[[], list[str]]] = {
        "json": lambda: [each["file"] for each in json.loads(out)["diagnostics"]],
        "github": lambda: [line.split("file=")[1].split(",")[0] for line in out.splitlines()],
        "gitlab": lambda: [each["location"]["path"] for each in json.loads(out)],
        "sarif": lambda: [
            each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for each in json.loads(out)["runs"][0]["results"]
        ],
    }
    return read[form]()


def levels_of(form: str, out: str) -> list[str]:
    """How much each finding weighs, in the report's own words."""
    read: dict[str, Callable[[], list[str]]] = {
        "json": lambda: [each["severity"] for each in json.loads(out)["diagnostics"]],
        "github": lambda: [line.split()[0].removeprefix("::") for line in out.splitlines()],
        "gitlab": lambda: [each["severity"] for each in json.loads(out)],
        "sarif": lambda: [each["level"] for each in json.loads(out)["runs"][0]["results"]],
    }
    return read[form]()


@pytest.mark.parametrize(
    ("form", "file"),
    [
        ("json", "assistants/bad.yaml"),
        ("github", "services/support desk/assistants/bad.yaml"),
        ("gitlab", "services/support desk/assistants/bad.yaml"),
        ("sarif", "services/support%20desk/assistants/bad.yaml"),
    ],
)
def test_reports_for_ci_name_files_from_the_top_of_the_repository(service, form, file):
    ran = service("--format", form)
    assert ran.code == 65
    assert files_of(form, ran.out) == [file]


def test_a_worktree_is_a_repository_too(service):
    (service.folder.parent / ".git").write_text("gitdir: ../elsewhere\n")
    assert files_of("gitlab", service("--format", "gitlab").out) == ["support desk/assistants/bad.yaml"]


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_a_checkout_without_git_starts_where_ci_says(service, monkeypatch, variable):
    top = service.folder.parents[1]
    (top / ".git").rmdir()
    assert files_of("gitlab", service("--format", "gitlab").out) == ["assistants/bad.yaml"]
    monkeypatch.setenv(variable, str(top))
    assert files_of("gitlab", service("--format", "gitlab").out)[0].startswith("services/support desk/")
    monkeypatch.setenv(variable, str(top / "elsewhere"))
    assert files_of("gitlab", service("--format", "gitlab").out) == ["assistants/bad.yaml"]


def test_a_path_through_a_link_names_the_files_where_they_are(service, tmp_path, inside):
    (tmp_path / "link").symlink_to(service.folder)
    ran = inside("-C", str(tmp_path / "link"), "validate", "--format", "github")
    assert files_of("github", ran.out) == ["services/support desk/assistants/bad.yaml"]


@pytest.mark.parametrize("form", REPORTS)
def test_a_path_filters_every_report(service, form):
    ran = service("--format", form, "assistants/good.yaml")
    assert (ran.code, files_of(form, ran.out)) == (0, [])


@pytest.mark.parametrize("form", REPORTS)
def test_a_broken_project_file_is_in_every_report(service, form):
    (service.folder / "assistctl.yaml").write_text(PROJECT + "defalts: {}\nproject: twice\n")
    ran = service("--format", form)
    assert ran.code == 65
    assert {file.rpartition("/")[2] for file in files_of(form, ran.out)} == {"assistctl.yaml"}


def test_a_broken_project_file_is_told_to_people_on_standard_output(service):
    (service.folder / "assistctl.yaml").write_text(PROJECT + "defalts: {}\n")
    ran = service()
    assert ran.code == 65
    assert ran.out.startswith("assistctl.yaml:4:1: AC101 unknown key 'defalts'")


def test_with_a_broken_project_file_no_path_is_called_valid(service):
    (service.folder / "assistctl.yaml").write_text("project: [\n")
    ran = service("assistants/good.yaml")
    assert ran.code == 65
    assert "assistctl.yaml:2:1: AC008" in ran.out


@pytest.mark.parametrize(
    ("form", "warning", "error"),
    [
        ("json", "warning", "error"),
        ("github", "warning", "error"),
        ("gitlab", "minor", "major"),
        ("sarif", "warning", "error"),
    ],
)
def test_strict_makes_errors_of_warnings_in_every_report(service, form, warning, error):
    (service.folder / "assistants/bad.yaml").write_text(WARNED)
    relaxed, strict = service("--format", form), service("--format", form, "--strict")
    assert (relaxed.code, levels_of(form, relaxed.out)) == (0, [warning])
    assert (strict.code, levels_of(form, strict.out)) == (65, [error])


def test_strict_leaves_notices_alone(service):
    (service.folder / "assistants/bad.yaml").write_text("model: o1-mini\n")
    ran = service("--format", "github", "--strict")
    assert (ran.code, levels_of("github", ran.out)) == (0, ["notice"])


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
def test_standard_output_holds_the_report_alone_and_the_sum_is_beside_it(service, form):
    ran = service("--format", form)
    assert ran.err == "1 error in 1 of 2 files\n"
    assert service("--format", form, "-q").err == ""
    assert "1 error" not in ran.out


@pytest.mark.parametrize("form", REPORTS)
def test_no_report_prints_a_live_key(service, monkeypatch, form):
    monkeypatch.setenv("AIMLAPI_API_KEY", "live-key-123456789")
    (service.folder / "assistants/bad.yaml").write_text("live-key-123456789: x\nname: live-key-123456789\n")
    ran = service("--format", form)
    assert ran.code == 65
    assert "live-key-123456789" not in ran.out + ran.err


def test_the_same_findings_make_the_same_report(service):
    (service.folder / "assistants/bad.yaml").write_text("nmae: x\nmodl: y\ntemperature: 9\n")
    for form in REPORTS:
        assert service("--format", form).out == service("--format", form).out
    prints = [each["fingerprint"] for each in json.loads(service("--format", "gitlab").out)]
    Path(service.folder, "assistants/bad.yaml").write_text("# moved\n\nnmae: x\nmodl: y\ntemperature: 9\n")
    assert [each["fingerprint"] for each in json.loads(service("--format", "gitlab").out)] == prints
