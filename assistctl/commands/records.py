"""Run records in the state folder: written after every run that wrote something, listed and read back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assistctl import __version__
from assistctl.engine.recording import dump, load, written
from assistctl.errors import AssistctlError, DiskFault, UsageFault
from assistctl.files import read_chosen, stream_private
from assistctl.model.plan import Plan
from assistctl.model.record import RunRecord
from assistctl.model.report import Report
from assistctl.state import place_for

from .exclusive import Waiting
from .live_key import without_key
from .ports import Ports
from .session import Link

_KEPT = 200
"""Records kept per owner and remote; the oldest go first."""
_MOST_BYTES = 256 * 1024 * 1024
_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9]{1,8}\.json")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is carried out and recorded."""

    verb: str
    parallelism: int = 4
    """Writes under way at once."""
    strict: bool = False
    """Answer 3 where the remote accepts a field and does not store it."""
    waiting: Waiting = field(default_factory=Waiting)
    record: Path | None = None
    """``--record FILE``: the record of the run once more, where the operator wants it."""


def keep(manner: Manner, plan: Plan, report: Report, link: Link, started: float, ports: Ports) -> None:
    """Writes the record of a run that wrote something. Raises DiskFault."""
    writes = written(plan, report)
    if not writes and manner.record is None:
        return
    run = plan.run or ports.run_id()
    record = RunRecord(
        run, manner.verb, plan.owner, plan.provider, plan.origin, started, ports.wall(), __version__, writes
    )
    if manner.record is not None:
        stream_private(manner.record, _pieces(record, link.key))
    if writes:
        folder = folder_of(ports.environ, link, plan.owner)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(started))
        stream_private(folder / f"{stamp}-{run}.json", _pieces(record, link.key))
        for old in _names(folder)[_KEPT:]:
            (folder / old).unlink(missing_ok=True)


def _pieces(record: RunRecord, key: str) -> Iterator[bytes]:
    return (without_key(piece, key).encode("utf-8", "surrogatepass") for piece in dump(record))


def folder_of(environ: Mapping[str, str], link: Link, owner: str) -> Path:
    """Where the records of one owner on one remote are. Raises DiskFault."""
    folder = place_for(environ, link.state_key, owner) / "runs"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DiskFault(error.strerror or "cannot be made", where=str(folder)) from error
    return folder


def listed(environ: Mapping[str, str], link: Link, owner: str) -> tuple[RunRecord, ...]:
    """All readable records, newest first."""
    folder = folder_of(environ, link, owner)
    found = []
    for name in _names(folder):
        try:
            found.append(read_record(folder / name))
        except AssistctlError:
            continue  # a record of another version must not hide the others
    return tuple(found)


def find(environ: Mapping[str, str], link: Link, owner: str, run_or_file: str, base: Path) -> RunRecord:
    """A record by its run id, or a file that ``--record`` wrote (relative to ``base``).

    Raises UsageFault where there is neither.
    """
    folder = folder_of(environ, link, owner)
    for name in _names(folder):
        if name.removesuffix(".json").rpartition("-")[2] == run_or_file:
            return read_record(folder / name)
    path = base / run_or_file
    if path.is_file():
        return read_record(path)
    raise UsageFault(f"there is no run and no file {run_or_file!r}", next="assistctl runs")


def read_record(path: Path) -> RunRecord:
    """One record. Raises InvalidInput where the file is none."""
    return load(read_chosen(path, limit=_MOST_BYTES).decode("utf-8", "replace"), str(path))


def _names(folder: Path) -> list[str]:
    return sorted((entry.name for entry in folder.iterdir() if _NAME.fullmatch(entry.name)), reverse=True)
