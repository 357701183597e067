"""The error tree and the exit codes.

::

    AssistctlError              1   a bug, when raised as itself
    ├── UsageFault             64   the command line or the environment does not fit
    ├── InvalidInput           65   manifest, project file or plan file (carries diagnostics)
    ├── DecisionNeeded          5   conflict, undecided match, stale or held by somebody else
    ├── GuardRefused            6   a guard or a policy says no
    ├── DiskFault              74   the local disk failed
    └── RemoteError             7   the remote is unreachable or broke the protocol
        ├── RemoteGone          9   the remote offers no assistants
        ├── CredentialsRefused  8   key missing or refused, credit used up
        ├── NotApplied          7   the request certainly had no effect
        │   └── NotStarted      7   a signal or the time limit came before it was sent
        ├── MarkerLost          5   the remote keeps no metadata
        └── OutcomeUnknown      4   the request may or may not have had an effect

Every error is data: what happened, where, what was *not* done and the next command. Nothing here is
escaped or coloured: the sink does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process answers; the numbers are a contract with scripts."""

    DONE = 0
    BUG = 1
    CHANGES_PENDING = 2
    PARTLY_APPLIED = 3
    OUTCOME_UNKNOWN = 4
    DECISION_NEEDED = 5
    GUARD_REFUSED = 6
    REMOTE_FAILED = 7
    CREDENTIALS = 8
    NO_ASSISTANTS = 9
    USAGE = 64
    INVALID = 65
    DISK = 74
    INTERRUPTED = 130
    TERMINATED = 143


_PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.USAGE,
    ExitCode.INVALID,
    ExitCode.NO_ASSISTANTS,
    ExitCode.OUTCOME_UNKNOWN,
    ExitCode.CREDENTIALS,
    ExitCode.DECISION_NEEDED,
    ExitCode.GUARD_REFUSED,
    ExitCode.DISK,
    ExitCode.PARTLY_APPLIED,
    ExitCode.REMOTE_FAILED,
    ExitCode.CHANGES_PENDING,
)


def strongest(codes: Iterable[ExitCode]) -> ExitCode:
    """The one code to answer when several apply: an interrupt first, then by severity; DONE for none."""
    present = set(codes)
    if ExitCode.BUG in present:
        return ExitCode.BUG
    return next((code for code in _PRECEDENCE if code in present), ExitCode.DONE)


class AssistctlError(Exception):
    """One problem a person can act on.

    ``what`` happened, ``where`` (file:line:col, key or id), what was not done (``undone``), and the
    ``next`` step or command. Only ``what`` is required.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, what: str, *, where: str = "", undone: str = "", next: str = "") -> None:  # noqa: A002
        super().__init__(what)
        self.what = what
        self.where = where
        self.undone = undone
        self.next = next

    def lines(self) -> tuple[str, ...]:
        """The message as plain lines, unescaped: the sink escapes each."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        tail = (
            ("Not done: " + self.undone) if self.undone else "",
            ("Next: " + self.next) if self.next else "",
        )
        return (head, *(line for line in tail if line))


class UsageFault(AssistctlError):
    """The command line, an ``ASSISTCTL_…`` variable or the chosen environment does not fit."""

    exit_code = ExitCode.USAGE


class InvalidInput(AssistctlError):
    """Manifests, the project file or a plan file are invalid; ``diagnostics`` says where, all at once."""

    exit_code = ExitCode.INVALID

    def __init__(
        self,
        what: str,
        *,
        diagnostics: tuple[object, ...] = (),
        where: str = "",
        undone: str = "",
        next: str = "",  # noqa: A002
    ) -> None:
        super().__init__(what, where=where, undone=undone, next=next)
        self.diagnostics = diagnostics


class DecisionNeeded(AssistctlError):
    """Somebody has to choose: a conflict, an undecided match, a stale plan, a held lock."""

    exit_code = ExitCode.DECISION_NEEDED


class GuardRefused(AssistctlError):
    """A guard, a limit or a policy refuses the plan."""

    exit_code = ExitCode.GUARD_REFUSED


class DiskFault(AssistctlError):
    """The local disk is full, read-only or failing."""

    exit_code = ExitCode.DISK


class RemoteError(AssistctlError):
    """The remote is unreachable or answered something outside the protocol.

    ``status`` is the HTTP status, None when there was no answer.
    """

    exit_code = ExitCode.REMOTE_FAILED

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        where: str = "",
        undone: str = "",
        next: str = "",  # noqa: A002
    ) -> None:
        super().__init__(what, where=where, undone=undone, next=next)
        self.status = status


class RemoteGone(RemoteError):
    """404 or 410 on the collection: this remote offers no assistants. Never read as "none exist"."""

    exit_code = ExitCode.NO_ASSISTANTS


class CredentialsRefused(RemoteError):
    """The key is missing, refused, or its credit is used up: no further write is sent."""

    exit_code = ExitCode.CREDENTIALS


class NotApplied(RemoteError):
    """The request certainly had no effect on the remote."""


class NotStarted(NotApplied):
    """A signal or ``--timeout`` ended the run before this request was sent."""


class MarkerLost(RemoteError):
    """The remote took a write and did not keep its ownership marker: ``remote_id`` is nobody's now."""

    exit_code = ExitCode.DECISION_NEEDED

    def __init__(self, remote_id: str) -> None:
        super().__init__(
            "the remote did not store the ownership marker: it cannot be managed there",
            where=remote_id,
            next="say `metadata: none` in its profile and use `id:` pins (assistctl doctor tells more)",
        )
        self.remote_id = remote_id


class OutcomeUnknown(RemoteError):
    """At least one byte was sent and no valid answer came back: the effect is not known."""

    exit_code = ExitCode.OUTCOME_UNKNOWN
