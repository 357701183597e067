"""The embedded server over HTTP/1.1 on loopback: in the background, or until a signal.

Faults for rehearsals are handlers around the handler.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from assistctl.errors import UsageFault

from .connections import ConnectionServer
from .messages import Handler


@contextmanager
def running(handle: Handler, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves in the background while the block runs; gives the URL (port 0: a free one).

    Raises ``UsageFault`` when the address cannot be had. At the end requests that are being answered
    are finished, connections closed.
    """
    server = _bound(handle, host, port)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name="assistants-server", daemon=True
    )
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()


def serve(handle: Handler, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM, then returns; ``on_ready`` gets the URL once connections are taken.

    Main thread only, as signals are. Raises ``UsageFault`` when the address cannot be had.
    """
    with _stop_signals() as wait, running(handle, host, port) as url:
        on_ready(url)
        wait()


@contextmanager
def _stop_signals() -> Iterator[Callable[[], None]]:
    """A function that returns once SIGINT or SIGTERM came; the handlers are put back at the end."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def note(number: int, _frame: object) -> None:
        with suppress(BlockingIOError):
            os.write(writer, bytes([number]))

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: _wait_for_byte(reader)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _wait_for_byte(descriptor: int) -> None:
    os.read(descriptor, 1)


def _bound(handle: Handler, host: str, port: int) -> ConnectionServer:
    try:
        return ConnectionServer(handle, host, port)
    except (OSError, OverflowError) as error:
        raise UsageFault(
            f"cannot listen on {host}:{port}: {error}",
            undone="no server was started",
            next="choose another --port, or --port 0 for a free one",
        ) from error
