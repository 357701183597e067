"""One form for manifest files."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistctl.manifest.writing.formatter import format_manifest
from assistctl.manifest.yaml_reader import load

UGLY = """\
# yaml-language-server: $schema=x.json
---
# head
key:   a     # why
id: {prod:  asst_1,dev: asst_2}
temperature: 1.10
released: 2001-12-14t21:59:43.10-05:00
octal: 022
name: 'it''s'
description: "a\\u200bb"
empty:
tilde: ~
only:
- prod
# between
-   dev
tools:
- type: function
  function:
      name: x
      required: [ a,   b ]
text: |
   kept
     as it is
folded: >-
   also
   this

   one
# end
---
key: b
"""
FORMED = """\
# yaml-language-server: $schema=x.json
---
# head
key: a       # why
id: {prod: asst_1, dev: asst_2}
temperature: 1.10
released: 2001-12-14t21:59:43.10-05:00
octal: 022
name: 'it''s'
description: "a\\u200Bb"
empty: null
tilde: null
only:
  - prod
# between
  - dev
tools:
  - type: function
    function:
      name: x
      required: [a, b]
text: |
  kept
    as it is
folded: >-
  also
  this

  one
# end
---
key: b
"""


def formed(text: str) -> str:
    done = format_manifest("a.yaml", text.encode())
    assert done.data is not None, done
    return done.data.decode()


def test_spacing_becomes_one_and_scalars_quotes_and_comments_stay():
    assert formed(UGLY) == FORMED


def test_line_ends_and_a_byte_order_mark_are_normalised():
    assert formed("\ufeff" + UGLY.replace("\n", "\r\n")) == FORMED


def test_a_broken_file_is_reported_with_its_place_and_left_alone():
    done = format_manifest("a.yaml", b"a: 1\na: 2\n")
    assert done.data is None
    assert [(each.file, each.line, each.column, each.code) for each in done.problems] == [
        ("a.yaml", 2, 1, "AC009")
    ]


@pytest.mark.parametrize(
    "text", ["a: [x, # why\n  y]\n", "a: [ # none\n]\n", "a: 1\n...\n# lost\n---\nb: 2\n"]
)
def test_a_file_whose_comment_would_be_lost_is_left_alone(text):
    done = format_manifest("a.yaml", text.encode())
    assert (done.data, done.refused) == (None, "rewriting it would lose a comment")


def test_what_only_our_own_reader_takes_is_left_alone():
    done = format_manifest("a.yaml", b"? a\n# between key and value\n: b\n")
    assert done.data is None
    assert done.refused.startswith("cannot be rewritten")


_SCALAR = st.sampled_from(
    ["a", "'q'", '"d\\n"', "1.10", "~", "null", "no", "[a,  b]", "{x: 1,  y: z}", "[]", "{}", "''", "x # c"]
)
_LINES = st.lists(
    st.one_of(
        st.tuples(st.just("map"), _SCALAR),
        st.tuples(st.just("list"), _SCALAR),
        st.tuples(st.just("block"), st.sampled_from(["|", ">", "|-", ">+", "|2"])),
        st.tuples(st.just("comment"), st.sampled_from(["", "# one", "  # two", "#"])),
    ),
    min_size=1,
    max_size=8,
)


def written(lines: list[tuple[str, str]]) -> str:
    text = ""
    for number, (kind, part) in enumerate(lines):
        if kind == "comment":
            text += f"{part}\n"
        elif kind == "map":
            text += f"k{number}:   {part}\n"
        elif kind == "list":
            text += f"k{number}:\n-   {part}\n# in list\n-  x: {part}\n   y: 1\n"
        else:
            text += f"k{number}: {part}\n  text\n\n  more\n"
    return text


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINES, min_size=1, max_size=3))
def test_formatting_keeps_values_and_comments_and_comes_to_rest(documents):
    text = "---\n".join(written(lines) for lines in documents)
    loaded = load(text.encode())
    assume(not loaded.problems)
    done = format_manifest("a.yaml", text.encode())
    assert done.data is not None, done.refused
    before = [document.value for document in loaded.documents]
    assert repr([document.value for document in load(done.data).documents]) == repr(before)
    assert done.data.count(b"#") == text.count("#")
    assert format_manifest("a.yaml", done.data).data == done.data


@pytest.mark.parametrize(
    ("text", "same"), [("a: |\n  x", "a: |-\n  x\n"), ("a: >\n  x\n  y", "a: >-\n  x\n  y\n")]
)
def test_a_block_that_ends_without_a_line_end_keeps_its_value(text, same):
    assert formed(text) == same
    assert formed("a: |") == "a: |\n"
