"""Requests with manners: headers, outcome classes, bounded retries, and no write once the key is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from assistctl import __version__
from assistctl.errors import CredentialsRefused, NotApplied, NotStarted, OutcomeUnknown, RemoteError
from assistctl.model.clock import Clock
from assistctl.model.profile import Profile
from assistctl.model.secret_forms import forms_of
from assistctl.model.values import Json

from .errors_wire import read_fault
from .first_contact import NEXT
from .gate import Gate, Ticket
from .json_wire import decode, excerpt, looks_like_html
from .message import Answer, AnswerTooLarge, Request, Sender
from .outcome import Failed, answered, broken, judged
from .pacing import RetryBudget, http_date

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 5
REQUEST_SECONDS = 120.0
"""All that one request may take, from connecting to the last byte."""
_JITTER_BASE = 0.5
_JITTER_CAP = 20.0
_THROTTLED = 429


class Transport:
    """Sends requests for one run to one remote; shared by all threads.

    ``key`` goes into the header that the profile names and is taken out of every text that comes back.
    ``seconds`` bounds the whole run (None: no bound). ``notify`` gets one line per retry, unescaped.
    """

    def __init__(
        self,
        sender: Sender,
        profile: Profile,
        key: str | None,
        *,
        clock: Clock,
        notify: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        self._sender = sender
        self._profile = profile
        self._forms = forms_of(key) if key else ()
        self._headers = _headers(profile, key or "")
        self._clock = clock
        self._notify = notify
        self._end = clock.now() + (float("inf") if seconds is None else seconds)
        self._budget = RetryBudget()
        self._gate = Gate()
        self._refused: CredentialsRefused | None = None
        self._date = ""

    def read(self, url: str, parse: Callable[[Json], T]) -> T:
        """A GET, tried up to five times; ``parse`` raises ``RemoteError`` for what it cannot accept."""
        return self._call(Request("GET", url, self._headers), parse)

    def write(
        self,
        url: str,
        body: Mapping[str, Json],
        parse: Callable[[Json], T],
        before_repeat: Callable[[], object] | None = None,
    ) -> T:
        """A POST. Repeated only while it certainly had no effect; raises ``OutcomeUnknown`` otherwise.

        ``before_repeat`` is called before each further attempt; what it raises ends the request.
        """
        request = Request("POST", url, {**self._headers, "Content-Type": "application/json"})
        try:
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            request = Request("POST", url, request.headers, text.encode("utf-8"))
        except ValueError as error:
            raise judged(f"the body is not valid JSON: {error}", request, NotApplied) from None
        return self._call(request, parse, before_repeat)

    def remove(self, url: str) -> Json:
        """A DELETE, tried up to five times; the answer's JSON, None where there is none."""
        return self._call(Request("DELETE", url, self._headers), lambda answer: answer)

    def stop(self) -> None:
        """No further request begins; those under way may end."""
        self._gate.stop()

    def abandon(self) -> None:
        """Cuts the requests under way: whether they took effect stays unknown."""
        self.stop()
        self._sender.abandon()

    def close(self) -> None:
        """Closes all connections."""
        self._sender.close()

    @property
    def server_time(self) -> float | None:
        """The remote's own clock in Unix seconds, by its latest ``Date`` header."""
        return http_date(self._date) if self._date else None

    def _call(
        self, request: Request, parse: Callable[[Json], T], before_repeat: Callable[[], object] | None = None
    ) -> T:
        lost: list[RemoteError] = []

        def attempt() -> T:
            with self._gate.passing(_kind(request), write=request.method != "GET") as ticket:
                try:
                    return self._attempt(request, parse, ticket)
                except Failed as failed:
                    _forget_frames(failed)
                    if failed.error.status == _THROTTLED:
                        self._gate.throttled(ticket)
                    if isinstance(failed.error, OutcomeUnknown):
                        lost.append(failed.error)
                    raise

        try:
            try:
                return attempt()
            except Failed as first:
                if not first.again:
                    raise
                return self._persist(attempt, first, before_repeat)
        except Failed as failed:
            raise self._scrubbed(_in_doubt(failed.error, lost)) from None

    def _attempt(self, request: Request, parse: Callable[[Json], T], ticket: Ticket) -> T:
        seconds = self._time_for(request)
        begin = self._clock.now()
        try:
            answer = self._sender.send(request, seconds)
            took = self._clock.now() - begin
            self._date = answer.headers.get("date", self._date)
            if not 200 <= answer.status < 300:
                raise self._refusal(request, answer)
            result = parse(self._decoded(request, answer))
        except RemoteError as error:
            raise broken(request, error) from None
        self._budget.refund()
        self._gate.succeeded(ticket, took)
        return result

    def _time_for(self, request: Request) -> float:
        """Seconds this request may take. Raises ``Failed`` where it must not be sent at all."""
        left = self._end - self._clock.now()
        if self._refused and request.method != "GET":
            refused = self._refused
            raise Failed(CredentialsRefused(refused.what, undone="no request was sent", next=refused.next))
        if self._gate.stopped or left <= 0:
            why = "the run was stopped" if self._gate.stopped else "the time limit of this run has passed"
            raise Failed(NotStarted(f"{why} before this request was sent", where=request.where))
        return min(REQUEST_SECONDS, left)

    def _refusal(self, request: Request, answer: Answer) -> Failed:
        failed = answered(request, answer, read_fault(answer, self._scrub), self._profile)
        if isinstance(failed.error, CredentialsRefused):
            self._refused = failed.error
        return failed

    def _decoded(self, request: Request, answer: Answer) -> Json:
        if request.method == "DELETE" and not answer.body.strip():
            return None  # 204, and some servers' 200
        try:
            return decode(answer.body)
        except AnswerTooLarge:
            raise
        except RemoteError as error:
            beginning = excerpt(self._scrub(answer.body[:4096].decode("utf-8", "replace")))
            what = error.what + (f"; it begins: {beginning}" if beginning else "")
            raise RemoteError(what, next=NEXT if looks_like_html(answer.body) else "") from None

    def _persist(
        self, attempt: Callable[[], T], first: Failed, before_repeat: Callable[[], object] | None
    ) -> T:
        from tenacity import Retrying, retry_if_exception, wait_random_exponential  # failures are rare

        jitter = wait_random_exponential(multiplier=_JITTER_BASE, max=_JITTER_CAP)
        pending = [first]

        def replay() -> T:
            if pending:
                raise pending.pop()
            if before_repeat is not None:
                before_repeat()
            return attempt()

        retrying = Retrying(
            sleep=self._clock.sleep,
            wait=lambda state: jitter(state) if (asked := _failure(state).delay) is None else asked,
            stop=self._gives_up,
            retry=retry_if_exception(lambda error: isinstance(error, Failed) and error.again),
            before_sleep=self._announce,
            reraise=True,
        )
        return retrying(replay)

    def _gives_up(self, state: RetryCallState) -> bool:
        if state.attempt_number >= ATTEMPTS:
            reason = f"{ATTEMPTS} attempts were made"
        elif self._gate.stopped:
            reason = "the run was stopped"
        elif self._clock.now() + state.upcoming_sleep >= self._end:
            reason = "the next attempt would come after the time limit of this run"
        elif not self._budget.take():
            reason = "this run has used up its retries"
        else:
            return False
        error = _failure(state).error
        error.what = f"{error.what} (given up: {reason})"
        return True

    def _announce(self, state: RetryCallState) -> None:
        what = self._scrub(_failure(state).error.what)
        self._notify(
            f"retrying in {state.upcoming_sleep:.1f} s ({state.attempt_number} of {ATTEMPTS - 1}): {what}"
        )

    def _scrub(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, "***")
        return text

    def _scrubbed(self, error: RemoteError) -> RemoteError:
        return type(error)(
            self._scrub(error.what),
            where=self._scrub(error.where),
            status=error.status,
            undone=error.undone,
            next=error.next,
        )


