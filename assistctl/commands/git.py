"""Old revisions of files, asked of ``git`` as a subprocess: read only and bounded in time.

No shell, no pager, no hooks, no file system monitor, no optional locks; contents come from ``cat-file``,
which applies no filters of the repository.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from assistctl.model.clock import Clock

MAX_REVISIONS: Final = 200
SECONDS: Final = 2.0
"""For everything that one :class:`History` is asked."""

_OPTIONS: Final = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false"),
)
_QUIET: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


class History:
    """The past of the files below one folder; empty where there is no git, no repository or no time left."""

    def __init__(self, folder: Path, environ: Mapping[str, str], clock: Clock) -> None:
        self._folder = folder
        self._program = shutil.which("git", path=environ.get("PATH"))
        # Variables of a surrounding git process (a hook, an alias) would point at another repository.
        own = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self._environ = {**own, **_QUIET}
        self._clock = clock
        self._end: float | None = None

    def revisions(self, files: Iterable[str]) -> tuple[str, ...]:
        """Commits that changed one of ``files`` (relative to the folder), newest first."""
        found = self._ask("log", f"-{MAX_REVISIONS}", "--format=%H", "--no-ext-diff", "--", *files)
        return () if found is None else tuple(found.decode("ascii", "replace").split())

    def read(self, revision: str, file: str) -> bytes | None:
        """What ``file`` held in a revision; None where it was not there."""
        return self._ask("cat-file", "blob", f"{revision}:./{file}")

    def _ask(self, *words: str) -> bytes | None:
        now = self._clock.now()
        self._end = self._end or now + SECONDS
        if self._program is None or now >= self._end:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - git by its full path, without a shell
                [self._program, *_OPTIONS, "-C", str(self._folder), *words],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._end - now,
                check=False,
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return done.stdout if done.returncode == 0 else None
