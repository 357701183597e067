"""One output stream that never stops the work: closed, full or ASCII only, the program carries on."""

from __future__ import annotations

import errno
import os
from typing import TextIO

_CLOSED = frozenset({errno.EPIPE, errno.EBADF, errno.ESHUTDOWN, errno.ECONNRESET})


class Sink:
    """Writes text to ``stream``; None is a stream that was closed before the start."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        """Why output was lost, when its reader did not simply go away: a full disk, say."""

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads this stream as it comes."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    @property
    def columns(self) -> int:
        """The width of the terminal behind this stream; 0 where there is none."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns if self._stream else 0
        except (OSError, ValueError):
            return 0

    def write(self, text: str) -> None:
        """Text for people: what the stream cannot encode is written as a backslash escape."""
        if self._stream is None:
            return
        try:
            self._stream.write(_encodable(text, getattr(self._stream, "encoding", None) or "utf-8"))
        except (OSError, ValueError) as error:
            self._give_up(error)

    def write_data(self, text: str) -> None:
        """Data for programs: always UTF-8 where it goes to a pipe or file, whatever the locale says."""
        raw = getattr(self._stream, "buffer", None)
        if raw is None or self.is_terminal:
            self.write(text)
            return
        try:
            self.flush()
            raw.write(text.encode("utf-8", "backslashreplace"))
        except (OSError, ValueError) as error:
            self._give_up(error)

    def flush(self) -> None:
        """Hands everything to the reader now."""
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: OSError | ValueError) -> None:
        if isinstance(error, OSError) and error.errno not in _CLOSED:
            self.failure = error
        stream, self._stream = self._stream, None
        if stream is not None:
            _drain_to_nowhere(stream)


def _encodable(text: str, encoding: str) -> str:
    if text.isascii():
        return text
    from assistctl.render.escape import encodable

    return encodable(text, encoding)


def _drain_to_nowhere(stream: TextIO) -> None:
    """What is still buffered goes to the null device, or the interpreter complains when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
    except (OSError, ValueError):  # not a real file: there is nothing the interpreter would flush
        return
