"""Tools and tool resources as people write them (part of :mod:`.schema`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from .shapes import tool_tag

ABSENT: Any = None
"""The default of keys with a map or list: nothing is ever read from a checked model, and building a default
would build its validator on import."""


class Strict(BaseModel):
    """Unknown keys refused, nothing coerced, booleans are not numbers; built on first use."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True, allow_inf_nan=False)


FunctionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class CodeInterpreterTool(Strict):
    """Runs Python on files."""

    type: Literal["code_interpreter"]


class RankingOptions(Strict):
    """How results are ranked."""

    score_threshold: Annotated[float, Field(ge=0, le=1)]
    """Results below this score are dropped, 0 to 1."""
    ranker: Literal["auto", "default_2024_08_21"] = "auto"
    """Which ranker; default auto."""


class FileSearchOptions(Strict):
    """Overrides for file search."""

    max_num_results: Annotated[int, Field(ge=1, le=50)] = 20
    """How many results, 1 to 50."""
    ranking_options: RankingOptions = ABSENT
    """How results are ranked."""


class FileSearchTool(Strict):
    """Searches vector stores."""

    type: Literal["file_search"]
    file_search: FileSearchOptions = ABSENT
    """Overrides for file search."""


class FunctionPart(Strict):
    """What a manifest writes beside `function_file`: it overrides the file."""

    name: FunctionName = ""
    """Letters, digits, underscore and dash, at most 64."""
    description: str = ""
    """What the function does, for the model."""
    parameters: dict[str, object] = ABSENT
    """A JSON Schema object; without it the function takes no parameters."""
    strict: bool | None = None
    """Whether calls must follow the schema exactly; default false."""


class Function(FunctionPart):
    """A function that the model may ask for."""

    name: FunctionName


class FunctionTool(Strict):
    """A function, written here."""

    type: Literal["function"]
    function: Function


class FunctionFileTool(Strict):
    """A function, written in a file of its own."""

    type: Literal["function"]
    function_file: Annotated[str, Field(min_length=1, max_length=1024)]
    """A JSON or YAML file with the function object; the path is relative to this file."""
    function: FunctionPart = ABSENT
    """What differs from the file."""


class OpaqueTool(BaseModel):
    """A type that the provider's profile lists beside the three of the protocol; passed as it is."""

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)

    type: str


Tool = Annotated[
    Annotated[CodeInterpreterTool, Tag("code_interpreter")]
    | Annotated[FileSearchTool, Tag("file_search")]
    | Annotated[FunctionTool, Tag("function")]
    | Annotated[FunctionFileTool, Tag("function_file")]
    | Annotated[OpaqueTool, Tag("opaque")],
    Discriminator(tool_tag),
]


class CodeInterpreterResources(Strict):
    """Files for the code interpreter."""

    file_ids: Annotated[list[str], Field(max_length=20)] = ABSENT
    """At most 20 file ids."""


class FileSearchResources(Strict):
    """Vector stores for file search."""

    vector_store_ids: Annotated[list[str], Field(max_length=1)]
    """At most one vector store id."""


class ToolResources(Strict):
    """Files and vector stores that the tools use."""

    code_interpreter: CodeInterpreterResources | None = None
    """Files for the code interpreter."""
    file_search: FileSearchResources | None = None
    """Vector stores for file search."""