def _headers(profile: Profile, key: str) -> dict[str, str]:
    headers = {
        **profile.headers,
        "Accept": "application/json",
        "User-Agent": f"assistctl/{__version__}",
        "OpenAI-Beta": "assistants=v2",
    }
    if key and profile.auth in ("bearer", "command"):
        headers["Authorization"] = f"Bearer {key}"
    elif key and profile.auth == "header":
        headers[profile.auth_header] = key
    return headers


def _kind(request: Request) -> str:
    """Method and depth of the path: creates and modifies need not be equally quick, nor pages and items."""
    return f"{request.method} {request.url.partition('?')[0].count('/')}"


def _in_doubt(last: RemoteError, lost: Sequence[RemoteError]) -> RemoteError:
    """What a request ends with: a last attempt without effect does not undo an earlier one that may have
    had one. A 404 tells how that one ended."""
    sure = isinstance(last, NotApplied | CredentialsRefused) and last.status not in (404, 410)
    return lost[-1] if lost and sure else last


def _forget_frames(failed: Failed) -> None:
    """A failure is kept while the next attempt runs; the frames behind it would keep a large answer."""
    failed.__traceback__ = failed.__context__ = None


def _failure(state: RetryCallState) -> Failed:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Failed):
        raise TypeError("a retry was considered without a failure")
    return error
