from __future__ import annotations

import json
import sys
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistctl.manifest import yaml_events
from assistctl.manifest.json_reader import load_json
from assistctl.manifest.scalars import NotJson, resolve
from assistctl.manifest.yaml_nodes import Positions, locate
from assistctl.manifest.yaml_reader import load


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "on",
        "off",
        "yes",
        "Y",
        "22:22",
        "012",
        "0o9",
        "0b1",
        "2026-11-22",
        "1_000",
        "0x",
        "nUll",
        "tRue",
    ],
)
def test_what_yaml_1_1_read_as_something_else_is_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("True", True),
        ("FALSE", False),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1e-3", -0.001),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_core_scalars_have_their_values(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "18446744073709551616", "1" * 5000])
def test_numbers_that_json_cannot_carry_are_refused(text: str) -> None:
    with pytest.raises(NotJson):
        resolve(text)


def test_quoted_and_block_scalars_are_always_text() -> None:
    loaded = load(b"a: '1'\nb: \"true\"\nc: |-\n  null\n")
    assert loaded.documents[0].value == {"a": "1", "b": "true", "c": "null"}


def test_documents_know_their_index_and_first_line() -> None:
    loaded = load(b"# first\na: 1\n---\n\n# second\nb: 2\n")
    assert [(each.index, each.line) for each in loaded.documents] == [(0, 2), (1, 6)]


def test_a_byte_order_mark_in_front_is_no_content() -> None:
    loaded = load(b"\xef\xbb\xbfa: 1\na: 2\n")
    assert [(each.line, each.column, each.code) for each in loaded.problems] == [(2, 1, "AC009")]
    assert load(b"\xef\xbb\xbfa: 1\n").documents[0].value == {"a": 1}


def test_a_duplicate_key_is_refused_with_both_positions() -> None:
    (problem,) = load(b"a: 1\nb: {x: 1, y: 2,\n  x: 3}\n").problems
    assert (problem.line, problem.column) == (3, 3)
    assert problem.message == "duplicate key 'x' (first at 2:5)"


def test_all_structural_problems_of_a_file_show_at_once() -> None:
    found = load(b"a: !t 1\na: 2\n3: x\n<<: {}\nb: &b [.nan]\nc: *b\n").problems
    assert [each.code for each in found] == ["AC011", "AC009", "AC010", "AC013", "AC012", "AC017", "AC012"]


def test_a_syntax_error_comes_with_the_problems_before_it() -> None:
    found = load(b"a: 1\na: 2\nb: [\n").problems
    assert [each.code for each in found] == ["AC009", "AC008"]


def test_columns_count_characters_not_bytes() -> None:
    (problem,) = load("é😀: {a: 1, a: 2}\n".encode()).problems
    assert (problem.line, problem.column) == (1, 12)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_for_every_line_ending(newline: str) -> None:
    text = newline.join(["a: 1", "b: 2", "c: [3, 4]"])
    span = locate(text, 0, ("c", 1))
    assert (span.line, span.column) == (3, 8)


def test_a_path_leads_to_its_value_or_its_key() -> None:
    text = "a:\n  b:\n    - x\n    - c: value\n"
    value, key = locate(text, 0, ("a", "b", 1, "c")), locate(text, 0, ("a", "b", 1, "c"), key=True)
    assert text[value.start : value.end] == "value"
    assert text[key.start : key.end] == "c"
    assert (key.line, key.column) == (4, 7)


def test_a_path_that_leads_too_far_gives_its_deepest_part() -> None:
    assert locate("a: {b: 1}\n", 0, ("a", "nothing", 3)) == locate("a: {b: 1}\n", 0, ("a",))
    assert locate("a: 1\n", 7, ("a",)).line == 1


def test_paths_work_in_later_documents() -> None:
    assert locate("a: 1\n---\na: 2\n", 1, ("a",)).line == 3


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_separator_that_yaml_1_1_took_for_a_line_end_is_refused(separator: str) -> None:
    assert load(f"a: |\n  x{separator}  y\n".encode()).problems[0].code == "AC007"
    assert load(b'a: "x\\u2028  y"').documents[0].value == {"a": "x\u2028  y"}


