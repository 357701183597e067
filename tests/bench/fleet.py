"""Small fleets to be killed over: what is there, what is wanted, and what belongs to others."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .world import Row, World

OWNER = "bench/default"
OTHER = "project: other\nprovider: openai\n"
PROJECT = "project: bench\nprovider: openai\nlimits: {max_deletes: 100}\n"
_WORDS = tuple(
    word + ending
    for word in (
        "answer",
        "ask",
        "check",
        "copy",
        "draft",
        "explain",
        "find",
        "greet",
        "label",
        "note",
        "offer",
    )
    for ending in ("", "ed", "ing", "s")
)


@dataclass(frozen=True)
class Fleet:
    """A project in two versions: what was applied before, and what is to be applied."""

    before: Path
    after: Path
    kept: tuple[str, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]
    created: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The keys that exist once everything is applied."""
        return tuple(sorted((*self.kept, *self.changed, *self.created)))


def write_fleet(folder: Path, kept: int, changed: int, dropped: int, created: int, seed: object = 0) -> Fleet:
    """A fleet with so many assistants of each lot; prompts are too different to be taken for renames."""
    dice = random.Random(f"fleet {seed}")  # noqa: S311 - not for secrets
    names = {
        lot: tuple(f"{lot}-{number}" for number in range(count))
        for lot, count in (("kept", kept), ("changed", changed), ("dropped", dropped), ("created", created))
    }
    fleet = Fleet(folder / "before", folder / "after", *names.values())
    texts = {key: manifest(dice) for lot in names.values() for key in lot}
    write_project(fleet.before, {k: t for k, t in texts.items() if k not in fleet.created})
    newer = {key: text + f"temperature: 0.{dice.randint(1, 9)}\n" for key, text in texts.items()}
    after = {k: newer[k] if k in fleet.changed else t for k, t in texts.items() if k not in fleet.dropped}
    write_project(fleet.after, after)
    return fleet


def manifest(dice: random.Random) -> str:
    """A short manifest with a prompt of its own."""
    prompt = " ".join(dice.choices(_WORDS, k=30))
    return f"model: gpt-4o-mini\ninstructions: {json.dumps(prompt)}\nmetadata: {{team: bench}}\n"


def write_project(folder: Path, manifests: Mapping[str, str], project: str = PROJECT) -> Path:
    """A project folder with one manifest per key."""
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistctl.yaml").write_text(project, encoding="utf-8")
    for key, text in manifests.items():
        (folder / "assistants" / f"{key}.yaml").write_text(text, encoding="utf-8")
    return folder


def add_strangers(world: World, marker: str) -> tuple[str, ...]:
    """Assistants that this project must not touch: nobody's, another owner's (who bears ``marker``), and
    one whose marker somebody cut. Their ids."""
    made = [
        world.add(name="made at the console", instructions="Nobody's."),
        world.add(name="no marker, other metadata", metadata={"team": "bench"}),
        world.add(name="of another project", metadata={"assistctl": marker}),
        world.add(name="with a cut marker", metadata={"assistctl": f"1 {OWNER} dropped-0 abc123 n:"}),
    ]
    return tuple(row["id"] for row in made)


def compared(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Assistants without what two runs never have in common (ids, times, run ids), in a fixed order."""
    return sorted((_comparable(row) for row in rows), key=lambda row: json.dumps(row, sort_keys=True))


def _comparable(row: Row) -> dict[str, Any]:
    words = row["metadata"].get("assistctl", "").split()
    marker = [word for place, word in enumerate(words) if place != 3 and not word.startswith("#")]
    return {**row, "id": "", "created_at": 0, "metadata": {**row["metadata"], "assistctl": marker}}
