"""Whether a stream gets colour, and whether anybody is there to be asked."""

from __future__ import annotations

from collections.abc import Mapping

from .globals import Colour

_OFF = frozenset({"", "0", "false", "no", "off"})


def wants_colour(choice: Colour, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """The option decides, then ``NO_COLOR``, then ``FORCE_COLOR``, then the terminal or the CI service."""
    if choice is not Colour.AUTO:
        return choice is Colour.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    if environ.get("GITHUB_ACTIONS") or environ.get("GITLAB_CI"):
        return True
    return terminal and environ.get("TERM") != "dumb"


def under_ci(environ: Mapping[str, str]) -> bool:
    """``CI`` is set: no prompt, no progress, no pager."""
    return environ.get("CI", "").lower() not in _OFF
