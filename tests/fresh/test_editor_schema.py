"""The schema in an editor: yaml-language-server, which many editors use, reads what ``init`` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistctl.commands.init import initialise

from .language_server import Editor

pytestmark = pytest.mark.fresh

SAMPLE = "assistants/support-triage.yaml"


@pytest.fixture(scope="module")
def server(npm: Callable[..., Path]) -> Path:
    """The program, from the npm registry."""
    return npm("yaml-language-server@1.25.0") / "node_modules/yaml-language-server/bin/yaml-language-server"


@pytest.fixture
def editor(server: Path, tmp_path: Path) -> Iterator[Editor]:
    """An editor in a project that ``init`` made."""
    initialise(tmp_path)
    with Editor(server, tmp_path) as opened:
        yield opened


def test_what_init_writes_has_no_problem(editor: Editor, tmp_path: Path) -> None:
    for path in sorted((tmp_path / "assistants").iterdir()):
        assert editor.open(path) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nmae: x", "Property nmae is not allowed."),
        ("top_p: 7", "Value is above the maximum of 1"),
        ("tools: [{type: file_search, file_search: {max_num_results: 51}}]", "maximum of 50"),
        ("tools: [{type: function, function: {nam: x}}]", 'Missing property "name"'),
        ("lifecycle: {on_remove: forget}", "Value is not accepted"),
        ("environments: {prod: {modl: x}}", "Property modl is not allowed."),
    ],
)
def test_a_mistake_is_marked_at_its_line(editor: Editor, tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / SAMPLE
    text = path.read_text()
    path.write_text(f"{text}{line}\n")
    problems = editor.open(path)
    assert any(said in problem["message"] for problem in problems), problems
    assert {problem["range"]["start"]["line"] for problem in problems} == {text.count("\n")}


def test_keys_are_offered_and_explained(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / SAMPLE
    path.write_text(path.read_text() + "\n")
    assert editor.open(path) == []
    last = path.read_text().count("\n") - 1
    offered = editor.at("completion", path, last, 0)["items"]
    assert {"tools", "lifecycle", "environments"} <= {item["label"] for item in offered}
    number = next(n for n, line in enumerate(path.read_text().splitlines()) if line.startswith("temperature"))
    assert "Sampling temperature" in editor.at("hover", path, number, 3)["contents"]["value"]
