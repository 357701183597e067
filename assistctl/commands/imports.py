"""``import``: remote assistants become manifests, so that the next plan adopts them and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistctl.engine.survey import Seen, Survey
from assistctl.errors import DecisionNeeded, ExitCode, UsageFault
from assistctl.files import FileRefused
from assistctl.settings import Settings

from .ports import Ports
from .rehearsal import files_of, rehearse, surprises
from .remote import gather
from .session import open_session
from .whole import with_all_fields

if TYPE_CHECKING:
    from assistctl.manifest.settings import ProjectFile
    from assistctl.manifest.writing.declared import Declared
    from assistctl.manifest.writing.draft import Draft

_GLOB = frozenset("*?[")
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator asked for."""

    ids: tuple[str, ...] = ()
    everything: bool = False
    """``--all``: every assistant that nobody owns."""
    into: str = ""
    """A folder below the project's root, with ``/``; empty for the first manifests folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """One assistant in the report."""

    key: str
    """Empty where none was given."""
    remote_id: str
    name: str
    text: str
    """The manifest's path, or why there is none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import."""

    folder: str
    written: tuple[Line, ...]
    known: tuple[Line, ...]
    """Left alone: a manifest stands for them already."""
    skipped: tuple[Line, ...]
    """No manifest can stand for them: the validator says why."""
    notes: tuple[str, ...]
    """What deserves attention, for people."""
    hints: tuple[str, ...]
    """What would be handy, for people."""
    next: str
    """The next command."""

    @property
    def exit_code(self) -> ExitCode:
        """3 where something was skipped."""
        return ExitCode.PARTLY_APPLIED if self.skipped else ExitCode.DONE


def import_remote(settings: Settings, wanted: Wanted, ports: Ports) -> Imported:
    """Writes a manifest for each chosen assistant. Nothing is written before everything is prepared.

    Raises UsageFault for ids that the remote does not have, or without anything to import;
    DecisionNeeded (5) where a file is there already; DiskFault when the disk fails.
    """
    from assistctl.manifest.writing.declared import declared

    if not wanted.ids and not wanted.everything:
        raise UsageFault("name the ids to import, or say --all", next="assistctl list")
    folder = wanted.into or first_folder(settings.project)
    known = declared(settings.project, settings.environment)
    with open_session(settings, ports) as session:
        found = gather(session.link.provider, settings.owner, settings.project.formerly)
        chosen, declared_already = _apart(_chosen(found, wanted), found, known)
        chosen = with_all_fields(chosen, session.link.provider, settings.profile)
        drafts = _drafts(chosen, found, known, settings, folder)
        tried = rehearse(settings, drafts)
        remotes = [seen.remote for seen in chosen]
        notes = [*surprises(session, tried, remotes, ports.run_id())]
    owners = _other_owners(chosen, found)
    notes += [f"{r} belongs to {o}: plan and apply will need --takeover {o}" for r, o in owners.items()]
    _refuse_clashes(settings, tried.kept)
    for path, data in files_of(tried.kept).items():
        settings.project.root.write(path, data)
    return Imported(
        folder or ".",
        tuple(Line(each.key, each.remote_id, each.name, each.manifest) for each in tried.kept),
        declared_already,
        tuple(Line("", each.remote_id, each.name, reason) for each, reason in tried.refused),
        (*notes, *_unnoticed(settings.project, tried.kept)),
        tuple(_hints(settings.project, tried.kept)),
        _next_command(settings, owners.values()),
    )


def first_folder(project: ProjectFile) -> str:
    """The first folder that ``manifests:`` names, whether it exists or not; a glob's fixed part counts.

    Raises UsageFault where only files are named.
    """
    for entry in project.manifests:
        parts = [part for part in entry.split("/") if part not in ("", ".")]
        fixed = next((at for at, part in enumerate(parts) if _GLOB.intersection(part)), None)
        if fixed is not None:
            return "/".join(parts[:fixed])
        if not entry.endswith(_ENDINGS):
            return "/".join(parts)
    raise UsageFault(
        f"{project.file} names no folder of manifests", undone="nothing was imported", next="add --into DIR"
    )


def below_root(path: Path, project: ProjectFile) -> str:
    """``path`` of the command line as a folder of the project; the root itself is ``.``.

    Raises UsageFault outside.
    """
    root = project.root.path
    try:
        return Path(os.path.normpath(path.absolute())).relative_to(root).as_posix()
    except ValueError:
        raise UsageFault(f"{path} is outside the project {root}", undone="nothing was imported") from None


