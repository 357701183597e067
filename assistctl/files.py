"""The one file opener: nothing else in the program opens, reads or writes a file by itself.

Everything in a checkout is untrusted, so files of a project are reached from its root, one folder at
a time, without ever following a symbolic link, and the *opened* descriptor is checked: a regular file
of at most 1 MiB. Devices and FIFOs are refused without waiting for them. Errors name paths, never
content.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistctl.errors import DiskFault

from .descriptors import BY_DESCRIPTOR as _BY_DESCRIPTOR
from .descriptors import (
    FileRefused,
    Refusal,
    append_all,
    append_to,
    checked_folder,
    mode_of,
    open_folder,
    open_log,
    read_in,
    replace,
    scan,
    size_of,
)

__all__ = [
    "MAX_BYTES",
    "Entry",
    "FileRefused",
    "PrivateLog",
    "Refusal",
    "Root",
    "append_chosen",
    "join",
    "read_beside",
    "read_chosen",
    "size_chosen",
    "stream_private",
    "write_private",
]

MAX_BYTES = 1 << 20
"""The largest file that is read from a project: 1 MiB."""

MAX_FOLDER_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One name found below a folder of a project."""

    path: str
    """Relative to the root, with ``/``."""
    symlink: bool


@dataclass(frozen=True, slots=True)
class Root:
    """A project's folder; paths are relative to it, with ``/``, and never lead outside."""

    path: Path

    def read(self, relative: str, *, limit: int = MAX_BYTES) -> bytes:
        """The bytes of one regular file of at most ``limit`` bytes. Raises :class:`FileRefused`."""
        relative = join("", relative)
        parent, _, name = relative.rpartition("/")
        if not _BY_DESCRIPTOR:
            return read_in(checked_folder(self.path, parent), name, relative, limit)
        folder = open_folder(self.path, parent)  # not by _folder_of, which costs as much as the reading
        try:
            return read_in(folder, name, relative, limit)
        finally:
            os.close(folder)

    def entries(self, relative: str = "") -> Iterator[Entry]:
        """Every file and symbolic link below a folder, in a fixed order.

        Names that start with ``_`` or ``.`` are skipped, folders of such names too. Raises
        :class:`FileRefused` when the folder itself, or one below it, cannot be listed.
        """
        return self._entries(join("", relative) if relative else "", 0)

    def is_folder(self, relative: str) -> bool:
        """Whether this is a folder that can be reached without following a link."""
        try:
            with self._folder(join("", relative) if relative else ""):
                return True
        except FileRefused:
            return False

    def write(self, relative: str, data: bytes, *, mode: int = 0o644, folder_mode: int = 0o777) -> None:
        """Replaces one file as a whole, making missing folders; keeps the mode of an existing file.

        Raises :class:`FileRefused` for a path outside or behind a link, ``DiskFault`` when the disk fails.
        """
        relative = join("", relative)
        with _disk_faults(relative):
            self._make_folders(relative, folder_mode)
        with self._folder_of(relative) as (folder, name), _disk_faults(relative):
            replace(folder, name, [data], mode_of(folder, name, mode))

    def _entries(self, relative: str, depth: int) -> Iterator[Entry]:
        if depth > MAX_FOLDER_DEPTH:
            raise FileRefused(relative, Refusal.UNREADABLE, f"lies deeper than {MAX_FOLDER_DEPTH} folders")
        with self._folder(relative) as folder:
            found = scan(folder, relative)
        for name, is_folder, is_link in found:
            path = f"{relative}/{name}" if relative else name
            if is_folder and not is_link:
                yield from self._entries(path, depth + 1)
            else:
                yield Entry(path, is_link)

    def _make_folders(self, relative: str, mode: int) -> None:
        parts = relative.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            with self._folder("/".join(parts[: count - 1])) as folder:
                try:
                    if isinstance(folder, int):
                        os.mkdir(parts[count - 1], mode, dir_fd=folder)
                    else:
                        (folder / parts[count - 1]).mkdir(mode)
                except FileExistsError:
                    continue

    @contextmanager
    def _folder_of(self, relative: str) -> Iterator[tuple[int | Path, str]]:
        parent, _, name = relative.rpartition("/")
        with self._folder(parent) as folder:
            yield folder, name

    @contextmanager
    def _folder(self, relative: str) -> Iterator[int | Path]:
        if not _BY_DESCRIPTOR:
            yield checked_folder(self.path, relative)
            return
        descriptor = open_folder(self.path, relative)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def join(base: str, reference: str) -> str:
    """The path that ``reference`` means in a file at ``base``, relative to the root.

    ``join("assistants/a.yaml", "../prompts/a.md")`` is ``"prompts/a.md"``. Raises :class:`FileRefused`
    for absolute paths, ``~``, drive letters, backslashes, and whatever leaves the root.
    """
    odd = reference.startswith(("/", "~")) or "\\" in reference or "\0" in reference
    if odd or reference[1:2] == ":" or not reference.strip():
        raise FileRefused(reference, Refusal.OUTSIDE, "is not a relative path with / between folders")
    parts = base.split("/")[:-1]
    for part in reference.split("/"):
        if part == "..":
            if not parts:
                raise FileRefused(reference, Refusal.OUTSIDE, "leads outside the project root")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def read_chosen(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """A regular file that the operator named, wherever it is; links are followed.

    For saved plans, policies and records, never for a path that a file in the checkout names.
    Raises :class:`FileRefused`.
    """
    return read_in(path.parent, path.name, str(path), limit, follow=True)


def read_beside(module_file: str, name: str) -> bytes:
    """A data file that is installed beside one of our modules (pass the module's ``__file__``)."""
    return read_chosen(Path(module_file).parent / name)


def write_private(path: Path, data: bytes) -> None:
    """Replaces ``path`` as a whole with a file that only its owner can read (0600).

    Written to a new file in the same folder, flushed to the disk, then renamed. Raises ``DiskFault``.
    """
    stream_private(path, [data])


def stream_private(path: Path, pieces: Iterable[bytes]) -> None:
    """:func:`write_private` for what is better never held as a whole."""
    with _disk_faults(str(path)):
        if not _BY_DESCRIPTOR:
            replace(path.parent, path.name, pieces, 0o600)
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            replace(folder, path.name, pieces, 0o600)
        finally:
            os.close(folder)


def append_chosen(path: Path, data: bytes) -> None:
    """Adds to a regular file that the operator named; made where it is missing (0600).

    For the files by which a CI takes summaries and outputs. Raises ``DiskFault``, for a link and for
    anything that is no regular file as well.
    """
    with _disk_faults(str(path)):
        append_to(path, data)


def size_chosen(path: Path) -> int:
    """The bytes of a file that the operator named; 0 where there is none. Raises ``DiskFault``."""
    with _disk_faults(str(path)):
        return size_of(path)


class PrivateLog:
    """A file that only grows, readable by its owner only; every append is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        with _disk_faults(self._path):
            self._descriptor = open_log(path)

    def append(self, data: bytes) -> None:
        """Adds ``data``. Raises ``DiskFault``."""
        with _disk_faults(self._path):
            append_all(self._descriptor, [data])

    def close(self) -> None:
        """Ends it; closing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def _disk_faults(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DiskFault(f"writing failed: {reason}", where=path, undone="the file is unchanged") from error
