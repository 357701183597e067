"""``validate`` and ``render``: manifests only, no key, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistctl.errors import UsageFault
from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.settings import Chosen, Settings, inputs_by_environment, load_project

from .ports import Ports


@dataclass(frozen=True, slots=True)
class Checked:
    """All findings on a project, and the files that were read."""

    findings: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    """Relative to the project's root: the manifests, or what the operator chose to see."""

    def broken(self, *, strict: bool) -> bool:
        """Whether the project may not be applied; ``strict`` counts warnings too."""
        bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(finding.severity in bad for finding in self.findings)


def validate(chosen: Chosen, ports: Ports) -> tuple[Checked, Path]:
    """Checks the whole project, in the chosen environment or in all of them, and names its root.

    Raises InvalidInput where the project file itself is broken.
    """
    from assistctl.manifest.fleet import check_project
    from assistctl.manifest.listing import list_manifests

    project = load_project(chosen)
    names = (project.environment(chosen.environment).name,) if chosen.environment else project.names
    inputs = inputs_by_environment(project, chosen, ports.environ, ports.today())
    findings = check_project(project, names, inputs)
    files, _ = list_manifests(project.root, project.file, project.manifests)
    return Checked(findings, tuple(files)), project.root.path


def only(checked: Checked, paths: Sequence[Path], root: Path) -> Checked:
    """The findings in some files or folders; the whole project was checked all the same.

    Raises UsageFault for a path that does not exist or lies outside the project.
    """
    if not paths:
        return checked
    wanted = [_relative(path, root) for path in paths]
    kept = tuple(found for found in checked.findings if _inside_any(found.file, wanted))
    files = tuple(file for file in checked.files if _inside_any(file, wanted))
    return Checked(kept, files or tuple(wanted))


def resolved(
    desired: Sequence[Desired], keys: Sequence[str], settings: Settings
) -> tuple[tuple[Desired, ...], Mapping[str, Mapping[str, str]]]:
    """The chosen manifests (all by default) and where each field came from.

    Raises UsageFault for a key that no manifest has.
    """
    from assistctl.manifest.fleet import all_origins

    known = {item.key: item for item in desired}
    missing = [key for key in keys if key not in known]
    if missing:
        raise UsageFault(
            f"no manifest has the key {', '.join(missing)}; there are {', '.join(sorted(known))}"
        )
    chosen = tuple(known[key] for key in sorted(set(keys) or known))
    wanted = [item.key for item in chosen]
    return chosen, all_origins(settings.project, settings.environment, settings.inputs, wanted)


def _relative(path: Path, root: Path) -> str:
    if not path.exists():
        raise UsageFault(f"{path} does not exist", undone="nothing was checked")
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageFault(f"{path} is outside the project {root}") from None


def _inside_any(file: str, places: Sequence[str]) -> bool:
    return any(place in (".", file) or file.startswith(place + "/") for place in places)
