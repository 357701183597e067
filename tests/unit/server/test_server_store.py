"""The file behind the server: private, durable, shared by threads and processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from assistctl.errors import DiskFault
from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store

WRITER = """
import sys
from assistctl.server.app import App
from assistctl.server.store import Store

app = App(Store(sys.argv[1]))
for number in range(int(sys.argv[2])):
    body = b'{"model":"m","name":"%s %d"}' % (sys.argv[3].encode(), number)
    status, _, answer = app.respond("POST", "/assistants", {}, {}, body)
    assert status == 200, answer
    print(number, flush=True)
"""


def writer(db: Path, count: int, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(db), str(count), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def everything(app: App) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    more = True
    while more:
        query = {"limit": "100", "order": "asc", **({"after": found[-1]["id"]} if found else {})}
        page = json.loads(app.handle(Request("GET", "/assistants", query)).body)
        found, more = found + page["data"], page["has_more"]
    return found


def create(app: App, **fields: Any) -> dict[str, Any]:
    answer = app.handle(Request("POST", "/assistants", body=json.dumps({"model": "m", **fields}).encode()))
    assert answer.status == 200, answer.body
    made: dict[str, Any] = json.loads(answer.body)
    return made


def test_what_was_stored_is_there_after_reopening_byte_for_byte(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with Store(db) as store:
        made = create(App(store), instructions="é\r\n 😀 \u2028")
        before = store.get(made["id"])
    with Store(db) as store:
        assert store.get(made["id"]) == before
        assert everything(App(store)) == [made]


def test_every_answered_create_survives_sigkill(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    process = writer(db, 100_000, "w")
    assert process.stdout
    answered = [process.stdout.readline() for _ in range(60)]
    os.kill(process.pid, signal.SIGKILL)
    answered += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    complete = [line for line in answered if line.endswith("\n")]
    with Store(db) as store:
        names = [found["name"] for found in everything(App(store))]
    assert names == [f"w {number}" for number in range(len(names))]
    assert len(complete) <= len(names) <= len(complete) + 1


def test_eight_threads_and_two_processes_write_one_file_without_loss(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    processes = [writer(db, 100, f"process {number}") for number in range(2)]
    with Store(db) as store:
        app = App(store)
        threads = [
            threading.Thread(target=lambda n=number: [create(app, name=f"thread {n} {i}") for i in range(50)])
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outputs = [process.communicate()[0] for process in processes]
        found = everything(app)
    assert [process.returncode for process in processes] == [0, 0]
    assert [output.split()[-1] for output in outputs] == ["99", "99"]
    assert len({assistant["id"] for assistant in found}) == len(found) == 8 * 50 + 2 * 100
    assert Counter(assistant["name"].rpartition(" ")[0] for assistant in found) == {
        **{f"thread {number}": 50 for number in range(8)},
        **{f"process {number}": 100 for number in range(2)},
    }


def test_concurrent_modifies_lose_no_metadata_key(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as one, Store(tmp_path / "a.db") as other:
        path = f"/assistants/{create(App(one))['id']}"

        def add(app: App, number: int) -> None:
            body = json.dumps({"metadata": {f"k{number}": "v"}}).encode()
            assert app.handle(Request("POST", path, body=body)).status == 200

        threads = [
            threading.Thread(target=add, args=(App(one if number % 2 else other), number))
            for number in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = json.loads(App(one).handle(Request("GET", path)).body)
    assert sorted(stored["metadata"]) == sorted(f"k{number}" for number in range(16))


def test_a_fresh_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from assistctl.server.store import Store; sys.stdin.read(); Store(sys.argv[1]).close()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.db")]
    opened = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    for process in opened:
        assert process.stdin
        process.stdin.close()
    for process in opened:
        assert process.stderr
        problem = process.stderr.read()
        process.stderr.close()
        assert (process.wait(), problem) == (0, b"")


@pytest.mark.parametrize("name", [":memory:", "a.db"])
def test_one_store_serves_many_threads(tmp_path: Path, name: str) -> None:
    problems: list[BaseException] = []
    with Store(name if name == ":memory:" else tmp_path / name) as store:
        app = App(store)

        def work() -> None:
            try:
                for _ in range(40):
                    path = f"/assistants/{create(app)['id']}"
                    assert app.handle(Request("GET", path)).status == 200
                    assert app.handle(Request("GET", "/assistants")).status == 200
                    assert app.handle(Request("DELETE", path)).status == 200
            except BaseException as problem:  # noqa: BLE001, RUF100 (shown by the main thread)
                problems.append(problem)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert everything(app) == []


def test_a_failed_write_leaves_nothing_behind() -> None:
    def interrupted(store: Store) -> None:
        with store.writing() as rows:
            rows.insert("asst_a", 1, b"{}")
            raise KeyError

    with Store(":memory:") as store:
        with pytest.raises(KeyError):
            interrupted(store)
        assert store.get("asst_a") is None
        with store.writing() as rows:  # the transaction is over
            rows.insert("asst_a", 1, b"{}")
        assert store.get("asst_a") == b"{}"


def test_an_id_is_never_stored_twice(store: Store) -> None:
    app = App(store, new_id=lambda: "same")
    assert app.handle(Request("POST", "/assistants", body=b'{"model":"a"}')).status == 200
    assert app.handle(Request("POST", "/assistants", body=b'{"model":"b"}')).status == 500
    assert [found["model"] for found in everything(app)] == ["a"]


def test_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store(tmp_path / "a.db") as store:
            create(App(store))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def garbage(path: Path) -> None:
    path.write_bytes(b"name: not a database\n" * 500)


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def later(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(garbage, "not a database"), (foreign, "belongs to another program"), (later, "later version")],
)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, spoil: Any, words: str) -> None:
    db = tmp_path / "a.db"
    spoil(db)
    before = db.read_bytes()
    with pytest.raises(DiskFault, match=words) as caught:
        Store(db)
    assert caught.value.where == str(db)
    assert caught.value.next
    assert db.read_bytes() == before


def folder(path: Path) -> None:
    path.mkdir()


def link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere.db"))


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [folder, link, pipe])
def test_only_a_regular_file_is_opened(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "a.db")
    with pytest.raises(DiskFault, match="cannot be opened"):
        Store(tmp_path / "a.db")
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFault, match="No such file") as caught:
        Store(tmp_path / "no" / "a.db")
    assert "folder" in caught.value.next


def test_a_page_that_rots_later_is_a_500_not_an_exception(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    with Store(db) as store:
        for _ in range(50):
            create(App(store), instructions="x" * 3000)
    content = bytearray(db.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    db.write_bytes(content)
    with Store(db) as store:
        answer = App(store).handle(Request("GET", "/assistants"))
    assert answer.status == 500
    assert "database" in json.loads(answer.body)["error"]["message"]
