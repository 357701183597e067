"""The list travels while manifests are read: a plan waits for the longer of the two, not for both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from assistctl.model.assistant import Remote
from assistctl.model.provider import Provider

from .session import LOCAL_ORIGIN, Link

_SWITCH_SECONDS = 0.002
"""How often the two threads take turns: more often than usual, so that the next page is asked for soon after
one has come. Still shorter turns cost more processor time than the earlier question gains."""

Page = tuple[Remote, ...]


class Pages:
    """The pages of one walk, which goes on by itself."""

    def __init__(self, come: SimpleQueue[Page], walk: Future[None] | None, provider: Provider) -> None:
        self._come = come
        self._walk = walk
        self._provider = provider

    def by_now(self) -> Iterator[Page]:
        """The pages that have come since the last question, without waiting."""
        while not self._come.empty():
            yield self._come.get()

    def rest(self) -> Iterator[Page]:
        """All further pages. Raises what keeps the list from being complete."""
        if self._walk is None:
            yield from self._provider.pages()
            return
        self._walk.add_done_callback(lambda _: self._come.put(()))
        while page := self._come.get():
            yield page
        self._walk.result()


@contextmanager
def listing(link: Link) -> Iterator[Pages]:
    """Begins to walk the list.

    The embedded remote has nothing to wait for: there the walk begins when its pages are asked for. Whoever
    leaves the block early does not wait for the rest.
    """
    come: SimpleQueue[Page] = SimpleQueue()
    if link.origin == LOCAL_ORIGIN:
        yield Pages(come, None, link.provider)
        return

    def walk() -> None:
        for page in link.provider.pages():
            come.put(page)

    with _quick_turns(), ThreadPoolExecutor(1, "list") as pool:
        try:
            yield Pages(come, pool.submit(walk), link.provider)
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
