"""A project with edits on the desk: each is drafted, checked by reading everything again, then kept.

Nothing is written here: :attr:`Desk.pending` says what the files shall hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from assistctl.manifest.findings import PLAIN_TEXT, Place
from assistctl.manifest.writing.escaping import escaped
from assistctl.manifest.writing.overlay import Overlay
from assistctl.manifest.yaml_nodes import Path
from assistctl.model.plan import Absent
from assistctl.model.values import Json

from .document import edited, exchanged
from .pieces import Assembly
from .resolving import PROMPT, Resolved, View
from .revision import Revision
from .rewrite import rewrite
from .source import CannotEdit, exactly
from .wishes import Wish, wishes


@dataclass(frozen=True, slots=True)
class Draft:
    """One field's edit, not kept yet."""

    pending: Mapping[str, bytes]
    """All files with edits, this one's included."""
    touched: frozenset[Place]
    """What was edited: text files, function files, or the field in the map that it stands in."""
    lost: tuple[str, ...]
    """References that became literal text, as they were written."""
    lines: Mapping[str, int]
    """The edited files, with the first line (from 1) that differs."""
    originals: Mapping[str, bytes]
    """What the edited files hold on the disk."""


class Desk:
    """One project in one environment while it is edited."""

    def __init__(self, view: View) -> None:
        self.pending: Mapping[str, bytes] = {}
        """New contents by path from the root, of all files that change."""
        self.originals: Mapping[str, bytes] = {}
        """What these files held when they were read."""
        self._view = view
        self._root = view.project.root

    def keep(self, draft: Draft) -> None:
        """Makes the draft part of what is pending."""
        self.pending = draft.pending
        self.originals = {**draft.originals, **self.originals}

    def resolve(self, key: str, file: str, draft: Draft | None = None) -> Resolved | None:
        """The manifest ``key`` of one file with all edits, a ``draft`` among them; None where it is missing
        or not valid."""
        return self._view.resolve(Overlay(self._root.path, (draft or self).pending), key, file)

    def resolve_at(self, look: Callable[[str], bytes | None], key: str, file: str) -> Resolved | None:
        """The manifest when the files were as ``look`` finds them; today's project file holds."""
        return self._view.resolve(Revision(self._root.path, look), key, file)

    def users(self, keys: Collection[str]) -> Mapping[Place, frozenset[str]]:
        """Who reads what, over all valid manifests: by place as :attr:`Draft.touched` names them."""
        found: dict[Place, set[str]] = {}
        for resolved in self._view.resolve_all(keys):
            for place in resolved.places():
                found.setdefault(place, set()).add(resolved.desired.key)
        return {place: frozenset(using) for place, using in found.items()}

    def draft(self, key: str, file: str, path: Path, target: Json) -> Draft:
        """The edit after which a field reads ``target`` and nothing else of the manifest changes.

        ``path`` is a field's name, or ``metadata`` and a key. A value that only the project's defaults
        give, or that no line gives, gets a line of its own in the manifest. Raises :class:`CannotEdit`,
        and ``FileRefused`` for files that cannot be read.
        """
        before = self.resolve(key, file)
        if before is None:
            raise CannotEdit("its manifest is not valid")
        if path == PROMPT and before.effective.prompts and target is None:
            target = ""
        drafting = _Drafting(self._view, before, self.pending)
        drafting.write(path, target)
        self._check(before, path, target, drafting.pending)
        old = {name: self._bytes(name) for name in drafting.pending}
        lines = {n: _first_line(old[n], data) for n, data in drafting.pending.items() if data != old[n]}
        originals = {name: data for name, data in old.items() if name not in self.pending}
        touched = frozenset(drafting.touched)
        return Draft(drafting.pending, touched, tuple(drafting.lost), lines, originals)

    def _check(self, before: Resolved, path: Path, target: Json, pending: Mapping[str, bytes]) -> None:
        root = Overlay(self._root.path, pending)
        after = self._view.resolve(root, before.desired.key, before.desired.file)
        if after is None:
            raise CannotEdit(self._view.why_invalid(root, before.desired.file))
        if exactly(exchanged(_own_values(before), path, target)) != exactly(_own_values(after)):
            raise CannotEdit("another layer or another field depends on it")

    def _bytes(self, file: str) -> bytes:
        return self.pending[file] if file in self.pending else self._root.read(file)


