"""Ctrl-C and SIGTERM wherever nothing is being written: they end the verb, whatever a library makes of them.

While a plan is carried out :mod:`assistctl.cli.signals` has its own way with them.
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from types import FrameType

from .failures import Terminated

_AGAIN_SECONDS = 0.001
"""From the moment that an interrupt got lost: by then whoever lost it is probably past that place."""


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
