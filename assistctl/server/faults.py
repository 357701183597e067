"""Faults for rehearsals: a seeded share of all requests goes wrong, in ways that servers were seen to fail.

A fault either keeps a request from the server or spoils the answer to one that took effect; the wait
stands around both. All of them are handlers around a handler.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistctl.errors import UsageFault

from .messages import Answer, Ending, Handler, Request, error_answer

_PAGE = (
    b"<!doctype html><html><head><title>Sign in</title></head>"
    b"<body><form><input type=password></form></body></html>"
)
_WAIT = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way to fail: ``about`` it in one line, and what becomes of a request."""

    about: str
    fail: Callable[[Handler, Request], Answer]


def _refused(status: int, *, ending: Ending = Ending.USUAL) -> Callable[[Handler, Request], Answer]:
    def fail(_inner: Handler, _request: Request) -> Answer:
        answer = error_answer(status, "A fault of the rehearsal.", kind="server_error")
        return replace(answer, ending=ending)

    return fail


def _throttled(_inner: Handler, _request: Request) -> Answer:
    # As OpenAI's Assistants endpoints label it, with a wait that keeps rehearsals short.
    return error_answer(
        429, "Rate limit reached.", code="rate_limit_exceeded", headers={"retry-after-ms": "100"}
    )


def _timed_out(inner: Handler, request: Request) -> Answer:
    inner(request)
    return error_answer(504, "A fault of the rehearsal.", kind="server_error")


def _reset(_inner: Handler, _request: Request) -> Answer:
    return Answer(500, {}, b"", cut=0, ending=Ending.RESET)


def _lost(inner: Handler, request: Request) -> Answer:
    return replace(inner(request), cut=0)


def _truncated(inner: Handler, request: Request) -> Answer:
    answer = inner(request)
    return replace(answer, cut=-max(1, len(answer.body) // 2))


def _page(_inner: Handler, _request: Request) -> Answer:
    return Answer(200, {"content-type": "text/html; charset=utf-8"}, _PAGE)


_KINDS: Mapping[str, _Kind] = {
    "429": _Kind("429 with a short retry-after-ms; nothing happens", _throttled),
    "500": _Kind("500; nothing happens", _refused(500)),
    "500-reset": _Kind(
        "500, then a reset of the next request on the same connection; nothing happens",
        _refused(500, ending=Ending.RESET_NEXT),
    ),
    "503": _Kind("503; nothing happens", _refused(503)),
    "504": _Kind("504 after the request took effect", _timed_out),
    "reset": _Kind("the connection is reset; nothing happens", _reset),
    "lost": _Kind("the request takes effect, the connection closes without an answer", _lost),
    "truncated": _Kind("the request takes effect, its answer ends in the middle", _truncated),
    "html": _Kind("200 with a web page; nothing happens", _page),
}

KINDS: Mapping[str, str] = {name: kind.about for name, kind in _KINDS.items()}
"""Every kind of fault: its name to one line about it."""


def with_faults(inner: Handler, rate: float, kinds: Sequence[str], seed: int) -> Handler:
    """``inner`` with a fault for a share ``rate`` (0 to 1) of all requests, of ``kinds`` in equal parts.

    ``seed`` decides which requests, in their order of arrival. Raises as :func:`parse_kinds` does.
    """
    chosen = [_KINDS[name] for name in parse_kinds(",".join(kinds))]
    draw = random.Random(seed)  # noqa: S311 - a rehearsal that can be repeated, no secret
    lock = threading.Lock()

    def handle(request: Request) -> Answer:
        with lock:
            failing, kind = draw.random() < rate, draw.choice(chosen)
        return kind.fail(inner, request) if failing else inner(request)

    return handle


def with_latency(inner: Handler, shortest: float, longest: float, seed: int = 0) -> Handler:
    """``inner``, whose answers take ``shortest`` to ``longest`` seconds, its own work included."""
    draw = random.Random(seed)  # noqa: S311 - a rehearsal that can be repeated, no secret
    lock = threading.Lock()

    def handle(request: Request) -> Answer:
        begin = time.monotonic()
        with lock:
            wanted = draw.uniform(shortest, longest)
        answer = inner(request)
        time.sleep(max(0.0, wanted - (time.monotonic() - begin)))
        return answer

    return handle


def parse_kinds(text: str) -> tuple[str, ...]:
    """``429,lost`` as names of faults; an empty text means all. Raises ``UsageFault`` for unknown ones."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or tuple(_KINDS)
    unknown = [name for name in names if name not in _KINDS]
    if unknown:
        raise UsageFault(
            f"there is no fault {', '.join(map(repr, unknown))}",
            undone="no server was started",
            next=f"choose from {', '.join(_KINDS)}",
        )
    return names


def parse_latency(text: str) -> tuple[float, float]:
    """``50`` or ``20-80``, in milliseconds, as the shortest and longest wait in seconds. Raises
    ``UsageFault`` for anything else."""
    match = _WAIT.fullmatch(text.strip().removesuffix("ms"))
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise UsageFault(
            f"--latency: {text[:40]!r} is no number of milliseconds like 50, and no range like 20-80",
            undone="no server was started",
        )
    return int(match[1]) / 1000, int(match[2] or match[1]) / 1000
