"""The one file opener: nothing else in the program opens, reads or writes a file by itself.

Everything in a checkout is untrusted, so files of a project are reached from its root, one folder at
a time, without ever following a symbolic link, and the *opened* descriptor is checked: a regular file
of at most 1 MiB. Devices and FIFOs are refused without waiting for them. Errors name paths, never
content.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .errors import DiskFault, InvalidInput

MAX_BYTES = 1 << 20
"""The largest file that is read from a project: 1 MiB."""

MAX_FOLDER_DEPTH = 64

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY | getattr(os, "O_CLOEXEC", 0)
_BY_DESCRIPTOR = bool(_NOFOLLOW and _FOLDER and os.open in os.supports_dir_fd)


class Refusal(StrEnum):
    """Why a file was not read."""

    MISSING = "missing"
    OUTSIDE = "outside"
    SYMLINK = "symlink"
    NOT_REGULAR = "not regular"
    TOO_BIG = "too big"
    UNREADABLE = "unreadable"
    NOT_TEXT = "not text"


class FileRefused(InvalidInput):
    """A file was not read; ``path`` says which, ``refusal`` why."""

    def __init__(self, path: str, refusal: Refusal, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path = path
        self.refusal = refusal


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
        with self._folder_of(relative) as (folder, name):
            return _read_in(folder, name, relative, limit)

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

    def write(self, relative: str, data: bytes, *, mode: int = 0o644) -> None:
        """Replaces one file as a whole, making missing folders; keeps the mode of an existing file.

        Raises :class:`FileRefused` for a path outside or behind a link, ``DiskFault`` when the disk fails.
        """
        relative = join("", relative)
        with _disk_faults(relative):
            self._make_folders(relative)
        with self._folder_of(relative) as (folder, name), _disk_faults(relative):
            _replace(folder, name, data, _mode_of(folder, name, mode))

    def _entries(self, relative: str, depth: int) -> Iterator[Entry]:
        if depth > MAX_FOLDER_DEPTH:
            raise FileRefused(relative, Refusal.UNREADABLE, f"lies deeper than {MAX_FOLDER_DEPTH} folders")
        with self._folder(relative) as folder:
            found = _scan(folder, relative)
        for name, is_folder, is_link in found:
            path = f"{relative}/{name}" if relative else name
            if is_folder and not is_link:
                yield from self._entries(path, depth + 1)
            else:
                yield Entry(path, is_link)

    def _make_folders(self, relative: str) -> None:
        parts = relative.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            with self._folder("/".join(parts[: count - 1])) as folder:
                try:
                    if isinstance(folder, int):
                        os.mkdir(parts[count - 1], dir_fd=folder)
                    else:
                        (folder / parts[count - 1]).mkdir()
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
            yield _checked_folder(self.path, relative)
            return
        descriptor = _open_folder(self.path, relative)
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
    return _read_in(path.parent, path.name, str(path), limit, follow=True)


def read_beside(module_file: str, name: str) -> bytes:
    """A data file that is installed beside one of our modules (pass the module's ``__file__``)."""
    return read_chosen(Path(module_file).parent / name)


def write_private(path: Path, data: bytes) -> None:
    """Replaces ``path`` as a whole with a file that only its owner can read (0600).

    Written to a new file in the same folder, flushed to the disk, then renamed. Raises ``DiskFault``.
    """
    with _disk_faults(str(path)):
        if not _BY_DESCRIPTOR:
            _replace(path.parent, path.name, data, 0o600)
            return
        folder = os.open(path.parent, os.O_RDONLY | _FOLDER)
        try:
            _replace(folder, path.name, data, 0o600)
        finally:
            os.close(folder)


@contextmanager
def _disk_faults(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DiskFault(f"writing failed: {reason}", where=path, undone="the file is unchanged") from error


def _replace(folder: int | Path, name: str, data: bytes, mode: int) -> None:
    temporary = f".{name}.{os.urandom(6).hex()}.tmp"
    try:
        _write_all(_create(folder, temporary, mode), data)
        if isinstance(folder, int):
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        else:
            (folder / temporary).replace(folder / name)
    except BaseException:
        _forget(folder, temporary)
        raise


def _create(folder: int | Path, name: str, mode: int) -> int:
    if isinstance(folder, int):
        return os.open(name, _NEW, mode, dir_fd=folder)
    return os.open(folder / name, _NEW, mode)


def _write_all(descriptor: int, data: bytes) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(folder: int | Path, temporary: str) -> None:
    try:
        if isinstance(folder, int):
            os.unlink(temporary, dir_fd=folder)
        else:
            (folder / temporary).unlink()
    except OSError:
        return


def _mode_of(folder: int | Path, name: str, default: int) -> int:
    found = _lstat(folder, name)
    return stat.S_IMODE(found.st_mode) if found is not None and stat.S_ISREG(found.st_mode) else default


def _lstat(folder: int | Path, name: str) -> os.stat_result | None:
    try:
        if isinstance(folder, int):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        return (folder / name).lstat()
    except (OSError, ValueError):
        return None


def _open_folder(root: Path, relative: str) -> int:
    try:
        descriptor = os.open(root, os.O_RDONLY | _FOLDER)
    except OSError as error:
        raise FileRefused(
            str(root), Refusal.MISSING, f"is not a readable folder: {error.strerror}"
        ) from error
    for part in relative.split("/") if relative else ():
        outer = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | _FOLDER | _NOFOLLOW, dir_fd=outer)
        except (OSError, ValueError) as error:
            raise _refused(error, outer, part, relative) from error
        finally:
            os.close(outer)
    return descriptor


def _checked_folder(root: Path, relative: str) -> Path:
    """Where folders cannot be opened by descriptor (Windows): each step is looked at before it is taken."""
    folder = root
    for part in relative.split("/") if relative else ():
        found = _lstat(folder, part)
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise _refused(FileNotFoundError(errno.ENOENT, "missing"), folder, part, relative)
        folder = folder / part
    return folder


def _scan(folder: int | Path, relative: str) -> list[tuple[str, bool, bool]]:
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink())
                for entry in entries
                if not entry.name.startswith(("_", "."))
            ]
    except OSError as error:
        raise FileRefused(relative, Refusal.UNREADABLE, f"cannot be listed: {error.strerror}") from error
    return sorted(found)


