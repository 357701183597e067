"""Rows of ready JSON text in SQLite, safe for many threads and many processes at once.

A file store uses the write-ahead log with ``synchronous=FULL``: what was answered survives a kill and
a power cut. A deleted assistant leaves its place behind (an id, a time, a number), so that a walk of
the list that holds its id as cursor goes on where it was.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .database import database_faults, open_database, transaction

_PAGE = """SELECT id, body FROM assistants WHERE body IS NOT NULL
    AND (created_at, seq) > (?, ?) AND (created_at, seq) < (?, ?)
    ORDER BY created_at {order}, seq {order} LIMIT ?"""
_ASCENDING = _PAGE.format(order="ASC")
_DESCENDING = _PAGE.format(order="DESC")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an assistant stands in the list: by second, then by order of insertion."""

    created_at: int
    seq: int


_FIRST = Place(-(2**63), 0)
_LAST = Place(2**63 - 1, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the list, in the order that was asked for."""

    ids: tuple[str, ...]
    bodies: tuple[bytes, ...]
    has_more: bool
    """Whether there is more in the direction of the walk."""


class Rows:
    """What can be done inside one write; see :meth:`Store.writing`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, assistant_id: str) -> bytes | None:
        """The stored text; None where there is none, or no more."""
        return _one(self._connection, assistant_id)

    def insert(self, assistant_id: str, created_at: int, body: bytes) -> None:
        """Adds a row at the end of its second."""
        self._connection.execute(
            "INSERT INTO assistants (id, created_at, body) VALUES (?, ?, ?)", (assistant_id, created_at, body)
        )

    def replace(self, assistant_id: str, body: bytes | None) -> bool:
        """New text for a row that is there; None deletes it. False where there is no such row."""
        cursor = self._connection.execute(
            "UPDATE assistants SET body = ? WHERE id = ? AND body IS NOT NULL", (body, assistant_id)
        )
        return cursor.rowcount == 1


class Store:
    """All assistants of one server. Raises ``DiskFault`` for whatever goes wrong with the file.

    ``path`` is created with mode 0600 where missing (its folder must be there); ``:memory:`` lives as
    long as the object. Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._lock = threading.RLock()
        self._connection = open_database(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for a running operation; every later one raises ``DiskFault``."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        """One transaction, alone among all threads and processes; rolled back when the block raises."""
        with self._lock, database_faults(self._path, "written"), transaction(self._connection):
            yield Rows(self._connection)

    def get(self, assistant_id: str) -> bytes | None:
        """The stored text; None where there is none, or no more."""
        with self._lock, database_faults(self._path, "read"):
            return _one(self._connection, assistant_id)

    def place(self, assistant_id: str) -> Place | None:
        """Where an assistant stands, or stood until it was deleted; None for an id that never was."""
        with self._lock, database_faults(self._path, "read"):
            row = self._connection.execute(
                "SELECT created_at, seq FROM assistants WHERE id = ?", (assistant_id,)
            ).fetchone()
        return Place(*row) if row else None

    def page(
        self, *, newest_first: bool, limit: int, after: Place | None = None, before: Place | None = None
    ) -> Page:
        """Up to ``limit`` rows right after one place, or else right before another, both excluded.

        ``before`` alone walks backwards: the rows next to it, still in the order of the list. With
        both, the walk starts at ``after`` and ends before ``before``.
        """
        backwards = before is not None and after is None
        start, end = (before, after) if newest_first else (after, before)
        low, high = start or _FIRST, end or _LAST
        query = _ASCENDING if newest_first == backwards else _DESCENDING
        bounds = (low.created_at, low.seq, high.created_at, high.seq, limit + 1)
        with self._lock, database_faults(self._path, "read"):
            rows = self._connection.execute(query, bounds).fetchall()
        found = rows[:limit]
        if backwards:
            found.reverse()
        return Page(tuple(row[0] for row in found), tuple(row[1] for row in found), len(rows) > limit)


def _one(connection: sqlite3.Connection, assistant_id: str) -> bytes | None:
    row = connection.execute("SELECT body FROM assistants WHERE id = ?", (assistant_id,)).fetchone()
    return row[0] if row else None
