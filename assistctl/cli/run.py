"""One run of the program: arguments in, exit code out."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from assistctl.errors import ExitCode, strongest

from .app import PROGRAM, build
from .console import Console
from .failures import Terminated, report
from .interrupts import Interrupts

COMPLETE_VARIABLE = "_ASSISTCTL_COMPLETE"
"""Set by the completion scripts: the shell asks for words, nobody runs a verb."""


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
