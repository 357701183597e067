"""Opening the server's SQLite file: ours or nobody's, private, durable."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from assistctl.errors import DiskFault

APPLICATION_ID = 0x61637431
"""Written into the file's header: this is our database ("act1")."""
SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0
"""How long a write waits for another process."""

_SCHEMA = (
    """CREATE TABLE assistants (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        body BLOB
    )""",
    "CREATE INDEX assistants_in_order ON assistants (created_at, seq) WHERE body IS NOT NULL",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_MOVE = "choose another file, or move this one away and start with an empty one"
_FOLDER = "choose a file in a folder that exists and is writable"


def open_database(path: str) -> sqlite3.Connection:
    """A connection for all threads, in autocommit, with the schema in place.

    Raises ``DiskFault`` for a file that cannot be made, is no database, or is somebody else's.
    """
    if path != ":memory:":
        _claim_file(path)
    with database_faults(path, "opened"):
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except (sqlite3.Error, DiskFault):
            connection.close()
            raise
    return connection


@contextmanager
def database_faults(path: str, verb: str) -> Iterator[None]:
    """Turns every SQLite error inside into a ``DiskFault``; ``verb`` says what was tried."""
    try:
        yield
    except sqlite3.Error as error:
        raise _fault(path, f"the database cannot be {verb}: {error}", _MOVE) from error


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Alone among all processes (``BEGIN`` instead reads one moment of the file); committed at the end,
    rolled back when the block raises."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    with transaction(connection, "BEGIN"):
        version = _version(connection, path)
    _switch_to_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    if version == SCHEMA_VERSION:
        return
    with transaction(connection):
        if _version(connection, path) == 0:
            for statement in _SCHEMA:
                connection.execute(statement)


def _switch_to_log(connection: sqlite3.Connection) -> None:
    """The one statement that does not wait for other processes by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _version(connection: sqlite3.Connection, path: str) -> int:
    """0 for a fresh file; raises for a file of another program or of a later version."""
    version = _number(connection, "PRAGMA user_version")
    ours = _number(connection, "PRAGMA application_id") == APPLICATION_ID
    if not ours and (version or _number(connection, "SELECT count(*) FROM sqlite_master")):
        raise _fault(path, "this SQLite file belongs to another program", _MOVE)
    if version > SCHEMA_VERSION:
        raise _fault(path, f"written by a later version of assistctl (schema {version})", _MOVE)
    return version


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _claim_file(path: str) -> None:
    """Makes the file, readable by its owner only; refuses links, folders and pipes."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        raise _fault(path, f"the database cannot be opened: {error}", _FOLDER) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _fault(path, "the database cannot be opened: not a regular file", _FOLDER)
    finally:
        os.close(descriptor)


def _fault(path: str, what: str, next_step: str) -> DiskFault:
    return DiskFault(what, where=path, undone="no assistant was read or changed", next=next_step)
