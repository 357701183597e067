"""Values as YAML text: whatever is written is read back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistctl.manifest.interpolate import Names, expand
from assistctl.manifest.json_reader import load_json
from assistctl.manifest.writing.characters import is_invisible, readable_json
from assistctl.manifest.writing.escaping import escaped
from assistctl.manifest.writing.yaml_text import dump, rewrite
from assistctl.manifest.yaml_reader import load

_WORDS = "no 1 1.10 0o17 012 22:22 ~ null a:b # ' \" << = ? - --- ... %x @ ` *a &a !t [ { > | 1_000 .inf 1e3"
WORDS = st.sampled_from([*_WORDS.split(), "- x", "a: b", "a #b", "2001-01-01 10:00:00", ""])
PIECES = st.sampled_from(
    ["\n", " ", "\t", "\r\n", "\r", "\u2028", "\u200b", "\ufeff", "😀", "é", "a", ":", "#"]
)
TEXTS = (
    WORDS
    | st.lists(PIECES, max_size=12).map("".join)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30)
)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_every_map_is_read_back_exactly_and_is_in_form_already(document):
    text = dump(document)
    loaded = load(text.encode())
    assert not loaded.problems
    assert repr(loaded.documents[0].value) == repr(document)
    assert rewrite(text) == text


def test_texts_of_several_lines_are_blocks_and_emoji_stay_readable():
    text = dump({"description": "One 🚀\n  two  \n\nthree", "name": "Ärzte 🩺"})
    assert text == "description: |-\n  One 🚀\n    two  \n\n  three\nname: Ärzte 🩺\n"


def test_invisible_characters_are_written_as_escapes():
    assert dump({"name": "a\u200bb\U000e0041"}) == 'name: "a\\u200Bb\\U000E0041"\n'


@pytest.mark.parametrize("word", ["no", "1.10", "22:22", "2001-01-01", "null", "~", "", "0x1F", "1_000"])
def test_texts_that_some_reader_takes_for_something_else_are_quoted(word):
    assert dump({"name": word}) == f"name: '{word}'\n"


@given(
    st.lists(st.sampled_from(["$", "${", "{var.a}", "{file.b}", "{env.C}", "}", "x", "{{ }}"])).map("".join)
)
def test_escaped_text_is_never_expanded(text):
    def report(code, message, file, written):
        raise AssertionError(f"{code} {message}")

    written = escaped({"text": [text]})["text"][0]
    assert expand(written, "a.yaml", Names(read_text=lambda path: path), report) == text


@given(VALUES)
def test_function_files_are_read_back_exactly_without_a_character_that_cannot_be_seen(value):
    text = readable_json({"value": value})
    assert json.loads(text) == {"value": value}
    assert not any(map(is_invisible, text))
    assert not load_json(text.encode()).problems
