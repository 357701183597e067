"""Keys made from names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.manifest.writing.keys import choose_keys, slug

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Billing bot", "billing-bot"),
        ("billing_bot", "billing_bot"),
        ("  Support — Ärzte & Straße  ", "support-arzte-strasse"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "full-width"),
        ("_private-", "private"),
        ("x" * 300, "x" * 63),
        ("con", "con-assistant"),
        ("NUL", "nul-assistant"),
        ("2024", "2024"),
        ("24/7", "assistant-24-7"),
        ("Поддержка", "assistant-bcdefg12"),
        ("客服", "assistant-bcdefg12"),
        ("🚀", "assistant-bcdefg12"),
        ("", "assistant-bcdefg12"),
    ],
)
def test_a_name_becomes_the_nearest_key(name, key):
    assert slug(name, "asst_AbCdEfG12") == key


def test_of_equal_names_the_first_gets_the_bare_key_and_the_others_count_on():
    keys = choose_keys([("Bot", f"asst_{number}") for number in range(500)], ())
    assert keys[:3] == ["bot", "bot-2", "bot-3"]
    assert keys[-1] == "bot-500"
    assert len(set(keys)) == 500


def test_a_number_is_never_given_twice_whatever_the_names_are():
    assert choose_keys([("a", "1"), ("a-2", "2"), ("a", "3"), ("a", "4")], {"a-3"}) == [
        "a",
        "a-2",
        "a-4",
        "a-5",
    ]


@given(st.lists(st.text(max_size=80)), st.sets(st.from_regex(KEY, fullmatch=True), max_size=5))
def test_keys_are_valid_new_and_different_for_any_names(names, taken):
    keys = choose_keys([(name, f"asst_{number}") for number, name in enumerate(names)], taken)
    assert all(KEY.fullmatch(key) for key in keys)
    assert len({*keys, *taken}) == len(keys) + len(taken)
