"""Row L11 and guarantee G9: an endless body or a gzip bomb (189 KB unfolded to 423 MB) is refused within
bounded memory, and a page that is too large is asked for in halves.

Peaks are those of the whole program in a process of its own (``VmHWM``), above the peak of the same command
against a remote without assistants.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .raw_server import EMPTY_LIST, Behaviour, answer, raw_server
from .stage import MIB, PROJECT, Checkout, Ran, manifest, serving, some_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's VmHWM")

CEILING = 96
"""MiB above idle."""
LIMITS = [100, 50, 25, 12, 6, 3, 1]
PROGRAM = """
import sys
from assistctl.cli.run import run_process
code = run_process(sys.argv[1:])
sys.stderr.flush()
status = open("/proc/self/status").read()
print("peak", status.split("VmHWM:")[1].split()[0], code, file=sys.stderr)
"""


def measured(folder: Path, url: str, *words: str) -> tuple[Ran, float]:
    """One command line and its peak in MiB."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--base-url", url, *words],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    rest, _, last = ran.stderr.rstrip("\n").rpartition("\n")
    _, peak, code = last.split()
    return Ran(int(code), ran.stdout, rest), int(peak) / 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("memory")
    (made / "assistctl.yaml").write_text(PROJECT)
    once = PROJECT.replace("aimlapi", "{extends: aimlapi, paging: refused}")
    (made / "once.yaml").write_text(once)
    (made / "assistants").mkdir()
    (made / "assistants" / "bot.yaml").write_text(manifest())
    return made


@pytest.fixture(scope="module")
def idle(folder: Path) -> Iterator[float]:
    """What the command needs when there is nothing to read."""
    with raw_server(answer(body=EMPTY_LIST)) as server:
        _, peak = measured(folder, server.url, "plan")
        yield peak


def endless(*headers: str, piece: bytes = b" " * 65536, chunked: bool = False) -> Behaviour:
    """A body that never ends."""

    def behave(connection: socket.socket, _request: bytes) -> None:
        lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *headers]
        lines += ["Transfer-Encoding: chunked"] if chunked else []
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        framed = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
        while True:
            connection.sendall(framed)

    return behave


