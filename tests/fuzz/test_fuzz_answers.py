"""Whatever a remote answers: an exit code of the table, no traceback, no hang, no raw control character.

The whole program runs; only the socket is a function. Default: 1,800 commands of one seed. The
campaign tries as many as wished, over all cores:
FUZZ_SEED=7 FUZZ_CASES=1000000 pytest -m campaign -n 0 -s tests/fuzz/test_fuzz_answers.py
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.errors import ExitCode
from assistctl.server.app import App
from assistctl.server.connections import encode
from assistctl.server.messages import Request
from assistctl.server.store import Store
from tests.faults.skipping_clock import Clock

from .in_process_wire import lay
from .mutation import mutated, twisted, wild
from .running_cases import MOST_MIB, Case, cases, run_cases, seed, spread

CODES = frozenset(ExitCode) - {ExitCode.BUG, ExitCode.INTERRUPTED, ExitCode.TERMINATED}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_URL = "http://127.0.0.1:9"
_MANIFESTS = {
    "ann": "model: gpt-4o\ninstructions: Help Ann.\ntemperature: 0.5\nmetadata: {team: a}\n",
    "bob": "model: gpt-4o\ninstructions: Help Bob.\ntools: [{type: code_interpreter}]\n",
    "new": "model: gpt-4o\ninstructions: I am new.\n",
}
_VERBS: tuple[tuple[str, ...], ...] = (
    ("apply", "--auto-approve", "--parallelism", "1"),
    ("apply", "--auto-approve", "--parallelism", "1", "--format", "json"),
    ("apply", "--auto-approve", "--adopt", "--settle-seconds", "3", "--on-drift", "overwrite"),
    ("plan",),
    ("plan", "--format", "json"),
    ("drift",),
    ("list",),
    ("ids",),
    ("show", "ann"),
    ("import", "--all"),
    ("pull", "--yes"),
    ("release", "ann", "--auto-approve"),
    ("destroy", "--auto-approve"),
    ("export",),
)
_TOKENS = tuple(
    text.encode()
    for text in (
        "\r\n",
        "\n",
        "\r\n\r\n",
        ": ",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/2 200\r\n",
        "content-length: 5\r\n",
        "content-length: -1\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked\r\n",
        "content-encoding: gzip\r\n",
        "content-encoding: br\r\n",
        "retry-after: 1e400\r\n",
        "retry-after: Mon, 01 Jan 0001 00:00:00 GMT\r\n",
        "date: Thu, 32 Foo 99999 99:99:99 GMT\r\n",
        "location: http://169.254.169.254/\r\n",
        "x-should-retry: true\r\n",
        "x: " + "y" * 70_000 + "\r\n",
        "ffffffff\r\n",
        "0\r\n\r\n",
        '"',
        "{",
        "}",
        "[" * 300,
        ",",
        "null",
        "NaN",
        "1e999",
        "9" * 5000,
        "\\ud800",
        "\\u0000",
        '"id": "../x",',
        '"data": 1,',
        '"has_more": true,',
        '"metadata": {"assistctl": "1 shop/default ann x"},',
        "\x1b]0;x\x07",
        "\u202e",
    )
)
_HEADERS = (
    (
        "retry-after",
        ("0", "3", "-1", "nan", "inf", "121", "1e400", "Wed, 21 Oct 2015 07:28:00 GMT", "x" * 999),
    ),
    ("retry-after-ms", ("0", "-5", "1e300", "nan")),
    ("date", ("", "x", "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359")),
    ("content-type", ("text/html", "application/json; charset=utf-16", "\x7f", "")),
    ("content-encoding", ("gzip", "deflate", "br", "identity, gzip", "gzip, gzip")),
    ("location", ("/", "http://[::1", "//evil", "https://user:pw@host/", "\\\\x")),
    ("x-should-retry", ("true", "false", "maybe")),
    ("x-request-id", ("\x9b31m", "a" * 500, "::error::x")),
)
Spoil = Callable[[bytes, Random], bytes]


def _bytes(raw: bytes, rng: Random) -> bytes:
    return mutated(raw, rng, _TOKENS)


def _body(raw: bytes, rng: Random) -> bytes:
    head, _, body = raw.partition(b"\r\n\r\n")
    return _answer(head, mutated(body, rng, _TOKENS))


def _shape(raw: bytes, rng: Random) -> bytes:
    """Valid JSON, with one to three nodes exchanged."""
    head, _, body = raw.partition(b"\r\n\r\n")
    value = json.loads(body)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = twisted(value, rng)
    return _answer(head, json.dumps(value).encode())


def _anything(raw: bytes, rng: Random) -> bytes:
    return _answer(raw.partition(b"\r\n\r\n")[0], json.dumps(wild(rng)).encode())


def _status(raw: bytes, rng: Random) -> bytes:
    """Another status, with headers that mean something there, and sometimes another body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines[0] = b"HTTP/1.1 %d %s" % (
        rng.choice((*range(200, 600), 0, 99, 600, 999)),
        rng.choice((b"", b"Odd", b"\x80")),
    )
    for name, values in rng.sample(_HEADERS, rng.randrange(4)):
        lines.append(f"{name}: {rng.choice(values)}".encode())
    bodies = (
        body,
        b"",
        b"<html><title>" + b"x" * 300,
        json.dumps({"error": wild(rng)}).encode(),
        gzip.compress(body),
    )
    return _answer(b"\r\n".join(lines), rng.choice(bodies))


def _noise(_raw: bytes, rng: Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 20, 3000)))


def _cut(raw: bytes, rng: Random) -> bytes:
    return raw[: rng.randrange(len(raw))]


