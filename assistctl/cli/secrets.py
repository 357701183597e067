"""Which texts must not be shown: guessed from the names of environment variables, before anything is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

_API_KEY = re.compile(r"_API_KEY$")
_ANY_SECRET = re.compile(
    r"(^|_)(KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|CREDENTIALS?|PAT|AUTH)$", re.IGNORECASE
)
_SECRET_OPTIONS = ("--key", "--var")


def api_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of all ``…_API_KEY`` variables: hidden in everything that is printed."""
    return _values(environ, _API_KEY)


def likely_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of all variables that sound like a secret: hidden where a file is kept (crash files)."""
    return _values(environ, _ANY_SECRET)


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that masks ``secrets`` in a text."""
    known = tuple(secrets)
    if not known:
        return str
    from assistctl.render.escape import Scrubber  # its regular expressions cost as much as a short command

    return Scrubber(known)


def without_secrets(argv: Sequence[str]) -> list[str]:
    """The arguments with the values of ``--key`` and ``--var`` masked, in both spellings."""
    masked: list[str] = []
    hide_next = False
    for arg in argv:
        name, equals, value = arg.partition("=")
        if hide_next:
            masked.append(_mask_value(arg))
        elif equals and name in _SECRET_OPTIONS:
            masked.append(f"{name}={_mask_value(value)}")
        else:
            masked.append(arg)
        hide_next = not hide_next and arg in _SECRET_OPTIONS
    return masked


def _mask_value(value: str) -> str:
    name, equals, _ = value.partition("=")
    return f"{name}=***" if equals else "***"


def _values(environ: Mapping[str, str], names: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(value for name, value in environ.items() if value and names.search(name))
