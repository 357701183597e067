"""What apply did, one line of truth per planned write."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .plan import Action


class Outcome(StrEnum):
    """How one planned write ended."""

    DONE = "done"
    SKIPPED = "skipped"
    """Not sent, because the remote moved since the plan."""
    FAILED = "failed"
    """The remote refused it: nothing changed."""
    UNKNOWN = "unknown"
    """It may or may not have taken effect."""
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one planned write."""

    action: Action
    key: str
    id: str | None
    outcome: Outcome
    detail: str = ""
    """Why it did not end as done; plain text, unescaped."""
    exit_code: int = 0
    """What this result alone would make the process answer."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All results, in the plan's order."""

    results: tuple[Result, ...]
    interrupted: int = 0
    """130 or 143 when a signal ended the run, 7 when its time limit did, else 0."""

    unlisted: tuple[str, ...] = ()
    """Keys of created assistants that the list did not show at the end of the run."""

    def count(self, outcome: Outcome, *actions: Action) -> int:
        """How many writes (of these actions, or of any) ended so."""
        return sum(r.outcome is outcome and (not actions or r.action in actions) for r in self.results)

    @property
    def complete(self) -> bool:
        """Every planned write is done, and the list shows it."""
        ended = all(result.outcome is Outcome.DONE for result in self.results)
        return ended and not self.interrupted and not self.unlisted
