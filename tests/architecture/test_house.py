"""The house: no cycles, four choke points, rooms of a readable size."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

PACKAGE = Path(__file__).parents[2] / "assistctl"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 300


def imports_of(path: Path) -> set[str]:
    """The absolute names of modules imported anywhere in a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def users_of(*packages: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in MODULES if imports_of(path) & set(packages)}


def calls_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = grimp.build_graph("assistctl", cache_dir=None)
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            assert graph.find_shortest_chain(imported, module) is None, f"{module} and {imported}"


def test_one_module_reads_yaml_and_one_writes_it() -> None:
    assert users_of("yaml") == {f"manifest/yaml_{part}.py" for part in ("events", "nodes", "reader")}
    assert {user.rpartition("/")[0] for user in users_of("ruamel")} <= {"render", "manifest/writing"}


def test_one_module_imports_the_http_client() -> None:
    assert users_of("httpx") == {"providers/client.py"}
    assert users_of("httpcore") <= {"providers/sockets.py"}


def test_one_module_uses_deepdiff() -> None:
    assert users_of("deepdiff") == {"render/json_diff.py"}


def test_one_module_opens_files() -> None:
    opening = ("open", "os.open", "io.open", "os.fdopen")
    methods = (".read_bytes", ".write_text", ".write_bytes", "path.read_text", "path.open")
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if any(call in opening or call.endswith(methods) for call in calls_of(path))
    }
    # The process's own descriptors, a crash file, and the database that sqlite3 opens by itself.
    assert users <= {
        "descriptors.py",
        "files.py",
        "cli/run.py",
        "cli/sink.py",
        "cli/crash.py",
        "server/database.py",
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    assert ast.get_docstring(ast.parse(text))


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
