"""Whatever file call fails: one clear error, no half file, no create without a durable intent, and the next
clean run converges (rows P1 and P2, for every single call).

By default every call fails once, with one error after the other in turn; the campaign tries all errors on
all calls: pytest -m campaign -n 0 -s tests/faults/test_fault_rows_errno.py
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistctl.server.messages import Handler, Request
from assistctl.server.store import Store

from .file_calls import FileCalls
from .rows import CREATE, Ran, Scene, scene_in

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Moment:
    """A scene that can be gone back to: files, and what the remote holds."""

    scene: Scene
    aside: Path
    remote: Store

    def go_back(self) -> None:
        for place in (self.scene.root, self.scene.state):
            shutil.rmtree(place)
            shutil.copytree(self.aside / place.name, place)
        self.remote._connection.backup(self.scene.store._connection)
        self.scene.fault = lambda _request, _server: None
        self.scene.around = lambda _patch: None
        self.scene.forget()


@pytest.fixture
def moment(tmp_path: Path) -> Iterator[Moment]:
    """Something to create, to change, to delete, to pull and to import, all at once."""
    with scene_in(tmp_path) as scene, Store(":memory:") as remote:
        scene.applied("ann", "bob", "cid", temperature=0.1)
        scene.add(name="by hand", instructions="You were made by hand.\n")
        scene.ask("POST", f"/{scene.named('bob')['id']}", {"instructions": "Edited outside.", "top_p": 0.5})
        scene.write("ann", temperature=0.5).write("dee", "eve").drop("cid")
        aside = tmp_path / "aside"
        for place in (scene.root, scene.state):
            shutil.copytree(place, aside / place.name)
        scene.store._connection.backup(remote._connection)
        yield Moment(scene, aside, remote)


def files_of(scene: Scene) -> Files:
    return {str(p.relative_to(scene.root)): p.read_bytes() for p in scene.root.rglob("*") if p.is_file()}


COMMANDS: dict[str, list[str]] = {
    "plan --out": ["plan", "--out", "plan.json"],
    "apply": ["apply", "--auto-approve", "--on-drift", "keep", "--parallelism", "1", "--record", "run.json"],
    "pull": ["pull", "--yes"],
    "import": ["import", "--all"],
}


def run_with(moment: Moment, command: str, calls: FileCalls) -> Ran:
    """One command from this moment on, while the remote holds every create against the journal."""
    moment.go_back()
    undurable: list[str] = []

    def check(request: Request, _server: Handler) -> None:
        if f"{request.method} {request.path}" == CREATE:
            key = json.loads(request.body)["metadata"]["assistctl"].split()[2]
            undurable.extend({key} - intended(calls))

    moment.scene.fault = check
    words = [str(moment.scene.root / word) if word.endswith(".json") else word for word in COMMANDS[command]]
    before = open_files()
    moment.scene.around = calls.put_in
    ran = moment.scene.run(*words)
    assert undurable == [], calls.failed
    assert open_files() <= before, calls.failed
    return ran


def intended(calls: FileCalls) -> set[str]:
    """Keys whose intent is on the disk for certain."""
    journals = [data for path, data in calls.flushed.items() if path.endswith("/journal.jsonl")]
    lines = [json.loads(line) for data in journals for line in data.splitlines() if line.strip()]
    return {key for line in lines for key in line.get("intend", ())}


def open_files() -> set[str]:
    """What this process holds open below temporary folders."""
    links = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            continue
    return {link for link in links if "/shop" in link or "/state" in link}


def assert_whole(now: Files, before: Files, after: Files, what: str) -> None:
    """Every file is the old one or the new one."""
    for path in now.keys() | before.keys():
        if path in ("plan.json", "run.json") and path in now:
            json.loads(now[path])  # holds times and run ids: whole, not equal
        else:
            assert now.get(path) in (before.get(path), after.get(path)), f"{what} left half of {path}"


def converges(moment: Moment, command: str, after: Files, what: str) -> None:
    """The same command without any fault ends as if there had been none."""
    scene = moment.scene
    scene.fault = lambda _request, _server: None
    scene.around = lambda _patch: None
    words = [str(scene.root / word) if word.endswith(".json") else word for word in COMMANDS[command]]
    ran = scene.run(*words)
    assert ran.code == 0, (what, ran)
    if command == "apply":
        assert scene.keys() == {"ann": 1, "bob": 1, "dee": 1, "eve": 1}, what
    varying = {"plan.json", "run.json"}
    now = files_of(scene)
    assert {p: d for p, d in now.items() if p not in varying} == {
        p: d for p, d in after.items() if p not in varying
    }, what


def allowed(command: str, failed: str, ran: Ran) -> tuple[int, ...]:
    """0 where the file does not matter, else 74; an input that cannot be read is an input that is not valid,
    and pull tells what it could not write back."""
    reads = failed.startswith("open ") and not failed.endswith((".tmp", ".jsonl", "lock"))
    unnoted = "the journal cannot be written" in ran.err and "Apply incomplete" in ran.out
    return (0, 74, *((65, 5) if reads and command == "pull" else (65,) if reads else ()), *((3,) * unnoted))


def judged(moment: Moment, command: str, number: int, error: int, after: Files, before: Files) -> str:
    """One failing call: a problem in words, empty where all is well."""
    calls = FileCalls(number, error)
    try:
        ran = run_with(moment, command, calls)
    except AssertionError as problem:
        return f"{number} {calls.failed} {errno.errorcode[error]}: {str(problem)[:300]}"
    what = f"{number} {calls.failed} {errno.errorcode[error]}"
    if ran.code not in allowed(command, calls.failed, ran):
        return f"{what}: exit {ran.code}: {ran.err[-300:]}"
    try:
        assert_whole(files_of(moment.scene), before, after, what)
        converges(moment, command, after, what)
    except AssertionError as problem:
        return f"{what}: {str(problem)[:600]}"
    return ""


def every_call(
    moment: Moment, command: str, errors_of: Callable[[int], tuple[int, ...]]
) -> tuple[int, list[str]]:
    """How many calls were tried, and every problem."""
    moment.go_back()
    before = files_of(moment.scene)
    calls = FileCalls()
    assert run_with(moment, command, calls).code == 0
    after = files_of(moment.scene)
    found = [
        judged(moment, command, number, error, after, before)
        for number in range(1, calls.count + 1)
        for error in errors_of(number)
    ]
    return len(found), [problem for problem in found if problem]


@pytest.mark.parametrize("command", COMMANDS)
def test_p1_p2_whichever_file_call_fails_nothing_is_left_half_done(moment: Moment, command: str) -> None:
    tried, problems = every_call(moment, command, lambda number: (ERRORS[number % len(ERRORS)],))
    assert tried > 5
    assert problems == []


@pytest.mark.campaign
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("command", COMMANDS)
def test_p1_p2_whichever_file_call_fails_with_whichever_error(moment: Moment, command: str) -> None:
    tried, problems = every_call(moment, command, lambda _number: ERRORS)
    print(f"\n{command}: {tried} failing calls")
    assert problems == []
