"""Observations held against a profile: what is advised makes them agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.probing import (
    VERBS,
    FieldSeen,
    Kept,
    ListSeen,
    Trial,
    judge_list,
    judge_trial,
)
from assistctl.model.profile import Profile

NAMES = ("instructions", "description", "tools", "temperature", "response_format", "reasoning_effort")
CLEARINGS = st.sampled_from(["null", '""', "[]", "1", '"auto"'])
PROFILES = st.builds(
    Profile,
    st.just("some"),
    paging=st.sampled_from(["cursor", "none", "refused"]),
    list_items=st.sampled_from(["full", "summary"]),
    verbs=st.sets(st.sampled_from(VERBS)).map(lambda verbs: frozenset({"list", *verbs})),
    metadata=st.sampled_from(["merge", "replace", "none"]),
    ignored_fields=st.frozensets(st.sampled_from(NAMES)),
    clearing=st.dictionaries(st.sampled_from(NAMES), CLEARINGS),
)
FIELDS = st.lists(
    st.builds(FieldSeen, st.sampled_from(NAMES), st.sampled_from(Kept), st.just("") | CLEARINGS),
    unique_by=lambda seen: seen.name,
).map(tuple)
TRIALS = st.builds(
    Trial,
    st.sets(st.sampled_from(VERBS)).map(lambda verbs: frozenset({"list", *verbs})),
    FIELDS,
    st.sampled_from([None, "merge", "replace", "none"]),
)
LISTS = st.builds(
    ListSeen,
    paging=st.sampled_from([None, "cursor", "none", "refused"]),
    lacking=st.none() | st.frozensets(st.sampled_from(NAMES)),
)


def corrected(profile: Profile, advice: Mapping[str, Any]) -> Profile:
    """The profile after somebody pasted the lines."""
    changes = dict(advice)
    for key in ("verbs", "ignored_fields"):
        if key in changes:
            changes[key] = frozenset(changes[key])
    if "clearing" in changes:
        texts = {k: json.dumps(v, separators=(",", ":")) for k, v in changes["clearing"].items()}
        changes["clearing"] = texts
    return replace(profile, **changes)


@given(profile=PROFILES, trial=TRIALS)
def test_a_corrected_profile_needs_no_further_advice(profile: Profile, trial: Trial) -> None:
    advice = judge_trial(trial, profile).advice
    assert judge_trial(trial, corrected(profile, advice)).advice == {}


@given(profile=PROFILES, seen=LISTS)
def test_a_corrected_profile_lists_as_it_says(profile: Profile, seen: ListSeen) -> None:
    advice = judge_list(seen, profile).advice
    assert judge_list(seen, corrected(profile, advice)).advice == {}


@given(profile=PROFILES, seen=LISTS)
def test_advice_is_given_exactly_where_something_differs(profile: Profile, seen: ListSeen) -> None:
    verdict = judge_list(replace(seen, total=1), profile)
    assert bool(verdict.advice) == any(not each.agrees for each in verdict.findings)


def test_what_was_not_seen_is_held_against_nobody() -> None:
    assert judge_list(ListSeen(total=0), Profile("p", paging="none", list_items="summary")).advice == {}
    assert "not known" in [each.observed for each in judge_list(ListSeen(), Profile("p")).findings]
