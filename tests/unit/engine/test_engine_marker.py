"""The ownership marker: what it holds, what it refuses, and how small it stays."""

from __future__ import annotations

import re
from itertools import count, permutations
from typing import Any

import pytest

from assistctl.engine.marker import (
    LETTERS,
    LIMIT,
    Marker,
    Record,
    assign,
    claimed_key,
    decode,
    digest,
    key_digest,
    metadata_records,
)
from assistctl.model.assistant import FIELDS

FULL = Marker(
    "acme-support/prod",
    "billing-bot",
    "k7f2q9",
    prevent_destroy=True,
    keep_on_remove=True,
    fields={"name": Record("zCuV0T"), "tools": Record("fa1yPS", "gf9Mkv")},
    metadata=(("Sz", "_FWEB1"), ("dj", "CT4Bgm")),
    metadata_stored="abcdef",
)


def colliding_keys() -> tuple[str, str]:
    """Two metadata keys that share their two characters."""
    seen: dict[str, str] = {}
    for number in count():
        key = f"k{number}"
        other = seen.setdefault(key_digest(key), key)
        if other != key:
            break
    return other, key


def test_a_marker_reads_back_as_it_was_written() -> None:
    assert decode(FULL.encode()) == FULL


def test_a_marker_is_one_line_of_printable_ascii() -> None:
    assert re.fullmatch(r"[!-~]+( [!-~]+)*", FULL.encode())


def test_the_longest_marker_fits_a_metadata_value() -> None:
    longest = Marker(
        "p" * 63 + "/" + "e" * 32,
        "k" * 63,
        "r" * 8,
        prevent_destroy=True,
        keep_on_remove=True,
        fields={name: Record("abcdef", "ghijkl") for name in FIELDS},
        metadata=metadata_records({f"key{n}": "abcdef" for n in range(15)}),
        metadata_stored="abcdef",
    )
    assert len(longest.encode()) <= LIMIT == 512
    assert decode(longest.encode()) == longest


def test_every_field_has_a_letter_of_its_own() -> None:
    assert set(LETTERS) == set(FIELDS)
    assert len(set(LETTERS.values())) == len(FIELDS)


@pytest.mark.parametrize(("flag", "sign"), [("prevent_destroy", "!"), ("keep_on_remove", "~")])
def test_a_flag_is_one_sign_behind_the_run(flag: str, sign: str) -> None:
    flags: dict[str, Any] = {flag: True}
    text = Marker("a/b", "k", "r", **flags).encode()
    assert f" r{sign} #" in text
    found = decode(text)
    assert found is not None
    assert getattr(found, flag)


def test_a_marker_that_was_cut_anywhere_is_not_ours() -> None:
    text = FULL.encode()
    assert [n for n in range(len(text)) if decode(text[:n]) is not None] == []


def test_a_marker_with_any_character_edited_is_not_ours() -> None:
    text = FULL.encode()
    edited = [text[:n] + ("x" if text[n] != "x" else "y") + text[n + 1 :] for n in range(len(text))]
    assert [each for each in edited if decode(each) is not None] == []


@pytest.mark.parametrize(
    "text", ["", " ", "#", "managed-by: me", "{}", "1", "1 a/b k r #", FULL.encode() + "\n"]
)
def test_other_text_is_not_a_marker(text: str) -> None:
    assert decode(text) is None


def test_another_version_is_not_ours() -> None:
    line = "2" + FULL.encode()[1:].rpartition(" #")[0]
    assert decode(f"{line} #{digest('marker', line)[:5]}") is None


def test_a_valid_checksum_over_another_shape_is_not_ours() -> None:
    for line in (
        "1 a/b k r z:abcdef",
        "1 A/b k r",
        "1 a k r",
        "1 a/b k r n:abc",
        "1 a/b k r M:abc",
        "1 a/b k r!!",
    ):
        assert decode(f"{line} #{digest('marker', line)[:5]}") is None


def test_more_than_the_limit_is_never_read() -> None:
    line = "1 a/b k r" + " n:abcdef" * 60
    assert decode(f"{line} #{digest('marker', line)[:5]}") is None


def test_a_damaged_marker_still_names_its_key() -> None:
    text = FULL.encode()
    assert claimed_key(text[:-3]) == claimed_key("2" + text[1:]) == "billing-bot"


@pytest.mark.parametrize("text", ["", "managed by hand", "1 acme k r", "1 a/b k"])
def test_a_text_that_never_was_a_marker_names_no_key(text: str) -> None:
    assert claimed_key(text) == ""


def test_a_digest_is_bound_to_its_field() -> None:
    texts = {digest(name, "same") for name in (*FIELDS, "metadata.a", "metadata.b")}
    assert len(texts) == len(FIELDS) + 2


def test_a_recorded_entry_is_found_again_by_its_key() -> None:
    marker = Marker("a/b", "k", "r", metadata=metadata_records({"team": digest("metadata.team", "support")}))
    assert assign(marker, ["team", "tier"], {}) == {"team": digest("metadata.team", "support")}


def test_keys_that_share_their_two_characters_keep_their_own_entries() -> None:
    first, second = colliding_keys()
    digests = {key: digest(f"metadata.{key}", f"value of {key}") for key in (first, second)}
    marker = Marker("a/b", "k", "r", metadata=metadata_records(digests))
    known = {key: (f"value of {key}",) for key in digests}
    assert assign(marker, [first, second], known) == digests
    assert assign(marker, [second, first], known) == digests


def test_of_colliding_keys_the_unexplained_one_gets_the_entry_that_is_left() -> None:
    for changed, steady in permutations(colliding_keys()):
        digests = {key: digest(f"metadata.{key}", "old") for key in (changed, steady)}
        marker = Marker("a/b", "k", "r", metadata=metadata_records(digests))
        assert assign(marker, digests, {changed: ("new",), steady: ("old",)}) == digests


def test_an_unrecorded_key_takes_nothing_from_a_colliding_one() -> None:
    for recorded, other in permutations(colliding_keys()):
        mark = digest(f"metadata.{recorded}", "value")
        marker = Marker("a/b", "k", "r", metadata=metadata_records({recorded: mark}))
        known = {recorded: ("value",), other: ("else",)}
        assert assign(marker, [other, recorded], known) == {recorded: mark}
