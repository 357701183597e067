"""The project file's content, checked, as the rest of the program uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from assistctl.errors import UsageFault
from assistctl.files import Root
from assistctl.model.policy import Policy
from assistctl.model.values import Json

from .suggest import listed, nearest

OnDrift = Literal["overwrite", "keep", "fail"]
OnConflict = Literal["fail", "overwrite", "keep"]
Rule = Literal["allowed_models", "required_metadata", "no_deletion"]
ONLY_ENVIRONMENT = "default"
"""The environment of a project that names none."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """One ``defaults:`` map of the project file and the path that leads to it."""

    path: tuple[str, ...]
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """Everything that holds in one environment."""

    name: str
    owner: str
    """``project/environment``."""
    provider: str | Mapping[str, Json]
    """The name of a built-in profile, or a profile of the project's own."""
    variables: Mapping[str, str]
    defaults: tuple[Defaults, ...]
    """Low to high."""
    max_deletes: str | int
    """``"30%"`` (of the owned) or a count."""
    on_drift: OnDrift
    on_conflict: OnConflict


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """``assistctl.yaml``. Where an environment may set a key too, ``environment()`` has the answer."""

    root: Root
    """The folder of the project file; nothing outside it is read."""
    file: str
    """The project file's name below the root."""
    project: str
    manifests: tuple[str, ...] = ("assistants",)
    environments: tuple[str, ...] = ()
    default_environment: str | None = None
    formerly: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    settings: Mapping[str, EnvironmentSettings] = field(default_factory=dict)
    """By environment name; ``default`` alone where the file names none."""

    @property
    def path(self) -> Path:
        """The project file, for messages."""
        return self.root.path / self.file

    @property
    def names(self) -> tuple[str, ...]:
        """The environments that exist, in the file's order; ``default`` alone where it names none."""
        return self.environments or (ONLY_ENVIRONMENT,)

    def environment(self, name: str | None = None) -> EnvironmentSettings:
        """The settings of one environment; without a name, of the default one.

        Raises ``UsageFault`` when there is no such environment, or none is chosen where one has to be.
        """
        chosen = name or self.default_environment or (None if self.environments else ONLY_ENVIRONMENT)
        if chosen is None:
            raise UsageFault(
                f"an environment has to be chosen: {listed(self.names)}",
                where=self.file,
                next=f"add --environment {self.names[0]}, or set default_environment in {self.file}",
            )
        if chosen not in self.settings:
            hint = nearest(chosen, self.names)
            raise UsageFault(
                f"unknown environment '{chosen}'{hint}; there is {listed(self.names)}", where=self.file
            )
        return self.settings[chosen]
