"""The state folder: lock, run records and crash files, private to the user and outside every checkout."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from assistctl.errors import DiskFault

_UNSAFE = re.compile(r"[^a-z0-9.-]+")


def state_folder(environ: Mapping[str, str]) -> Path:
    """``ASSISTCTL_STATE_DIR``, else the platform's folder for a user's state; it need not exist.

    Raises RuntimeError where the user has no home folder.
    """
    if chosen := environ.get("ASSISTCTL_STATE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "assistctl"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "assistctl"
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "assistctl"


def place_of(environ: Mapping[str, str], origin: str, owner: str) -> Path:
    """The folder of one owner on one remote; it need not exist. Raises RuntimeError without a home."""
    mark = blake2b(f"{origin}\0{owner}".encode(), digest_size=6).hexdigest()
    name = f"{_UNSAFE.sub('-', f'{origin} {owner}'.lower()).strip('-')[-80:]}-{mark}"
    return state_folder(environ) / name


def place_for(environ: Mapping[str, str], origin: str, owner: str) -> Path:
    """The folder of one owner on one remote, made where it is missing, readable by its owner only.

    Raises DiskFault.
    """
    try:
        folder = place_of(environ, origin, owner)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise DiskFault(
            f"the state folder cannot be made: {error}",
            undone="nothing was sent",
            next="set ASSISTCTL_STATE_DIR to a folder that can be written",
        ) from error
    return folder
