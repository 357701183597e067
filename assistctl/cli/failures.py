"""The one place where exceptions become messages and exit codes."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from assistctl.errors import AssistctlError, DiskFault, ExitCode, InvalidInput

if TYPE_CHECKING:
    from .console import Console

_DISK = frozenset(
    {
        errno.EACCES,
        errno.EBUSY,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EFBIG,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOENT,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.ENOTEMPTY,
        errno.EPERM,
        errno.EROFS,
        errno.ESTALE,
    }
)
"""What a disk or its permissions do; any other OSError that gets here is a bug."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised by its handler like Ctrl-C."""


def report(error: BaseException, console: Console, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Prints what ``error`` means to the person and returns the exit code for it."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _interrupted(error, console)
    if isinstance(error, click.ClickException):
        console.plain_error(*_safe(_click_text(error)))
        return ExitCode.USAGE
    if isinstance(error, OSError) and error.errno in _DISK:
        error = _disk_fault(error)
    if isinstance(error, AssistctlError) and error.exit_code is not ExitCode.BUG:
        return _explained(error, console)
    return _bug(error, console, argv, environ)


def _interrupted(error: BaseException, console: Console) -> int:
    stopped = isinstance(error, Terminated)
    console.error("terminated" if stopped else "interrupted")
    return ExitCode.TERMINATED if stopped else ExitCode.INTERRUPTED


def _click_text(error: click.ClickException) -> list[str]:
    text = io.StringIO()
    error.show(text)
    return text.getvalue().splitlines()


def _disk_fault(error: OSError) -> DiskFault:
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return DiskFault(error.strerror or type(error).__name__, where=where)


def _explained(error: AssistctlError, console: Console) -> int:
    if isinstance(error, InvalidInput) and error.diagnostics:
        console.plain_error(*_places(error.diagnostics, colour=console.error_colour))
    console.error(*_safe(error.lines()))
    return error.exit_code


def _places(diagnostics: Iterable[object], *, colour: bool) -> Iterator[str]:
    from assistctl.model.diagnostic import Diagnostic
    from assistctl.render.diagnostics import diagnostic_lines
    from assistctl.render.style import terminal_paint, texts

    found = (item for item in diagnostics if isinstance(item, Diagnostic))
    return texts(diagnostic_lines(found), terminal_paint if colour else None)


def _bug(error: BaseException, console: Console, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from .crash import write_crash_file

    path = write_crash_file(error, argv, environ, console.scrub)
    kept = f"details are in {path}" if path else "its details could not be saved"
    console.error(*_safe([f"a bug in assistctl ({type(error).__name__}); {kept}"]))
    if environ.get("ASSISTCTL_DEBUG") == "1":
        import traceback

        console.plain_error(*_safe("".join(traceback.format_exception(error)).splitlines()))
    return ExitCode.BUG


def _safe(lines: Sequence[str]) -> list[str]:
    from assistctl.render.escape import escape

    return [escape(part) for line in lines for part in line.splitlines() or [""]]