def _chosen(found: Survey, wanted: Wanted) -> list[Seen]:
    """The named ones and with ``--all`` whatever nobody owns, oldest first."""
    unknown = [remote_id for remote_id in wanted.ids if remote_id not in found.by_id]
    if unknown:
        raise UsageFault(
            f"the remote has no assistant {', '.join(unknown)}",
            undone="nothing was imported",
            next="assistctl list",
        )
    ids = dict.fromkeys(wanted.ids)
    if wanted.everything:
        ids |= dict.fromkeys(seen.remote.id for seen in found.unowned)
    return sorted((found.by_id[remote_id] for remote_id in ids), key=lambda seen: seen.age)


def _apart(chosen: list[Seen], found: Survey, known: Declared) -> tuple[list[Seen], tuple[Line, ...]]:
    """Those to import, and those that a manifest stands for already."""
    files = {seen.remote.id: known.pins.get(seen.remote.id, "") for seen in chosen}
    for seen in chosen:
        if seen.marker is not None and found.is_ours(seen):
            files[seen.remote.id] = files[seen.remote.id] or known.here.get(seen.marker.key, "")
    lines = tuple(Line("", s.remote.id, s.name, files[s.remote.id]) for s in chosen if files[s.remote.id])
    return [seen for seen in chosen if not files[seen.remote.id]], lines


def _drafts(
    chosen: list[Seen], found: Survey, known: Declared, settings: Settings, folder: str
) -> list[Draft]:
    from assistctl.manifest.writing.declared import defaults_of
    from assistctl.manifest.writing.draft import Target, draft
    from assistctl.manifest.writing.keys import choose_keys

    defaults = defaults_of(settings.project, settings.environment, settings.inputs)
    place = "" if folder == "." else folder
    target = Target(place, settings.environment, bool(settings.project.environments), defaults)
    ids = {seen.remote.id for seen in chosen}
    ours = {key for key, held in found.ours.items() if any(seen.remote.id not in ids for seen in held)}
    wishes = [(_wish(seen, found), seen.remote.id) for seen in chosen]
    keys = choose_keys(wishes, known.keys | ours)
    return [draft(seen.remote, key, target) for seen, key in zip(chosen, keys, strict=True)]


def _wish(seen: Seen, found: Survey) -> str:
    """An assistant that bears our own marker keeps its key; others are called after their name."""
    return seen.marker.key if seen.marker is not None and found.is_ours(seen) else seen.name


def _other_owners(chosen: Iterable[Seen], found: Survey) -> dict[str, str]:
    """Remote id to owner, of those that another owner's marker claims."""
    foreign = {seen.remote.id for seen in found.foreign}
    return {s.remote.id: s.marker.owner for s in chosen if s.remote.id in foreign and s.marker is not None}


def _refuse_clashes(settings: Settings, kept: Sequence[Draft]) -> None:
    """A file of the same bytes is none: an import that was cut off can be repeated."""
    root = settings.project.root
    clashes = sorted(
        path
        for path, data in files_of(kept).items()
        if os.path.lexists(root.path / path) and not _holds(settings, path, data)
    )
    if clashes:
        raise DecisionNeeded(
            f"{len(clashes)} files are there already: {', '.join(clashes)}",
            undone="nothing was written: import never overwrites a file",
            next="move them away, or choose another folder with --into",
        )


def _holds(settings: Settings, path: str, data: bytes) -> bool:
    try:
        return settings.project.root.read(path) == data
    except FileRefused:
        return False


def _unnoticed(project: ProjectFile, kept: Sequence[Draft]) -> Iterator[str]:
    from assistctl.manifest.writing.declared import picks_up

    if kept and not picks_up(project, kept[0].manifest):
        folder = kept[0].manifest.rpartition("/")[0] or "."
        yield f"{project.file} does not pick up {folder}: add it to manifests:"


def _hints(project: ProjectFile, kept: Sequence[Draft]) -> Iterator[str]:
    from assistctl.manifest.writing.draft import SCHEMA_FILE

    if kept and not (project.root.path / SCHEMA_FILE).exists():
        yield f"Editors look for {SCHEMA_FILE}: assistctl schema > {SCHEMA_FILE}"


def _next_command(settings: Settings, owners: Iterable[str]) -> str:
    words = ["assistctl plan"]
    if settings.project.environments and settings.environment != settings.project.default_environment:
        words.append(f"-e {settings.environment}")
    return " ".join([*words, *(f"--takeover {owner}" for owner in sorted(set(owners)))])
