"""The only way out to a person or a pipe: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TextIO

from assistctl.errors import DiskFault, UsageFault

from .colour import under_ci, wants_colour
from .globals import Colour, GlobalOptions
from .secrets import api_keys, scrubber
from .sink import Sink

_STYLES = {"red": "\x1b[31m", "yellow": "\x1b[33m"}


class Console:
    """Prints lines that are escaped already; removes secrets from each. Safe to use from several threads."""

    def __init__(
        self, stdin: TextIO | None, stdout: TextIO | None, stderr: TextIO | None, environ: Mapping[str, str]
    ) -> None:
        self._stdin = stdin
        self._out = Sink(stdout)
        self._err = Sink(stderr)
        self._environ = environ
        self._secrets = api_keys(environ)
        self._mask = scrubber(self._secrets)
        self._lock = threading.RLock()
        self._progress_width = 0
        self._set(Colour.AUTO, quiet=False, verbose=False)

    @classmethod
    def of_process(cls) -> Console:
        """The console of this process's own streams."""
        return cls(sys.stdin, sys.stdout, sys.stderr, os.environ)

    def configure(self, options: GlobalOptions) -> None:
        """Takes over what the command line says about colour and volume."""
        self._set(options.colour, quiet=options.quiet, verbose=options.verbose)

    def hide(self, *secrets: str) -> None:
        """From now on these texts are printed as ``***``."""
        self._secrets = (*self._secrets, *secrets)
        self._mask = scrubber(self._secrets)

    def scrub(self, text: str) -> str:
        """``text`` without the secrets known so far."""
        return self._mask(text)

    def result(self, *lines: str) -> None:
        """What the command was run for, for people."""
        self._print(self._out.write, *lines)

    def data(self, text: str) -> None:
        """What the command was run for, for programs: exactly ``text``, as UTF-8."""
        with self._lock:
            self._clear_progress()
            self._out.write_data(self.scrub(text))

    def error(self, *lines: str) -> None:
        """Why the command fails; never silenced."""
        self._print(self._err.write, *self._painted("red", "Error: ", lines))

    def plain_error(self, *lines: str) -> None:
        """Lines of an error in a format of their own (``file:line:col: …``, a usage message)."""
        self._print(self._err.write, *lines)

    def warn(self, *lines: str) -> None:
        """What deserves attention though the command goes on; silenced by ``-q``."""
        if not self._quiet:
            self._print(self._err.write, *self._painted("yellow", "Warning: ", lines))

    def note(self, *lines: str) -> None:
        """What happens meanwhile; silenced by ``-q``."""
        if not self._quiet:
            self._print(self._err.write, *lines)

    def detail(self, *lines: str) -> None:
        """What only ``-v`` shows."""
        if self._verbose:
            self._print(self._err.write, *lines)

    @property
    def shows_progress(self) -> bool:
        """Standard error is a real terminal, nobody said ``-q``, and this is not CI."""
        dumb = self._environ.get("TERM") == "dumb"
        return self._err.is_terminal and not (dumb or self._quiet or under_ci(self._environ))

    def progress(self, text: str) -> None:
        """Replaces the one line of progress; an empty text removes it."""
        if not self.shows_progress:
            return
        with self._lock:
            line = self.scrub(text)[: max(1, self.columns - 1)]
            self._err.write("\r" + line.ljust(self._progress_width) + ("" if line else "\r"))
            self._err.flush()
            self._progress_width = len(line)

    @property
    def columns(self) -> int:
        """The terminal's width, 80 where there is none; ``COLUMNS`` beats both."""
        chosen = self._environ.get("COLUMNS", "")
        return (
            int(chosen)
            if chosen.isdecimal() and int(chosen)
            else self._err.columns or self._out.columns or 80
        )

    @property
    def interactive(self) -> bool:
        """Somebody is there to be asked: a terminal on both sides, and not CI."""
        asks = self._stdin is not None and not self._stdin.closed and self._stdin.isatty()
        return asks and self._err.is_terminal and not under_ci(self._environ)

    def ask(self, question: str) -> str:
        """Asks on standard error and returns the line typed, without blanks around it; "" at its end.

        Raises UsageFault where nobody can be asked.
        """
        if self._stdin is None or not self.interactive:
            raise UsageFault(
                "this needs an answer and there is no terminal to ask on",
                undone="everything; nothing was changed",
                next="run it again with --auto-approve, or on a terminal outside CI",
            )
        with self._lock:
            self._clear_progress()
            self.flush()
            self._err.write(self.scrub(question) + " ")
            self._err.flush()
        return self._stdin.readline().strip()

    def confirm(self, question: str, expected: str = "yes") -> bool:
        """Whether the answer is exactly ``expected``."""
        return self.ask(question) == expected

    def flush(self) -> None:
        """Hands all output to its readers now."""
        self._out.flush()
        self._err.flush()

    def close(self) -> None:
        """Ends the output; raises DiskFault when results were lost to anything but a reader that left."""
        with self._lock:
            self._clear_progress()
            self.flush()
        failure, self._out.failure = self._out.failure, None
        if failure is not None:
            raise DiskFault(
                f"standard output could not be written: {failure.strerror}", undone="the rest of the output"
            )

    def _set(self, colour: Colour, *, quiet: bool, verbose: bool) -> None:
        self.colour = wants_colour(colour, self._environ, terminal=self._out.is_terminal)
        """Whether results may hold colour codes."""
        self.error_colour = wants_colour(colour, self._environ, terminal=self._err.is_terminal)
        """The same for everything else."""
        self._quiet = quiet
        self._verbose = verbose and not quiet

    def _print(self, write: Callable[[str], None], *lines: str) -> None:
        with self._lock:
            self._clear_progress()
            for line in lines:
                write(self.scrub(line) + "\n")

    def _clear_progress(self) -> None:
        if self._progress_width:
            self.progress("")

    def _painted(self, colour: str, label: str, lines: tuple[str, ...]) -> tuple[str, ...]:
        head = f"{_STYLES[colour]}{label}\x1b[0m" if self.error_colour else label
        return tuple((head if index == 0 else "") + line for index, line in enumerate(lines))
