"""``fmt``: gives manifest files one form, or tells which ones have another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistctl.errors import ExitCode, UsageFault, strongest
from assistctl.files import FileRefused, Root
from assistctl.model.diagnostic import Diagnostic
from assistctl.settings import Chosen, load_project

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to format."""

    root: Root
    path: str
    """Below the root."""
    shown: str
    """As messages name it."""


@dataclass(frozen=True, slots=True)
class Formatting:
    """What became of all files."""

    changed: tuple[str, ...]
    """Rewritten, or with ``check`` only in need of it."""
    same: int
    problems: tuple[Diagnostic, ...]
    """Of files that are not valid; they are left alone."""
    refused: tuple[str, ...]
    """Other files that are left alone, each with the reason."""
    checked_only: bool

    @property
    def exit_code(self) -> ExitCode:
        """65 where a file was left alone; 2 where ``--check`` found something to do."""
        left = ExitCode.INVALID if self.problems or self.refused else ExitCode.DONE
        pending = self.checked_only and self.changed
        return strongest([left, ExitCode.CHANGES_PENDING if pending else ExitCode.DONE])


def fmt(sources: Sequence[Source], *, check: bool) -> Formatting:
    """Formats all files; with ``check`` nothing is written. Raises DiskFault when the disk fails."""
    changed: list[str] = []
    problems: list[Diagnostic] = []
    refused: list[str] = []
    for source in sources:
        try:
            if _format(source, problems, refused, check=check):
                changed.append(source.shown)
        except FileRefused as error:
            refused.append(f"{source.shown}: {error.refusal.value}")
    left = len({problem.file for problem in problems}) + len(refused)
    same = len(sources) - len(changed) - left
    return Formatting(tuple(changed), same, tuple(sorted(problems)), tuple(refused), check)


def named_sources(paths: Sequence[Path], shown: Sequence[str]) -> list[Source]:
    """The files that the command line names; of folders every YAML file in them, fragments included.

    ``shown`` are the same paths as they were written. Raises UsageFault for a path that does not exist.
    """
    found: dict[Path, Source] = {}
    for path, name in zip(paths, shown, strict=True):
        if path.is_dir():
            for inner in _below(path):
                source = Source(Root(path), inner, f"{name.rstrip('/')}/{inner}".removeprefix("./"))
                found.setdefault(path.absolute() / inner, source)
        elif path.exists():
            found.setdefault(path.absolute(), Source(Root(path.parent), path.name, name))
        else:
            raise UsageFault("there is no such file or folder", where=name, undone="nothing was formatted")
    return list(found.values())


def project_sources(chosen: Chosen) -> list[Source]:
    """Every manifest of the project, and the fragments beside them; paths are shown from its root."""
    from assistctl.manifest.listing import list_manifests

    project = load_project(chosen)
    files, _ = list_manifests(project.root, project.file, project.manifests)
    folders = [entry for entry in project.manifests if project.root.is_folder(entry)]
    below = (_beside(project.root, folder) for folder in folders)
    every = sorted({*files, *(path for paths in below for path in paths)} - {project.file})
    return [Source(project.root, path, path) for path in every]


def _format(source: Source, problems: list[Diagnostic], refused: list[str], *, check: bool) -> bool:
    """Whether the file changes, or would."""
    from assistctl.manifest.writing.formatter import format_manifest

    data = source.root.read(source.path)
    done = format_manifest(source.shown, data)
    problems += done.problems
    if done.refused:
        refused.append(f"{source.shown}: {done.refused}; left as it is")
    if done.data is None or done.data == data:
        return False
    if not check:
        source.root.write(source.path, done.data)
    return True


def _beside(root: Root, folder: str) -> Iterator[str]:
    start = root.path / folder
    for inner in _below(start):
        yield (start / inner).relative_to(root.path).as_posix()


def _below(folder: Path) -> list[str]:
    """YAML files below a folder, links and hidden names left out."""
    every = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix in _ENDINGS)
    hidden = (path for path in every if not any(part.startswith(".") for part in path.parts))
    return sorted(path.as_posix() for path in hidden if not (folder / path).is_symlink())
