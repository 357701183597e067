"""The local disk, the terminal and the clock (rows P1 to P7)."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from assistctl.server.messages import Answer, Handler, Request, error_answer

from .file_calls import FileCalls, for_writing
from .raw_sockets import bare_server, wire
from .rows import CREATE, LIST, NO_CHANGES, Scene, at, scene_in

TWO = ("ann", "bob")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two manifests that no assistant stands for yet."""
    with scene_in(tmp_path) as made:
        yield made.write(*TWO)


_WITH_SMALL_FILES = (
    "import os, resource, sys; most = int(sys.argv[1]);"
    " resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)); os.execv(sys.argv[2], sys.argv[2:])"
)


def program(scene: Scene, *args: str, most: int | None = None, **more: Any) -> subprocess.Popen[bytes]:
    """The program in a process of its own; where ``most`` is given no file of it may grow beyond that many
    bytes, as on a full disk (EFBIG)."""
    environ = {**os.environ, "ASSISTCTL_BASE_URL": scene.url, **more.pop("environ", {})}
    line = [sys.executable, "-m", "assistctl", "-C", str(scene.root), *args]
    if most is not None:
        line = [sys.executable, "-c", _WITH_SMALL_FILES, str(most), *line]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(line, env=environ, **streams)


def test_p1_a_plan_that_does_not_fit_on_the_disk_leaves_the_old_file_whole_exit_74(scene: Scene) -> None:
    plan = scene.root / "plan.json"
    assert scene.run("plan", "--out", str(plan)).code == 0
    before = plan.read_bytes()
    scene.write("cid")
    child = program(scene, "plan", "--out", str(plan), most=500)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 74
    assert b"Traceback" not in err
    assert b"writing failed: File too large" in err
    assert plan.read_bytes() == before
    assert sorted(path.name for path in scene.root.iterdir()) == ["assistants", "assistctl.yaml", "plan.json"]


@pytest.mark.parametrize("most", [0, 10, 60])
def test_p1_without_a_durable_intent_no_create_is_sent_exit_74(scene: Scene, most: int) -> None:
    child = program(scene, "apply", "--auto-approve", most=most)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 74
    assert b"Traceback" not in err
    assert scene.writes == []
    assert scene.apply().code == 0
    scene.assert_converged(*TWO)


def test_p1_a_journal_that_is_a_folder_stops_the_creates_and_nothing_else_exit_74(scene: Scene) -> None:
    scene.apply()
    scene.journal().unlink()
    (folder := scene.state / next(scene.state.iterdir()).name / "journal.jsonl").mkdir()
    scene.forget()
    ran = scene.write("ann", temperature=0.5).write("cid").apply("--parallelism", "1")
    assert ran.code == 74
    assert "POST /assistants" not in scene.requests
    folder.rmdir()
    assert scene.apply().code == 0
    scene.assert_converged(*TWO, "cid")


@pytest.mark.parametrize("place", ["missing/plan.json", "assistctl.yaml/plan.json"])
def test_p2_a_plan_that_cannot_be_written_there_is_a_disk_error_exit_74(scene: Scene, place: str) -> None:
    ran = scene.run("plan", "--out", str(scene.root / place))
    assert ran.code == 74
    assert ran.out == ""
    assert scene.run("plan").code == 0


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_p2_where_nothing_can_be_written_nothing_is_sent_exit_74(scene: Scene, error: int) -> None:
    scene.around = FileCalls(1, error, only=for_writing).put_in
    ran = scene.apply()
    assert ran.code == 74
    assert os.strerror(error) in ran.err
    assert scene.writes == []


def test_p2_a_state_folder_that_is_a_file_stops_before_anything_is_sent_exit_74(scene: Scene) -> None:
    scene.state.write_text("not a folder", "utf-8")
    ran = scene.run("apply", "--auto-approve")
    assert ran.code == 74
    assert "ASSISTCTL_STATE_DIR" in ran.err
    assert scene.requests == []


def test_p2_a_run_that_cannot_be_recorded_is_done_all_the_same_and_says_so_exit_74(scene: Scene) -> None:
    runs = "runs"
    calls = FileCalls(1, errno.ENOSPC, only=lambda name, args: name == "mkdir" and runs in str(args[0]))
    scene.around = calls.put_in
    ran = scene.apply()
    scene.around = lambda _patch: None
    assert ran.code == 74
    assert "the run was not recorded" in ran.err
    assert ran.last == "Apply complete! Resources: 2 added, 0 changed, 0 destroyed."
    scene.assert_converged(*TWO)


