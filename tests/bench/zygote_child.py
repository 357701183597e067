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

from .zygote import Ended, Kill

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


class _Effects:
    """Counts effects in memory that outlives the process, and kills it at one of them."""

    def __init__(self, counter: mmap.mmap, kill: Kill) -> None:
        self._counter = counter
        self._kill = kill
        self._lock = threading.Lock()
        self._count = 0

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
                number = self._count
                self._counter[:8] = struct.pack("q", number)
            if number != self._kill.effect:
                return function(*args, **options)
            if self._kill.how == "after":
                function(*args, **options)
            elif self._kill.how == "middle" and half is not None:
                function(*half(*args), **options)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # this thread may outlive the call by a moment
            raise AssertionError

        return counted


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
    os.close(ready)
    _Effects(counter, Kill(**order["kill"]) if order["kill"] else Kill()).install()
    return main()


def _forked(order: Mapping[str, Any], counter: mmap.mmap, out: IO[bytes], err: IO[bytes]) -> int:
    """Returns once the child is about to run the program."""
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


def _waited(child: int, order: Mapping[str, Any]) -> float | None:
    """Returns when the child has ended; sends it what was ordered."""
    seconds, number = 0.0, 0
    if order["kill"] and order["kill"]["seconds"]:
        seconds, number = order["kill"]["seconds"], signal.SIGKILL
    elif order["signal"]:
        seconds, number = order["signal"]["seconds"], order["signal"]["number"]
    if not number:
        return None
    descriptor = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([descriptor], [], [], seconds)
        if ended:
            return None
        moment = time.monotonic()
        os.kill(child, number)
        return moment
    finally:
        os.close(descriptor)


def _served(order: Mapping[str, Any]) -> Ended:
    counter = mmap.mmap(-1, 8)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = _forked(order, counter, out, err)
        begun = time.monotonic()
        signalled_at = _waited(child, order)
        _, status = os.waitpid(child, 0)
        ended = time.monotonic()
        code, effects = os.waitstatus_to_exitcode(status), struct.unpack("q", counter[:8])[0]
        return Ended(code, _text(out), _text(err), effects, ended - begun, signalled_at, ended)


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