_HOSTILE = {
    "flow nesting": b"[" * 100_000,
    "map nesting": b"{a: " * 100_000,
    "block nesting": b"- " * 100_000,
    "key nesting": b"? " * 100_000,
    "closed nesting": b"[" * 100_000 + b"]" * 100_000,
    "alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"b%d: &b%d [%s]\n" % (i, i, b",".join([b"*a"] * 9)) for i in range(200)),
    "merge keys": b"base: &b {a: 1}\n" + b"x: {<<: [" + b"*b," * 20_000 + b"]}\n",
    "huge integers": b"a: [" + b"9" * 400_000 + b", " + b"8" * 400_000 + b"]\n",
    "huge hexadecimal": b"a: 0x" + b"f" * 900_000 + b"\n",
    "nul": b"a: b\x00c\n" + b"x" * 500_000,
    "only controls": b"\x01" * 1_000_000,
    "too many nodes": b"a: [" + b"1," * 300_000 + b"]\n",
    "too many keys": b"".join(b"k%d: x\n" % i for i in range(90_000)),
    "duplicate at the end": b"".join(b"k%d: x\n" % i for i in range(45_000)) + b"k0: x\n",
    "many bad keys": b"".join(b"%d: x\n" % i for i in range(90_000)),
    "long scalar": b"x" * 1_000_000,
    "long folded scalar": b"a: >\n" + b" x\n\n" * 200_000,
    "colons": b"a: " + b":" * 500_000,
    "quotes": b"'" * 500_001,
    "tags": b"!" * 500_000,
    "broken utf-8": b"a: " + b"\xff" * 500_000,
    "documents": b"---\n" * 100_000,
    "percent": b"%" * 500_000,
}


def _seconds_to_load(data: bytes) -> float:
    """Of the processor's time: its own, and what others on the same processor add to it at times."""
    started = time.process_time()
    loaded = load(data)
    took = time.process_time() - started
    assert loaded.problems or loaded.documents
    return took


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_yaml_is_answered_within_a_second(name: str) -> None:
    # Measuring coverage makes everything several times slower.
    most = 1 if sys.gettrace() is None else 8
    assert any(_seconds_to_load(_HOSTILE[name]) < most for _ in range(10))


@pytest.mark.parametrize("name", ["flow nesting", "alias bomb", "merge keys", "huge integers", "nul"])
def test_hostile_yaml_is_refused(name: str) -> None:
    assert load(_HOSTILE[name]).problems


@given(st.binary(max_size=200))
def test_any_bytes_give_documents_or_problems(data: bytes) -> None:
    loaded = load(data)
    assert bool(loaded.documents) != bool(loaded.problems)


@given(st.text(alphabet="ab:-?[]{}&*!|>'\"#%@`, \n\t<0x.~\\", max_size=60))
def test_texts_made_of_indicators_give_documents_or_problems(text: str) -> None:
    loaded = load(text.encode())
    assert bool(loaded.documents) != bool(loaded.problems)


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), _PLAIN, min_size=1, max_size=4))
def test_json_is_yaml_and_is_read_back_as_it_was(value: dict[str, object]) -> None:
    loaded = load(json.dumps(value, ensure_ascii=False).encode())
    assert loaded.problems == ()
    assert loaded.documents[0].value == value


@given(st.text(alphabet="abc:-[]{}'\"|, \n012~", max_size=80))
def test_both_readers_agree_on_what_is_good(text: str) -> None:
    slow = Positions(text).problems()
    assert (load(text.encode()).problems == ()) == (slow == ())


def test_the_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [1, x, {b: ~}]\nc: |\n  two\n  lines\nd: 'q'\n---\ne: 0x1f\n"
    fast = load(text.encode())
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert "CSafeLoader" not in vars(yaml)
    assert load(text.encode()) == fast
    assert [each.code for each in load(b"a: 1\na: [").problems] == ["AC009", "AC008"]
    assert yaml_events.events("a: 1")


def test_json_is_read_as_strictly_as_yaml() -> None:
    assert load_json(b'{"a": "\\ud83d\\ude00", "b": [1, 2.5, null]}').documents[0].value == {
        "a": "😀",
        "b": [1, 2.5, None],
    }
    codes = {
        b'{"a": 1, "a": 2}': "AC009",
        b'{"a": NaN}': "AC017",
        b'{"a": -Infinity}': "AC017",
        b'{"a": 1e999}': "AC017",
        b'{"a": 99999999999999999999999}': "AC017",
        b'{"a": ' + b"9" * 10_000 + b"}": "AC017",
        b'{"a": 1,}': "AC020",
        b"": "AC020",
        b"\xff": "AC006",
        b'{"a": "\x01"}': "AC007",
        b"[" * 60 + b"]" * 60: "AC015",
        b"[" * 100_000: "AC015",
        b"[" + b"1," * 100_000 + b"1]": "AC015",
    }
    assert {data[:12]: load_json(data).problems[0].code for data in codes} == {
        data[:12]: code for data, code in codes.items()
    }


@given(st.binary(max_size=100))
def test_any_bytes_as_json_give_documents_or_problems(data: bytes) -> None:
    loaded = load_json(data)
    assert bool(loaded.documents) != bool(loaded.problems)


def test_a_file_that_only_one_of_the_two_readers_refuses_counts_as_broken() -> None:
    """Two byte order marks: the fast reader stumbles over the second, the one with positions does not."""
    loaded = load(b"\xef\xbb\xbf\xef\xbb\xbfproject: shop\nowner: me\n")
    assert loaded.documents == ()
    assert [problem.code for problem in loaded.problems] == ["AC008"]
