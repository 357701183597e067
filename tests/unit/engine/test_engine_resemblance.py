"""Recognising a renamed manifest, with bounded effort."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from assistctl.engine import resemblance
from assistctl.engine.resemblance import Orphans, share
from assistctl.engine.survey import see


def test_equal_words_share_everything_and_other_words_nothing() -> None:
    assert share(Counter("abcd"), Counter("dcba")) == 1.0
    assert share(Counter("abcd"), Counter("efgh")) == 0.0


def test_the_share_is_that_of_both_sides_together() -> None:
    assert share(Counter("abcde"), Counter("abcdx")) == pytest.approx(0.8)
    assert share(Counter("abcd"), Counter("abcdabcd")) == pytest.approx(2 * 4 / 12)


def test_a_prompt_of_a_few_words_says_nothing_unless_it_is_equal(make: Any) -> None:
    orphans = Orphans([see(make.remote("a", name="x", instructions="Be kind"))])
    assert orphans.like(make.desired(instructions="Be  kind")) == ()
    assert len(orphans.like(make.desired(instructions="Be kind"))) == 1


def test_an_equal_name_comes_before_an_equal_prompt(make: Any) -> None:
    seen = [see(make.remote("a", name="x", instructions="Same prompt")), see(make.remote("b", name="bot"))]
    assert [each.remote.id for each in Orphans(seen).like(make.desired(instructions="Same prompt"))] == ["b"]


def test_empty_prompts_are_not_alike(make: Any) -> None:
    orphans = Orphans([see(make.remote("a", name="x", instructions="")), see(make.remote("b", name="y"))])
    assert orphans.like(make.desired(instructions="")) == ()
    assert orphans.like(make.desired()) == ()


def test_no_more_prompts_are_compared_than_the_bound_allows(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(resemblance, "_MOST_COMPARED", 3)
    long = "one two three four five six seven eight nine ten"
    orphans = Orphans([see(make.remote(f"a{n}", name=f"x{n}", instructions=f"{long} {n}")) for n in range(5)])
    assert len(orphans.like(make.desired(instructions=long))) == 3
    assert orphans.like(make.desired(instructions=long)) == ()
    assert [each.remote.id for each in orphans.like(make.desired(instructions=f"{long} 4"))] == ["a4"]
