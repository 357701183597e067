"""A token from the operator's own command, as cloud logins give them."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping

from assistctl.errors import CredentialsRefused

_SECONDS = 60.0


def token_from(command: str, environ: Mapping[str, str]) -> str:
    """What ``command`` prints, without the white space around it. No shell reads it.

    Raises CredentialsRefused, without quoting what was printed, where it fails or prints nothing.
    """
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603 - the operator's own command, from the environment only
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _refused(f"cannot be run ({type(error).__name__})") from None
    token = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or not token:
        raise _refused(f"ended with {done.returncode}" if done.returncode else "printed nothing")
    return token


def _refused(why: str) -> CredentialsRefused:
    return CredentialsRefused(
        f"the command in ASSISTCTL_TOKEN_COMMAND {why}",
        undone="no request was sent",
        next="run it yourself and log in where it asks for that",
    )
