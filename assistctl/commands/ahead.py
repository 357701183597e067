"""The list travels while manifests are read: a plan waits for the longer of the two, not for both."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from assistctl.engine.survey import Survey

from .remote import gather
from .session import LOCAL_ORIGIN, Session

_SWITCH_SECONDS = 0.002
"""How often the two threads take turns: more often than usual, so that the next page is asked for soon after
one has come. Still shorter turns cost more processor time than the earlier question gains."""

Gathered = Callable[[], Survey]


@contextmanager
def gathering(session: Session, share: Callable[[str], str] = str) -> Iterator[Gathered]:
    """Begins to walk the list; the call gives the survey, or raises what went wrong. ``share`` is for
    :func:`~assistctl.commands.remote.gather`.

    The embedded remote has nothing to wait for: there the call itself walks the list. Whoever leaves the
    block early does not wait for the rest.
    """
    link, settings = session.link, session.settings

    def walk() -> Survey:
        return gather(link.provider, settings.owner, settings.project.formerly, share)

    if link.origin == LOCAL_ORIGIN:
        yield walk
        return
    with _quick_turns(), ThreadPoolExecutor(1, "list") as pool:
        coming = pool.submit(walk)
        try:
            yield coming.result
        except BaseException:
            link.provider.abandon()
            raise


@contextmanager
def _quick_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
