"""A project's folder as it was in an old revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistctl.files import MAX_BYTES, FileRefused, Refusal, Root, join


def _nothing(_path: str) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class Revision(Root):
    """The files as ``look`` finds them; None where there was none."""

    look: Callable[[str], bytes | None] = _nothing

    def read(self, relative: str, *, limit: int = MAX_BYTES) -> bytes:
        """As :meth:`Root.read`, from the past."""
        relative = join("", relative)
        data = self.look(relative)
        if data is None or len(data) > limit:
            raise FileRefused(relative, Refusal.MISSING, "did not exist then")
        return data
