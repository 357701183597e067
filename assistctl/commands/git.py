"""Old revisions of files, asked of ``git`` as a subprocess: read only and bounded in time.

No shell, no pager, no hooks, no file system monitor, no optional locks; contents come from ``cat-file``,
which applies no filters of the repository.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from assistctl.errors import UsageFault
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
_QUIET: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone must not fetch: nothing here uses the network
}
_PIECE: Final = 1 << 16
SECONDS_A_QUESTION: Final = 60.0
"""For one question of a :class:`Repository`."""


class History:
    """The past of the files below one folder; empty where there is no git, no repository or no time left."""

    def __init__(self, folder: Path, environ: Mapping[str, str], clock: Clock) -> None:
        self._folder = folder
        self._program = _program(environ)
        self._environ = _own_environ(environ)
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


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository around one folder."""

    folder: Path
    program: str
    environ: Mapping[str, str]

    @classmethod
    def around(cls, folder: Path, environ: Mapping[str, str]) -> Repository:
        """Raises UsageFault where there is no git, or no repository that git trusts."""
        program = _program(environ)
        if program is None:
            raise UsageFault("git is needed to read a past revision, and the PATH has none")
        found = cls(folder, program, _own_environ(environ))
        found.ask("rev-parse", "--git-dir", failing="git finds no repository here")
        return found

    def commit(self, revision: str) -> str:
        """The full name of the commit that ``revision`` stands for. Raises UsageFault where it is none."""
        wrong = f"git knows no commit '{revision}' here"
        if not revision or revision.startswith("-") or "\0" in revision:
            raise UsageFault(wrong)
        way = "git fetch; in CI, check out with enough history (fetch-depth)"
        name = revision
        for suffix in ("", "^{commit}"):  # one after the other: behind ":/TEXT" a suffix would be text
            words = ("rev-parse", "--verify", "--quiet", "--end-of-options", name + suffix)
            name = self.ask(*words, failing=wrong, way=way).decode("ascii").strip()
        return name

    def ask(self, *words: str, failing: str, way: str = "") -> bytes:
        """What git prints. Raises UsageFault with ``failing`` and git's own words where it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - git by its full path, without a shell
                [self.program, *_OPTIONS, "-C", str(self.folder), *words],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS_A_QUESTION,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise UsageFault(f"{failing}: {error}", where=str(self.folder)) from error
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise UsageFault(f"{failing}: {said}" if said else failing, where=str(self.folder), next=way)

    @contextmanager
    def blobs(self) -> Iterator[Blobs]:
        """A git process that hands out contents until the end of the block."""
        command = [self.program, *_OPTIONS, "-C", str(self.folder), "cat-file", "--batch"]
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603 - git by its full path, without a shell
            command, env=self.environ, stdin=pipe, stdout=pipe, stderr=nowhere
        )
        if process.stdin is None or process.stdout is None:
            raise UsageFault("git cannot be asked for contents")
        try:
            yield Blobs(process.stdin, process.stdout)
        finally:
            with suppress(OSError):  # it may have ended by itself
                process.stdin.close()
            process.stdout.close()
            process.wait()


@dataclass(frozen=True, slots=True)
class Blobs:
    """Contents by object name, as git stores them: no filter and no change of line ends is applied."""

    questions: IO[bytes]
    answers: IO[bytes]

    def read(self, name: str, limit: int) -> bytes | int | None:
        """The content of one object; its size where that is over ``limit``; None where git has it not."""
        try:
            self.questions.write(name.encode("ascii") + b"\n")
            self.questions.flush()
        except OSError:
            return None
        head = self.answers.readline().split()
        if len(head) != 3:
            return None
        size = int(head[2])
        if size > limit:
            self._skip(size + 1)
            return size
        data = self.answers.read(size + 1)[:-1]
        return data if len(data) == size else None

    def _skip(self, size: int) -> None:
        while size > 0 and (piece := self.answers.read(min(size, _PIECE))):
            size -= len(piece)


def _program(environ: Mapping[str, str]) -> str | None:
    return shutil.which("git", path=environ.get("PATH"))


def _own_environ(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Variables of a surrounding git process (a hook, an alias) would point at another repository."""
    own = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    return {**own, **_QUIET}