_SPOILS: tuple[Spoil, ...] = (
    _bytes,
    _bytes,
    _body,
    _shape,
    _shape,
    _shape,
    _anything,
    _status,
    _status,
    _noise,
    _cut,
)


def _answer(head: bytes, body: bytes) -> bytes:
    """With the length that the body has now."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body)]) + b"\r\n\r\n" + body


class Remote:
    """A server whose answers are spoiled now and then, as one generator of numbers wants."""

    def __init__(self) -> None:
        self.app: App | None = None
        self.sound(Random(0))  # noqa: S311 - numbers to repeat, not to hide

    def sound(self, rng: Random) -> None:
        """Every answer is as it should be."""
        self.rng, self.odds, self.spared = rng, 0.0, ""

    def spoiling(self, rng: Random, *, writes: bool) -> None:
        """Where the command ``writes``, lists or all reads are often spared: else it would not get so far."""
        self.rng, self.odds = rng, rng.choice((0.2, 0.5, 1.0, 1.0))
        self.spared = rng.choice(("", "GET /assistants", "GET ")) if writes else ""

    def __call__(self, request: Request) -> bytes:
        assert self.app is not None
        raw = encode(self.app.handle(request), close=True)
        asked = f"{request.method} {request.path}"
        spared = asked == self.spared or (self.spared == "GET " and asked.startswith("GET "))
        spoilt = not spared and self.rng.random() < self.odds
        return self.rng.choice(_SPOILS)(raw, self.rng) if spoilt else raw


class Place:
    """One project, put back for every case."""

    def __init__(self, path: Path, remote: Remote) -> None:
        self.root, self.state, self.remote = path / "shop", path / "state", remote
        self._fleet = Store(":memory:")
        self._lay_out()
        remote.app = App(self._fleet, clock=lambda: 1.7e9)
        assert self.run("apply", "--auto-approve")[0] == 0
        for body in ({"name": "by hand", "model": "gpt-4o"}, {"name": "bob", "model": "gpt-4o"}):
            data = json.dumps(body).encode()
            remote.app.handle(Request("POST", "/assistants", {}, {}, data))
        self.manifest("new").write_text(_MANIFESTS["new"], "utf-8")
        self.manifest("ann").write_text(_MANIFESTS["ann"].replace("0.5", "0.7"), "utf-8")
        self._aside = path / "aside"
        shutil.copytree(self.root, self._aside)

    def manifest(self, key: str) -> Path:
        return self.root / "assistants" / f"{key}.yaml"

    def _lay_out(self) -> None:
        (self.root / "assistants").mkdir(parents=True)
        (self.root / "assistctl.yaml").write_text("project: shop\nprovider: openai\n", "utf-8")
        for key in ("ann", "bob", "old"):
            text = _MANIFESTS.get(key, "model: gpt-4o\ninstructions: I am old.\n")
            self.manifest(key).write_text(text, "utf-8")

    def run(self, *words: str) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        environ = {**os.environ, "ASSISTCTL_BASE_URL": _URL, "ASSISTCTL_STATE_DIR": str(self.state)}
        with pytest.MonkeyPatch.context() as patch:
            for name in ("ASSISTCTL_BASE_URL", "ASSISTCTL_STATE_DIR"):
                patch.setenv(name, environ[name])
            Clock().put_in(patch)
            lay(patch, self.remote)
            code = run(["-C", str(self.root), *words], Console(None, out, err, os.environ))
        return code, out.getvalue() + err.getvalue()

    def case(self, rng: Random) -> str:
        """One command against a remote that spoils some of its answers."""
        words = rng.choice(_VERBS)
        with Store(":memory:") as store:
            self._fleet._connection.backup(store._connection)
            self.remote.app = App(store, clock=lambda: 1.7e9)
            self.remote.spoiling(rng, writes=words[0] in ("apply", "destroy", "release"))
            code, said = self.run(*words)
        if words[0] in ("import", "pull"):
            shutil.rmtree(self.root)
            shutil.copytree(self._aside, self.root)
        shutil.rmtree(self.state, ignore_errors=True)
        if code not in CODES or "Traceback" in said:
            return f"{' '.join(words)}: exit {code}: {said[-500:]}"
        odd = sorted(set(_CONTROLS.findall(said)))
        return f"{' '.join(words)}: raw control characters {odd}" if odd else ""


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Nothing of this machine reaches the program."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("ASSISTCTL_", "GITHUB_")) or name.endswith("_API_KEY") or name == "CI":
                patch.delenv(name)
        yield


@pytest.mark.parametrize("batch", range(12))
def test_spoiled_answers_end_in_an_exit_code_of_the_table(tmp_path: Path, batch: int) -> None:
    numbers = range(batch * 150, (batch + 1) * 150)
    assert run_cases(Place(tmp_path, Remote()).case, 20261122, numbers) == []


def test_the_answers_that_are_spoiled_are_sound(tmp_path: Path) -> None:
    place = Place(tmp_path, Remote())
    assert place.run("apply", "--auto-approve", "--adopt")[0] == 0
    assert place.run("plan", "--detailed-exitcode")[0] == 0


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_of_spoiled_answers(tmp_path: Path) -> None:
    chosen, count = seed(), cases(100_000)
    print(f"\nFUZZ_SEED={chosen} FUZZ_CASES={count}")

    def make(worker: int) -> Case:
        return Place(tmp_path / str(worker), Remote()).case

    problems, mib = spread(make, chosen, count)
    print(f"{count:,} commands against spoiled answers, {len(problems)} problems, {mib:.0f} MiB at most")
    assert problems == []
    assert mib <= MOST_MIB
