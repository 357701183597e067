"""Threat: includes by ``..``, absolute paths, ``~``, symbolic links, /proc, FIFOs, devices and swaps.

Defence: the walk starts at the project root and follows no link; the opened *descriptor* is checked (a
regular file of at most 1 MiB); errors never quote content.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from assistctl.files import FileRefused, Refusal, Root

from .stage import Checkout, Ran, manifest

SECRET = "the-content-of-a-file-outside"

WAYS: dict[str, Callable[[str], str]] = {
    "one": lambda path: f"model: gpt-4o\ninstructions_file: '{path}'\n",
    "several": lambda path: f"model: gpt-4o\ninstructions_file: [_own.md, '{path}']\n",
    "reference": lambda path: manifest(instructions="${file." + path + "}"),
    "metadata": lambda path: manifest(metadata={"a": "${file." + path + "}"}),
    "function": lambda path: f"model: gpt-4o\ntools:\n- type: function\n  function_file: '{path}'\n",
    "fragment": lambda path: f"model: gpt-4o\nextends: '{path}'\n",
    "prompt": lambda path: "model: gpt-4o\ninstructions_file: _prompt.md\n",
}
"""Every way in which a manifest names a file, one manifest each."""


@pytest.fixture
def including(checkout: Checkout) -> Callable[[str], Ran]:
    """Validates a project whose manifests name a path in all of the ways; each must be refused by name."""

    def validate(path: str) -> Ran:
        checkout.put({"assistants/_own.md": "Own.", "assistants/_prompt.md": "${file." + path + "}"})
        checkout.put({f"assistants/{way}.yaml": text(path) for way, text in WAYS.items()})
        ran = checkout.run("validate")
        assert ran.code == 65, ran.shown
        assert SECRET not in ran.shown
        for way in WAYS:
            file = "_prompt.md" if way == "prompt" else f"{way}.yaml"
            assert re.search(rf"^assistants/{file}:\d+:\d+: AC\d+ ", ran.out, re.MULTILINE), (way, ran.out)
        return ran

    return validate


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the project; as a fragment it would even be a valid one."""
    place = tmp_path / "_outside.yaml"
    place.write_text(f"description: {SECRET}\n")
    return place


@pytest.mark.parametrize(
    "path",
    [
        "../../_outside.yaml",
        "../assistants/../../_outside.yaml",
        "a/../../../_outside.yaml",
        "./.././../_outside.yaml",
        "~/_outside.yaml",
        "~root/_outside.yaml",
        "/proc/self/environ",
        "/dev/zero",
        "file:///etc/passwd",
        "C:/Windows/win.ini",
        "\\\\host\\share\\_x.yaml",
    ],
)
def test_an_include_cannot_leave_the_project(
    including: Callable[[str], Ran], outside: Path, path: str
) -> None:
    including(path)


def test_an_include_cannot_be_absolute(including: Callable[[str], Ran], outside: Path) -> None:
    including(str(outside))


def test_an_absolute_path_into_the_project_is_refused_too(
    including: Callable[[str], Ran], checkout: Checkout
) -> None:
    checkout.put({"assistants/_inside.yaml": f"description: {SECRET}\n"})
    including(str(checkout.path / "assistants/_inside.yaml"))


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("assistants/_link.yaml", "_outside.yaml", "_link.yaml"),
        ("assistants/folder", "", "folder/_outside.yaml"),
        ("parts", "", "../parts/_outside.yaml"),
        ("assistants/a/b", "", "a/b/_outside.yaml"),
        ("assistants/_link.yaml", "nothing-there", "_link.yaml"),
    ],
    ids=["the file", "its folder", "a folder at the root", "a folder further down", "a dangling link"],
)
def test_an_include_follows_no_symbolic_link_at_any_level(
    including: Callable[[str], Ran], checkout: Checkout, outside: Path, link: str, target: str, path: str
) -> None:
    place = checkout.path / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside.parent / target)
    including(path)


def test_a_link_to_a_file_of_the_same_project_is_not_followed_either(
    including: Callable[[str], Ran], checkout: Checkout
) -> None:
    checkout.put({"assistants/_real.yaml": f"description: {SECRET}\n"})
    (checkout.path / "assistants/_link.yaml").symlink_to("_real.yaml")
    including("_link.yaml")


@pytest.mark.timeout(20)
def test_a_fifo_is_refused_and_nobody_waits_for_its_writer(
    including: Callable[[str], Ran], checkout: Checkout
) -> None:
    os.mkfifo(checkout.path / "assistants/_pipe.yaml")
    including("_pipe.yaml")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make device nodes")
