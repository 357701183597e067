"""Crash files: what a bug leaves for the person who reports it, readable by its owner only."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from assistctl import __version__
from assistctl.errors import DiskFault
from assistctl.files import write_private
from assistctl.state import state_folder

from .secrets import likely_secrets, scrubber, without_secrets


def write_crash_file(
    error: BaseException, argv: Sequence[str], environ: Mapping[str, str], scrub: Callable[[str], str]
) -> Path | None:
    """Writes one file into the state folder and returns its path; None where that is not possible.

    It holds versions, the arguments without secret values and the traceback without local variables.
    ``scrub`` masks the secrets this run knows; those that the environment names are masked as well.
    """
    now = datetime.now(UTC)
    mask = scrubber(likely_secrets(environ))
    text = mask(scrub(_describe(error, argv, now)))
    try:
        folder = state_folder(environ) / "crashes"
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{os.urandom(4).hex()}.txt"
        write_private(path, text.encode("utf-8", "backslashreplace"))
    except (OSError, RuntimeError, DiskFault):
        return None
    return path


def _describe(error: BaseException, argv: Sequence[str], now: datetime) -> str:
    return "\n".join(
        [
            f"assistctl {__version__}",
            f"python {platform.python_version()} on {platform.platform()}",
            f"at {now:%Y-%m-%dT%H:%M:%SZ}",
            f"arguments {without_secrets(argv)}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
