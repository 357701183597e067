"""The closing list: what a run created must show in the list before the run may end.

A list that lags would make the next plan create everything again: nothing on the remote but the list
says what exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from assistctl.model.assistant import Remote
from assistctl.model.clock import Clock
from assistctl.model.plan import Action
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Report

from .survey import see

WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two looks: at 1, 3, 7, 15 and 30 s."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What the last list said about the creates of a run."""

    unlisted: tuple[str, ...] = ()
    """Keys whose new assistant the list does not show yet."""
    twins: tuple[str, ...] = ()
    """Keys that more than one assistant bears now."""


def created(report: Report) -> dict[str | None, str]:
    """Id to key of what this run created."""
    return {
        result.id: result.key
        for result in report.results
        if result.action is Action.CREATE and result.outcome is Outcome.DONE
    }


def close(
    report: Report, owner: str, provider: Provider, clock: Clock, seconds: float = sum(WAITS)
) -> Closing:
    """Lists once, and again while something is missing, for up to ``seconds``. Without creates nothing is
    sent.

    Raises a RemoteError where the list cannot be read.
    """
    made = created(report)
    if not made:
        return Closing()
    begin = clock.now()
    for wait in (0.0, *WAITS):
        left = begin + seconds - clock.now()
        if wait and left <= 0:
            break
        if wait:
            clock.sleep(min(wait, left))
        found = _keys((remote for page in provider.pages() for remote in page), owner)
        unlisted = tuple(sorted(key for remote_id, key in made.items() if remote_id not in found))
        if not unlisted:
            break
    held = Counter(found.values())
    return Closing(unlisted, tuple(sorted(key for key in set(made.values()) if held[key] > 1)))


def _keys(remotes: Iterable[Remote], owner: str) -> dict[str, str]:
    """By id the key of what ``owner`` owns, empty for everything else: all that a closing list is read
    for."""
    found: dict[str, str] = {}
    for remote in remotes:
        marker = see(remote).marker
        found[remote.id] = marker.key if marker and marker.owner == owner else ""
    return found
