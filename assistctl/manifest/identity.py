"""Rules across manifests: one key, one alias, one pin, one assistant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .findings import Finding
from .layers import Layer


@dataclass(frozen=True, slots=True)
class Identity:
    """Who one manifest says it is, in one environment."""

    key: str
    manifest: Layer
    line: int
    """Where its document starts."""
    pin: str | None = None

    @property
    def aliases(self) -> Iterator[tuple[int, str]]:
        """Former keys with their index."""
        named = self.manifest.values.get("aliases")
        for index, alias in enumerate(named if isinstance(named, list) else ()):
            if isinstance(alias, str):
                yield index, alias

    def __str__(self) -> str:
        return f"{self.manifest.file}:{self.line}"


def identity_findings(identities: Iterable[Identity]) -> Iterator[Finding]:
    """Every clash, reported at each place but the first and naming the first."""
    known = [each for each in identities if each.key]
    keys: dict[str, Identity] = {}
    pins: dict[str, Identity] = {}
    for each in known:
        first = keys.setdefault(each.key, each)
        if first is not each:
            place = each.manifest.place(("key",) if "key" in each.manifest.values else ())
            yield Finding("AC601", f"duplicate key '{each.key}': also in {first}", place)
        if each.pin and (other := pins.setdefault(each.pin, each)) is not each:
            words = f"'{each.pin}' is pinned twice: also by '{other.key}' in {other}"
            yield Finding("AC604", words, each.manifest.place(("id",)))
    yield from _aliases(known, keys)


def _aliases(known: list[Identity], keys: dict[str, Identity]) -> Iterator[Finding]:
    claimed: dict[str, Identity] = {}
    for each in known:
        for index, alias in each.aliases:
            place = each.manifest.place(("aliases", index))
            if alias in keys and alias != each.key:
                words = f"the alias '{alias}' is the key of a manifest that exists: {keys[alias]}"
                yield Finding("AC602", words, place)
            elif (first := claimed.setdefault(alias, each)) is not each:
                words = f"the alias '{alias}' is also claimed by '{first.key}' in {first}"
                yield Finding("AC603", words, place)
