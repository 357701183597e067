"""The formats of a plan, the files that ``--report`` writes, and those that a CI names."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.unit.render.test_summaries import read_back

from .conftest import Inside

MANIFEST = "model: gpt-4o-mini\ninstructions: |\n  Be brief.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two new assistants on the embedded remote."""
    folder = tmp_path / "project"
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistctl.yaml").write_text("project: demo\nprovider: local\n")
    for key in ("one", "two"):
        (folder / f"assistants/{key}.yaml").write_text(MANIFEST)
    return folder


def test_markdown_is_printed_with_the_mark_first(inside: Inside, project: Path) -> None:
    ran = inside("-C", str(project), "plan", "--format", "markdown")
    assert ran.code == 0
    assert ran.out.startswith("<!-- assistctl:plan:demo/default -->\n")
    assert "**Plan: 2 to add, 0 to change, 0 to destroy.**" in ran.out


def test_html_is_one_whole_page(inside: Inside, project: Path) -> None:
    ran = inside("-C", str(project), "plan", "--format", "html", "--detailed-exitcode")
    assert ran.code == 2
    assert ran.out.startswith("<!doctype html>\n")
    assert ran.out.endswith("</html>\n")


def test_gitlabs_widget_is_numbers_only(inside: Inside, project: Path) -> None:
    ran = inside("-C", str(project), "plan", "--format", "gitlab")
    assert json.loads(ran.out) == {"create": 2, "update": 0, "delete": 0}


def test_one_plan_is_written_in_several_formats_at_once(inside: Inside, project: Path) -> None:
    kinds = ("text", "json", "markdown", "html", "gitlab")
    wanted = [word for kind in kinds for word in ("--report", f"{kind}=report.{kind}")]
    ran = inside("-C", str(project), "plan", *wanted)
    assert ran.code == 0
    assert (project / "report.text").read_text() == ran.out
    assert json.loads((project / "report.json").read_text())["format_version"] == "1.2"
    assert (project / "report.markdown").read_text().startswith("<!-- assistctl:plan:")
    assert (project / "report.html").read_text().startswith("<!doctype html>")
    for kind in kinds:
        assert stat.S_IMODE((project / f"report.{kind}").stat().st_mode) == 0o600


@pytest.mark.parametrize("word", ["html", "html=", "pdf=x.pdf", "=x"])
def test_a_report_needs_a_known_format_and_a_file(inside: Inside, project: Path, word: str) -> None:
    ran = inside("-C", str(project), "plan", "--report", word)
    assert ran.code == 64
    assert "is not FORMAT=FILE with a format of text, json, markdown, html, gitlab" in ran.err


def test_a_report_that_cannot_be_written_is_74_after_the_plan(inside: Inside, project: Path) -> None:
    ran = inside("-C", str(project), "plan", "--report", "html=missing/x.html")
    assert ran.code == 74
    assert ran.out.endswith("Plan: 2 to add, 0 to change, 0 to destroy.\n")


def test_plan_drift_and_apply_add_to_the_step_summary(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert inside("-C", str(project), "plan").code == 0
    assert inside("-C", str(project), "apply", "--auto-approve").code == 0
    assert inside("-C", str(project), "drift").code == 0
    text = summary.read_text()
    assert text.startswith("# Before\n<!-- assistctl:plan:demo/default -->\n")
    assert "**Apply complete! Resources: 2 added, 0 changed, 0 destroyed.**" in text
    assert text.index(":plan:") < text.index(":apply:") < text.index(":drift:")


def test_a_step_summary_is_cut_at_900_kb_and_says_so(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        text = "".join(f"  line {number} {i} " + "é" * 200 + "\n" for i in range(300))
        (project / f"assistants/long-{number}.yaml").write_text(f"model: gpt-4o\ninstructions: |\n{text}")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert inside("-C", str(project), "plan", "--full").code == 0
    assert 700_000 < summary.stat().st_size <= 900_000
    assert "more assistants not shown in full here" in summary.read_text()


def test_a_full_step_summary_gets_one_more_line_only(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_bytes(b"x" * 899_000)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert inside("-C", str(project), "plan").code == 0
    assert "is left out here" in summary.read_text()[899_000:]
    assert summary.stat().st_size < 900_000


def test_outputs_tell_what_is_pending_and_where_the_plan_is(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = tmp_path / "outputs"
    outputs.write_text("mine=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    assert inside("-C", str(project), "plan", "--out", "x.plan").code == 0
    first, _, rest = outputs.read_text().partition("\n")
    assert first == "mine=1"
    assert read_back(rest) == {
        "has-changes": "true",
        "create": "2",
        "update": "0",
        "delete": "0",
        "plan-file": str(project / "x.plan"),
    }


def test_the_delimiter_of_outputs_is_new_in_every_run(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    assert inside("-C", str(project), "plan").code == 0
    assert inside("-C", str(project), "plan").code == 0
    starts = [line.partition("<<")[2] for line in outputs.read_text().splitlines() if "<<" in line]
    assert len(set(starts)) == 2
    assert all(len(start) >= 32 for start in starts)


def test_outputs_that_cannot_be_written_are_74_but_never_hide_what_apply_did(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "missing" / "outputs"))
    ran = inside("-C", str(project), "apply", "--auto-approve")
    assert ran.code == 74
    assert "Apply complete! Resources: 2 added" in ran.out
    assert inside("-C", str(project), "plan", "--detailed-exitcode").code == 74


def test_a_summary_that_cannot_be_written_is_a_warning(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    ran = inside("-C", str(project), "plan")
    assert ran.code == 0
    assert "the step summary was not written" in ran.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no FIFOs")
def test_neither_a_fifo_nor_a_link_is_written_to(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo, link = tmp_path / "fifo", tmp_path / "link"
    os.mkfifo(fifo)
    link.symlink_to(tmp_path / "elsewhere")
    for path in (fifo, link):
        monkeypatch.setenv("GITHUB_OUTPUT", str(path))
        assert inside("-C", str(project), "plan").code == 74
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_is_masked_in_every_report(
    inside: Inside, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-live-0123456789-abcdef"
    manifest = project / "assistants/one.yaml"
    manifest.write_text(MANIFEST.replace("Be brief.", f"Say {key} please."))
    assert inside("-C", str(project), "apply", "--auto-approve").code == 0
    manifest.write_text(MANIFEST.replace("Be brief.", "Say sk-live-other please."))
    monkeypatch.setenv("SOME_API_KEY", key)
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    wanted = [f"--report={kind}=report.{kind}" for kind in ("text", "json", "markdown", "html")]
    ran = inside("-C", str(project), "plan", *wanted)
    texts = [ran.out, summary.read_text(), *(path.read_text() for path in project.glob("report.*"))]
    assert len(texts) == 6
    for text in texts:
        assert "***" in text
        assert "0123456789" not in text
