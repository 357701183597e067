"""What the global options say, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Colour(StrEnum):
    """``--color``: ``auto`` asks the environment and the terminal."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _here() -> Path:
    from pathlib import Path  # the help pages do without it

    return Path()


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options every verb takes, before or after it; the one after the verb wins.

    A value comes from the command line, else from ``ASSISTCTL_<OPTION>``, else it is the default here.
    """

    directory: Path = field(default_factory=_here)
    """``-C``: every relative path of the command line starts here; the working folder by default."""
    config: Path | None = None
    """``-c``: the project file; None means it is looked for in ``directory`` and above."""
    environment: str | None = None
    provider: str | None = None
    base_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """``--var NAME=VALUE``, all of them; the last of one name wins."""
    allowed_env: frozenset[str] = frozenset()
    """``--allow-env``: the environment variables that manifests may read."""
    colour: Colour = Colour.AUTO
    quiet: bool = False
    """Only results and errors are printed; beats ``verbose``."""
    verbose: bool = False
    timeout: float | None = None
    """Seconds for the whole command; None means no limit beside the built-in ones."""

    def locate(self, path: str | Path) -> Path:
        """``path`` as the command line means it: below ``directory`` unless absolute."""
        return self.directory / path
