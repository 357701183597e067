"""Which files are manifests: what ``manifests:`` of the project file names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from assistctl.files import Entry, FileRefused, Root, join

from .findings import Finding, Place
from .interpolate import FILE_CODES

_ENDINGS: Final = (".yaml", ".yml")
_GLOB: Final = frozenset("*?[")


def list_manifests(root: Root, project_file: str, named: Sequence[str]) -> tuple[list[str], list[Finding]]:
    """All manifest files, sorted, each once, and the entries that name none.

    Folders are searched to any depth for ``*.yaml`` and ``*.yml``; names that start with ``_`` or ``.`` and
    the project file itself are skipped. Links are not followed but reported: a fleet must not shrink unseen.
    """
    files: set[str] = set()
    findings: list[Finding] = []
    for index, entry in enumerate(named):
        place = Place(project_file, 0, ("manifests", index))
        try:
            found = _entries(root, entry)
        except FileRefused as error:
            findings.append(Finding(FILE_CODES[error.refusal], error.what, place))
            continue
        if not found and _GLOB.intersection(entry):
            findings.append(Finding("AC503", f"'{entry}' matches no file", place))
        for each in found:
            if each.symlink:
                words = f"{each.path} is a symbolic link; links are not followed"
                findings.append(Finding("AC003", words, place))
            else:
                files.add(each.path)
    return sorted(files - {project_file}), findings


def _entries(root: Root, entry: str) -> list[Entry]:
    if _GLOB.intersection(entry):
        parts = [part for part in entry.split("/") if part not in ("", ".")]
        fixed = next(index for index, part in enumerate(parts) if _GLOB.intersection(part))
        below = root.entries(join("", "/".join(parts[:fixed])) if fixed else "")
        found = [each for each in below if _matches(tuple(each.path.split("/")), tuple(parts))]
    elif root.is_folder(entry):
        found = list(root.entries(join("", entry)))
    else:
        root.read(entry)
        found = [Entry(join("", entry), symlink=False)]
    return [each for each in found if _is_manifest(root, each)]


def _is_manifest(root: Root, entry: Entry) -> bool:
    if entry.path.endswith(_ENDINGS):
        return True
    return entry.symlink and (root.path / entry.path).is_dir()


def _matches(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path fits a glob; ``**`` stands for any number of folders."""

    @cache
    def fits(at: int, part: int) -> bool:
        if part == len(pattern):
            return at == len(path)
        if pattern[part] == "**":
            return fits(at, part + 1) or (at < len(path) and fits(at + 1, part))
        return at < len(path) and fnmatchcase(path[at], pattern[part]) and fits(at + 1, part + 1)

    return fits(0, 0)