class _Drafting:
    """One field while its members are edited, one after the other."""

    def __init__(self, view: View, before: Resolved, pending: Mapping[str, bytes]) -> None:
        self._view = view
        self._now = before
        self.pending: dict[str, bytes] = dict(pending)
        self.touched: set[Place] = set()
        self.lost: list[str] = []

    def write(self, path: Path, target: Json) -> None:
        """Brings the field at ``path`` to ``target``, member by member."""
        if self._has_no_line(path):
            self._add_line(path, target)
            return
        for wish in [*wishes(self._now.value(path), target, path)]:
            self._write_member(wish)
            root = Overlay(self._view.project.root.path, self.pending)
            found = self._view.resolve(root, self._now.desired.key, self._now.desired.file)
            # Between two members a manifest may be invalid for a moment; the places hold all the same.
            self._now = found or self._now

    def _has_no_line(self, path: Path) -> bool:
        if isinstance(self._now.value(path), Absent):
            return True
        in_files = path == PROMPT and self._now.effective.prompts
        return not in_files and self._now.effective.place(path).file == self._view.project.file

    def _write_member(self, wish: Wish) -> None:
        in_files = wish.path == PROMPT and self._now.effective.prompts
        if in_files or (isinstance(wish.old, str) and isinstance(wish.new, str)):
            self._write_text(wish.path, str(wish.new))
            return
        place = self._now.effective.place(wish.path)
        if isinstance(wish.old, Absent):
            outer = self._now.effective.place(wish.path[:-1])
            place = Place(outer.file, outer.document, (*outer.path, wish.path[-1]))
        new = wish.new if isinstance(wish.new, Absent) else escaped(wish.new)
        self._edit(place, new, add=isinstance(wish.old, Absent))
        self.touched.add(self._now.place_of_edit(wish.path))

    def _write_text(self, path: Path, wanted: str) -> None:
        composition = self._now.composition(path)
        if Assembly(composition, self._now.names).text != self._now.value(path):
            raise CannotEdit("the text cannot be traced to its files")
        found = rewrite(composition, self._now.names, wanted)
        self.lost += found.lost
        for place, source in found.sources.items():
            if place.document == PLAIN_TEXT:
                self.pending[place.file] = _encoded(source)
                self.touched.add(place)
            else:
                self._edit(place, source)
                self.touched.add(self._now.place_of_edit(path))

    def _add_line(self, path: Path, target: Json) -> None:
        """Behind the last line of the manifest, or of its metadata."""
        own = (each for each in self._now.effective.layers if each.file == self._now.desired.file)
        manifest = next(layer for layer in own if not layer.path)
        value = escaped(target)
        if len(path) > 1 and not isinstance(manifest.values.get(str(path[0])), dict):
            path, value = path[:1], {str(path[1]): value}
        self._edit(manifest.place(path), value)
        self.touched.add(manifest.place(path))

    def _edit(self, place: Place, new: Json | Absent, *, add: bool = False) -> None:
        data = self.pending.get(place.file)
        if data is None:
            data = self._view.project.root.read(place.file)
        is_json = place.file.endswith(".json")
        made = edited(data, place.document, place.path, new, add=add, is_json=is_json)
        self.pending[place.file] = made


def _own_values(resolved: Resolved) -> Json:
    """The final values, without the layers that they were merged from."""
    return {name: value for name, value in resolved.effective.values.items() if name != "environments"}


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise CannotEdit("the text holds what is not a character") from None


def _first_line(old: bytes, new: bytes) -> int:
    """The first line in which two contents differ, from 1."""
    pairs = zip(old.splitlines(keepends=True), new.splitlines(keepends=True), strict=False)
    same = next((count for count, (a, b) in enumerate(pairs) if a != b), None)
    return (len(min(old, new, key=len).splitlines()) if same is None else same) + 1