def test_p1_a_disk_that_fails_once_a_create_has_landed_ends_the_run_exit_74(scene: Scene) -> None:
    seen: list[str] = []

    def second_write(name: str, args: tuple[Any, ...]) -> bool:
        if name == "write" and os.readlink(f"/proc/self/fd/{args[0]}").endswith("journal.jsonl"):
            seen.append(name)
            return len(seen) == 2
        return False

    scene.around = FileCalls(1, errno.ENOSPC, only=second_write).put_in
    ran = scene.apply("--parallelism", "1")
    scene.around = lambda _patch: None
    assert "1 added" in ran.last
    assert "1 not started" in ran.last
    assert scene.apply().code == 0
    scene.assert_converged(*TWO)
    assert ran.code == 74


def settled_seconds(scene: Scene) -> float:
    """How long the last command waited."""
    waited = sum(scene.clock.waits)
    scene.forget()
    return waited


def test_p4_a_torn_tail_of_the_journal_was_never_sent_and_costs_no_wait(scene: Scene) -> None:
    scene.apply()
    scene.forget()
    whole = scene.journal().read_bytes()
    for length in range(1, 40):
        entry = b'\n{"intend": ["cid", "dee"], "more": [1, 2]}\n'
        scene.journal().write_bytes(whole + entry[:length])
        assert scene.apply().code == 0
        assert settled_seconds(scene) == 0


def test_p4_a_create_that_the_journal_leaves_open_is_waited_for(scene: Scene) -> None:
    scene.apply()
    scene.forget()
    scene.journal().write_bytes(scene.journal().read_bytes() + b'\n{"intend": ["cid"]}\n')
    assert scene.write("cid").apply().code == 0
    scene.assert_waited(30)
    assert scene.apply().code == 0
    assert settled_seconds(scene) == 0
    scene.assert_converged(*TWO, "cid")


FOREIGN = {
    "another owner": b'\n{"journal": 1, "owner": "other/prod", "run": "abc"}\n{"clean": true}\n',
    "another version": b'\n{"journal": 2, "owner": "shop/default", "run": "abc"}\n',
    "a text": b"this is no journal\nof this program\n",
    "a list": b"[1, 2]\n",
    "zeros": b"\0" * 4096 + b"\n",
    "no head": b'\n{"landed": "ann", "id": "asst_1"}\n',
}


@pytest.mark.parametrize("name", FOREIGN)
def test_p4_a_foreign_journal_is_not_believed_everything_is_settled_first(scene: Scene, name: str) -> None:
    scene.apply()
    scene.forget()
    scene.journal().write_bytes(FOREIGN[name])
    assert scene.write("cid").apply().code == 0
    scene.assert_waited(30)
    scene.assert_converged(*TWO, "cid")


def test_p4_a_journal_behind_a_link_is_never_written_exit_74(scene: Scene) -> None:
    scene.apply()
    target = (journal := scene.journal()).rename(scene.state / "elsewhere")
    journal.symlink_to(target)
    before = target.read_bytes()
    scene.forget()
    assert scene.write("cid").apply().code == 74
    assert target.read_bytes() == before
    assert scene.writes == []


@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdout", "stderr")], ids="+".join)
def test_p6_a_reader_that_leaves_in_the_middle_does_not_abort_the_apply(
    scene: Scene, closed: tuple[str, ...]
) -> None:
    many = [f"bot-{number:02}" for number in range(20)]
    scene.write(*many)
    started = threading.Event()

    def leave(request: Request, _server: Handler) -> None:
        if f"{request.method} {request.path}" == CREATE and scene.requests.count(CREATE) == 3:
            started.wait(60)
            for name in closed:
                getattr(child, name).close()

    scene.fault = leave
    with program(scene, "apply", "--auto-approve", "--parallelism", "1") as child:
        started.set()
        assert child.wait(60) == 0
    scene.fault = lambda _request, _server: None
    scene.assert_converged(*TWO, *many)


@pytest.mark.parametrize(
    "environ",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["PYTHONIOENCODING", "LC_ALL"],
)
def test_p6_an_ascii_terminal_gets_escapes_and_the_apply_carries_on(
    scene: Scene, environ: dict[str, str]
) -> None:
    scene.write("ann", name="Zoë ☃ 🚀", instructions="Grüße, 世界.")
    child = program(scene, "apply", "--auto-approve", "--full", environ=environ)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert out.isascii()
    assert err.isascii()
    assert b"Zo\\xeb \\u2603" in out or b"Zo\\u00eb \\u2603" in out
    scene.assert_converged(*TWO)


def test_p6_a_full_disk_behind_standard_output_is_told_and_the_apply_carries_on_exit_74(scene: Scene) -> None:
    with open("/dev/full", "w") as full:
        child = program(scene, "apply", "--auto-approve", stdout=full)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 74
    assert b"standard output could not be written: No space left on device" in err
    scene.assert_converged(*TWO)


