"""The examples of the documents: files that are valid, and output that the program really prints."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistctl.engine.marker import decode
from assistctl.manifest.yaml_reader import load
from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store

if TYPE_CHECKING:
    from .conftest import Block, Shell

ANY = "…"
COMMANDS = (
    "python3 -m venv .uv && .uv/bin/pip install -q uv && .uv/bin/uv run -q --no-dev"
    " assistctl --provider local apply --auto-approve",
    "python3 -m venv .uv && .uv/bin/pip install -q uv && .uv/bin/uv run -q pytest",
)


def of_section(blocks: list[Block], title: str, page: str = "README.md") -> list[Block]:
    return [block for block in blocks if (block.page, block.section) == (page, title)]


def write(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def plain(text: str) -> list[str]:
    """Lines without what differs from run to run and without blanks at their ends."""
    return [re.sub(r"asst_\w+", "asst_ID", line).rstrip() for line in text.rstrip("\n").split("\n")]


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are as shown, where the one sign stands for any number of lines."""
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(fits(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and fits(shown[1:], printed[1:])


def steps(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a transcript with the output shown below each."""
    found: list[tuple[str, list[str]]] = []
    for line in plain(block.text):
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def test_the_readme_has_its_two_commands_on_lines_of_their_own(blocks: list[Block]) -> None:
    (block,) = of_section(blocks, "Two commands")
    assert tuple(block.text.splitlines()) == COMMANDS


def test_every_yaml_example_is_strict_yaml(blocks: list[Block]) -> None:
    shown = [block for block in blocks if block.language == "yaml"]
    assert len(shown) >= 8
    for block in shown:
        loaded = load(block.text.encode())
        assert loaded.problems == (), f"{block.page}: {block.section}"


def test_every_complete_example_passes_validation_without_warnings(
    blocks: list[Block], shell: Shell, tmp_path: Path
) -> None:
    named = [block for block in blocks if block.path and block.language in ("yaml", "markdown")]
    sections = [list(group) for _, group in groupby(named, key=lambda block: (block.page, block.section))]
    assert len(sections) >= 4
    for number, section in enumerate(sections):
        folder = tmp_path / str(number)
        write(folder, "assistctl.yaml", "project: example\ndefaults: {model: gpt-4o-mini}\n")
        for block in section:
            write(folder, block.path, block.text)
        if not any(block.path.startswith("assistants/") for block in section):
            write(folder, "assistants/sample.yaml", "instructions: Be brief.\n")
        ran = shell("assistctl validate --strict", folder)
        assert ran.returncode == 0, f"{section[0].page}: {section[0].section}\n{ran.stdout}{ran.stderr}"


@pytest.fixture
def shown_project(blocks: list[Block], shell: Shell, tmp_path: Path) -> Path:
    """The README's project as it was at the last apply, then changed here and outside as its text says."""
    folder = tmp_path / "acme"
    files = {block.path: block.text for block in of_section(blocks, "What it looks like") if block.path}
    bot = "assistants/billing-bot.yaml"
    write(folder, "assistctl.yaml", files["assistctl.yaml"])
    write(folder, bot, files[bot].replace("Be brief and polite.", "Be brief."))
    write(folder, "assistants/old-bot.yaml", "name: Old bot\ninstructions: Say that this desk has moved.\n")
    assert shell("assistctl apply --auto-approve", folder).returncode == 0
    with Store(folder / ".assistctl" / "local.db") as store:
        app = App(store)
        listed = json.loads(app.handle(Request("GET", "/assistants")).body)["data"]
        (found,) = [item["id"] for item in listed if item["name"] == "Billing bot"]
        for path, body in ((f"/{found}", {"temperature": 0.2}), ("", {"model": "gpt-4o", "name": "By hand"})):
            answer = app.handle(Request("POST", f"/assistants{path}", body=json.dumps(body).encode()))
            assert answer.status == 200
    (folder / "assistants" / "old-bot.yaml").unlink()
    for path, text in files.items():
        write(folder, path, text)
    return folder


def test_the_shown_plan_is_what_the_shown_manifests_give(
    blocks: list[Block], shell: Shell, shown_project: Path
) -> None:
    (block,) = [each for each in of_section(blocks, "What it looks like") if each.language == "console"]
    ((command, shown),) = steps(block)
    ran = shell(command, shown_project)
    assert ran.returncode == 0, ran.stderr
    assert plain(ran.stdout) == shown


def test_five_minutes_go_as_shown(blocks: list[Block], shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path
    for block in of_section(blocks, "Five minutes"):
        if block.language == "diff":
            change(folder, block.text)
            continue
        for command, shown in steps(block):
            if command.startswith("cd "):
                folder = folder / command[3:]
                continue
            ran = shell(command, folder)
            assert ran.returncode == 0, f"{command}\n{ran.stderr}"
            printed = plain(ran.stdout) if ran.stdout else []
            assert fits(shown, printed), f"{command}\n{ran.stdout}"


def change(folder: Path, diff: str) -> None:
    """Applies one exchange of lines; the text before must be there exactly once."""
    head, old, new = diff.splitlines()
    path = folder / head.removeprefix("--- ")
    text = path.read_text(encoding="utf-8")
    assert text.count(old[1:]) == 1
    path.write_text(text.replace(old[1:], new[1:]), encoding="utf-8")


def test_the_shown_marker_can_be_read(blocks: list[Block]) -> None:
    (block,) = of_section(blocks, "The marker", "docs/ownership.md")
    marker = decode(block.text.strip())
    assert marker is not None
    assert (marker.owner, marker.key, marker.run) == ("acme-support/prod", "billing-bot", "k7f2q9")
    assert marker.prevent_destroy
    assert set(marker.fields) == {"name", "tools", "temperature"}
    assert marker.fields["tools"].stored is not None
    assert len(marker.metadata) == 2
