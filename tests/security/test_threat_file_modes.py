"""Threat: readable or predictable files.

Defence: what may hold a prompt, a key's trace or a lock is private (0600, folders 0700) whatever the umask
says; every file is made anew (O_EXCL) under a name that nobody can guess, no link is followed, and what is
not a regular file is not replaced.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from .stage import Checkout, manifest, serving

TRAP = b"what a link leads to"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The worst one: everything that does not ask for less is readable and writable by all."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(place: Path) -> int:
    return stat.S_IMODE(place.lstat().st_mode)


def test_everything_private_is_private_under_any_umask(
    checkout: Checkout, tmp_path: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.put({"assistants/bot.yaml": manifest()})
    assert checkout.run("plan", "--out", "plan.json").code == 0
    assert checkout.run("apply", "--auto-approve", "--record", "record.json").code == 0
    monkeypatch.setattr("assistctl.commands.plan.make_plan", None)
    assert checkout.run("plan").code == 1
    state = list((tmp_path / "state").rglob("*"))
    names = {place.name for place in state}
    assert {"lock", "journal.jsonl", "runs", "crashes"} <= names
    for place in (tmp_path / "state", *state):
        assert mode(place) == (0o700 if place.is_dir() else 0o600), place
    assert mode(checkout.path / "plan.json") == 0o600
    assert mode(checkout.path / "record.json") == 0o600


def test_the_embedded_database_is_private_under_any_umask(checkout: Checkout, open_umask: None) -> None:
    checkout.base_url = None
    checkout.put({"assistants/bot.yaml": manifest()})
    assert checkout.run("--provider", "local", "apply", "--auto-approve").code == 0
    for place in (checkout.path / ".assistctl").iterdir():
        if place.name != ".gitignore":
            assert mode(place) == 0o600, place
    assert mode(checkout.path / ".assistctl") & 0o077 == 0


def test_files_of_the_project_keep_the_mode_they_have(checkout: Checkout, open_umask: None) -> None:
    checkout.put({"assistants/bot.yaml": "model:   gpt-4o\ninstructions: x\n"})
    (checkout.path / "assistants/bot.yaml").chmod(0o640)
    assert checkout.run("fmt").code == 0
    assert (checkout.path / "assistants/bot.yaml").read_text().startswith("model: gpt-4o")
    assert mode(checkout.path / "assistants/bot.yaml") == 0o640


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    place = tmp_path / "trap"
    place.write_bytes(TRAP)
    place.chmod(0o644)
    return place


@pytest.mark.parametrize("name", ["plan.json", "record.json"])
@pytest.mark.parametrize("target", ["a file", "a device", "nothing"])
def test_no_link_is_followed_where_a_file_is_written(
    checkout: Checkout, trap: Path, name: str, target: str
) -> None:
    goal = {"a file": trap, "a device": Path("/dev/null"), "nothing": trap.parent / "nothing"}[target]
    (checkout.path / name).symlink_to(goal)
    checkout.put({"assistants/bot.yaml": manifest()})
    words = ("plan", "--out", name) if name == "plan.json" else ("apply", "--auto-approve", "--record", name)
    checkout.run(*words)
    assert trap.read_bytes() == TRAP
    assert not (trap.parent / "nothing").exists()
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_what_is_no_regular_file_is_not_replaced(checkout: Checkout, kind: str) -> None:
    """``--out /dev/null`` in a container that runs as root must not turn the device into a file."""
    place = checkout.path / "special"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "socket":
        os.mknod(place, stat.S_IFSOCK | 0o600)
    else:
        if os.geteuid() != 0:
            pytest.skip("only root can make device nodes")
        try:
            os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("this container may not make device nodes")
    before = place.lstat()
    checkout.put({"assistants/bot.yaml": manifest()})
    ran = checkout.run("plan", "--out", "special")
    assert ran.code == 74, ran.shown
    assert "not a regular file" in ran.err
    assert place.lstat().st_ino == before.st_ino


@pytest.mark.parametrize("name", ["journal.jsonl", "lock", "holder.json", "runs"])
def test_no_link_in_the_state_folder_is_followed(
    checkout: Checkout, tmp_path: Path, trap: Path, name: str
) -> None:
    checkout.put({"assistants/bot.yaml": manifest()})
    assert checkout.run("apply", "--auto-approve").code == 0
    folder = next((tmp_path / "state").glob("*/journal.jsonl")).parent
    place = folder / name
    if place.is_dir():
        for entry in place.iterdir():
            entry.unlink()
        place.rmdir()
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.unlink(missing_ok=True)
        place.symlink_to(trap)
    checkout.put({"assistants/bot.yaml": manifest(description="new")})
    ran = checkout.run("apply", "--auto-approve", "--settle-seconds", "1")
    assert ran.code in (0, 74), ran.shown
    assert trap.read_bytes() == TRAP
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("verb", [("import", "--all"), ("pull", "--yes"), ("fmt",)], ids=" ".join)
def test_no_link_in_the_project_is_written_through(
    checkout: Checkout, trap: Path, verb: tuple[str, ...]
) -> None:
    trap.write_text("model:   gpt-4o\ninstructions:   x\n")
    before = trap.read_bytes()
    (checkout.path / "assistants/bot.yaml").symlink_to(trap)
    with serving() as remote:
        checkout.base_url = remote.url
        remote.add(name="bot", instructions="Be brief.")
        ran = checkout.run(*verb)
    assert ran.code != 1, ran.err
    assert trap.read_bytes() == before


def test_names_of_temporary_files_cannot_be_guessed(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that exists already is never opened."""
    made: list[tuple[str, int]] = []
    real = os.open

    def opening(path: str, flags: int, *args: int, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and flags & os.O_ACCMODE != os.O_RDONLY:
            made.append((os.fspath(path), flags))
        return real(path, flags, *args, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", opening)
    checkout.put({"assistants/bot.yaml": manifest()})
    for _ in range(2):
        assert checkout.run("plan", "--out", "plan.json").code == 0
    names = [name for name, flags in made if "plan.json" in name]
    assert len(set(names)) == len(names) == 2
    for name, flags in made:
        assert flags & os.O_NOFOLLOW, name
        assert flags & os.O_EXCL or flags & os.O_APPEND or name.endswith(("lock", "local.db")), name
