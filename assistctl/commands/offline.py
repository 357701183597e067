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
    """All findings on a project, and how many files were read."""

    findings: tuple[Diagnostic, ...]
    files: int

    def broken(self, *, strict: bool) -> bool:
        """Whether the project may not be applied; ``strict`` counts warnings too."""
        bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(finding.severity in bad for finding in self.findings)


def validate(chosen: Chosen, ports: Ports) -> tuple[Checked, Path]:
    """Checks the whole project, in the chosen environment or in all of them, and names its root.

    Raises InvalidInput where the project file itself is broken.
    """
    from assistctl.manifest.fleet import check_project, count_files

    project = load_project(chosen)
    names = (project.environment(chosen.environment).name,) if chosen.environment else project.names
    inputs = inputs_by_environment(project, chosen, ports.environ, ports.today())
    findings = check_project(project, names, inputs)
    return Checked(findings, count_files(project)), project.root.path


def only(checked: Checked, paths: Sequence[Path], root: Path) -> Checked:
    """The findings in some files or folders; the whole project was checked all the same."""
    if not paths:
        return checked
    wanted = [_relative(path, root) for path in paths]
    kept = tuple(f for f in checked.findings if any(_inside(f.file, place) for place in wanted))
    return Checked(kept, checked.files)


def resolved(
    desired: Sequence[Desired], keys: Sequence[str], settings: Settings
) -> tuple[tuple[Desired, ...], Mapping[str, Mapping[str, str]]]:
    """The chosen manifests (all by default) and where each field came from.

    Raises UsageFault for a key that no manifest has.
    """
    from assistctl.manifest.fleet import origins

    known = {item.key: item for item in desired}
    missing = [key for key in keys if key not in known]
    if missing:
        raise UsageFault(
            f"no manifest has the key {', '.join(missing)}; there are {', '.join(sorted(known))}"
        )
    chosen = tuple(known[key] for key in sorted(set(keys) or known))
    places = {
        item.key: origins(settings.project, settings.environment, settings.inputs, item.key)
        for item in chosen
    }
    return chosen, places


def _relative(path: Path, root: Path) -> str:
    try:
        return path.absolute().relative_to(root).as_posix()
    except ValueError:
        raise UsageFault(f"{path} is outside the project {root}") from None


def _inside(file: str, place: str) -> bool:
    return place in (".", file) or file.startswith(place + "/")
