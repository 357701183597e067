"""Checks of ``tool_resources``, which differ between create and modify.

OpenAI's OpenAPI description, CreateAssistantRequest and ModifyAssistantRequest: on create
``file_search`` needs exactly one of ``vector_store_ids`` and ``vector_stores``; the latter
makes a vector store and exists on create only.
"""

from __future__ import annotations

from assistctl.model.values import Json

from . import checks
from .messages import Refused
from .metadata_checks import check_metadata

MAX_FILES = 20
MAX_STORES = 1
MIN_CHUNK, MAX_CHUNK = 100, 4096
"""Tokens of a static chunk; two chunks may overlap by half of one at most."""


def check_created_resources(value: Json, param: str) -> None:
    """``tool_resources`` of a create; null is legal, a null member is not."""
    if value is None:
        return
    resources = checks.mapping(value, param)
    _check_files(resources, param)
    if "file_search" in resources:
        _check_created_search(
            checks.mapping(resources["file_search"], f"{param}.file_search"), f"{param}.file_search"
        )


def check_modified_resources(value: Json, param: str) -> None:
    """``tool_resources`` of a modify: both members optional, no ``vector_stores``."""
    if value is None:
        return
    resources = checks.mapping(value, param)
    _check_files(resources, param)
    if "file_search" not in resources:
        return
    path = f"{param}.file_search"
    search = checks.mapping(resources["file_search"], path)
    if "vector_stores" in search:
        raise checks.unknown(f"{path}.vector_stores")
    if "vector_store_ids" in search:
        checks.strings(search["vector_store_ids"], f"{path}.vector_store_ids", MAX_STORES)


def _check_files(resources: dict[str, Json], param: str) -> None:
    if "code_interpreter" not in resources:
        return
    path = f"{param}.code_interpreter"
    interpreter = checks.mapping(resources["code_interpreter"], path)
    if "file_ids" in interpreter:
        checks.strings(interpreter["file_ids"], f"{path}.file_ids", MAX_FILES)


def _check_created_search(search: dict[str, Json], param: str) -> None:
    if "vector_store_ids" in search and "vector_stores" in search:
        raise Refused(
            f"'{param}' takes either 'vector_store_ids' or 'vector_stores', not both.",
            param=param,
            code="invalid_value",
        )
    if "vector_stores" in search:
        stores = checks.array(search["vector_stores"], f"{param}.vector_stores", MAX_STORES, "objects")
        for index, store in enumerate(stores):
            _check_store(store, f"{param}.vector_stores[{index}]")
        return
    ids = checks.required(search, "vector_store_ids", f"{param}.vector_store_ids")
    checks.strings(ids, f"{param}.vector_store_ids", MAX_STORES)


def _check_store(value: Json, param: str) -> None:
    store = checks.mapping(value, param)
    if "file_ids" in store:
        checks.strings(store["file_ids"], f"{param}.file_ids")
    if "chunking_strategy" in store:
        _check_chunking(store["chunking_strategy"], f"{param}.chunking_strategy")
    if "metadata" in store:
        check_metadata(store["metadata"], f"{param}.metadata")


def _check_chunking(value: Json, param: str) -> None:
    strategy = checks.mapping(value, param)
    kind = checks.choice(
        checks.required(strategy, "type", f"{param}.type"), f"{param}.type", ("auto", "static")
    )
    checks.only(strategy, ("type",) if kind == "auto" else ("type", "static"), f"{param}.")
    if kind == "static":
        _check_static(checks.required(strategy, "static", f"{param}.static"), f"{param}.static")


def _check_static(value: Json, param: str) -> None:
    static = checks.mapping(value, param)
    checks.only(static, ("max_chunk_size_tokens", "chunk_overlap_tokens"), f"{param}.")
    size, overlap = f"{param}.max_chunk_size_tokens", f"{param}.chunk_overlap_tokens"
    tokens = checks.integer(
        checks.required(static, "max_chunk_size_tokens", size), size, MIN_CHUNK, MAX_CHUNK
    )
    checks.integer(checks.required(static, "chunk_overlap_tokens", overlap), overlap, 0, tokens // 2)
