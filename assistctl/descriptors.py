"""Files by descriptor: opened without following links, checked once open, replaced as a whole.

The lower half of :mod:`assistctl.files`, which alone uses it. A folder is an open descriptor, or a path
where the platform cannot open below a descriptor (Windows).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from assistctl.errors import InvalidInput

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY | getattr(os, "O_CLOEXEC", 0)
_PIECE = 1 << 16
BY_DESCRIPTOR = bool(_NOFOLLOW and _FOLDER and os.open in os.supports_dir_fd)


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


def replace(folder: int | Path, name: str, pieces: Iterable[bytes], mode: int) -> None:
    """Writes a new file of ``pieces`` beside ``name`` and renames it over it, both flushed to the disk.

    Raises OSError also where ``name`` is a link, a device or a pipe: root must not turn ``/dev/null`` into a
    file.
    """
    found = _lstat(folder, name)
    if found is not None and not stat.S_ISREG(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a regular file"
        raise OSError(errno.EINVAL, f"it is {kind}")
    temporary = f".{name}.{os.urandom(6).hex()}.tmp"
    try:
        _write_all(_create(folder, temporary, mode), pieces)
        if isinstance(folder, int):
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        else:
            (folder / temporary).replace(folder / name)
    except BaseException:
        _forget(folder, temporary)
        raise


def open_log(path: Path) -> int:
    """A descriptor that appends to a private file, made where it is missing; links are not followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NOFOLLOW | _BINARY | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o600)


def append_to(path: Path, data: bytes) -> None:
    """Adds ``data`` to a regular file, never waiting for the reader of a FIFO. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | _NOFOLLOW | _BINARY
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        append_all(descriptor, [data])
    finally:
        os.close(descriptor)


def size_of(path: Path) -> int:
    """The bytes of a file, 0 where there is none. Raises OSError."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def append_all(descriptor: int, pieces: Iterable[bytes]) -> None:
    """Writes all ``pieces`` and flushes them to the disk."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _create(folder: int | Path, name: str, mode: int) -> int:
    if isinstance(folder, int):
        return os.open(name, _NEW, mode, dir_fd=folder)
    return os.open(folder / name, _NEW, mode)


def _write_all(descriptor: int, pieces: Iterable[bytes]) -> None:
    try:
        append_all(descriptor, pieces)
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


def mode_of(folder: int | Path, name: str, default: int) -> int:
    """The permission bits of an existing regular file, else ``default``."""
    found = _lstat(folder, name)
    return stat.S_IMODE(found.st_mode) if found is not None and stat.S_ISREG(found.st_mode) else default


def _lstat(folder: int | Path, name: str) -> os.stat_result | None:
    try:
        if isinstance(folder, int):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        return (folder / name).lstat()
    except (OSError, ValueError):
        return None


def open_folder(root: Path, relative: str) -> int:
    """A descriptor of a folder below ``root``, reached without following a link. The caller closes it."""
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


def checked_folder(root: Path, relative: str) -> Path:
    """Where folders cannot be opened by descriptor (Windows): each step is looked at before it is taken."""
    folder = root
    for part in relative.split("/") if relative else ():
        found = _lstat(folder, part)
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise _refused(FileNotFoundError(errno.ENOENT, "missing"), folder, part, relative)
        folder = folder / part
    return folder


def scan(folder: int | Path, relative: str) -> list[tuple[str, bool, bool]]:
    """Name, is a folder, is a link: everything in a folder whose name does not start with ``_`` or ``.``."""
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


def read_in(folder: int | Path, name: str, shown: str, limit: int, *, follow: bool = False) -> bytes:
    """The bytes of one regular file of at most ``limit`` bytes; ``shown`` is its name in messages."""
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
        # In pieces of the file's own size: a read allocates all that it asks for, and limits can be large.
        data = os.read(descriptor, found.st_size + 1)
        if len(data) == found.st_size:
            return data
        while len(data) <= limit and (more := os.read(descriptor, min(_PIECE, limit + 1 - len(data)))):
            data += more
    except OSError as error:
        raise FileRefused(shown, Refusal.UNREADABLE, f"cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise FileRefused(shown, Refusal.TOO_BIG, f"has more than {limit:,} bytes")
    return data


def _refused(error: OSError | ValueError, folder: int | Path, name: str, shown: str) -> FileRefused:
    """Names the cause; the look at the link is for the message only, nothing is decided upon it."""
    found = _lstat(folder, name)
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ELOOP or (found is not None and stat.S_ISLNK(found.st_mode)):
        return FileRefused(shown, Refusal.SYMLINK, "is behind a symbolic link; links are not followed")
    if code == errno.ENXIO or (code == errno.ENOTDIR and found is None):
        return FileRefused(shown, Refusal.NOT_REGULAR, "is not a regular file")
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG) or code is None:
        return FileRefused(shown, Refusal.MISSING, "does not exist")
    reason = error.strerror if isinstance(error, OSError) else ""
    return FileRefused(shown, Refusal.UNREADABLE, f"cannot be read: {reason}")
