"""What a command imports: the time of a short command is the time of its imports."""

from __future__ import annotations

import pytest

from tests.performance.conftest import Program, of

_MODELS = ("pydantic", "assistctl.manifest.schema", "assistctl.manifest.schema_errors")
_REMOTE = ("httpx", "httpcore", "h11", "ssl", "tenacity", "assistctl.providers.client")
_RARE = ("ruamel.yaml", "deepdiff", "importlib.metadata", "importlib.resources", "tempfile", "asyncio")
_EMBEDDED = ("sqlite3", "http.server", "assistctl.server.app")
_ALL = (*_MODELS, *_REMOTE, *_RARE, *_EMBEDDED)


def test_the_version_imports_nothing_but_the_entry(program: Program) -> None:
    modules = program("--version").modules
    assert {name for name in modules if name.startswith("assistctl")} == {"assistctl", "assistctl.__main__"}


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["apply", "--help"]])
def test_help_imports_no_yaml_and_nothing_heavy(program: Program, words: list[str]) -> None:
    assert of(program(*words).modules, ("yaml", "pydantic_core", "json", *_ALL)) in ([], ["json"])


def test_validate_of_good_manifests_needs_no_models_and_no_remote(program: Program) -> None:
    program.write(2, tools=[{"type": "file_search"}], temperature=0.5)
    assert of(program("validate").modules, _ALL) == []


def test_validate_of_a_bad_manifest_imports_the_models_to_find_the_words(program: Program) -> None:
    program.write(1, temperature=3)
    modules = program("validate", expect=65).modules
    assert of(modules, _MODELS) == sorted(_MODELS)
    assert of(modules, (*_REMOTE, *_EMBEDDED)) == []


def test_a_plan_without_changes_needs_the_http_library_and_no_models(program: Program) -> None:
    program.write(2)
    program.on_server("apply", "--auto-approve", "-q")
    modules = program.on_server("plan").modules
    # httpcore imports certifi, which imports importlib.resources and tempfile.
    assert of(modules, (*_MODELS, "ruamel.yaml", "deepdiff", *_EMBEDDED, "tenacity")) == []
    assert "httpx" in modules


def test_a_plan_on_the_embedded_remote_needs_no_server_on_a_socket(program: Program) -> None:
    program.write(1)
    modules = program("plan").modules
    assert of(modules, ("http.server", *_MODELS, "ruamel.yaml", "tenacity")) == []
    assert "sqlite3" in modules
