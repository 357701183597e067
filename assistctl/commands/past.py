"""A project's folder as it was in a past revision, in place of the one on the disk.

Nothing is checked out: names come from git's tree, contents from its objects. What git keeps beside regular
files (links, submodules) is refused as it is on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistctl.files import MAX_BYTES, MAX_FOLDER_DEPTH, Entry, FileRefused, Refusal, Root, join

from .git import Blobs, Repository

_LINK: Final = "120000"
_REGULAR: Final = "100"
"""How the modes of regular files begin, executable or not."""


@dataclass(frozen=True, slots=True)
class Node:
    """One name in git's tree that is no folder."""

    mode: str
    object: str


Folders = Mapping[str, Mapping[str, Node | None]]
"""Path of a folder ("" is the root) to what is in it; None stands for a folder."""


@dataclass(frozen=True, slots=True)
class PastRoot(Root):
    """Reads as :class:`~assistctl.files.Root` does; writes nothing."""

    folders: Folders
    blobs: Blobs

    def read(self, relative: str, *, limit: int = MAX_BYTES) -> bytes:
        """The bytes of one regular file of at most ``limit`` bytes. Raises FileRefused."""
        relative = join("", relative)
        node = self._node(relative)
        if not node.mode.startswith(_REGULAR):
            raise FileRefused(relative, Refusal.NOT_REGULAR, "is not a regular file")
        data = self.blobs.read(node.object, limit)
        if isinstance(data, int):
            raise FileRefused(relative, Refusal.TOO_BIG, f"has {data:,} bytes, at most {limit:,} are read")
        if data is None:
            raise FileRefused(relative, Refusal.UNREADABLE, "cannot be read: git does not have its content")
        return data

    def entries(self, relative: str = "") -> Iterator[Entry]:
        """Every file and symbolic link below a folder, as on the disk. Raises FileRefused."""
        start = join("", relative) if relative else ""
        if start not in self.folders:
            raise FileRefused(start, Refusal.MISSING, "does not exist")
        return self._entries(start, 0)

    def is_folder(self, relative: str) -> bool:
        """Whether this is a folder."""
        try:
            return (join("", relative) if relative else "") in self.folders
        except FileRefused:
            return False

    def write(self, relative: str, data: bytes, **modes: int) -> None:  # noqa: ARG002 - Root's
        """Always refused."""
        raise FileRefused(relative, Refusal.UNREADABLE, "belongs to a past revision: it is never written")

    def _entries(self, relative: str, depth: int) -> Iterator[Entry]:
        if depth > MAX_FOLDER_DEPTH:
            raise FileRefused(relative, Refusal.UNREADABLE, f"lies deeper than {MAX_FOLDER_DEPTH} folders")
        for name, node in sorted(self.folders[relative].items(), key=lambda item: item[0]):
            if name.startswith(("_", ".")):
                continue
            path = f"{relative}/{name}" if relative else name
            if node is None:
                yield from self._entries(path, depth + 1)
            else:
                yield Entry(path, node.mode == _LINK)

    def _node(self, relative: str) -> Node:
        parent, _, name = relative.rpartition("/")
        node = self.folders.get(parent, {}).get(name)
        if node is None and relative in self.folders:
            raise FileRefused(relative, Refusal.NOT_REGULAR, "is not a regular file")
        if node is None:
            raise self._missing(relative)
        if node.mode == _LINK:
            raise _behind_link(relative)
        return node

    def _missing(self, relative: str) -> FileRefused:
        """Why nothing is found there: a link on the way, or nothing at all."""
        parts = relative.split("/")
        for count in range(1, len(parts)):
            node = self.folders.get("/".join(parts[: count - 1]), {}).get(parts[count - 1])
            if node is not None and node.mode == _LINK:
                return _behind_link(relative)
        return FileRefused(relative, Refusal.MISSING, "does not exist")


@contextmanager
def past_root(repository: Repository, commit: str) -> Iterator[PastRoot]:
    """The repository's folder in ``commit`` (a full name); empty where the commit does not have it."""
    words = ("ls-tree", "-r", "-z", commit)
    listed = repository.ask(*words, failing=f"git cannot list {commit}")
    with repository.blobs() as blobs:
        yield PastRoot(Path(repository.folder), _folders(listed), blobs)


def _folders(listed: bytes) -> Folders:
    folders: dict[str, dict[str, Node | None]] = {"": {}}
    for entry in filter(None, listed.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, _, name = head.decode("ascii").split()
        folder, _, last = os.fsdecode(path).rpartition("/")
        _make(folders, folder)[last] = Node(mode, name)
    return folders


def _make(folders: dict[str, dict[str, Node | None]], folder: str) -> dict[str, Node | None]:
    """The folder's own map, made with those above it: paths may be deeper than calls can nest."""
    missing = folder
    while missing not in folders:
        folders[missing] = {}
        missing, _, last = missing.rpartition("/")
        folders.setdefault(missing, {})[last] = None
    return folders[folder]


def _behind_link(relative: str) -> FileRefused:
    return FileRefused(relative, Refusal.SYMLINK, "is behind a symbolic link; links are not followed")
