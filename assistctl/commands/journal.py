"""The write-ahead journal of creates, in the state folder.

Lines of JSON: a head with the owner, then ``intend`` before creates are sent, ``landed`` once an outcome
is known, ``clean`` when the closing list showed everything. A line that a kill cut off is ignored: what it
would have said was never sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from assistctl.files import FileRefused, PrivateLog, read_chosen

FORMAT = 1
_NAME = "journal.jsonl"
_MOST_BYTES = 64 * 1024 * 1024
_KEPT_BYTES = 1024 * 1024
"""A clean journal of more bytes begins anew."""


@dataclass(frozen=True, slots=True)
class History:
    """What the journal says about earlier runs on this machine."""

    exists: bool
    pending: frozenset[str] | None
    """Keys whose create may have been sent and that no closing list has shown yet; None where the journal
    cannot be read: then nothing is known."""


class FileJournal:
    """See :class:`~assistctl.model.journal.Journal`. Opens its file with the first intent."""

    def __init__(self, folder: Path, owner: str, run: str) -> None:
        self._path = folder / _NAME
        self._head = {"journal": FORMAT, "owner": owner, "run": run}
        self._log: PrivateLog | None = None
        self._lock = Lock()

    def intend(self, keys: Sequence[str]) -> None:
        """See the port."""
        self._append({"intend": list(keys)})

    def landed(self, key: str, remote_id: str | None) -> None:
        """See the port."""
        self._append({"landed": key, "id": remote_id})

    def clean(self) -> None:
        """Everything intended so far is settled."""
        self._append({"clean": True})

    @property
    def used(self) -> bool:
        """Whether this run wrote to it."""
        return self._log is not None

    def close(self) -> None:
        """Closes the file."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _append(self, entry: dict[str, object]) -> None:
        with self._lock:
            lines = [entry]
            if self._log is None:
                self._log = PrivateLog(self._path)
                lines = [self._head, entry]
            # The leading line end parts this entry from one that a kill cut off.
            self._log.append(b"".join(b"\n" + json.dumps(line).encode() for line in lines) + b"\n")


def history(folder: Path, owner: str) -> History:
    """Reads the journal of this owner on this remote."""
    try:
        data = read_chosen(folder / _NAME, limit=_MOST_BYTES)
    except FileRefused:
        exists = (folder / _NAME).exists()
        return History(exists, None if exists else frozenset())
    return History(True, _pending(data, owner))


def begin_anew(folder: Path) -> None:
    """Drops a long journal, once everything in it is settled."""
    path = folder / _NAME
    if path.exists() and path.stat().st_size > _KEPT_BYTES:
        path.unlink()


def _pending(data: bytes, owner: str) -> frozenset[str] | None:
    """None where it is not ours from its first line on."""
    pending: set[str] = set()
    headed = False
    *lines, torn = data.split(b"\n")
    for line in filter(bytes.strip, lines):
        entry = _entry(line)
        if entry is None and headed:
            continue  # cut off by an earlier kill: what it would have said was never sent
        if entry is None or not (headed or "journal" in entry):
            return None
        if "journal" in entry and (entry["journal"], entry.get("owner")) != (FORMAT, owner):
            return None
        headed = True
        _replay(pending, entry)
    return frozenset(pending) if headed or not torn or torn.startswith(b"{") else None


def _entry(line: bytes) -> dict[str, object] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _replay(pending: set[str], entry: dict[str, object]) -> None:
    intended = entry.get("intend")
    if isinstance(intended, list):
        pending.update(str(key) for key in intended)
    # What was made counts as open until a closing list showed it: the list of the next run may lag.
    if "landed" in entry and entry.get("id") is None:
        pending.discard(str(entry["landed"]))
    if entry.get("clean"):
        pending.clear()
