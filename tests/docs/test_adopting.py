"""docs/adopting.md is what happens: fifty console-made assistants, every shown command, its output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.store import Store

PAGE = Path(__file__).parents[2] / "docs" / "adopting.md"
PROGRAM = [sys.executable, "-m", "assistctl"]
TEAMS = ("Billing", "Orders", "Returns", "Claims", "Onboarding")
VARYING = re.compile(r"asst_\w+|\d{4}-\d\d-\d\d \d\d:\d\d UTC|http://127\.0\.0\.1:\d+")


@pytest.fixture
def url() -> Iterator[str]:
    with Store(":memory:") as store, running(App(store).handle) as address:
        for number in range(50):
            team, desk = TEAMS[number % 5], number // 5 + 1
            prompt = f"You help the {team.lower()} team.\n\n## Desk {desk}\nAnswer in two sentences.\n"
            body = {"name": f"{team} helper {desk}", "model": "gpt-4o", "instructions": prompt}
            ask(address + "/assistants", {**body, "temperature": 0.5})
        yield address


def ask(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def steps(text: str) -> list[tuple[str, list[str]]]:
    """Commands and what is shown for each, in order, over the whole page."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether the shown lines are the printed ones, where ``…`` stands for any number of lines."""
    pattern = "".join("(?:.*\n)*?" if line == "…" else re.escape(masked(line)) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(masked(line) + "\n" for line in printed)) is not None


def masked(line: str) -> str:
    return VARYING.sub("*", line).rstrip()


def edit_in_the_console(url: str, name: str) -> None:
    listed = ask(url + "/assistants?limit=100")["data"]
    (found,) = [item for item in listed if item["name"] == name]
    ask(f"{url}/assistants/{found['id']}", {"temperature": 0.9})


def test_the_page_shows_what_happens(url: str, tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    project = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert project is not None
    (tmp_path / "assistctl.yaml").write_text(project[1], encoding="utf-8")
    environ = {**os.environ, "ASSISTCTL_BASE_URL": url, "ASSISTCTL_STATE_DIR": str(tmp_path / "state")}
    done = [command for command, _ in steps(text)]
    assert len(done) == 11
    for command, shown in steps(text):
        if command == "assistctl drift":
            edit_in_the_console(url, "Billing helper 1")
        words = [word for part in command.split() for word in (PROGRAM if part == "assistctl" else [part])]
        ran = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, f"{command}\n{ran.stderr}"
        assert fits(shown, ran.stdout.splitlines()), f"{command}\n{ran.stdout}"
    assert len(ask(url + "/assistants?limit=100")["data"]) == 50
