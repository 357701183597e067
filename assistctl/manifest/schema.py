"""What people write in manifests and fragments.

The models only check: what is sent is taken from the plain values. Nothing is coerced, unknown keys are
refused. Limits are those of OpenAI's OpenAPI description (CreateAssistantRequest, ModifyAssistantRequest).
The text below a field is its help in editors; it is read from this source when the JSON Schema is printed,
so that checking does not pay for it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from .schema_tools import ABSENT, Strict, Tool, ToolResources
from .shapes import by_shape, format_tag

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
RemoteId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Code = Annotated[str, StringConstraints(pattern=r"^AC[0-9]{3}$")]
SchemaName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetadataValue = Annotated[str, StringConstraints(max_length=512)]


class TextFormat(Strict):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(Strict):
    """Any JSON object; the prompt must ask for JSON."""

    type: Literal["json_object"]


class JsonSchema(Strict):
    """A schema that answers must follow."""

    name: SchemaName
    """Letters, digits, underscore and dash, at most 64."""
    description: str | None = None
    """What the format is for."""
    schema_: Annotated[dict[str, object], Field(alias="schema")] = ABSENT
    """The JSON Schema itself."""
    strict: bool | None = None
    """Whether answers must follow the schema exactly; default false."""


class JsonSchemaFormat(Strict):
    """JSON that follows a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[
    Annotated[Literal["auto"], Tag("auto")]
    | Annotated[TextFormat, Tag("text")]
    | Annotated[JsonObjectFormat, Tag("json_object")]
    | Annotated[JsonSchemaFormat, Tag("json_schema")],
    Discriminator(format_tag),
]


class Fields(Strict):
    """The fields of the assistants API, spelled as the API spells them."""

    name: Annotated[str, Field(max_length=256)] | None = None
    """The name that people see, at most 256 characters; without it the key is sent."""
    description: Annotated[str, Field(max_length=512)] | None = None
    """At most 512 characters."""
    model: Annotated[str, Field(min_length=1, max_length=256)] = ""
    """The model's name; required, here or in a lower layer."""
    instructions: Annotated[str, Field(max_length=256_000)] | None = None
    """The system prompt, at most 256,000 characters; longer texts live better in `instructions_file`."""
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    """At most 128 tools; replaces the list of lower layers as a whole."""
    tool_resources: ToolResources | None = None
    """Files and vector stores that the tools use."""
    metadata: dict[MetadataKey, MetadataValue | None] | None = None
    """At most 15 keys (64 characters) with text values (512 characters); null removes a key."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Sampling temperature, 0 to 2; server default 1."""
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    """Nucleus sampling, 0 to 1; server default 1."""
    response_format: ResponseFormat | None = None
    """`auto`, or a map with type text, json_object or json_schema."""
    reasoning_effort: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    """low, medium or high; more words where the provider's profile says so."""


class Lifecycle(Strict):
    """What is forbidden or different in the life of this assistant."""

    prevent_destroy: bool = False
    """Refuse every plan that would delete it."""
    ignore_changes: list[str] = ABSENT
    """Fields (or `metadata.KEY`) that are sent on create and left alone afterwards."""
    on_remove: Literal["delete", "keep"] = "delete"
    """What happens once the manifest is gone."""


class Overridable(Fields):
    """Everything that a layer may set."""

    instructions_file: (
        Annotated[
            Annotated[FilePath, Tag("text")] | Annotated[list[FilePath], Field(min_length=1), Tag("list")],
            Discriminator(by_shape),
        ]
        | None
    ) = None
    """A file, or a list of files, with the instructions; paths are relative to this file."""
    lifecycle: Lifecycle = ABSENT
    """What is forbidden or different in the life of this assistant."""
    allow: list[Code] = ABSENT
    """Codes of warnings and notices that are fine in this manifest."""


class Fragment(Overridable):
    """A file whose name starts with `_`: a layer that manifests extend."""

    extends: FilePath = ""
    """A fragment below this one; its name starts with `_`."""


class Manifest(Fragment):
    """One assistant."""

    key: Key = ""
    """Its identity: `[a-z0-9][a-z0-9_-]{0,62}`; defaults to the stem of a one-document file."""
    id: Annotated[
        Annotated[RemoteId, Tag("text")] | Annotated[dict[str, RemoteId], Tag("map")], Discriminator(by_shape)
    ] = ""
    """A pin: the remote id, or a map from environment to remote id."""
    aliases: list[Key] = ABSENT
    """Former keys, so that a renamed manifest finds its assistant."""
    only: Annotated[list[str], Field(min_length=1)] = ABSENT
    """The environments it exists in; all without this."""
    environments: dict[str, Overridable | None] = ABSENT
    """What differs in one environment."""
