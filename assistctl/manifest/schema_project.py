"""What people write in the project file, ``assistctl.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from .schema import Overridable
from .schema_tools import ABSENT, Strict
from .shapes import by_shape, share_or_count

ProjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Owner = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,31}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
EnvironmentVariable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
BaseUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/@?#\s]+(/[^?#@\s]*)?$", max_length=512)]
Auth = Annotated[str, StringConstraints(pattern=r"^(none|bearer|command|header [A-Za-z0-9-]{1,64})$")]
Share = Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,512}$")]
Verb = Literal["list", "get", "create", "update", "delete"]
Texts = list[Annotated[str, Field(min_length=1, max_length=256)]]


class Provider(Strict):
    """A remote described as data, usually on top of a built-in profile."""

    name: ProfileName = "custom"
    """What messages call it."""
    extends: ProfileName = ""
    """The built-in profile that everything else comes from."""
    base_url: BaseUrl = ""
    """Everything before `/assistants`. A key is only sent to an origin that the operator allowed."""
    query: dict[str, str] = ABSENT
    """Query parameters of every request, for example an api-version."""
    auth: Auth = "bearer"
    """bearer, `header NAME`, command or none."""
    api_key_env: Annotated[
        Annotated[EnvironmentVariable, Tag("text")]
        | Annotated[list[EnvironmentVariable], Field(min_length=1), Tag("list")],
        Discriminator(by_shape),
    ] = ""
    """The environment variables that may hold the key; the first that is set wins."""
    headers: dict[str, HeaderValue] = ABSENT
    """More headers of every request; never a key."""
    paging: Literal["cursor", "none", "refused"] = "cursor"
    """Whether the list has pages."""
    list_items: Literal["full", "summary"] = "full"
    """Whether list items carry every field."""
    verbs: list[Verb] = ABSENT
    """What the remote can do."""
    metadata: Literal["replace", "merge", "none"] = "merge"
    """What a modify does with metadata."""
    ignored_fields: Texts = ABSENT
    """Fields that the remote accepts and drops."""
    clearing: dict[str, object] = ABSENT
    """What clears a field, where that is not null."""
    extra_tools: Texts = ABSENT
    """Tool types beside the three of the protocol."""
    models: Literal["enum", "free", "deployment"] = "free"
    """How the remote treats model names."""
    reasoning_efforts: Texts = ABSENT
    """The words that reasoning_effort may be."""


ProviderChoice = Annotated[
    Annotated[ProfileName, Tag("text")] | Annotated[Provider, Tag("map")], Discriminator(by_shape)
]
MaxDeletes = Annotated[
    Annotated[Share, Tag("share")] | Annotated[int, Field(ge=0), Tag("count")],
    Discriminator(share_or_count),
]


class Limits(Strict):
    """What one apply may do at most."""

    max_deletes: MaxDeletes = "30%"
    """A share of the owned assistants (`30%`, and never less than two), or a count."""


class NoDeletion(Strict):
    """Nothing may be deleted."""

    level: Literal["warn", "deny"]


class AllowedModels(Strict):
    """Only these models may be used."""

    level: Literal["warn", "deny"]
    values: Annotated[Texts, Field(min_length=1)]


class RequiredMetadata(Strict):
    """Every assistant needs these metadata keys."""

    level: Literal["warn", "deny"]
    values: Annotated[Texts, Field(min_length=1)]


class Policies(Strict):
    """Rules that are evaluated on every plan."""

    allowed_models: AllowedModels | None = None
    """Only these models may be used."""
    required_metadata: RequiredMetadata | None = None
    """Every assistant needs these metadata keys."""
    no_deletion: NoDeletion | None = None
    """Nothing may be deleted."""


class Layer(Overridable):
    """Values that every manifest starts from."""


class Settings(Strict):
    """What the project and each of its environments may set."""

    provider: ProviderChoice = "aimlapi"
    """A built-in profile, or a map that describes the remote."""
    vars: dict[VariableName, str] = ABSENT
    """Texts for `${var.NAME}`."""
    defaults: Layer = ABSENT
    """Values that every manifest starts from."""
    limits: Limits = ABSENT
    """What one apply may do at most."""
    on_drift: Literal["overwrite", "keep", "fail"] = "overwrite"
    """What happens to a field that was changed outside while its manifest stayed the same."""
    on_conflict: Literal["fail", "overwrite", "keep"] = "fail"
    """What happens to a field that was changed on both sides, differently."""


class Project(Settings):
    """One project: a folder of manifests and where they go."""

    project: ProjectName
    """The project's name; owner of an assistant is `project/environment`."""
    manifests: Annotated[Texts, Field(min_length=1)] = ABSENT
    """Folders, files and globs with manifests; default `assistants`."""
    environments: dict[EnvironmentName, Settings | None] = ABSENT
    """What differs by environment."""
    default_environment: EnvironmentName = ""
    """The environment when none is chosen."""
    formerly: list[Owner] = ABSENT
    """Owners whose assistants this project takes over."""
    policies: Policies = ABSENT
    """Rules that are evaluated on every plan."""