def test_a_device_is_refused(including: Callable[[str], Ran], checkout: Checkout) -> None:
    try:
        os.mknod(checkout.path / "assistants/_zero.yaml", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make device nodes")
    including("_zero.yaml")


def test_a_folder_is_no_include(including: Callable[[str], Ran], checkout: Checkout) -> None:
    checkout.put({"assistants/_folder.yaml/inner": SECRET})
    including("_folder.yaml")


def test_an_include_over_one_mebibyte_is_refused(including: Callable[[str], Ran], checkout: Checkout) -> None:
    checkout.put({"assistants/_big.yaml": f"description: {SECRET}\n".encode() + b"#" * (1 << 20)})
    ran = including("_big.yaml")
    assert "1,048,576" in ran.out


def test_a_sparse_file_of_a_terabyte_costs_nothing(
    including: Callable[[str], Ran], checkout: Checkout
) -> None:
    with (checkout.path / "assistants/_sparse.yaml").open("wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError:
            file.truncate(1 << 32)
    including("_sparse.yaml")


@pytest.mark.parametrize("content", [f"{SECRET}: [", f"- {SECRET}\n", f"{SECRET}\n", f"\x01{SECRET}"])
def test_no_error_about_a_readable_file_of_another_kind_quotes_its_content(
    checkout: Checkout, content: str
) -> None:
    checkout.put(
        {
            "assistants/bot.yaml": "extends: _other.yaml\nmodel: gpt-4o\n",
            "assistants/_other.yaml": content,
        }
    )
    ran = checkout.run("validate")
    assert ran.code == 65
    assert SECRET not in ran.shown


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_manifests_folder_behind_a_link_is_reported_and_not_read(
    checkout: Checkout, outside: Path, place: str
) -> None:
    (outside.parent / "elsewhere").mkdir()
    (outside.parent / "elsewhere" / "bot.yaml").write_text(manifest(description=SECRET))
    target = outside.parent / "elsewhere"
    (checkout.path / "assistants" / ("more" if place == "folder" else "more.yaml")).symlink_to(
        target if place == "folder" else target / "bot.yaml"
    )
    ran = checkout.run("render")
    assert ran.code == 65
    assert "symbolic link" in ran.shown
    assert SECRET not in ran.shown


@pytest.mark.parametrize("entry", ["../elsewhere", "/etc", "~", "assistants/../../elsewhere"])
def test_the_project_file_cannot_name_manifests_outside(
    checkout: Checkout, outside: Path, entry: str
) -> None:
    (outside.parent / "elsewhere").mkdir()
    (outside.parent / "elsewhere" / "bot.yaml").write_text(manifest(description=SECRET))
    checkout.put({"assistctl.yaml": f"project: shop\nprovider: aimlapi\nmanifests: ['{entry}']\n"})
    ran = checkout.run("render")
    assert ran.code == 65
    assert SECRET not in ran.shown


def test_a_project_file_that_is_a_link_is_not_followed(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("project: shop\nprovider: local\n")
    (checkout.path / "assistctl.yaml").unlink()
    (checkout.path / "assistctl.yaml").symlink_to(tmp_path / "real.yaml")
    ran = checkout.run("validate")
    assert ran.code == 65
    assert "symbolic link" in ran.shown


def swapped_before(name: str, swap: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """Runs ``swap`` at the last moment: right before the opener opens ``name``."""
    real = os.open

    def opening(path: str | Path, flags: int, *args: int, dir_fd: int | None = None) -> int:
        if os.fspath(path) == name:
            swap()
        return real(path, flags, *args, dir_fd=dir_fd)

    patch.setattr(os, "open", opening)


def test_a_file_that_becomes_a_link_before_it_is_opened_is_refused(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "f").write_text("inside")

    def swap() -> None:
        (root / "a" / "f").unlink()
        (root / "a" / "f").symlink_to(outside)

    swapped_before("f", swap, monkeypatch)
    with pytest.raises(FileRefused, match="symbolic link"):
        Root(root).read("a/f")


def test_a_folder_that_becomes_a_link_before_it_is_opened_is_refused(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / outside.name).write_text("inside")

    def swap() -> None:
        (root / "a").rename(tmp_path / "gone")
        (root / "a").symlink_to(outside.parent)

    swapped_before("a", swap, monkeypatch)
    with pytest.raises(FileRefused, match="symbolic link"):
        Root(root).read(f"a/{outside.name}")


def test_a_folder_that_is_swapped_after_it_was_opened_still_gives_the_file_inside(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / outside.name).write_text("inside")

    def swap() -> None:
        (root / "a").rename(tmp_path / "gone")
        (root / "a").symlink_to(outside.parent)

    swapped_before(outside.name, swap, monkeypatch)
    assert Root(root).read(f"a/{outside.name}") == b"inside"


def test_a_swap_at_any_moment_never_gives_the_content_outside(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "f").write_text("inside")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "plain").write_text("inside")
    over = threading.Event()

    def flip() -> None:
        while not over.is_set():
            for name in ("link", "plain"):
                os.link(tmp_path / name, tmp_path / "next", follow_symlinks=False)
                (tmp_path / "next").replace(root / "a" / "f")
                time.sleep(random.uniform(0, 0.0001))  # noqa: S311 - only so that it is never in step with the reader

    flipping = threading.Thread(target=flip)
    flipping.start()
    seen: Counter[str] = Counter()
    try:
        while seen.total() < 1_000 or len(seen) < 2:
            try:
                seen[Root(root).read("a/f").decode()] += 1
            except FileRefused as error:
                seen[error.refusal] += 1
    finally:
        over.set()
        flipping.join()
    assert set(seen) == {"inside", Refusal.SYMLINK}
