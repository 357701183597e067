"""The program's own calls to the disk, counted, and one of them failing.

Wrapped are the standard library's functions, so whatever opens, writes, flushes, renames or makes a folder
in this process is seen. What the disk has for certain is known from the flushes that went well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

NAMES = ("open", "write", "fsync", "replace", "mkdir")


@dataclass
class FileCalls:
    """Lets the call of number ``fail_at`` (from 1; 0: none) fail with ``error``."""

    fail_at: int = 0
    error: int = 0
    count: int = 0
    failed: str = ""
    """The call that failed: its name, and the file it was about."""
    only: Callable[[str, tuple[Any, ...]], bool] = lambda _name, _args: True
    """Which calls are counted."""
    flushed: dict[str, bytes] = field(default_factory=dict)
    """Path to what of it is on the disk for certain."""
    _lock: Lock = field(default_factory=Lock)

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        for name in NAMES:
            patch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if self._fails(name, args):
                self.failed = f"{name} {_about(name, args)}"
                if name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])  # the disk took what it could
                raise OSError(self.error, os.strerror(self.error), _about(name, args))
            result = real(*args, **named)
            if name == "fsync":
                self._note(args[0])
            return result

        return call

    def _fails(self, name: str, args: tuple[Any, ...]) -> bool:
        with self._lock:
            counts = self.only(name, args)
            self.count += counts
            return counts and self.count == self.fail_at

    def _note(self, descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            self.flushed[path] = Path(path).read_bytes()


def for_writing(name: str, args: tuple[Any, ...]) -> bool:
    """Every call that changes the disk."""
    return name != "open" or bool(args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _about(name: str, args: tuple[Any, ...]) -> str:
    if isinstance(args[0], int):
        return os.readlink(f"/proc/self/fd/{args[0]}")
    return os.fsdecode(args[0])
