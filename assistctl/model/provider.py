"""The port to a remote: all that the engine and the commands may do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from .assistant import Remote
from .values import Json


class Provider(Protocol):
    """A remote that speaks the Assistants protocol, v2.

    All methods are safe to call from several threads. They raise errors of the tree below
    ``RemoteError``: ``NotApplied`` when the request certainly had no effect, ``OutcomeUnknown``
    when it may have had one.
    """

    def pages(self) -> Iterator[tuple[Remote, ...]]:
        """Every assistant, page by page, oldest first; the last one counts where one came twice.

        Raises before it ends when the list cannot be trusted to be complete: whoever folds the pages
        must drop them then.
        """
        ...

    def get(self, remote_id: str) -> Remote | None:
        """One assistant, or None where there is none with this id."""
        ...

    def create(self, body: Mapping[str, Json]) -> Remote:
        """Sends one create, never twice: repeating it is the caller's decision."""
        ...

    def update(
        self, remote_id: str, body: Mapping[str, Json], before_repeat: Callable[[], object] | None = None
    ) -> Remote:
        """Sends one modify; raises ``NotApplied`` with status 404 where it is gone.

        It is sent again only while the remote certainly did not take it (429), and after ``before_repeat``
        has been called, which may raise to end it.
        """
        ...

    def delete(self, remote_id: str) -> bool:
        """Deletes; False when it was gone already."""
        ...

    def stop(self) -> None:
        """No further request begins: ``NotStarted`` is raised instead. Those under way may end."""
        ...

    def abandon(self) -> None:
        """Stops, and cuts the requests under way: they end with ``OutcomeUnknown``."""
        ...
