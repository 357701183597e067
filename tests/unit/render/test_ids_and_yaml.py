"""``ids`` for shells and ``render --format yaml``."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from assistctl.errors import RemoteError, UsageFault
from assistctl.model.assistant import Desired
from assistctl.model.values import Json, pack, unpack
from assistctl.render.tables import ids_env
from assistctl.render.yaml_view import resolved_document, resolved_yaml


def test_env_lines_work_in_a_shell() -> None:
    text = "\n".join(ids_env({"billing-bot": "asst_1", "faq_2": "asst_2"}))
    script = f"{text}\necho $ASSISTANT_ID_BILLING_BOT $ASSISTANT_ID_FAQ_2"
    assert (
        subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
        == "asst_1 asst_2\n"
    )


def test_two_keys_of_one_variable_are_refused_with_both_names() -> None:
    with pytest.raises(UsageFault, match="a-b and a_b both give the variable ASSISTANT_ID_A_B"):
        list(ids_env({"a_b": "asst_1", "a-b": "asst_2"}))


@pytest.mark.parametrize("hostile", ["$(id)", "a b", "a\nLD_PRELOAD=x", "", "a;b", "é"])
def test_an_id_that_a_shell_would_interpret_is_refused(hostile: str) -> None:
    with pytest.raises(RemoteError, match="characters that a shell would interpret"):
        list(ids_env({"a": hostile}))


hostile_text = st.text(
    st.one_of(
        st.sampled_from("#[]:\n\r\t -'\"{}|>&*!%@`\\,?\x1b\x85\u2028\u202e\u200b\ufeff\x7f\U000e0041"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)
bodies: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(0, 2), hostile_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(hostile_text, inner, max_size=3)),
    max_leaves=6,
)


def loaded(text: str) -> list[Json]:
    return list(YAML(typ="safe", pure=True).load_all(text))


@given(hostile_text, bodies, st.dictionaries(hostile_text, st.none() | hostile_text, max_size=2))
@example("a\n  ::error::b\n##[group]\n", ["##vso[x]"], {"::x::": "##[y]"})
@example("\n\nlead and trail \n\n\n", {"no": "yes", "1": "1.0", "~": "null"}, {"on": "off"})
@example("  indented first\nline\n", [[]], {})
@example("tab\tinside\n\tand first\n", {}, {})
def test_resolved_yaml_loads_to_what_would_be_sent(
    prompt: str, tools: Json, metadata: dict[str, str | None]
) -> None:
    item = Desired("a", {"instructions": prompt, "tools": pack(tools)}, metadata)
    text = resolved_yaml([item, Desired("b", {"model": "o3"})], {"a": {"tools": prompt}})
    expected: Json = {"key": "a", "instructions": prompt, "tools": unpack(pack(tools))}
    if metadata:
        expected["metadata"] = dict(metadata)  # type: ignore[index,call-overload]
    assert loaded(text) == [expected, {"key": "b", "model": "o3"}]


@given(hostile_text, bodies)
def test_resolved_yaml_is_safe_in_a_log(prompt: str, tools: Json) -> None:
    text = resolved_yaml(
        [Desired("a", {"instructions": prompt, "tools": pack(tools)})], {"a": {"tools": prompt}}
    )
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\U000e0000-\U000e007f]", text
    )
    for line in text.split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "##vso[" not in line.lower()


def test_an_ordinary_prompt_stays_a_block_that_people_can_read() -> None:
    text = resolved_yaml([Desired("a", {"instructions": "Be kind. 😀\n\n- {{ name }}: ${x}\n"})], {})
    assert text == "key: a\ninstructions: |\n  Be kind. 😀\n\n  - {{ name }}: ${x}\n"


def test_resolved_json_names_file_body_and_origins() -> None:
    item = Desired("a", {"model": "o3", "tools": pack([])}, {"t": None}, file="a.yaml")
    assert resolved_document([item], {"a": {"model": "_base.yaml:2"}}) == [
        {
            "key": "a",
            "file": "a.yaml",
            "body": {"model": "o3", "tools": [], "metadata": {"t": None}},
            "origins": {"model": "_base.yaml:2"},
        }
    ]
