"""A project as it would be with some more files, without writing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assistctl.files import MAX_BYTES, Entry, FileRefused, Refusal, Root, join


@dataclass(frozen=True, slots=True)
class Overlay(Root):
    """The project's folder with ``files`` (paths from the root) laid over it. For reading only."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, relative: str, *, limit: int = MAX_BYTES) -> bytes:
        """As :meth:`Root.read`, the same limit included."""
        data = self.files.get(join("", relative))
        if data is None:
            return Root.read(self, relative, limit=limit)
        if len(data) > limit:
            words = f"has {len(data):,} bytes, at most {limit:,} are read"
            raise FileRefused(relative, Refusal.TOO_BIG, words)
        return data

    def entries(self, relative: str = "") -> Iterator[Entry]:
        """As :meth:`Root.entries`; a folder may exist in the overlay alone."""
        folder = join("", relative) if relative else ""
        start = f"{folder}/" if folder else ""
        laid = {path for path in self.files if path.startswith(start) and _is_seen(path[len(start) :])}
        if Root.is_folder(self, folder) or not laid:
            yield from (entry for entry in Root.entries(self, folder) if entry.path not in laid)
        yield from (Entry(path, symlink=False) for path in sorted(laid))

    def is_folder(self, relative: str) -> bool:
        """As :meth:`Root.is_folder`."""
        folder = join("", relative) if relative else ""
        return Root.is_folder(self, folder) or any(path.startswith(f"{folder}/") for path in self.files)


def _is_seen(path: str) -> bool:
    """Names that start with ``_`` or ``.`` are skipped wherever they stand."""
    return not any(part.startswith(("_", ".")) for part in path.split("/"))
