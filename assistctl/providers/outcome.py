"""What an HTTP status means for the request that was answered with it.

Certainly without effect: redirects (never followed) and the statuses of :data:`NOT_APPLIED`. Everything
else that is no 2xx leaves open whether a write took effect, 5xx and 408 above all.
"""

from __future__ import annotations

from http import HTTPStatus

from assistctl.errors import CredentialsRefused, NotApplied, OutcomeUnknown, RemoteError, UsageFault
from assistctl.model.profile import Profile

from .errors_wire import Fault
from .first_contact import OtherProtocol
from .message import Answer, AnswerTooLarge, Request, Unreachable
from .pacing import LONGEST_WAIT, asked_delay
from .urls import origin_of

NOT_APPLIED = frozenset({400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 425, 429})
_PASSING = frozenset({408, 425, 429})
_QUOTA_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "quota_exceeded"}
)
"""A 429 that waiting does not cure (OpenAI's error codes)."""


class Failed(Exception):
    """One attempt failed: with what ``error``, whether trying ``again`` is safe and may help, and after
    how many seconds (None: no wish). Never leaves this package."""

    def __init__(self, error: RemoteError, *, again: bool = False, delay: float | None = None) -> None:
        super().__init__(error.what)
        self.error = error
        self.again = again
        self.delay = delay


def answered(request: Request, answer: Answer, fault: Fault, profile: Profile) -> Failed:
    """The failure that a complete answer other than 2xx stands for."""
    what = f"the remote answered {_phrase(answer.status)}{_told(fault)}"
    if answer.status in (401, 402, 403) or fault.code in _QUOTA_CODES:
        return Failed(_credentials(what, request, answer.status, profile))
    if 300 <= answer.status < 400:
        return Failed(_redirected(request, answer))
    delay = asked_delay(answer.headers)
    again = _again(request, answer)
    if again and delay is not None and delay > LONGEST_WAIT:
        what += f"; it asks to wait {delay:.0f} s, more than the {LONGEST_WAIT:.0f} s this run would wait"
        again = False
    kind = NotApplied if answer.status in NOT_APPLIED else OutcomeUnknown
    return Failed(judged(what, request, kind, answer.status), again=again, delay=delay)


def broken(request: Request, error: RemoteError) -> Failed:
    """The failure to get an answer, or to make sense of a 2xx: unknown, unless nothing was sent."""
    if isinstance(error, Unreachable):
        what = f"the remote cannot be reached: {error.what}"
        return Failed(judged(what, request, NotApplied), again=error.again)
    if isinstance(error, OtherProtocol):
        return Failed(OtherProtocol(error.what, where=request.where, undone=error.undone, next=error.next))
    if isinstance(error, AnswerTooLarge) and request.method == "GET":
        return Failed(AnswerTooLarge(error.what, where=request.where))
    failure = judged(error.what, request, OutcomeUnknown, error.status)
    failure.next = error.next or failure.next
    return Failed(failure, again=request.repeatable)


def judged(
    what: str, request: Request, kind: type[NotApplied | OutcomeUnknown], status: int | None = None
) -> RemoteError:
    """The error for a failed request; a failed read has no outcome to be in doubt about."""
    if request.method == "GET":
        return RemoteError(what, where=request.where, status=status)
    sure = kind is NotApplied
    return kind(
        what,
        where=request.where,
        status=status,
        undone="the request had no effect" if sure else "whether the request took effect is not known",
        next="" if sure else "run the same command again: it looks first and repeats only what is missing",
    )


def _again(request: Request, answer: Answer) -> bool:
    wish = answer.headers.get("x-should-retry", "").lower()
    safe = request.repeatable or answer.status in NOT_APPLIED
    passing = answer.status in _PASSING or answer.status >= 500
    return safe and (wish == "true" or (passing and wish != "false"))


def _credentials(what: str, request: Request, status: int, profile: Profile) -> CredentialsRefused:
    return CredentialsRefused(
        what,
        status=status,
        where=request.where,
        undone="no further write is sent",
        next=_remedy(status, profile),
    )


def _remedy(status: int, profile: Profile) -> str:
    export = f"export {profile.api_key_env[0]}=…" if profile.api_key_env else "check the access rights"
    if status == 403 and "aimlapi.com" in profile.base_url:
        return f"check the balance (AIML API answers 403 when credits are used up), or the key: {export}"
    if status in (402, 429):
        return f"add credit, or use another key: {export}"
    return export if status == 401 else f"check the key and its rights: {export}"


def _redirected(request: Request, answer: Answer) -> RemoteError:
    try:
        target = origin_of(answer.headers.get("location", ""))
    except UsageFault:
        target = "another path"
    error = judged(
        f"the remote answered {_phrase(answer.status)} to {target}; redirects are never followed",
        request,
        NotApplied,
        answer.status,
    )
    error.next = "if that is the right place, name it yourself: --base-url https://HOST/PATH"
    return error


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _told(fault: Fault) -> str:
    details = (
        fault.code and f"code {fault.code}",
        fault.param and f"param {fault.param}",
        fault.request_id and f"request {fault.request_id}",
    )
    known = ", ".join(detail for detail in details if detail)
    return (f": {fault.message}" if fault.message else "") + (f" ({known})" if known else "")
