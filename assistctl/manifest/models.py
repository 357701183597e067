"""What is known about models: aliases, parameter rules, shutdown dates. Dated data, never code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from assistctl.files import read_beside

Sampling = Literal["any", "default-only", "none"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model as its vendor describes it."""

    id: str
    aliases: tuple[str, ...] = ()
    """Other names for the same model."""
    sampling: Sampling = "any"
    """Whether temperature and top_p are taken: at any value, only at 1, or not at all. Anything but
    ``any`` marks a reasoning model."""
    effort: bool = False
    """Whether reasoning_effort is taken."""
    shutdown: str = ""
    """The vendor's date as YYYY-MM-DD; empty when none is known."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All known models."""

    as_of: str
    models: Mapping[str, Model]
    """By id and by each alias."""
    open_families: tuple[str, ...]
    """First words of models that many servers host under names of their own."""
    ids: tuple[str, ...] = field(default=())

    def is_plausible(self, name: str) -> bool:
        """Whether a server with free model names may well have it: a vendor prefix or an open family."""
        vendor, slash, rest = name.rpartition("/")
        last = (rest if slash else name).lower()
        return bool(vendor and vendor != "openai") or last.startswith(self.open_families)

    def canonical(self) -> dict[str, str]:
        """Alias to id, for names that differ."""
        return {name: model.id for name, model in self.models.items() if name != model.id}


@cache
def catalogue() -> Catalogue:
    """The data file that is installed with the program, read once."""
    data = json.loads(read_beside(__file__, _FILE))
    ids = tuple(data["models"])
    models = [_model(name, entry) for name, entry in data["models"].items()]
    by_name = {name: model for model in models for name in (model.id, *model.aliases)}
    return Catalogue(data["as_of"], by_name, tuple(data["open_families"]), ids)


def _model(name: str, entry: Mapping[str, str | bool | list[str]]) -> Model:
    sampling: Sampling = "any"
    if "reasoning" in entry:
        sampling = "none" if entry["reasoning"] == "none" else "default-only"
    aliases = entry.get("aliases", [])
    return Model(
        id=name,
        aliases=tuple(aliases) if isinstance(aliases, list) else (),
        sampling=sampling,
        effort=sampling != "any" and entry.get("effort") is not False,
        shutdown=str(entry.get("shutdown", "")),
    )


_FILE: Final = "models.json"