def _read_in(folder: int | Path, name: str, shown: str, limit: int, *, follow: bool = False) -> bytes:
    flags = _READ | _BINARY | (0 if follow else _NOFOLLOW)
    try:
        if isinstance(folder, int):
            descriptor = os.open(name, flags, dir_fd=folder)
        else:
            _refuse_link(folder, name, shown, follow)
            descriptor = os.open(folder / name, flags)
    except (OSError, ValueError) as error:
        raise _refused(error, folder, name, shown) from error
    try:
        return _read_open(descriptor, shown, limit)
    finally:
        os.close(descriptor)


def _refuse_link(folder: Path, name: str, shown: str, follow: bool) -> None:
    found = None if follow or _NOFOLLOW else _lstat(folder, name)
    if found is not None and stat.S_ISLNK(found.st_mode):
        raise FileRefused(shown, Refusal.SYMLINK, "is a symbolic link; links are not followed")


def _read_open(descriptor: int, shown: str, limit: int) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused(shown, Refusal.NOT_REGULAR, "is not a regular file")
    if found.st_size > limit:
        raise FileRefused(shown, Refusal.TOO_BIG, f"has {found.st_size:,} bytes, at most {limit:,} are read")
    try:
        data = os.read(descriptor, limit + 1)
        while len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
            data += more
    except OSError as error:
        raise FileRefused(shown, Refusal.UNREADABLE, f"cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise FileRefused(shown, Refusal.TOO_BIG, f"has more than {limit:,} bytes")
    return data


def _refused(error: OSError | ValueError, folder: int | Path, name: str, shown: str) -> FileRefused:
    """Names the cause; the look at the link is for the message only, nothing is decided upon it."""
    found = _lstat(folder, name)
    if found is not None and stat.S_ISLNK(found.st_mode):
        return FileRefused(shown, Refusal.SYMLINK, "is behind a symbolic link; links are not followed")
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENXIO or (code == errno.ENOTDIR and found is None):
        return FileRefused(shown, Refusal.NOT_REGULAR, "is not a regular file")
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG) or code is None:
        return FileRefused(shown, Refusal.MISSING, "does not exist")
    reason = error.strerror if isinstance(error, OSError) else ""
    return FileRefused(shown, Refusal.UNREADABLE, f"cannot be read: {reason}")
