"""Threat: YAML bombs, depth (the C loader segfaults), merge keys (644 bytes took 7.7 s), odd numbers and
dates, tags, duplicate keys.

Defence: an event pre-pass with limits (1 MiB, depth 50, 100,000 nodes, no aliases or merges) and a resolver
of our own (null, bool, int, float, string). Each bomb meets the whole program in a process of its own that
may use one second of CPU and 256 MiB of address space.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator

import pytest

from .ceilings import Ceilings
from .stage import MIB, Checkout, Ran

Bounded = Callable[..., Ran]

DEEP = 100_000
BOMBS: dict[str, bytes] = {
    "flow lists": b"instructions: " + b"[" * DEEP,
    "closed flow lists": b"instructions: " + b"[" * DEEP + b"]" * DEEP,
    "flow maps": b"{a: " * DEEP,
    "block lists": b"- " * DEEP,
    "keys that are maps": b"? " * DEEP,
    "indentation": b"".join(b" " * depth + b"a:\n" for depth in range(1_200)),
    "aliases": b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(2_000)),
    "billion laughs": b"a0: &a0 lol\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)),
    "an alias to itself": b"a: &a [*a]\n",
    "merge keys": b"base: &b {a: 1}\nx: {<<: [" + b"*b," * 200 + b"]}\n",
    "nested merge keys": b"a0: &a0 {k: v}\n"
    + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 25)),
    "a merge key without an alias": b"model: gpt-4o\n<<: {description: x}\n",
    "a huge integer": b"temperature: " + b"9" * 900_000,
    "a huge hexadecimal": b"temperature: 0x" + b"f" * 900_000,
    "a huge float": b"temperature: 1" + b"0" * 900_000 + b".5",
    "a huge exponent": b"temperature: 1e999999999",
    "not a number": b"temperature: .nan",
    "infinity": b"temperature: -.inf",
    "sexagesimal": b"model: gpt-4o\ntemperature: 190:20:30",
    "a date": b"model: gpt-4o\ntemperature: 2001-12-14t21:59:43.10-05:00",
    "a date that is none": b"model: gpt-4o\ntemperature: 2026-13-45",
    "a python tag": b"model: !!python/object/apply:os.system [touch ran]",
    "a python name tag": b"model: !!python/name:os.system ''",
    "a tag of its own": b"model: !file prompt.md",
    "a binary tag": b"model: !!binary aGVsbG8=",
    "a set": b"model: !!set {a, b}",
    "a tag directive": b"%TAG ! tag:evil,2026:\n---\nmodel: !x y",
    "a duplicate key": b"model: gpt-4o\nmodel: gpt-4o-mini",
    "a duplicate key deep down": b"model: gpt-4o\nmetadata: {a: x, b: y, a: z}",
    "a duplicate key by escapes": b'model: gpt-4o\n"mod\\u0065l": gpt-4o-mini',
    "NUL": b"model: gpt-4o\nname: a\x00b",
    "an escaped NUL": b'model: gpt-4o\nname: "a\\0b"',
    "UTF-16": "model: gpt-4o".encode("utf-16"),
    "broken UTF-8": b"model: gpt-4o\nname: \xc3\x28",
    "overlong UTF-8": b"model: gpt-4o\nname: \xc0\xaf",
    "half a surrogate pair": b'model: gpt-4o\nname: "\\ud800"',
    "too many nodes": b"metadata: [" + b"1," * 300_000 + b"]",
    "too many bytes": b"model: gpt-4o\n" + b"#" * MIB,
    "too many documents": b"---\n" * 200_000,
    "too many quotes": b"'" * 900_001,
    "too many anchors": b"".join(b"- &a%d x\n" % n for n in range(60_000)),
    "too many lines of a scalar": b"description: >\n" + b" x\n\n" * 200_000,
    "brackets in a key": b"? " + b"[" * 1_000 + b"]" * 1_000 + b"\n: x",
    "an unfinished scalar": b'description: "' + b"\\" * 900_000,
}


@pytest.fixture(scope="module")
def ceilings() -> Iterator[Ceilings]:
    made = Ceilings()
    yield made
    made.close()


@pytest.fixture
def bounded(ceilings: Ceilings, checkout: Checkout) -> Bounded:
    """Runs a command line in the checkout: one second of CPU, 256 MiB of address space."""

    def run(*words: str, **environ: str) -> Ran:
        address = {"ASSISTCTL_BASE_URL": str(checkout.base_url)}
        return ceilings.run(checkout.path, *words, memory=256 * MIB, cpu=1, **address, **environ)

    return run


@pytest.mark.parametrize("name", BOMBS)
def test_a_yaml_bomb_is_an_error_with_its_place_within_the_ceilings(
    checkout: Checkout, bounded: Bounded, name: str
) -> None:
    checkout.put({"assistants/bot.yaml": BOMBS[name]})
    ran = bounded("validate")
    assert ran.code == 65, ran.shown[-400:]
    assert re.match(r"assistants/bot\.yaml:\d+:\d+: AC\d+ ", ran.out), ran.out[:200]
    assert len(ran.shown) < 30_000
    assert not (checkout.path / "ran").exists()


JSON_BOMBS: dict[str, bytes] = {
    "nesting": b'{"type": ' + b"[" * DEEP,
    "a huge integer": b'{"n": ' + b"9" * 900_000 + b"}",
    "a duplicate key": b'{"name": "a", "name": "b"}',
    "not a number": b'{"n": NaN}',
}


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_a_json_bomb_in_a_function_file_is_an_error_within_the_ceilings(
    checkout: Checkout, bounded: Bounded, name: str
) -> None:
    text = "model: gpt-4o\ntools:\n- type: function\n  function_file: f.json\n"
    checkout.put({"assistants/bot.yaml": text, "assistants/f.json": JSON_BOMBS[name]})
    ran = bounded("validate")
    assert ran.code == 65, ran.shown[-400:]
    assert "assistants/f.json:" in ran.out


@pytest.mark.parametrize("name", ["flow lists", "nested merge keys", "a python tag", "NUL", "a huge integer"])
@pytest.mark.parametrize("file", ["assistctl.yaml", "assistants/_fragment.yaml", "policy.yaml"])
def test_the_other_files_are_read_by_the_same_loader(
    checkout: Checkout, bounded: Bounded, name: str, file: str
) -> None:
    checkout.put({"assistants/bot.yaml": "model: gpt-4o\nextends: _fragment.yaml\n"})
    checkout.put({"assistants/_fragment.yaml": "description: x\n", file: BOMBS[name]})
    policy = {"ASSISTCTL_POLICY": str(checkout.path / file)} if file == "policy.yaml" else {}
    ran = bounded("plan", **policy)
    assert ran.code == 65, ran.shown[-400:]
    assert re.search(rf"{re.escape(file)}:\d+:\d+: AC\d+ ", ran.shown), ran.shown[:300]


def test_references_that_multiply_are_bounded(checkout: Checkout, bounded: Bounded) -> None:
    """The laughs of our own notation: files that name files, ten times each, five deep."""
    parts = {f"assistants/_{n}.md": f"${{file._{n + 1}.md}}" * 200 for n in range(4)}
    checkout.put({**parts, "assistants/_4.md": "ha" * 5_000})
    checkout.put({"assistants/bot.yaml": "model: gpt-4o\ninstructions: ${file._0.md}\n"})
    ran = bounded("validate")
    assert ran.code == 65
    assert "AC307" in ran.out


@pytest.mark.parametrize("words", [("apply",), ("undo",), ("runs", "show")], ids=" ".join)
def test_a_saved_plan_and_a_record_that_are_bombs_are_refused(
    checkout: Checkout, bounded: Bounded, words: tuple[str, ...]
) -> None:
    checkout.put({"assistants/bot.yaml": "model: gpt-4o\n", "bomb.json": b"[" * 1_000_000})
    assert bounded(*words, "bomb.json").code == 65


def test_the_ceilings_themselves_work(ceilings: Ceilings, checkout: Checkout) -> None:
    """What a program without limits would come to: a signal for its CPU time, no memory for its data."""
    checkout.put({"assistants/bot.yaml": b"".join(b"k%d: x\n" % n for n in range(45_000))})
    assert ceilings.run(checkout.path, "serve", memory=1 << 40, cpu=0).code == -signal.SIGKILL
    starved = ceilings.run(checkout.path, "validate", memory=8 * MIB, cpu=5)
    assert starved.code not in (0, 65)
