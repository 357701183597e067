"""Threat: quadratic diffs (128 reordered tools took a diff library 20.9 s with the order ignored).

Defence: tools are matched by type and name first; line diffs are capped. Each case meets the whole program
in a process of its own that may use a fixed amount of CPU: what is quadratic does not come back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .ceilings import Ceilings
from .stage import MIB, Checkout, Ran, Remote, manifest, quoted, some_of

MOST = 256_000
"""Characters of one prompt."""
CPU = 5
"""Seconds: several times what is needed, a small part of what the attack took."""


@pytest.fixture(scope="module")
def ceilings() -> Iterator[Ceilings]:
    made = Ceilings()
    yield made
    made.close()


@pytest.fixture
def bounded(ceilings: Ceilings, checkout: Checkout) -> Callable[..., Ran]:
    def run(*words: str, cpu: int = CPU) -> Ran:
        address = {"ASSISTCTL_BASE_URL": str(checkout.base_url)}
        return ceilings.run(checkout.path, *words, memory=2048 * MIB, cpu=cpu, **address)

    return run


def function(number: int, **more: Any) -> dict[str, Any]:
    properties = {f"field_{index}": {"type": "string", "enum": ["a", "b", "c"]} for index in range(8)}
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    made = {"name": f"tool_{number}", "description": f"Does {number}.", "parameters": parameters, **more}
    return {"type": "function", "function": made}


def schema(values: list[Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": values}}}


TEXTS: dict[str, tuple[str, str]] = {
    "every second line": ("a\nb\n" * (MOST // 4), "a\nc\n" * (MOST // 4)),
    "the same line": ("x\n" * (MOST // 2), "x\ny\n" * (MOST // 4)),
    "shifted": ("".join(f"{n}\n" for n in range(36_000)), "".join(f"{n + 7}\n" for n in range(36_000))),
    "reversed": (
        "".join(f"{n}\n" for n in range(36_000)),
        "".join(f"{n}\n" for n in reversed(range(36_000))),
    ),
    "blank lines": ("\n" * MOST, "\n" * (MOST - 1) + "x"),
    "one long line": ("ab" * (MOST // 2), "ba" * (MOST // 2)),
    "words": ("a b " * (MOST // 4), "b a " * (MOST // 4)),
    "few lines in many orders": ("a\nb\nc\nd\n" * (MOST // 8), "d\nc\nb\na\n" * (MOST // 8)),
    "headings": ("# a\n" * (MOST // 4), "# b\n" * (MOST // 4)),
}


@pytest.mark.parametrize("name", some_of(TEXTS, "every second line", "one long line"))
def test_two_prompts_of_the_largest_size_are_compared_in_bounded_time(
    checkout: Checkout, bounded: Callable[..., Ran], name: str
) -> None:
    before, after = TEXTS[name]
    checkout.put(
        {"assistants/bot.yaml": "model: gpt-4o\ninstructions_file: _p.md\n", "assistants/_p.md": before}
    )
    assert checkout.run("apply", "--auto-approve").code == 0
    checkout.put({"assistants/_p.md": after})
    ran = bounded("plan", "--full")
    assert ran.code == 0, (ran.code, ran.err[-300:])


SOME = {name: TEXTS[name] for name in ("every second line", "one long line", "headings")}


@pytest.mark.campaign
@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_other_formats_are_bounded_too(
    checkout: Checkout, bounded: Callable[..., Ran], form: str
) -> None:
    for name, (before, _) in SOME.items():
        key = name.replace(" ", "-")
        checkout.put({f"assistants/{key}.yaml": f"model: gpt-4o\ninstructions_file: _{key}.md\n"})
        checkout.put({f"assistants/_{key}.md": before})
    assert checkout.run("apply", "--auto-approve").code == 0
    for name, (_, after) in SOME.items():
        checkout.put({f"assistants/_{name.replace(' ', '-')}.md": after})
    ran = bounded("plan", "--format", form, cpu=12)
    assert ran.code == 0, (ran.code, ran.err[-300:])


def test_128_reordered_tools_are_no_change(
    checkout: Checkout, remote: Remote, bounded: Callable[..., Ran]
) -> None:
    tools = [function(number) for number in range(128)]
    checkout.put({"assistants/bot.yaml": manifest(tools=tools)})
    assert checkout.run("apply", "--auto-approve").code == 0
    checkout.put({"assistants/bot.yaml": manifest(tools=tools[::-1])})
    ran = bounded("plan", "--full")
    assert ran.out.splitlines()[-1] == "No changes. Your infrastructure matches the configuration."


def test_128_reordered_and_changed_tools_are_compared_one_by_one(
    checkout: Checkout, bounded: Callable[..., Ran]
) -> None:
    checkout.put({"assistants/bot.yaml": manifest(tools=[function(n) for n in range(128)])})
    assert checkout.run("apply", "--auto-approve").code == 0
    changed = [function(n, description=f"Does {n} better.") for n in reversed(range(128))]
    checkout.put({"assistants/bot.yaml": manifest(tools=changed)})
    assert bounded("plan", "--full").code == 0
    fields = json.loads(bounded("plan", "--format", "json").out)["assistctl"]["changes"][0]["fields"]
    assert {field["field"] for field in fields} == {f"tools.tool_{n}" for n in range(128)}


STRUCTURES: dict[str, tuple[list[Any], list[Any]]] = {
    "numbers moved": (list(range(6_000)), list(reversed(range(6_000)))),
    "texts changed": ([f"a{n}" for n in range(6_000)], [f"b{n}" for n in range(6_000)]),
    "maps changed": (
        [{"a": n, "b": {"c": n}} for n in range(1_500)],
        [{"a": n + 1, "b": {"c": n}} for n in range(1_500)],
    ),
    "maps moved": (
        [{"a": n, "b": [n]} for n in range(1_500)],
        [{"a": n, "b": [n]} for n in reversed(range(1_500))],
    ),
    "one taken out": ([{"a": n} for n in range(3_000)], [{"a": n} for n in range(1, 3_000)]),
}


@pytest.mark.parametrize("name", some_of(STRUCTURES, "maps moved"))
def test_large_schemas_are_compared_in_bounded_time(
    checkout: Checkout, bounded: Callable[..., Ran], name: str
) -> None:
    before, after = STRUCTURES[name]
    checkout.put({"assistants/bot.yaml": manifest(response_format=schema(before))})
    assert checkout.run("apply", "--auto-approve").code == 0
    checkout.put({"assistants/bot.yaml": manifest(response_format=schema(after))})
    ran = bounded("plan", "--full")
    assert ran.code == 0, (ran.code, ran.err[-300:])


def test_many_renames_of_long_prompts_are_recognised_with_bounded_effort(
    checkout: Checkout, bounded: Callable[..., Ran]
) -> None:
    """Creates are held against deletes by their words: 30 × 30 pairs of 30,000 words took 10 seconds."""
    for number in range(30):
        words = " ".join(f"w{index}" for index in range(number, 30_000))
        checkout.put({f"assistants/old{number}.yaml": manifest(instructions=words)})
    assert checkout.run("apply", "--auto-approve").code == 0
    for number in range(30):
        (checkout.path / f"assistants/old{number}.yaml").unlink()
        words = " ".join(f"w{index}" for index in range(20_000 + number, 50_000))
        checkout.put({f"assistants/new{number}.yaml": manifest(instructions=words)})
    assert bounded("plan", cpu=8).code == 0


def test_a_name_that_is_nearly_right_costs_little(checkout: Checkout, bounded: Callable[..., Ran]) -> None:
    """Suggestions compare with every known name."""
    keys = {f"{'x' * 200}{n}": 1 for n in range(3_000)}
    checkout.put({"assistants/bot.yaml": quoted({"model": "gpt-4o", **keys})})
    assert bounded("validate").code == 65
