from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from assistctl.errors import DiskFault
from assistctl.files import MAX_BYTES, FileRefused, Refusal, Root, join, read_chosen, write_private


def _refusal(root: Path, path: str) -> Refusal:
    with pytest.raises(FileRefused) as caught:
        Root(root).read(path)
    return caught.value.refusal


def test_a_file_below_the_root_is_read_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.md").write_bytes(b"one\r\ntwo\n\xff")
    assert Root(tmp_path).read("a/b.md") == b"one\r\ntwo\n\xff"


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "~/x", "~root/x", "C:/x", "a\\b", "a\0b", " "]
)
def test_a_path_that_leaves_the_root_is_refused(tmp_path: Path, path: str) -> None:
    assert _refusal(tmp_path, path) is Refusal.OUTSIDE


def test_dots_are_fine_while_they_stay_inside() -> None:
    assert join("assistants/deep/a.yaml", "../../prompts/./p.md") == "prompts/p.md"


def test_leaving_the_root_and_coming_back_is_leaving() -> None:
    with pytest.raises(FileRefused):
        join("a.yaml", "../project/a.yaml")


def test_a_symbolic_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").write_text("x")
    (tmp_path / "file-link").symlink_to(tmp_path / "real" / "f")
    (tmp_path / "folder-link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for path in ("file-link", "folder-link/f", "dangling"):
        assert _refusal(tmp_path, path) is Refusal.SYMLINK


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert _refusal(tmp_path, "pipe") is Refusal.NOT_REGULAR


def test_folders_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    assert _refusal(tmp_path, "folder") is Refusal.NOT_REGULAR
    assert _refusal(tmp_path, "nothing") is Refusal.MISSING
    assert _refusal(tmp_path, "nothing/below") is Refusal.MISSING
    assert _refusal(tmp_path, "file/below") is Refusal.MISSING
    assert _refusal(tmp_path, "n" * 300) is Refusal.MISSING


def test_a_file_over_one_mebibyte_is_refused(tmp_path: Path) -> None:
    (tmp_path / "limit").write_bytes(b"x" * MAX_BYTES)
    (tmp_path / "over").write_bytes(b"x" * (MAX_BYTES + 1))
    assert len(Root(tmp_path).read("limit")) == MAX_BYTES
    assert _refusal(tmp_path, "over") is Refusal.TOO_BIG


def test_a_file_that_lies_about_its_size_is_still_bounded() -> None:
    # Files below /proc have size 0 and content all the same.
    with pytest.raises(FileRefused) as caught:
        read_chosen(Path("/proc/self/environ"), limit=3)
    assert caught.value.refusal is Refusal.TOO_BIG


def test_an_error_never_quotes_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"secret" * MAX_BYTES)
    with pytest.raises(FileRefused) as caught:
        Root(tmp_path).read("f")
    assert "secret" not in str(caught.value)


def test_entries_are_sorted_skip_hidden_names_and_show_links(tmp_path: Path) -> None:
    for name in ("b/z.yaml", "b/a.yml", "a.yaml", "_f.yaml", ".h.yaml", "_d/x.yaml", ".git/y.yaml", "n.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [(entry.path, entry.symlink) for entry in Root(tmp_path).entries()]
    assert found == [
        ("a.yaml", False),
        ("b/a.yml", False),
        ("b/z.yaml", False),
        ("link.yaml", True),
        ("loop", True),
        ("n.md", False),
    ]


def test_a_private_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFault, match="No space left"):
        write_private(path, b"new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]


def test_writing_below_the_root_makes_folders_and_keeps_the_mode(tmp_path: Path) -> None:
    root = Root(tmp_path)
    root.write("a/b/c.yaml", b"1")
    (tmp_path / "a/b/c.yaml").chmod(0o640)
    root.write("a/b/c.yaml", b"2")
    assert (tmp_path / "a/b/c.yaml").read_bytes() == b"2"
    assert stat.S_IMODE((tmp_path / "a/b/c.yaml").stat().st_mode) == 0o640


def test_writing_never_goes_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(outside)
    with pytest.raises(FileRefused):
        Root(project).write("link/x.yaml", b"x")
    with pytest.raises(FileRefused):
        Root(project).write("../outside/x.yaml", b"x")
    assert list(outside.iterdir()) == []


def test_without_folder_descriptors_links_are_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistctl.files._BY_DESCRIPTOR", False)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("x")
    (tmp_path / "l").symlink_to(tmp_path / "a")
    (tmp_path / "g").symlink_to(tmp_path / "a" / "f")
    root = Root(tmp_path)
    assert root.read("a/f") == b"x"
    assert _refusal(tmp_path, "l/f") is Refusal.SYMLINK
    assert _refusal(tmp_path, "g") is Refusal.SYMLINK
    assert _refusal(tmp_path, "nothing/f") is Refusal.MISSING
    root.write("a/new/f", b"y")
    assert root.read("a/new/f") == b"y"
    assert [entry.path for entry in root.entries()] == ["a/f", "a/new/f", "g", "l"]
