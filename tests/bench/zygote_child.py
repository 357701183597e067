"""The process behind :class:`~tests.bench.zygote.Zygote`.

One command per line of JSON on standard input, one end per line on standard output.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import mmap
import os
import pkgutil
import random
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import IO, Any

from .zygote import Ended, Kill, Signal

_NEEDED = (
    "filelock",
    "httpcore",
    "httpx",
    "tenacity",
    "assistctl.cli.verbs.apply",
    "assistctl.cli.verbs.plan",
)
_ROOMS = ("assistctl.engine", "assistctl.manifest", "assistctl.providers", "assistctl.server")
_BUG = 1
_STOPPING = b"stopping: "
_LOOK_SECONDS = 0.002


class _Effects:
    """Counts effects in memory that outlives the process, and kills it at one of them."""

    def __init__(self, counter: mmap.mmap, kill: Kill) -> None:
        self._counter = counter
        self._kill = kill
        self._lock = threading.Lock()
        self._count = 0
        self._named = 0

    def install(self) -> None:
        """Wraps the functions of the standard library through which everything outside is changed."""
        for name in ("fsync", "replace", "unlink"):
            setattr(os, name, self._wrapped(getattr(os, name)))
        setattr(os, "write", self._wrapped(os.write, _half))  # noqa: B010 - as the ones above
        for name in ("connect", "recv"):
            setattr(socket.socket, name, self._wrapped(getattr(socket.socket, name)))
        for name in ("send", "sendall"):
            setattr(socket.socket, name, self._wrapped(getattr(socket.socket, name), _half))

    def _wrapped(
        self, function: Callable[..., Any], half: Callable[..., tuple[Any, ...]] | None = None
    ) -> Callable[..., Any]:
        @wraps(function)
        def counted(*args: Any, **options: Any) -> Any:
            with self._lock:
                self._count += 1
                self._counter[:8] = struct.pack("q", self._count)
                named = self._kill.of in _head(args)
                self._named += named
                due = named and self._named == self._kill.effect
            if not due:
                return function(*args, **options)
            if self._kill.how == "after":
                function(*args, **options)
            elif self._kill.how == "middle" and half is not None:
                function(*half(*args), **options)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # this thread may outlive the call by a moment
            raise AssertionError

        return counted


def _head(args: tuple[Any, ...]) -> str:
    data = args[1] if len(args) > 1 else b""
    return bytes(data[:200]).decode("latin-1") if isinstance(data, bytes | bytearray | memoryview) else ""


def _half(where: Any, data: Any, *rest: Any) -> tuple[Any, ...]:
    return (where, bytes(data)[: len(data) // 2], *rest)


def _import_the_program() -> None:
    for name in _NEEDED:
        importlib.import_module(name)
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)


def _warm_up() -> None:
    """One plan against the embedded remote, so that no child has to build validators again."""
    from assistctl.cli.console import Console
    from assistctl.cli.run import run

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "assistctl.yaml").write_text("project: warm\nprovider: local\n", encoding="utf-8")
        (folder / "assistants").mkdir()
        (folder / "assistants" / "bot.yaml").write_text("model: gpt-4o\ntools: []\n", encoding="utf-8")
        heard = io.StringIO()
        code = run(["-C", name, "plan"], Console(None, heard, heard, os.environ))
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(60)
    if code or threading.active_count() != 1:
        raise RuntimeError(heard.getvalue())


def _child(order: Mapping[str, Any], counter: mmap.mmap, out: int, err: int, ready: int) -> int:
    from assistctl.__main__ import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["assistctl", *order["argv"]]
    random.seed()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    _tell_when_listening(ready)
    _Effects(counter, Kill(**order["kill"]) if order["kill"] else Kill()).install()
    return main()


def _tell_when_listening(ready: int) -> None:
    """Before the program handles SIGTERM, the system ends it without its having a say."""
    install, left = signal.signal, [ready]

    @wraps(install)
    def installed(number: int, handler: Any) -> Any:
        before = install(number, handler)
        if number == signal.SIGTERM and left:
            os.close(left.pop())
        return before

    signal.signal = installed


def _forked(order: Mapping[str, Any], counter: mmap.mmap, out: IO[bytes], err: IO[bytes]) -> int:
    """Returns once the program listens to signals."""
    reader, ready = os.pipe()
    child = os.fork()
    if child:
        os.close(ready)
        os.read(reader, 1)
        os.close(reader)
        return child
    code = _BUG
    try:
        code = _child(order, counter, out.fileno(), err.fileno(), ready)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        os.write(err.fileno(), traceback.format_exc().encode())
        raise
    finally:
        os._exit(code)


def _ordered(order: Mapping[str, Any]) -> Signal | None:
    if order["kill"] and order["kill"]["seconds"]:
        return Signal(signal.SIGKILL, order["kill"]["seconds"])
    return Signal(**order["signal"]) if order["signal"] else None


def _signalled(child: int, order: Signal, err: IO[bytes]) -> tuple[float | None, float | None]:
    """Sends the child what was ordered. When that was, and when it was seen to have said that it stops."""
    descriptor = os.pidfd_open(child)
    try:
        while order.after and not Path(order.after).exists():
            if _over(descriptor, _LOOK_SECONDS):
                return None, None
        if _over(descriptor, order.seconds):
            return None, None
        moment = time.monotonic()
        os.kill(child, order.number)
        if order.after:
            order.sent.touch()
        while _STOPPING not in os.pread(err.fileno(), 1 << 20, 0):
            if _over(descriptor, _LOOK_SECONDS):
                return moment, None
        return moment, time.monotonic()
    finally:
        os.close(descriptor)


def _over(process: int, seconds: float) -> bool:
    """Waits for ``seconds`` at most. Whether the process has ended."""
    return bool(select.select([process], [], [], seconds)[0])


def _served(order: Mapping[str, Any]) -> Ended:
    counter = mmap.mmap(-1, 8)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = _forked(order, counter, out, err)
        begun = time.monotonic()
        ordered = _ordered(order)
        signalled_at, told_at = _signalled(child, ordered, err) if ordered else (None, None)
        _, status = os.waitpid(child, 0)
        ended = time.monotonic()
        code, effects = os.waitstatus_to_exitcode(status), struct.unpack("q", counter[:8])[0]
        seconds = ended - begun
        return Ended(code, _text(out), _text(err), effects, seconds, signalled_at, told_at, ended)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def main() -> None:
    _import_the_program()
    _warm_up()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(asdict(_served(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
