"""Probes that a kill left behind: found, waited for where they may still land, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from assistctl.engine.closing import WAITS
from assistctl.engine.probes import owner_mark, probe_mark
from assistctl.model.assistant import Remote
from assistctl.state import place_for

from .exclusive import Waiting, turn
from .journal import FileJournal, begin_anew, history
from .ports import Ports
from .probe import remove_probe
from .session import LOCAL_ORIGIN, Link

Listing = Callable[[], Sequence[Remote]]


@dataclass(frozen=True, slots=True)
class Book:
    """The journal of probes, and the names of those that earlier runs may have made."""

    journal: FileJournal
    pending: frozenset[str]


def left_behind(everything: Sequence[Remote], owner: str) -> list[Remote]:
    """The probes of this owner."""
    return [remote for remote in everything if probe_mark(remote) == owner_mark(owner)]


@contextmanager
def writing(link: Link, owner: str, run: str, ports: Ports) -> Iterator[Book]:
    """The right to write, taken as an apply takes it, and the journal of this owner's probes.

    The journal is one of their own: no apply has to wait for a probe. Raises as
    :func:`~assistctl.commands.exclusive.turn` does.
    """
    with turn(link, owner, run, Waiting(settle="never"), ports):
        whose = f"{owner} probes"
        folder = place_for(ports.environ, link.state_key, whose)
        past = history(folder, whose)
        if past.pending == frozenset():
            begin_anew(folder)
        journal = FileJournal(folder, whose, run)
        try:
            yield Book(journal, past.pending or frozenset())
        finally:
            journal.close()


def clear(link: Link, owner: str, book: Book, listing: Listing, ports: Ports) -> list[str]:
    """Removes this owner's probes and answers their ids. Where the create of a killed run does not show yet,
    it is waited for, as long as an apply would wait. Raises as ``remove_probe`` does."""
    removed: list[str] = []
    missing = set(book.pending)
    for wait in (0.0, *WAITS):
        if wait:
            ports.clock.sleep(wait)
        for remote in left_behind(listing(), owner):
            remove_probe(link.provider, remote.id, owner_mark(owner))
            removed.append(remote.id)
            missing.discard(str(remote.fields.get("name")))
        if not missing or link.origin == LOCAL_ORIGIN:
            break
        if not wait:
            ports.notify("an earlier write test did not end cleanly: waiting up to 30 s for its probe")
    for name in book.pending:
        book.journal.landed(name, None)
    return removed
