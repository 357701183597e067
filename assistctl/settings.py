"""Flags, environment and project file become one frozen value that every command works from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assistctl.errors import UsageFault
from assistctl.model.limits import Limits, is_limit
from assistctl.model.policy import Policy
from assistctl.model.profile import Profile
from assistctl.model.selection import Resolution

if TYPE_CHECKING:
    from assistctl.manifest.inputs import Inputs
    from assistctl.manifest.settings import ProjectFile

OWNER_VARIABLE = "ASSISTCTL_OWNER"
POLICY_VARIABLE = "ASSISTCTL_POLICY"
MAX_DELETES_VARIABLE = "ASSISTCTL_MAX_DELETES"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the operator said on the command line (or by an ``ASSISTCTL_…`` variable)."""

    directory: Path = field(default_factory=Path)
    config: Path | None = None
    environment: str | None = None
    provider: str | None = None
    base_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    allowed_env: frozenset[str] = frozenset()
    timeout: float | None = None
    """Seconds for all requests of the command; None for no limit."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One project, one environment, one remote."""

    project: ProjectFile
    environment: str
    owner: str
    """``project/environment``: written on everything this run creates."""
    profile: Profile
    base_url: str
    """Empty for the embedded ``local`` remote."""
    limits: Limits
    on_drift: Resolution
    on_conflict: Resolution
    inputs: Inputs
    policies: tuple[Policy, ...] = ()
    """The project's, then those of the operator's own file (``ASSISTCTL_POLICY``)."""
    timeout: float | None = None

    @property
    def embedded(self) -> bool:
        """Whether the remote is the server inside this process."""
        return self.profile.name == "local"


def load_project(chosen: Chosen) -> ProjectFile:
    """The project file that applies.

    Raises UsageFault where there is none and InvalidInput where it is broken.
    """
    from assistctl.manifest.project import read_project

    return read_project(project_path(chosen))


def project_path(chosen: Chosen) -> Path:
    """Where the project file that applies is. Raises UsageFault where there is none."""
    from assistctl.manifest.project import find_project_file

    path = chosen.directory / chosen.config if chosen.config else find_project_file(chosen.directory)
    if path is None or not path.is_file():
        missing = f"{path} does not exist" if path else "there is no assistctl.yaml here or above"
        raise UsageFault(missing, where=str(chosen.directory.absolute()), next="assistctl init")
    return path


def resolve(chosen: Chosen, environ: Mapping[str, str], *, today: str) -> Settings:
    """Everything a command that meets the remote needs. Nothing is sent and no key is needed yet.

    Raises UsageFault (64) for an environment, provider, address or owner that does not fit, and
    InvalidInput (65) for a broken project file.
    """
    from assistctl.providers.audience import choose_base_url

    project = load_project(chosen)
    own = project.environment(chosen.environment)
    check_owner(own.owner, environ)
    profile = _profile(chosen.provider or own.provider)
    return Settings(
        project=project,
        environment=own.name,
        owner=own.owner,
        profile=profile,
        base_url=choose_base_url(profile, chosen.base_url, environ),
        limits=limits_of(str(own.max_deletes), environ),
        on_drift=own.on_drift,
        on_conflict=own.on_conflict,
        inputs=inputs_for(profile, chosen, environ, today),
        policies=(*project.policies, *operator_policies(environ)),
        timeout=chosen.timeout,
    )


def limits_of(max_deletes: str, environ: Mapping[str, str], *, source: str = "max_deletes") -> Limits:
    """The deletion limit, capped by ``ASSISTCTL_MAX_DELETES``.

    Raises UsageFault for a value that is neither a count nor a share; ``source`` names where it stood.
    """
    cap = environ.get(MAX_DELETES_VARIABLE) or None
    for name, text in ((source, max_deletes), (MAX_DELETES_VARIABLE, cap)):
        if text is not None and not is_limit(text):
            raise UsageFault(f"{name}: {text!r} is neither a count nor a share like 30%")
    return Limits(max_deletes, cap)


def inputs_for(profile: Profile, chosen: Chosen, environ: Mapping[str, str], today: str) -> Inputs:
    """What reading manifests depends on beside the files."""
    from assistctl.manifest.inputs import Inputs

    return Inputs(
        variables=chosen.variables,
        allowed_env=chosen.allowed_env,
        environ=environ,
        secrets=live_keys(profile, environ),
        reasoning_efforts=profile.reasoning_efforts,
        extra_tools=profile.extra_tools,
        models=profile.models,
        today=today,
    )


def live_keys(profile: Profile, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The key values in this process's environment: they may appear nowhere but in the key's header."""
    from assistctl.providers.profiles import built_in, built_in_names

    names = {name for known in built_in_names() for name in built_in(known).api_key_env}
    found = {environ.get(name, "").strip() for name in names | set(profile.api_key_env)}
    return tuple(sorted(key for key in found if len(key) >= 8))


def inputs_by_environment(
    project: ProjectFile, chosen: Chosen, environ: Mapping[str, str], today: str
) -> Callable[[str], Inputs]:
    """For checks of several environments: each with the profile that it uses."""

    def inputs(name: str) -> Inputs:
        profile = _profile(chosen.provider or project.environment(name).provider)
        return inputs_for(profile, chosen, environ, today)

    return inputs


def profile_in(project: ProjectFile, environment: str, chosen: Chosen) -> Profile:
    """The profile of an environment that the project has, unless the operator chose another."""
    return _profile(chosen.provider or project.environment(environment).provider)


def operator_policies(environ: Mapping[str, str]) -> tuple[Policy, ...]:
    """What the file that ``ASSISTCTL_POLICY`` names demands. Raises InvalidInput where it is broken."""
    from assistctl.manifest.project import read_policies

    chosen = environ.get(POLICY_VARIABLE)
    return read_policies(Path(chosen)) if chosen else ()


def has_project(chosen: Chosen) -> bool:
    """Whether a project file is named or found."""
    from assistctl.manifest.project import find_project_file

    return chosen.config is not None or find_project_file(chosen.directory) is not None


def remote_of(provider: str, chosen: Chosen, environ: Mapping[str, str]) -> tuple[Profile, str]:
    """Profile and base URL where there is no project: ``provider`` unless the operator chose another."""
    from assistctl.providers.audience import choose_base_url

    profile = _profile(chosen.provider or provider)
    return profile, choose_base_url(profile, chosen.base_url, environ)


def _profile(wanted: object) -> Profile:
    from assistctl.providers.profiles import built_in, custom

    return custom(wanted) if isinstance(wanted, Mapping) else built_in(str(wanted))


def check_owner(owner: str, environ: Mapping[str, str]) -> None:
    """Raises UsageFault where the operator pinned the pipeline to another owner."""
    pinned = environ.get(OWNER_VARIABLE)
    if pinned and pinned != owner:
        raise UsageFault(
            f"{OWNER_VARIABLE} pins this pipeline to {pinned}, but the owner in force is {owner}",
            undone="nothing was read from or sent to the remote",
            next=f"choose the project and environment of {pinned}, or change {OWNER_VARIABLE}",
        )
