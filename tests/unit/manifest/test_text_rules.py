from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.manifest.fleet import Fleet
from assistctl.manifest.prompt_functions import missing_functions
from assistctl.manifest.texts import check_text

_FLAG_OF_ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbeng") + "\U000e007f"


_TOKENS = (
    "sk-" + "a1" * 12,
    "sk_live_" + "a1" * 8,
    *(f"gh{kind}_" + "a1" * 18 for kind in "pos"),
    "github_pat_" + "a1" * 11,
    "glpat-" + "a1" * 10,
    *(f"xox{kind}-" + "a1" * 10 for kind in "abprs"),
    "AKIA" + "A1" * 8,
    "AIza" + "a1" * 17 + "a",
    "hf_" + "a1" * 15,
    "npm_" + "a1" * 18,
    "pypi-" + "a1" * 25,
    "eyJ" + "a1" * 9 + ".eyJ" + "a1" * 100 + "." + "a1" * 20,
)


def _codes(text: str, *secrets: str) -> list[str]:
    return [found.code for found in check_text(text, secrets)]


@pytest.mark.parametrize(
    "text",
    [
        "plain\ttext\r\nwith lines",
        "Grüße, 你好, שלום, ☕",
        "👨\u200d👩\u200d👧 and 🏳️\u200d🌈",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        f"football {_FLAG_OF_ENGLAND}",
        "葛\U000e0100",
        "left \u200e to right mark",
        "x" * 300 + " --------------------------------- task-list risk-free",
    ],
)
def test_honest_text_is_fine(text: str) -> None:
    assert _codes(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\x00b", "AC401"),
        ("a\x1b[31m", "AC401"),
        ("a\x7f", "AC401"),
        ("a\x85", "AC401"),
        ("a\u202eb", "AC402"),
        ("a\u2066b", "AC402"),
        ("a\U000e0041", "AC403"),
        ("\U0001f3f4" + "\U000e0041" * 20, "AC403"),
        ("a\ud800", "AC405"),
        ("a\uffff", "AC405"),
        ("a\u200bb", "AC701"),
        ("\ufeffa", "AC701"),
        ("a\u200db", "AC701"),
        ("a\u2060b", "AC701"),
        ("a\U000e0101", "AC701"),
        ("key sk-abcdefghijklmnopqrstuvwx", "AC702"),
        ("ghp_" + "a" * 36, "AC702"),
        ("AKIA" + "A1" * 8, "AC702"),
        ("xoxb-123456789012-abcdef", "AC702"),
        ("é" * 50 + " hf_" + "a" * 34, "AC702"),
        ("eyJhbGciOiJIUzI1NiJ9aaaa.eyJzdWIiOiIxMjM0NTY3.abcdefghijklmnop", "AC702"),
        ("-----BEGIN RSA PRIVATE KEY-----", "AC702"),
    ],
)
def test_each_odd_text_has_its_code(text: str, code: str) -> None:
    assert _codes(text) == [code]


def test_hidden_text_is_decoded_and_escaped() -> None:
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "ignore 'all'")
    (found,) = check_text(f"Be brief.{hidden}", ())
    assert found.message == "hidden text in Unicode tag characters: \"ignore 'all'\""


def test_a_live_key_is_found_and_never_repeated() -> None:
    (found,) = check_text("call with abcd1234efgh please", ("abcd1234efgh",))
    assert found.code == "AC404"
    assert "abcd1234" not in found.message + found.needle


def test_a_key_of_seven_characters_is_no_live_key() -> None:
    assert _codes("the password is hunter2", "hunter2") == []
    assert _codes("the password is hunter22", "hunter22") == ["AC404"]


def test_a_token_is_named_but_not_repeated() -> None:
    (found,) = check_text("sk-abcdefghijklmnopqrstuvwx", ())
    assert found.message == "looks like a secret: sk-abc… (27 characters)"


@pytest.mark.parametrize("token", _TOKENS)
def test_each_kind_of_token_is_found_whole_behind_a_long_name(token: str) -> None:
    (found,) = check_text(f"call search_records_by_name_and_date with {token}", ())
    assert (found.code, found.needle) == ("AC702", token)


def test_a_long_name_does_not_cut_the_token_behind_it() -> None:
    token = "sk-" + "a1" * 40
    (found,) = check_text("search_records_by_name_and_date" + " x" * 180 + " " + token, ())
    assert found.needle == token


def test_a_prompt_of_nothing_but_beginnings_of_tokens_is_read_in_bounded_time() -> None:
    assert _codes("_eyJ" * (1 << 18)) == []


@pytest.mark.parametrize("token", _TOKENS)
def test_a_token_at_the_beginning_of_a_line_of_a_tool_is_found(
    make_fleet: Callable[..., Fleet], token: str
) -> None:
    function = {"name": "look_up", "description": f"Needs this key:\n{token}"}
    manifest = {"model": "gpt-4o", "tools": [{"type": "function", "function": function}]}
    fleet = make_fleet({"assistants/a.yaml": json.dumps(manifest)})
    assert [each.code for each in fleet.diagnostics if each.code != "AC801"] == ["AC702"]


def test_invisible_characters_are_counted_in_one_line() -> None:
    (found,) = check_text("a\u200bb\u200bc", ())
    assert found.message == "invisible character U+200B ZERO WIDTH SPACE, 2 times"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Mn", "Cn"]), max_size=60))
def test_text_of_visible_characters_is_never_an_error(text: str) -> None:
    assert [code for code in _codes(text) if code != "AC702"] == []


@given(st.text(max_size=60))
def test_any_text_can_be_checked(text: str) -> None:
    assert all(found.needle in text for found in check_text(text, ("12345678",)))


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("Call `look_up` first.", ["look_up"]),
        ("Then use `refund(order)`.", ["refund"]),
        ("Use the `escalate` tool when angry.", ["escalate"]),
        ("You have the function book_flight at hand.", ["book_flight"]),
        ("First call get_weather, then call get_weather again.", ["get_weather"]),
        ("call send_mail() now", ["send_mail"]),
        ("The tool `refund` and the tool `cancel`.", ["refund", "cancel"]),
        ("Use snake_case names and `camelCase` never.", []),
        ("Write `print(x)` in Python.", []),
        ("Use code_interpreter to run code.", []),
        ("Call me at help_desk@acme.example or see docs/call_list.md", []),
        ("call `known_one`", []),
    ],
)
def test_only_functions_that_are_asked_for_are_named(prompt: str, names: list[str]) -> None:
    found = missing_functions(prompt, ("known_one",))
    assert [each.message.split("'")[1] for each in found] == names
    assert all(each.needle in prompt for each in found)


def test_a_misspelt_function_is_suggested() -> None:
    (found,) = missing_functions("Call `lookup_order`.", ("lookup_orders",))
    assert found.message.endswith("(did you mean 'lookup_orders'?)")