def bomb(size: int, *, rounds: int = 1, wbits: int = 31) -> bytes:
    """``size`` MiB of one character, compressed (several times over)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    data = b"".join(packer.compress(b" " * MIB) for _ in range(size)) + packer.flush()
    for _ in range(rounds - 1):
        data = gzip.compress(data, 9, mtime=0)
    return data


def endless_gzip(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        connection.sendall(packer.compress(b" " * MIB * 4) + packer.flush(zlib.Z_SYNC_FLUSH))


BODIES: dict[str, Callable[[], Behaviour]] = {
    "endless": endless,
    "endless in chunks": lambda: endless(chunked=True),
    "endless in tiny chunks": lambda: endless(chunked=True, piece=b" " * 64),
    "endless with a length": lambda: endless("Content-Length: 99999999999999"),
    "gzip": lambda: answer("200 OK", bomb(128), "Content-Encoding: gzip"),
    "x-gzip": lambda: answer("200 OK", bomb(128), "Content-Encoding: x-gzip"),
    "deflate": lambda: answer("200 OK", bomb(128, wbits=15), "Content-Encoding: deflate"),
    "gzip in gzip": lambda: answer("200 OK", bomb(100, rounds=2), "Content-Encoding: gzip, gzip"),
    "endless gzip": lambda: endless_gzip,
    "an endless error": lambda: endless_error,
    "endless headers": lambda: endless_headers,
}


def endless_error(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_headers(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize("name", some_of(BODIES, "endless", "gzip", "endless gzip", "an endless error"))
def test_l11_a_hostile_body_is_refused_within_the_ceiling(
    folder: Path, idle: float, name: str, record_property: Callable[[str, object], None]
) -> None:
    seconds = "2" if "tiny" in name else "60"
    with raw_server(BODIES[name]()) as server:
        ran, peak = measured(folder, server.url, "-c", "once.yaml", "plan", "--timeout", seconds)
    record_property("MiB above idle", round(peak - idle))
    print(f"{name}: {peak - idle:.0f} MiB above {idle:.0f}")
    assert ran.code == 7, ran.shown[-500:]
    assert "Traceback" not in ran.err
    assert peak - idle <= CEILING


@pytest.mark.parametrize("name", some_of(["endless", "gzip"], "endless"))
def test_l11_a_page_over_the_cap_is_asked_for_in_halves_down_to_one(
    folder: Path, idle: float, name: str
) -> None:
    with raw_server(BODIES[name]()) as server:
        ran, _ = measured(folder, server.url, "plan", "--timeout", "60")
        asked = [int(found) for request in server.requests for found in re.findall(rb"limit=(\d+)", request)]
    assert asked == LIMITS
    assert "larger than 64 MiB" in ran.err


def test_l11_a_page_that_fits_once_it_is_halved_gives_the_whole_list(folder: Path, idle: float) -> None:
    """Twelve assistants a page are as much as this remote can answer below the cap."""
    items = [
        {"id": f"asst_{n}", "object": "assistant", "created_at": n, "model": "gpt-4o"} for n in range(30)
    ]

    def behave(connection: socket.socket, request: bytes) -> None:
        line = request.split(b"\r\n")[0].decode()
        limit = int(re.findall(r"limit=(\d+)", line)[0])
        after = re.findall(r"after=asst_(\d+)", line)
        start = int(after[0]) + 1 if after else 0
        if limit > 12:
            endless()(connection, request)
        page = {"data": items[start : start + limit], "has_more": start + limit < len(items)}
        answer(body=json.dumps(page).encode())(connection, request)

    with raw_server(behave) as server:
        ran, peak = measured(folder, server.url, "list", "--format", "json")
    assert ran.code == 0, ran.err
    assert [entry["id"] for entry in ran.data] == [item["id"] for item in items]
    assert peak - idle <= CEILING


def test_l11_a_complete_answer_just_below_the_cap_costs_its_bytes_and_its_text_once(
    folder: Path, idle: float
) -> None:
    """Also while it is asked for again: an attempt that failed keeps nothing of its answer."""
    with raw_server(answer(body=b" " * (63 * MIB))) as server:
        ran, peak = measured(folder, server.url, "plan", "--timeout", "20")
        assert len(server.requests) > 1
    assert ran.code == 7
    assert peak - idle <= 2 * 64 + 16


VALUES: dict[str, bytes] = {
    "empty lists": b"[],",
    "empty maps": b"{},",
    "small maps": b'{"a":1},',
    "numbers": b"1.5,",
    "nested": b'[[[["a"]]]],',
}


@pytest.mark.parametrize("name", some_of(VALUES, "nested"))
def test_l11_json_that_grows_when_it_is_read_is_refused_within_the_ceiling(
    folder: Path, idle: float, name: str, record_property: Callable[[str, object], None]
) -> None:
    """16 MiB of tiny values would become hundreds of MiB of objects: as large, hence too large."""
    values = (VALUES[name] * (16 * MIB // len(VALUES[name]))).rstrip(b",")
    with raw_server(answer(body=b'{"has_more": false, "data": [], "x": [' + values + b"]}")) as server:
        ran, peak = measured(folder, server.url, "-c", "once.yaml", "plan", "--timeout", "60")
    record_property("MiB above idle", round(peak - idle))
    print(f"{name}: {peak - idle:.0f} MiB above {idle:.0f}")
    assert ran.code == 7, ran.shown[-500:]
    assert peak - idle <= CEILING


@pytest.mark.campaign
def test_g9_ten_thousand_remote_assistants_with_the_plan_need_at_most_300_mib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 assistants of ten kilobytes on the remote, as many manifests, nothing to change."""
    count = 10_000
    with serving() as remote:
        project = Checkout(tmp_path / "shop", remote.url)
        project.put({"assistctl.yaml": PROJECT})
        text = "".join(f"You look after shop number %d. Rule {n}: be brief and kind.\n" for n in range(145))
        for number in range(count):
            name = f"assistants/{number % 100}/bot{number}.yaml"
            project.put({name: manifest(instructions=text.replace("%d", str(number)))})
        project.put({"assistctl.yaml": PROJECT + "limits: {max_deletes: 0}\n"})
        ran = project.spawn("apply", "--auto-approve", "-q", "--parallelism", "8", seconds=900)
        assert ran.code == 0, ran.shown[-500:]
        ran, peak = measured(project.path, remote.url, "plan")
    print(f"10,000 assistants: {peak:.0f} MiB")
    assert ran.out.splitlines()[-1].startswith("No changes.")
    assert peak <= 300
