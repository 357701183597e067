"""The write-ahead journal as a port: what a run intends to create is durable before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Journal(Protocol):
    """Safe to call from several threads. Raises DiskFault: then nothing may be sent."""

    def intend(self, keys: Sequence[str]) -> None:
        """Durable when it returns: creates of these keys may be sent from now on."""
        ...

    def landed(self, key: str, remote_id: str | None) -> None:
        """The create of ``key`` is known to have made ``remote_id``, or (None) to have had no effect."""
        ...


class NoJournal:
    """For remotes that need none, and for tests."""

    def intend(self, keys: Sequence[str]) -> None:
        """Nothing is kept."""

    def landed(self, key: str, remote_id: str | None) -> None:
        """Nothing is kept."""
