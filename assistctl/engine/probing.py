"""What was seen of a remote, held against what its profile claims."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from assistctl.model.assistant import FIELDS
from assistctl.model.examination import Finding
from assistctl.model.profile import Profile
from assistctl.model.values import Json

VERBS = ("list", "get", "create", "update", "delete")
BY_MODEL = frozenset({"temperature", "top_p", "reasoning_effort"})
"""Fields that a model may refuse although the remote keeps them."""


class Kept(StrEnum):
    """What became of a field that was sent."""

    STORED = "stored"
    REWRITTEN = "stored in another form"
    DROPPED = "accepted and not stored"
    REFUSED = "refused"
    FAILED = "not known"
    """The remote answered that it failed itself."""


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """One field of the probe: what became of it, and the JSON text that cleared it ("" for none)."""

    name: str
    kept: Kept
    cleared_by: str = ""
    told: str = ""
    """What the remote said when it refused or failed."""


@dataclass(frozen=True, slots=True)
class ListSeen:
    """What the list call answered."""

    keys: tuple[str, ...] = ()
    total: int | None = None
    """Assistants of the whole list; None where it cannot be read to its end."""
    incomplete: str = ""
    """Why it cannot."""
    paging: Literal["cursor", "none", "refused"] | None = None
    """None where there is nobody to turn a page behind."""
    lacking: frozenset[str] | None = None
    """Fields that a GET has and the list item lacks; None where no two could be compared."""
    skew: float | None = None
    """Seconds by which the remote's clock is ahead of ours; None without a ``Date``."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the write test saw."""

    verbs: frozenset[str]
    fields: tuple[FieldSeen, ...] = ()
    metadata: Literal["merge", "replace", "none"] | None = None
    """None where it could not be told: without a modify."""
    long_entry: bool = True
    """Whether an entry of 512 characters came back whole."""
    removal: str = ""
    """What takes a metadata key away, as JSON text; "" where nothing does."""
    omitted_kept: bool | None = None
    """Whether a modify keeps what it leaves out; None where it could not be told."""
    listed: str = ""
    """When the probe showed in the list, in words."""


@dataclass(slots=True)
class Verdict:
    """Findings in the order in which they are shown, and what the profile should say instead."""

    findings: list[Finding] = field(default_factory=list)
    advice: dict[str, Json] = field(default_factory=dict)

    def add(self, topic: str, claimed: str, observed: str, *, agrees: bool = True) -> None:
        """Notes one finding."""
        self.findings.append(Finding(topic, claimed, observed, agrees))

    def hold(self, key: str, claimed: str, observed: str | None) -> None:
        """Holds one word of the profile against what was seen; None is not known."""
        agrees = observed in (None, claimed)
        self.add(key.replace("_", " "), claimed, "not known" if observed is None else observed, agrees=agrees)
        if not agrees:
            self.advice[key] = observed


def judge_list(seen: ListSeen, profile: Profile) -> Verdict:
    """The verdict on what reading alone shows."""
    verdict = Verdict()
    verdict.add("key", _auth(profile), "accepted" if profile.auth != "none" else "none asked for")
    verdict.add("list", "", f"a map with {', '.join(seen.keys)}")
    whole = f"{seen.total} listed" if seen.total is not None else f"not to be read whole: {seen.incomplete}"
    verdict.add("assistants", "", whole, agrees=seen.total is not None)
    summary = None if seen.lacking is None else "summary" if seen.lacking else "full"
    verdict.hold("list_items", profile.list_items, summary)
    verdict.hold("paging", profile.paging, seen.paging)
    verdict.add("clock", "", _skew(seen.skew))
    return verdict


def judge_trial(trial: Trial, profile: Profile) -> Verdict:
    """The verdict on what the write test showed."""
    verdict = Verdict()
    _verbs(verdict, trial.verbs, profile)
    verdict.add("new ones show", "", trial.listed)
    verdict.hold("metadata", profile.metadata, trial.metadata)
    if trial.metadata not in (None, "none"):
        whole = "kept whole" if trial.long_entry else "not kept whole: ownership may not fit"
        verdict.add("entry of 512", "kept whole", whole, agrees=trial.long_entry)
        verdict.add("a key, removed by", "", trial.removal or "nothing that was tried")
    if trial.omitted_kept is not None:
        verdict.add("left-out fields", "", "kept" if trial.omitted_kept else "reset by a modify")
    for seen in trial.fields:
        _field(verdict, seen, profile)
    _advise_fields(verdict, trial, profile)
    return verdict


def _verbs(verdict: Verdict, seen: frozenset[str], profile: Profile) -> None:
    claimed, observed = _in_order(profile.verbs), _in_order(seen)
    words = ["all five" if len(verbs) == len(VERBS) else ", ".join(verbs) for verbs in (claimed, observed)]
    verdict.add("calls", *words, agrees=claimed == observed)
    if claimed != observed:
        verdict.advice["verbs"] = [*observed]


def _field(verdict: Verdict, seen: FieldSeen, profile: Profile) -> None:
    ignored = seen.name in profile.ignored_fields
    observed = seen.kept + (f": {seen.told}" if seen.told else "")
    unkept = _is_unkept(seen)
    told = seen.kept is Kept.FAILED or (seen.kept is Kept.REFUSED and not unkept)
    claimed = "not kept" if ignored else "stored"
    verdict.add(seen.name, claimed, observed, agrees=told or ignored == unkept)
    if seen.kept in (Kept.STORED, Kept.REWRITTEN) and seen.name in _clearable():
        claim = profile.clearing.get(seen.name, "null")
        cleared = seen.cleared_by or "nothing that was tried"
        verdict.add(f"{seen.name}, cleared by", claim, cleared, agrees=claim == seen.cleared_by)


def _advise_fields(verdict: Verdict, trial: Trial, profile: Profile) -> None:
    unkept = {seen.name for seen in trial.fields if _is_unkept(seen)}
    kept = {seen.name for seen in trial.fields if seen.kept in (Kept.STORED, Kept.REWRITTEN)}
    ignored = (profile.ignored_fields | unkept) - kept
    if ignored != profile.ignored_fields:
        verdict.advice["ignored_fields"] = [*sorted(ignored)]
    cleared = {seen.name: seen.cleared_by for seen in trial.fields if seen.cleared_by}
    news = {name: text for name, text in cleared.items() if text != profile.clearing.get(name, "null")}
    if news:
        texts: Mapping[str, str] = {**profile.clearing, **news}
        verdict.advice["clearing"] = {name: json.loads(text) for name, text in sorted(texts.items())}


def _is_unkept(seen: FieldSeen) -> bool:
    """Dropped, or refused by the remote itself: what one model refuses another may take."""
    return seen.kept is Kept.DROPPED or (seen.kept is Kept.REFUSED and seen.name not in BY_MODEL)


def _clearable() -> Iterator[str]:
    """Fields that the write test clears. Not the name: by it the probe is found again."""
    yield from (name for name in FIELDS if name not in ("name", "model", "tool_resources"))


def _in_order(verbs: frozenset[str]) -> list[str]:
    return [verb for verb in VERBS if verb in verbs]


def _auth(profile: Profile) -> str:
    return f"header {profile.auth_header}" if profile.auth == "header" else profile.auth


def _skew(seconds: float | None) -> str:
    if seconds is None:
        return "the remote tells no time"
    if abs(seconds) < _EVEN:
        return "the same as here"
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} ours"


_EVEN = 2.0
"""``Date`` counts whole seconds."""
