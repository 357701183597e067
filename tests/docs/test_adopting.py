"""``docs/adopting.md`` from top to bottom: fifty assistants over HTTP, every command, every line shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest

from assistctl.engine.marker import Marker, decode
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Request
from assistctl.server.store import Store

if TYPE_CHECKING:
    from .conftest import Block, Shell

PAGE = "docs/adopting.md"
ANY = "…"
SECOND_PROJECT = "With environments"
DESKS = (
    *("Invoices", "Orders", "Returns", "Shipping", "Warranty"),
    *("Accounts", "Complaints", "Stock", "Claims", "Travel"),
)
SIDES = ("north", "south", "east", "west")
ORDER = {name: {"type": "string", "description": f"The {name}."} for name in ("order", "customer", "reason")}
REFUND = {"name": "refund_order", "description": "Pays back.", "parameters": {"properties": ORDER}}

_CONSOLE = re.compile(r"In the console, `([^`]+)` gets:\s*\Z")
_VARYING = (
    (r"asst_\w+", "asst_ID"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME"),
    (r"http://127\.0\.0\.1:\d+", "URL"),
    (r"(?<=\S) {2,}(?=\S)", "  "),
)
"""Ids, times, the port and the widths of columns."""


def console_made() -> Iterator[dict[str, Any]]:
    """Fifty assistants as a team makes them by hand."""
    for desk in DESKS:
        for side in SIDES:
            prompt = f"You are the {desk.lower()} desk, {side}.\n\nBe brief.\n"
            extra = {"temperature": 0.2, "metadata": {"team": "billing"}} if desk == "Invoices" else {}
            yield {"model": "gpt-4o-mini", "name": f"{desk} {side}", "instructions": prompt, **extra}
    for number in range(6):
        yield {"model": "gpt-4o", "name": f"Night {number}", "instructions": "It is night.\n"}
    yield {"model": "gpt-4o", "name": "Helper", "instructions": "Help.\n"}
    yield {"model": "gpt-4o", "name": "Helper", "instructions": "Help the helpers.\n"}
    yield {"model": "gpt-4o", "name": "Catalogue", "metadata": {f"tag-{n}": "x" for n in range(16)}}
    refunds = "Refund with `refund_order`.\nCosts ${var.fee} in the template.\n"
    tools = [{"type": "function", "function": REFUND}]
    yield {"model": "gpt-4o", "name": "Refunds", "instructions": refunds, "tools": tools}


@dataclass
class Console:
    """The server as people see it, without the program."""

    app: App

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        query = {"limit": "100"} if method == "GET" else {}
        answer = self.app.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def named(self, name: str) -> Any:
        (found,) = (item for item in self.ask("GET")["data"] if item["name"] == name)
        return found

    def without_markers(self) -> dict[str, Any]:
        """Every assistant by id, as if nobody owned it."""
        items = {item["id"]: item for item in self.ask("GET")["data"]}
        for item in items.values():
            item["metadata"].pop("assistctl", None)
        return items


@dataclass
class Visit:
    """The page while it is followed: its remote, and the folder that its commands run in."""

    console: Console
    shell: Shell
    folder: Path

    def follow(self, page: str, blocks: list[Block]) -> None:
        """Does what the blocks say, in order."""
        end = 0
        for block in blocks:
            start = page.index(f"```{block.language}\n{block.text}```", end)
            edited = _CONSOLE.search(page, 0, start)
            end = start + len(block.text)
            if block.text.startswith("project: "):
                self.start_in("second" if block.section == SECOND_PROJECT else "first")
                self.write("assistctl.yaml", block.text)
            elif block.language == "yaml":
                self.write(block.path, block.text)
            elif edited:
                target = self.console.named(edited[1])
                self.console.ask("POST", f"/{target['id']}", json.loads(block.text))
            elif block.language == "diff":
                self.change(block.text)
            elif block.language == "console":
                self.play(block.text)

    def start_in(self, name: str) -> None:
        self.folder = self.folder.parent / name
        self.folder.mkdir()
        assert self.shell("git init -q", self.folder).returncode == 0

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text, encoding="utf-8")

    def change(self, diff: str) -> None:
        """One exchange of lines; the line before must be there exactly once."""
        head, old, new = diff.splitlines()
        path = self.folder / head.removeprefix("--- ")
        text = path.read_text(encoding="utf-8")
        assert text.count(old[1:]) == 1
        path.write_text(text.replace(old[1:], new[1:]), encoding="utf-8")

    def play(self, transcript: str) -> None:
        """Types the commands. What is shown stands on one of the two outputs, all of standard output is
        shown."""
        for step in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            ran = self.shell(command, self.folder)
            assert ran.returncode == 0, f"{command}\n{ran.stderr}"
            told = plain(ran.stderr)
            wanted = [line for line in plain("\n".join(shown)) if line not in told]
            assert fits(wanted, plain(ran.stdout)), f"{command}\n{ran.stdout}{ran.stderr}"


def plain(text: str) -> list[str]:
    """Lines without what differs from run to run."""
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.rstrip("\n").split("\n")] if text else []


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are as shown, where the one sign stands for any number of lines."""
    if not shown:
        return not printed
    if shown[0] == ANY:
        return any(fits(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and fits(shown[1:], printed[1:])


@pytest.fixture
def visit(shell: Shell, tmp_path: Path) -> Iterator[Visit]:
    """Fifty assistants and one of another owner, and a reader with git."""
    identity = "[user]\n\tname = t\n\temail = t@example.org\n"
    (tmp_path / "gitconfig").write_text(identity, encoding="utf-8")
    with Store(":memory:") as store, running((app := App(store)).handle) as url:
        console = Console(app)
        for fields in console_made():
            console.ask("POST", "", fields)
        theirs = Marker("acme-lab/prod", "lab", "r1").encode()
        console.ask("POST", "", {"model": "gpt-4o", "name": "Lab", "metadata": {"assistctl": theirs}})

        def typed(line: str, folder: Path) -> CompletedProcess[str]:
            exports = f"export ASSISTCTL_BASE_URL={url} GIT_CONFIG_GLOBAL={tmp_path}/gitconfig"
            return shell(f"{exports}; {line}", folder)

        yield Visit(console, typed, tmp_path / "nowhere")


def test_the_page_goes_as_shown_and_leaves_the_assistants_as_they_were(
    visit: Visit, blocks: list[Block], pages: Mapping[str, str]
) -> None:
    before = visit.console.without_markers()
    assert len(before) == 51
    visit.follow(pages[PAGE], [block for block in blocks if block.page == PAGE])
    after = visit.console.without_markers()
    edited = {visit.console.named(name)["id"] for name in ("Invoices north", "Stock west")}
    assert {each for each in before if before[each] != after.get(each)} == edited
    invoices = visit.console.named("Invoices north")
    assert (invoices["temperature"], invoices["description"]) == (0.2, "Ask Ann.")
    marked = [item["name"] for item in visit.console.ask("GET")["data"] if "assistctl" in item["metadata"]]
    assert marked == ["Lab"]


def test_the_shown_entry_is_a_marker_of_the_page(blocks: list[Block]) -> None:
    (block,) = (block for block in blocks if block.page == PAGE and block.language == "text")
    marker = decode(block.text.strip())
    assert marker is not None
    assert (marker.owner, marker.key) == ("acme-support/default", "invoices-north")


def test_a_pin_may_go_once_the_assistant_is_adopted(visit: Visit) -> None:
    visit.start_in("first")
    visit.write("assistctl.yaml", "project: acme-support\nprovider: aimlapi\n")
    assert visit.shell("assistctl import --all", visit.folder).returncode == 3
    assert visit.shell("assistctl apply --auto-approve", visit.folder).returncode == 0
    pinned = [*(visit.folder / "assistants").glob("*.yaml")]
    assert len(pinned) == 49
    for path in pinned:
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^id: .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    ran = visit.shell("assistctl plan", visit.folder)
    assert plain(ran.stdout)[-1] == "No changes. Your infrastructure matches the configuration."
