"""A project with files that are not written yet."""

from __future__ import annotations

import pytest

from assistctl.files import FileRefused, Refusal
from assistctl.manifest.writing.overlay import Overlay


@pytest.fixture
def overlay(tmp_path) -> Overlay:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yaml").write_bytes(b"on disk")
    (tmp_path / "real/b.yaml").write_bytes(b"on disk")
    laid = {
        "real/b.yaml": b"laid",
        "new/c.yaml": b"laid",
        "new/_part/d.yaml": b"laid",
        "big": bytes((1 << 20) + 1),
    }
    return Overlay(tmp_path, laid)


def test_a_file_laid_over_hides_the_one_on_disk(overlay):
    assert overlay.read("real/a.yaml") == b"on disk"
    assert overlay.read("real/b.yaml") == b"laid"
    assert overlay.read("real/../new/c.yaml") == b"laid"


def test_folders_list_both_sides_once_without_hidden_names(overlay):
    assert sorted(entry.path for entry in overlay.entries("real")) == ["real/a.yaml", "real/b.yaml"]
    assert [entry.path for entry in overlay.entries("new")] == ["new/c.yaml"]
    assert sorted(entry.path for entry in overlay.entries()) == [
        "big",
        "new/c.yaml",
        "real/a.yaml",
        "real/b.yaml",
    ]


def test_a_folder_may_exist_in_the_overlay_alone(overlay):
    assert overlay.is_folder("real")
    assert overlay.is_folder("new")
    assert not overlay.is_folder("missing")
    with pytest.raises(FileRefused):
        list(overlay.entries("missing"))


def test_the_limits_of_files_hold_for_those_laid_over(overlay):
    with pytest.raises(FileRefused) as caught:
        overlay.read("big")
    assert caught.value.refusal is Refusal.TOO_BIG
    with pytest.raises(FileRefused):
        overlay.read("../outside")
