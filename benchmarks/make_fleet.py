"""Writes N made-up but realistic assistants as JSON Lines: the input of ``fleet_to_manifests.py``.

    python benchmarks/make_fleet.py N OUT.jsonl --seed S

Prompts have 1 to 30 kB (10 kB on average) and the shape of real ones: a role, sections with rules, tables of
cases, the functions they may call. The same N and seed give the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SMALLEST, LARGEST, USUAL = 1_000, 30_000, 10_000

TRADES = (
    "bakery chain", "bicycle workshop", "boat rental", "book publisher", "car sharing service",
    "city library", "dental practice", "energy supplier", "ferry line", "furniture maker", "garden centre",
    "grocery delivery", "heating installer", "housing cooperative", "insurance broker", "language school",
    "museum", "music school", "optician", "parcel carrier", "payroll office", "pet clinic",
    "railway operator", "ski resort", "sports club", "theatre", "tool hire", "travel agency",
    "water utility", "wine merchant",
)  # fmt: skip
DESKS = (
    "account", "appointment", "billing", "cancellation", "catalogue", "claims", "complaint", "contract",
    "delivery", "feedback", "invoice", "lost-property", "membership", "onboarding", "order", "renewal",
    "repair", "reservation", "returns", "subscription", "survey", "voucher", "waiting-list", "warranty",
)  # fmt: skip
PEOPLE = (
    "a customer",
    "a member",
    "a caller",
    "a first-time visitor",
    "a business client",
    "a former customer",
)
EVENTS = (
    "asks for a change after the deadline", "cannot find the confirmation", "disputes an amount",
    "has been charged twice", "mentions an earlier promise by phone", "missed an appointment",
    "names no reference number", "reports damage", "sends a photo instead of a description",
    "threatens to leave", "wants a written statement", "wants to speak to a person",
    "writes on behalf of a relative", "writes in another language than before",
)  # fmt: skip
STEPS = (
    "ask for the reference number first", "check the date against the terms",
    "compare both documents line by line", "confirm the postal address",
    "explain the next step and who takes it", "look up the record before you answer",
    "name the rule and where it is published", "offer the two nearest alternatives",
    "pass the case on with a summary of three sentences", "repeat the request in your own words",
    "say what you do not know", "state the amount with its currency",
)  # fmt: skip
LIMITS = (
    "never promise a date that the system does not show", "never ask for a password or a card number",
    "do not quote internal notes", "do not compare with other companies", "do not guess an amount",
    "leave legal questions to a colleague", "stop after the second failed attempt",
    "keep personal data out of the summary", "write no more than five sentences",
)  # fmt: skip
TIMES = (
    "within one working day", "before the end of the month", "within fourteen days",
    "at the next opening hour", "no later than the day before", "as soon as the record is found",
)  # fmt: skip
TITLES = (
    "What you do", "What you leave to others", "Opening the conversation", "Difficult conversations",
    "Dates and deadlines", "Money", "Documents", "Privacy", "Tone", "Frequent cases", "Exceptions",
    "Handing over", "After the conversation",
)  # fmt: skip
VERBS = ("find", "check", "list", "book", "cancel", "update", "send", "open", "close", "estimate")
THINGS = (
    "account",
    "booking",
    "case",
    "contract",
    "delivery",
    "invoice",
    "payment",
    "record",
    "slot",
    "ticket",
)
PROPERTIES = (
    ("reference", "string", "The number printed on the confirmation."),
    ("postcode", "string", "Postcode, exactly as it was written."),
    ("day", "string", "ISO date."),
    ("amount", "number", "In the currency of the contract."),
    ("count", "integer", "How many, at least one."),
    ("notify", "boolean", "Whether a confirmation is sent."),
    ("reason", "string", "In the person's own words, one sentence."),
    ("language", "string", "Two-letter code."),
    ("channel", "string", "Where the answer goes: mail, phone or letter."),
)


def article(noun: str) -> str:
    """``a`` or ``an``, by spelling."""
    return "an" if noun[0] in "aeiou" else "a"


def sentence(rng: random.Random) -> str:
    """One rule; some carry letters outside ASCII, as real prompts do."""
    person, event, step = rng.choice(PEOPLE), rng.choice(EVENTS), rng.choice(STEPS)
    match rng.randrange(5):
        case 0:
            return f"When {person} {event}, {step}, and {rng.choice(LIMITS)}."
        case 1:
            return f"If {person} {event}: {step} {rng.choice(TIMES)}."
        case 2:
            return f"{rng.choice(LIMITS).capitalize()}, even when {person} {event}."
        case 3:
            return (
                f"As a rule, {step}; the limit is € {rng.randrange(5, 900)} or {rng.randrange(2, 60)} days."
            )
        case _:
            return f"{step.capitalize()} – {rng.choice(TIMES)} – and {rng.choice(STEPS)}."


def section(rng: random.Random, title: str) -> str:
    """A heading with bullets, numbered steps, a paragraph or a table."""
    lines = [sentence(rng) for _ in range(rng.randrange(4, 10))]
    match rng.randrange(4):
        case 0:
            body = "\n".join(f"- {line}" for line in lines)
        case 1:
            body = "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
        case 2:
            body = " ".join(lines)
        case _:
            rows = (f"| {rng.choice(EVENTS)} | {rng.choice(STEPS)} | {rng.choice(TIMES)} |" for _ in lines)
            body = "\n".join(("| case | what to do | when |", "|---|---|---|", *rows))
    return f"## {title}\n\n{body}"


def prompt(rng: random.Random, role: str, functions: Sequence[str], *, wants_json: bool) -> str:
    """A whole prompt of :data:`SMALLEST` to :data:`LARGEST` bytes."""
    size = min(LARGEST - 3_000, max(SMALLEST, int(rng.lognormvariate(0, 0.6) * USUAL * 0.8)))
    parts = [f"You are {role}. Answer in the language of the question, briefly and exactly."]
    if functions:
        parts.append(
            "You may call "
            + ", ".join(f"`{name}`" for name in functions)
            + ". Say what you do before you do it."
        )
    if wants_json:
        parts.append("Answer with one JSON object and nothing else.")
    written = sum(len(part) for part in parts)
    while written < size:
        parts.append(section(rng, rng.choice(TITLES)))
        written += len(parts[-1].encode()) + 2
    return "\n\n".join(parts) + "\n"


def function_tool(rng: random.Random, name: str) -> Json:
    """A function with two to six properties; most schemas are strict."""
    chosen = rng.sample(PROPERTIES, rng.randrange(2, 7))
    properties: dict[str, Json] = {field: {"type": kind, "description": text} for field, kind, text in chosen}
    verb, thing = name.split("_", 1)
    function: dict[str, Json] = {
        "name": name,
        "description": f"{verb.capitalize()}s one {thing}. Returns its state and the next possible steps.",
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }
    if rng.random() < 0.7:
        function["strict"] = True
    return {"type": "function", "function": function}


def json_schema_format() -> Json:
    """Structured output for a router."""
    schema: Json = {
        "type": "object",
        "properties": {
            "queue": {"type": "string"},
            "urgent": {"type": "boolean"},
            "summary": {"type": "string"},
        },
        "required": ["queue", "urgent", "summary"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "routing", "strict": True, "schema": schema}}


def sampling(rng: random.Random) -> dict[str, Json]:
    """Model and how it samples: never two knobs at once, none on a reasoning model."""
    kind = rng.random()
    if kind < 0.03:
        return {"model": "o3", "reasoning_effort": rng.choice(("low", "medium", "high"))}
    model = rng.choice(("gpt-4o", "gpt-4o-mini", "gpt-4o-mini"))
    if kind < 0.6:
        return {"model": model, "temperature": rng.choice((0, 0.1, 0.2, 0.3, 0.5, 0.7))}
    return {"model": model, "top_p": rng.choice((0.8, 0.9, 0.95))} if kind < 0.75 else {"model": model}


def server_tools(rng: random.Random) -> tuple[list[Json], dict[str, Json]]:
    """Tools that run on the server, and the resources that belong to them."""
    tools: list[Json] = []
    resources: dict[str, Json] = {}
    if rng.random() < 0.2:
        tools.append({"type": "file_search", "file_search": {"max_num_results": rng.randrange(5, 21)}})
        resources["file_search"] = {"vector_store_ids": [f"vs_{rng.randrange(16**12):012x}"]}
    if rng.random() < 0.06:
        tools.append({"type": "code_interpreter"})
        resources["code_interpreter"] = {"file_ids": [f"file-{rng.randrange(16**12):012x}"]}
    return tools, resources


def assistant(rng: random.Random, number: int) -> dict[str, Json]:
    """One line of the file."""
    trade, desk = rng.choice(TRADES), rng.choice(DESKS)
    pool = [f"{verb}_{thing}" for verb in VERBS for thing in THINGS]
    names = sorted(rng.sample(pool, rng.choice((0, 0, 1, 2, 3, 4, 6))))
    answer = rng.random()
    tools, resources = server_tools(rng)
    tools += [function_tool(rng, name) for name in names]
    made: dict[str, Json] = {
        "key": f"{trade.replace(' ', '-')}-{desk}-{number:05d}",
        "name": f"{trade.title()} {desk} desk {number}",
        "description": f"Answers {desk} questions for {article(trade)} {trade}.",
        **sampling(rng),
        "instructions": prompt(
            rng, f"the {desk} desk of {article(trade)} {trade}", names, wants_json=answer < 0.08
        ),
        "metadata": {
            "team": desk,
            "region": rng.choice(("north", "south", "east", "west")),
            "tier": str(number % 3),
        },
    }
    if tools:
        made["tools"] = tools
    if resources:
        made["tool_resources"] = resources
    if answer < 0.16:
        made["response_format"] = {"type": "json_object"} if answer < 0.08 else json_schema_format()
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Made-up assistants as JSON Lines")
    parser.add_argument("count", type=int)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with options.output.open("w", encoding="utf-8", newline="\n") as out:
        for number in range(options.count):
            out.write(json.dumps(assistant(rng, number), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
