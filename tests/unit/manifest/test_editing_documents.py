"""One value of a file is exchanged: the rest of the file keeps its bytes and its values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.manifest.editing import emit
from assistctl.manifest.editing.document import edited, exchanged
from assistctl.manifest.editing.source import CannotEdit, exactly
from assistctl.manifest.editing.wishes import wishes
from assistctl.manifest.json_reader import load_json
from assistctl.manifest.yaml_reader import load
from assistctl.model.plan import ABSENT

MANIFEST = """# the first line
key: a # mine
temperature: 0.2   # low
instructions: |  # prompt
  You are x.

  ## Tone
  - Be brief.


# about it
description: >-
  Fold me in
  and out.
tools:
  # search
  - type: file_search # hi
    file_search: {max_num_results: 5,
      ranking_options: {score_threshold: 0.5}}

  - type: function
    function:
      name: lookup
      description: 'it''s'
      parameters:
        type: object
        properties:
          a: {type: string}
          b:
            type: number
        required:
        - a
        - b
name:
q: "es\\u00e9c q"
plain: one
  two three
"""
SEARCH = """    file_search: {max_num_results: 5,
      ranking_options: {score_threshold: 0.5}}
"""
TEXTS = ("instructions", "description", "key", "q", "plain", "name")
FUNCTION = (
    '{\n    "name": "x",\n    "parameters": {\n        "a": 1,\n        "b": "\\ud83d\\ude00"\n    }\n}\n'
)


def change(text: str, path: tuple[str | int, ...], new: Any, **how: Any) -> str:
    return edited(text.encode(), 0, path, new, **how).decode()


def swap(old: str, new: str, text: str = MANIFEST) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("path", "new", "old_text", "new_text"),
    [
        (("temperature",), 0.7, "0.2   #", "0.7   #"),
        (("temperature",), None, "0.2   #", "null   #"),
        (("instructions",), "You are x.\n\n## Tone\n- Be kind 😀.\n", "- Be brief.", "- Be kind 😀."),
        (("description",), "Fold me in and way out.", "and out", "and way out"),
        (("q",), "eséc z", "c q", "c z"),
        (("plain",), "one two four", "three", "four"),
        (("name",), "Bob", "name:\n", "name: Bob\n"),
        (("name",), "Bob: # x", "name:\n", 'name: "Bob: # x"\n'),
        (("key",), "on", "key: a", 'key: "on"'),
        (("key",), "1.5", "key: a", 'key: "1.5"'),
        (("key",), "x\ny", "key: a # mine", "key: |- # mine\n  x\n  y"),
        (("tools", 1, "function", "description"), "it's on", "'it''s'", "'it''s on'"),
        (("tools", 1, "function", "description"), "a\nb", "'it''s'", "|-\n        a\n        b"),
        (("tools", 0, "file_search", "max_num_results"), 7, "results: 5", "results: 7"),
        (("tools", 1, "function", "parameters", "required", 1), "z", "        - b\n", "        - z\n"),
    ],
)
def test_a_scalar_is_replaced_in_its_own_span_and_style(path, new, old_text, new_text):
    assert change(MANIFEST, path, new) == swap(old_text, new_text)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (("tools", 0, "file_search"), SEARCH),
        (("tools", 1, "function", "parameters", "properties", "a"), "          a: {type: string}\n"),
        (("tools", 1, "function", "parameters", "required", 0), "        - a\n"),
        (("plain",), "plain: one\n  two three\n"),
    ],
)
def test_a_removed_member_takes_its_own_lines_only(path, lines):
    assert change(MANIFEST, path, ABSENT) == swap(lines, "")


@pytest.mark.parametrize(
    ("path", "new", "before", "added"),
    [
        (("metadata",), {"a": "yes"}, "  two three\n", 'metadata:\n  a: "yes"\n'),
        (("tools", 2), {"type": "code_interpreter"}, "        - b\n", "  - type: code_interpreter\n"),
        (("tools", 1, "function", "strict"), True, "        - b\n", "      strict: true\n"),
        (
            ("tools", 1, "function", "parameters", "properties", "c"),
            {"type": "string", "enum": ["2"]},
            "            type: number\n",
            '          c:\n            type: string\n            enum:\n              - "2"\n',
        ),
    ],
)
def test_a_new_member_stands_behind_the_last_one(path, new, before, added):
    assert change(MANIFEST, path, new) == swap(before, before + added)


def test_a_new_member_of_a_bracketed_map_stays_in_the_brackets():
    made = change(MANIFEST, ("tools", 0, "file_search", "ranking_options", "ranker"), "auto")
    assert made == swap("{score_threshold: 0.5}", "{score_threshold: 0.5, ranker: auto}")


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("a:\n  - one # 1\n  - two\n", 0, "a:\n  - new\n  - one # 1\n  - two\n"),
        ("a:\n  - one # 1\n  - two\n", 1, "a:\n  - one # 1\n  - new\n  - two\n"),
        ("a:\n- one\n- two", 2, "a:\n- one\n- two\n- new"),
        ("a: [one, two] # 1\n", 0, "a: [new, one, two] # 1\n"),
        ("a: [one, two] # 1\n", 1, "a: [one, new, two] # 1\n"),
        ("a: [one, two] # 1\n", 2, "a: [one, two, new] # 1\n"),
        ("a: [] # 1\n", 0, "a:\n  - new # 1\n"),
    ],
)
def test_a_new_item_stands_at_its_index(text, at, expected):
    assert change(text, ("a", at), "new", add=True) == expected


def test_the_last_item_leaves_an_empty_list():
    assert change("a:\n  - x # c\nb: 1\n", ("a", 0), ABSENT) == "a: [] # c\nb: 1\n"


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\n\n\n"])
@pytest.mark.parametrize("style", ["|", "|-", "|+", ">", ">-", "|2-"])
def test_every_block_holds_every_number_of_final_line_ends(style, ending):
    for rest in ("", "\n", "\n\n# c\nb: 1\n", "\nb: 1 # u"):
        text = f"a: {style}\n  old\n  lines{rest}"
        assert load(change(text, ("a",), "new\n  more" + ending).encode()).documents[0].value["a"] == (
            "new\n  more" + ending
        )


def test_windows_line_ends_stay():
    text = "a: |\r\n  x\r\n  y\r\nb:\r\n  - 1\r\n"
    assert change(text, ("a",), "x\nz\n") == text.replace("y", "z")
    assert change(text, ("b", 1), 2) == text + "  - 2\r\n"
    assert change(text, ("c",), {"d": "e\nf\n"}) == text + "c:\r\n  d: |\r\n    e\r\n    f\r\n"


def test_a_file_without_final_line_end_is_not_given_one_for_nothing():
    assert change("a: 1\nb: 2", ("b",), 3) == "a: 1\nb: 3"
    assert change("a: 1\nb: 2", ("c",), 3) == "a: 1\nb: 2\nc: 3"
    assert change("a: 1\nb: 2", ("b",), ABSENT) == "a: 1"


def test_a_byte_order_mark_stays():
    assert edited(b"\xef\xbb\xbfa: x\n", 0, ("a",), "z") == b"\xef\xbb\xbfa: z\n"


def test_only_the_meant_document_changes():
    text = "a: |\n  x\n---\na: |\n  x\n"
    assert edited(text.encode(), 1, ("a",), "y\n") == b"a: |\n  x\n---\na: |\n  y\n"


@pytest.mark.parametrize(
    ("path", "new", "old_text", "new_text"),
    [
        (("name",), "é😀", '"x"', '"\\u00e9\\ud83d\\ude00"'),
        (("parameters", "b"), ABSENT, ',\n        "b": "\\ud83d\\ude00"', ""),
        (("parameters", "a"), ABSENT, '        "a": 1,\n', ""),
        (("strict",), True, "    }\n}", '    },\n    "strict": true\n}'),
        (("parameters", "c"), [1], '00"\n', '00",\n        "c": [\n            1\n        ]\n'),
    ],
)
def test_json_keeps_its_indentation_and_its_escapes(path, new, old_text, new_text):
    made = change(FUNCTION, path, new, is_json=True)
    assert made == swap(old_text, new_text, FUNCTION)
    json.loads(made)


@pytest.mark.parametrize("path", [("tools", 7), ("nothing", "below"), ("key", "below"), ("key", 0)])
def test_a_place_that_is_not_there_is_refused(path):
    with pytest.raises(CannotEdit):
        change(MANIFEST, path, "x")


@pytest.mark.parametrize("text", ["\ud83d", "bell \x07 \ud800"])
def test_what_no_file_can_hold_is_refused(text):
    with pytest.raises(CannotEdit):
        change(MANIFEST, ("key",), text)


BLANKS = ("\n", "\n\n", " ", "  ", "\t", "\r\n")
SIGNS = ("#", " # ", ": ", "- ", "'", '"', "\\", "|", "> ", "---\n", "%", "&a", "*a", "!t", "{", "}", "[")
WORDS = ("null", "yes", "012", "1e3", "${var.x}", "word", "Long words.")
RARE = ("é", "😀", "\u2028", "\ufeff", "\u200b", "\x85", "\x07")
SNIPPETS = st.sampled_from((*BLANKS, *SIGNS, *WORDS, *RARE))
HOSTILE = st.lists(SNIPPETS, max_size=8).map("".join) | st.text(st.characters(codec="utf-8"), max_size=30)


@given(name=st.sampled_from(TEXTS), text=HOSTILE)
def test_whatever_the_text_only_that_value_changes(name, text):
    before = load(MANIFEST.encode()).documents[0].value
    after = load(edited(MANIFEST.encode(), 0, (name,), text)).documents
    assert [exactly(each.value) for each in after] == [exactly(exchanged(before, (name,), text))]


@given(text=HOSTILE, again=HOSTILE)
def test_a_value_that_was_edited_can_be_edited_again(text, again):
    twice = edited(edited(MANIFEST.encode(), 0, ("instructions",), text), 0, ("instructions",), again)
    assert load(twice).documents[0].value["instructions"] == again


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(-9, 9) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return ([path] if path else []) + [
        found for step, inner in members for found in paths_of(inner, (*path, step))
    ]


PATHS = paths_of(load(MANIFEST.encode()).documents[0].value)


@given(path=st.sampled_from(PATHS), new=JSON | st.just(ABSENT))
def test_any_member_of_a_manifest_can_become_anything(path, new):
    before = load(MANIFEST.encode()).documents[0].value
    after = load(edited(MANIFEST.encode(), 0, path, new)).documents[0].value
    assert exactly(after) == exactly(exchanged(before, path, new))


@given(path=st.sampled_from(paths_of(json.loads(FUNCTION))), new=JSON | st.just(ABSENT))
def test_any_member_of_a_json_file_can_become_anything(path, new):
    after = load_json(edited(FUNCTION.encode(), 0, path, new, is_json=True)).documents[0].value
    assert exactly(after) == exactly(exchanged(json.loads(FUNCTION), path, new))


@given(old=st.dictionaries(HOSTILE, JSON, min_size=1), new=st.dictionaries(HOSTILE, JSON, min_size=1))
def test_wish_after_wish_makes_the_new_document(old, new):
    kept = {**new, **dict.fromkeys(list(old)[:1], 1)}
    data = "\n".join([*emit.block(old, ""), ""]).encode()
    assert exactly(load(data).documents[0].value) == exactly(old)
    for wish in wishes(old, kept):
        data = edited(data, 0, wish.path, wish.new, add=wish.old is ABSENT)
    assert exactly(load(data).documents[0].value) == exactly(kept)
