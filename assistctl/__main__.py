"""The program's entry: answers ``--version`` at once and hands everything else to the command line.

Nothing is imported here that the version does not need: it is printed before click is loaded.
"""

from __future__ import annotations

import gc
import os
import sys

from assistctl import __version__

_COLLECT_AFTER = (50_000, 20, 50)
"""New maps and lists until the garbage collector looks at the young ones, and how many such looks until it
looks at older ones. A command makes many and drops few in cycles: at Python's own 700 the collector takes
50 ms of a plan of 1,000 assistants and 25 ms of importing pydantic."""


def main() -> int:
    """Runs the command line of this process and returns its exit code. Never raises."""
    try:
        gc.set_threshold(*_COLLECT_AFTER)
        _forget_working_folder()
        if sys.argv[1:] in (["--version"], ["version"]) and _print_version():
            return 0
        from assistctl.cli.run import run_process

        return run_process(sys.argv[1:])
    except KeyboardInterrupt:  # in the few milliseconds before the command line's own handling is up
        return 130


def _forget_working_folder() -> None:
    """A ``yaml.py`` or ``click.py`` in the checkout must not be imported instead of the real one.

    ``python -m`` and ``PYTHONPATH`` can put the working folder in front of the standard library; whatever
    an installation needs comes behind it, and this package finds its own modules without the path.
    """
    try:
        here = os.path.realpath(os.getcwd())  # noqa: PTH109 - pathlib costs more than the whole answer
    except OSError:  # the working folder is gone: nothing can be imported from it
        return
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    front = sys.path.index(library) if library in sys.path else len(sys.path)
    sys.path[:front] = [entry for entry in sys.path[:front] if entry and os.path.realpath(entry) != here]


def _print_version() -> bool:
    """False where the output does not take it: then the long way knows what to do."""
    try:
        sys.stdout.write(f"assistctl {__version__}\n")
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
