"""Intents ahead of the senders: journalled in batches, so that one flush to the disk serves many creates."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from assistctl.model.journal import Journal

_BATCH = 64


class Intents:
    """Keys in the order in which they are sent. Safe to use from several threads."""

    def __init__(self, keys: Sequence[str], journal: Journal) -> None:
        self._order = list(keys)
        self._place = {key: place for place, key in enumerate(self._order)}
        self._journal = journal
        self._written: set[str] = set()
        self._lock = Lock()

    def ensure(self, key: str) -> None:
        """Returns once the intent to create ``key`` is durable. Raises DiskFault."""
        with self._lock:
            if key in self._written:
                return
            place = self._place[key]
            batch = [each for each in self._order[place : place + _BATCH] if each not in self._written]
            self._journal.intend(batch)
            self._written.update(batch)

    def landed(self, key: str, remote_id: str | None) -> None:
        """The outcome of a create is known; another attempt is another intent."""
        self._journal.landed(key, remote_id)
        if remote_id is None:
            with self._lock:
                self._written.discard(key)
