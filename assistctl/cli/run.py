"""One run of the program: arguments in, exit code out."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

import click

from assistctl.errors import ExitCode, strongest

from .app import PROGRAM, build
from .console import Console
from .failures import Terminated, report

_AGAIN_SECONDS = 0.001
"""From the moment that an interrupt got lost: by then whoever lost it is probably past that place."""
COMPLETE_VARIABLE = "_ASSISTCTL_COMPLETE"
"""Set by the completion scripts: the shell asks for words, nobody runs a verb."""


class Interrupts:
    """What signals raise, and what they raised: some libraries make an error of their own out of it, and
    where C calls Python an exception may get lost altogether."""

    def __init__(self) -> None:
        self.raised: KeyboardInterrupt | None = None

    def install(self) -> None:
        """For SIGTERM, and for SIGINT unless whoever started this process had it ignored."""
        signal.signal(signal.SIGTERM, self._arrived)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._arrived)
        sys.unraisablehook = self._ignored

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        self.raised = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        raise self.raised

    def _ignored(self, lost: sys.UnraisableHookArgs) -> None:
        """An exception that nobody can catch: an interrupt arrives once more, everything else is told."""
        if self.raised is None or lost.exc_value is not self.raised:
            sys.__unraisablehook__(lost)
            return
        number = signal.SIGTERM if isinstance(self.raised, Terminated) else signal.SIGINT
        _thread.start_new_thread(_again, (_thread.get_ident(), number))


def _again(thread: int, number: signal.Signals) -> None:
    time.sleep(_AGAIN_SECONDS)
    if sys.platform == "win32":
        _thread.interrupt_main(number)
    else:
        signal.pthread_kill(thread, number)  # unlike the other, it also ends a wait


def run_process(argv: Sequence[str], app: click.Group | None = None) -> int:
    """:func:`run` with this process's streams and signals."""
    _reserve_standard_descriptors()
    interrupts = Interrupts()
    try:
        interrupts.install()
        return run(argv, Console.of_process(), app, interrupts)
    except Terminated:  # before anything was begun, or a second signal, while the first was being reported
        return ExitCode.TERMINATED


def run(
    argv: Sequence[str],
    console: Console,
    app: click.Group | None = None,
    interrupts: Interrupts | None = None,
) -> int:
    """Runs one command line and returns its exit code; every failure is reported on ``console``.

    ``app`` is the command tree, the usual one by default. After an interrupt nothing else is reported.
    """
    tree = app or build()
    try:
        code = _complete(tree) if COMPLETE_VARIABLE in os.environ else _invoke(tree, argv, console)
    except (Exception, KeyboardInterrupt) as error:  # the only catch-all: nothing may end in a traceback
        raised = interrupts.raised if interrupts else None
        code = report(raised or error, console, argv, os.environ)
    else:
        if interrupts and interrupts.raised:  # lost on its way here
            code = report(interrupts.raised, console, argv, os.environ)
    return _close(code, argv, console)


def _invoke(tree: click.Group, argv: Sequence[str], console: Console) -> int:
    try:
        with tree.make_context(PROGRAM, list(argv), obj=console, terminal_width=_help_width(console)) as ctx:
            code = int(ctx.command.invoke(ctx) or 0)
            console.flush()  # while signals still mean what the verb wants them to
            return code
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code


def _help_width(console: Console) -> int:
    return min(max(console.columns - 2, 50), 100)


def _complete(tree: click.Group) -> int:
    from click.shell_completion import shell_complete

    failed = shell_complete(tree, {}, PROGRAM, COMPLETE_VARIABLE, os.environ[COMPLETE_VARIABLE])
    return ExitCode.USAGE if failed else ExitCode.DONE


def _close(code: int, argv: Sequence[str], console: Console) -> int:
    try:
        console.close()
    except (Exception, KeyboardInterrupt) as error:
        later = report(error, console, argv, os.environ)
        return strongest([ExitCode(code), ExitCode(later)])
    return code


def _reserve_standard_descriptors() -> None:
    """A process started with a closed standard stream must not open a file in its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