def with_date(scene: Scene, date: Callable[[], float]) -> Callable[[Any, bytes], None]:
    """The scene's own server behind a connection whose ``Date`` is the test's."""

    def behave(connection: Any, raw: bytes) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        method, target, _ = head.decode().split("\r\n")[0].split(" ")
        path, _, query = target.partition("?")
        answer = scene.handle(Request(method, path, dict(parse_qsl(query)), {}, body))
        headers = {"date": formatdate(date(), usegmt=True), **answer.headers}
        headers.pop("content-type", None)
        connection.sendall(wire(answer.body, str(answer.status) + " So", **headers))

    return behave


YEAR = 365 * 86400.0


@pytest.mark.parametrize("server", [-10 * YEAR, -3600, 0, 3600, 10 * YEAR], ids=lambda s: f"date{s:+.0f}")
@pytest.mark.parametrize("born", [-10 * YEAR, -10, 0, 5, 10 * YEAR], ids=lambda s: f"born{s:+.0f}")
def test_p7_whatever_the_clocks_say_no_wait_is_negative_or_longer_than_the_bound(
    scene: Scene, server: float, born: float
) -> None:
    now = time.time()  # stands still, or a busy machine would change ages
    scene.created_at = lambda: now + server + born
    assert scene.write("old").apply().code == 0
    scene.journal().unlink()  # as on another machine
    scene.forget()
    with bare_server(with_date(scene, lambda: now + server)) as url:
        assert scene.write("cid").apply("--base-url", url).code == 0
    waited = sum(scene.clock.waits)
    assert all(wait >= 0 for wait in scene.clock.waits)
    assert waited <= 31
    assert (waited > 15) is (born in (-10.0, 0.0, 5.0, 10 * YEAR))


def test_p7_a_date_that_jumps_between_two_answers_changes_no_deadline(scene: Scene) -> None:
    jumps = iter([0.0, -YEAR, YEAR, -30 * YEAR, 0.0] * 20)
    with bare_server(with_date(scene, lambda: time.time() + next(jumps))) as url:
        assert scene.apply("--base-url", url).code == 0
    assert scene.keys() == {"ann": 1, "bob": 1}


def test_p7_a_retry_after_date_is_held_against_the_servers_own_clock(scene: Scene) -> None:
    then = time.time() - YEAR
    told = formatdate(then + 7, usegmt=True)
    turned_away = [True, True]

    def busy(request: Request, _server: Handler) -> Answer | None:
        late = turned_away and request.method == "GET"
        return (
            error_answer(429, "later", headers={"retry-after": told}) if late and turned_away.pop() else None
        )

    scene.fault = busy
    with bare_server(with_date(scene, lambda: then)) as url:
        assert scene.run("plan", "--base-url", url).code == 0
    assert scene.clock.waits == [pytest.approx(7, abs=2)] * 2


def test_p7_a_retry_after_date_in_the_past_is_no_negative_wait(scene: Scene) -> None:
    told = formatdate(time.time() - YEAR, usegmt=True)
    scene.fault = at(LIST, error_answer(429, "later", headers={"retry-after": told}), 1)
    assert scene.run("plan").code == 0
    assert scene.clock.waits == [0]


def test_p7_created_at_in_the_future_does_not_upset_the_age_of_twins(scene: Scene) -> None:
    scene.created_at = lambda: 4e9
    scene.applied(*TWO)
    twin = scene.named("ann")
    scene.created_at = lambda: -5.0
    scene.add(name="ann", metadata=twin["metadata"])
    ran = scene.apply()
    assert ran.code == 5
    assert twin["id"] in ran.out
    assert scene.apply("--adopt-oldest").code == 0
    assert twin["id"] not in {item["id"] for item in scene.all()}
    assert scene.run("plan").last in (NO_CHANGES, "Plan: 0 to add, 0 to change, 0 to destroy.")


def test_p1_what_the_journal_holds_was_flushed_before_the_create_it_speaks_of(scene: Scene) -> None:
    calls = FileCalls()
    known: list[set[str]] = []

    def check(request: Request, _server: Handler) -> None:
        if f"{request.method} {request.path}" == CREATE:
            key = json.loads(request.body)["metadata"]["assistctl"].split()[2]
            known.append({key} - intended(calls))

    scene.fault = check
    scene.around = calls.put_in
    assert scene.write(*(f"bot-{n}" for n in range(70))).apply("--parallelism", "4").code == 0
    assert known == [set()] * 72


def intended(calls: FileCalls) -> set[str]:
    """Keys whose intent is on the disk for certain."""
    found: set[str] = set()
    for path, data in calls.flushed.items():
        if path.endswith("journal.jsonl"):
            lines = [json.loads(line) for line in data.splitlines() if line.strip()]
            found |= {key for line in lines for key in line.get("intend", ())}
    return found
