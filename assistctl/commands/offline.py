"""``validate`` and ``render``: manifests only, no key, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistctl.errors import InvalidInput, UsageFault
from assistctl.model.assistant import Desired
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.settings import Chosen, Settings, inputs_by_environment, load_project, project_path

from .ports import Ports

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


@dataclass(frozen=True, slots=True)
class Checked:
    """All findings on a project, and the files that were read."""

    findings: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    """Relative to the project's root: the manifests, or what the operator chose to see."""
    cut_short: bool = False
    """The project file itself is broken, and nothing beyond it was read."""

    @property
    def broken(self) -> bool:
        """Whether the project may not be applied."""
        return any(found.severity is Severity.ERROR for found in self.findings)

    def strict(self) -> Checked:
        """The same with every warning as an error."""
        return replace(self, findings=tuple(map(_as_error, self.findings)))

    def below(self, folder: str) -> Checked:
        """The same with files named from a folder above the project; "" is the project's own."""
        if not folder:
            return self
        moved = (replace(found, file=f"{folder}/{found.file}") for found in self.findings)
        return replace(self, findings=tuple(moved), files=tuple(f"{folder}/{file}" for file in self.files))


def validate(chosen: Chosen, ports: Ports) -> tuple[Checked, Path]:
    """Checks the whole project, in the chosen environment or in all of them, and names its root.

    A broken project file is a finding, too; nothing is read beyond it then.
    """
    from assistctl.manifest.fleet import check_project
    from assistctl.manifest.listing import list_manifests

    try:
        project = load_project(chosen)
    except InvalidInput as error:
        return _only_project_file(error), project_path(chosen).parent
    names = (project.environment(chosen.environment).name,) if chosen.environment else project.names
    inputs = inputs_by_environment(project, chosen, ports.environ, ports.today())
    secrets = {secret for name in names for secret in inputs(name).secrets}
    for secret in secrets | {ports.environ.get(name, "") for name in chosen.allowed_env}:
        ports.hide(secret)  # findings quote what they are about
    findings = check_project(project, names, inputs)
    files, _ = list_manifests(project.root, project.file, project.manifests)
    return Checked(findings, tuple(files)), project.root.path


def only(checked: Checked, paths: Sequence[Path], root: Path) -> Checked:
    """The findings in some files or folders; the whole project was checked all the same.

    Of a check that was cut short everything stays: nobody knows what those files hold. Raises UsageFault for
    a path that does not exist or lies outside the project.
    """
    if not paths or checked.cut_short:
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


def folder_in_repository(root: Path, environ: Mapping[str, str]) -> str:
    """The project's folder as seen from the top of its git checkout, with ``/``; "" where they are the same.

    Reports for CI name files from there. Where there is no ``.git``, CI's own word for the top counts, else
    the project's folder is the top.
    """
    root = root.resolve()
    tops = [folder for folder in (root, *root.parents) if (folder / ".git").exists()]
    tops += [Path(environ[name]).resolve() for name in _CHECKOUTS if environ.get(name)]
    top = next((each for each in tops if root.is_relative_to(each)), root)
    return root.relative_to(top).as_posix().removeprefix(".")


def _only_project_file(error: InvalidInput) -> Checked:
    found = tuple(each for each in error.diagnostics if isinstance(each, Diagnostic))
    if not found:
        raise error
    return Checked(found, (found[0].file,), cut_short=True)


def _as_error(found: Diagnostic) -> Diagnostic:
    return replace(found, severity=Severity.ERROR) if found.severity is Severity.WARNING else found


def _relative(path: Path, root: Path) -> str:
    if not path.exists():
        raise UsageFault(f"{path} does not exist", undone="nothing was checked")
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageFault(f"{path} is outside the project {root}") from None


def _inside_any(file: str, places: Sequence[str]) -> bool:
    return any(place in (".", file) or file.startswith(place + "/") for place in places)
