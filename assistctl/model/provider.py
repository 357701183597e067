"""The port to a remote: all that the engine and the commands may do to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        """Every assistant once, page by page, oldest first.

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

    def update(self, remote_id: str, body: Mapping[str, Json]) -> Remote:
        """Sends one modify, never twice; raises ``NotApplied`` with status 404 where it is gone."""
        ...

    def delete(self, remote_id: str) -> bool:
        """Deletes; False when it was gone already."""
        ...
