"""Every short way gives the answer of the long one."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.engine.fields import compare
from assistctl.engine.marker import Marker, Record, digest, metadata_records
from assistctl.engine.normalize import Canon
from assistctl.engine.settled import settled
from assistctl.engine.survey import Seen
from assistctl.engine.threeway import Rules
from assistctl.manifest import schema, schema_project
from assistctl.manifest.schema_core import SchemaName, check, passes
from assistctl.manifest.schema_errors import check as explained
from assistctl.model.assistant import FIELDS, MARKER_KEY, Desired, Lifecycle, Remote
from assistctl.model.sharing import SharedTexts
from assistctl.model.values import pack

_CANON = Canon({"openai/gpt-4o": "gpt-4o"})
_TOOLS: list[Any] = [
    None,
    [],
    [{"type": "code_interpreter"}],
    [{"type": "file_search"}],
    [{"type": "file_search", "file_search": {"max_num_results": 20}}],
    [{"type": "function", "function": {"name": "f"}}],
    [{"type": "function", "function": {"name": "f", "strict": False, "parameters": {}}}],
    [{"type": "function", "function": {"name": "f", "strict": 0}}],
]
_VALUES: dict[str, list[Any]] = {
    "name": ["a", "b", None],
    "model": ["gpt-4o", "openai/gpt-4o", "o3"],
    "instructions": ["x", "x\n", "", None],
    "tools": _TOOLS,
    "temperature": [0, 0.0, 1, 1.0, 0.7, 0.699999988, True, None],
    "response_format": ["auto", {"type": "text"}, None],
}
_fields = st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in _VALUES.items()})
_metadata = st.dictionaries(st.sampled_from(["team", "tier", "x"]), st.sampled_from(["a", "b"]), max_size=3)


@st.composite
def _sides(draw: st.DrawFn) -> tuple[Desired, Seen]:
    """A manifest and an assistant that mostly agree."""
    wanted, entries = draw(_fields), draw(_metadata)
    now = {**wanted, **draw(st.one_of(st.just({}), _fields))}
    recorded = {**wanted, **draw(st.one_of(st.just({}), _fields))}
    held = {**entries, **draw(st.one_of(st.just({}), _metadata))}
    known = draw(st.one_of(st.just(entries), _metadata))
    hidden = draw(st.sampled_from([None, *FIELDS]))
    records = {name: Record(digest(name, _CANON.text(name, pack(value)))) for name, value in recorded.items()}
    marks = metadata_records({key: digest(f"metadata.{key}", text) for key, text in known.items()})
    marker = Marker("acme/default", "bot", "r0", fields=records, metadata=marks)
    fields = {name: pack(value) for name, value in now.items() if name != hidden}
    remote = Remote("asst_1", 1.0, fields, {**held, MARKER_KEY: marker.encode()})
    ignored = draw(st.sampled_from([frozenset[str](), frozenset({"name"}), frozenset({"metadata.team"})]))
    lifecycle = Lifecycle(ignore_changes=ignored)
    desired = Desired("bot", {n: pack(v) for n, v in wanted.items()}, entries, lifecycle=lifecycle)
    return desired, Seen(remote, marker)


@given(_sides())
def test_what_is_settled_comes_out_of_the_comparison_without_a_change(sides: tuple[Desired, Seen]) -> None:
    rules = Rules(_CANON)
    if settled(*sides, rules):
        result = compare(*sides, rules)
        assert (result.changes, result.failures) == ([], [])


@given(_fields, _metadata)
def test_what_was_applied_as_it_stands_is_settled(fields: dict[str, Any], metadata: dict[str, str]) -> None:
    packed = {name: pack(value) for name, value in fields.items()}
    records = {name: Record(digest(name, _CANON.text(name, value))) for name, value in packed.items()}
    marks = metadata_records({key: digest(f"metadata.{key}", text) for key, text in metadata.items()})
    marker = Marker("acme/default", "bot", "r0", fields=records, metadata=marks)
    remote = Remote("asst_1", 1.0, packed, {**metadata, "foreign": "1"})
    assert settled(Desired("bot", packed, metadata), Seen(remote, marker), Rules(_CANON))


_words = st.sampled_from(
    ["", "a", "gpt-4o", "auto", "text", "function", "AC701", "${var.x}", "a/b", "30%", "x" * 300]
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 300),
    st.sampled_from([0.5, 1e9, float("inf"), float("nan")]),
    _words,
)
_KEYS = sorted(
    {
        *schema.Manifest.model_fields,
        *schema_project.Project.model_fields,
        *schema_project.Provider.model_fields,
    }
    | {"type", "function", "file_search", "function_file", "json_schema", "schema", "schema_", "parameters"}
    | {"name", "strict", "ranking_options", "score_threshold", "ranker", "max_num_results", "file_ids"}
    | {
        "code_interpreter",
        "vector_store_ids",
        "prevent_destroy",
        "on_remove",
        "level",
        "values",
        "max_deletes",
    }
)
_anything = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
_TYPICAL: dict[str, list[Any]] = {
    "tools": [*_TOOLS, [{"type": "function", "function_file": "f.json", "function": {"strict": True}}]],
    "tool_resources": [
        {"file_search": {"vector_store_ids": ["vs_1"]}},
        {"code_interpreter": {"file_ids": []}},
    ],
    "response_format": ["auto", {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}],
    "metadata": [{"team": "a", "tier": None}],
    "temperature": [0.5, 1],
    "environments": [{"prod": {"model": "o3"}, "dev": None}],
    "id": ["asst_1", {"prod": "asst_1"}],
    "lifecycle": [{"prevent_destroy": True, "on_remove": "keep"}],
    "provider": ["openai", {"name": "mine", "base_url": "https://a.b/v1", "auth": "header X-Key"}],
    "limits": [{"max_deletes": "30%"}, {"max_deletes": 3}],
    "policies": [{"no_deletion": {"level": "deny"}}],
    "project": ["acme"],
    "no_deletion": [{"level": "warn"}],
}
_document = st.dictionaries(st.sampled_from(_KEYS), _anything, max_size=4).flatmap(
    lambda odd: st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(each) for name, each in _TYPICAL.items()}
    ).map(lambda typical: typical | odd)
)


@pytest.mark.parametrize("name", get_args(SchemaName))
@given(data=st.data())
def test_the_quick_check_and_the_models_agree_on_every_document(
    name: SchemaName, data: st.DataObject
) -> None:
    model = getattr(schema, name, None) or getattr(schema_project, name)
    value = data.draw(st.one_of(_document, _anything))
    assert passes(name, value) == (explained(model, value, lenient=False) == [])


@pytest.mark.parametrize("name", get_args(SchemaName))
@given(
    data=st.data(),
    place=st.sampled_from(sorted(_TYPICAL)),
)
def test_the_quick_check_and_the_models_agree_on_each_key(
    name: SchemaName, data: st.DataObject, place: str
) -> None:
    model = getattr(schema, name, None) or getattr(schema_project, name)
    start = {"project": "acme"} if name == "Project" else {}
    value = start | {place: data.draw(st.one_of(st.sampled_from(_TYPICAL[place]), _anything))}
    assert passes(name, value) == (explained(model, value, lenient=False) == [])


def test_the_words_are_those_of_the_models() -> None:
    value = {"temperature": 3, "modle": "gpt-4o"}
    assert check("Manifest", value) == explained(schema.Manifest, value) != []


def test_equal_long_texts_of_both_sides_are_held_once() -> None:
    share = SharedTexts()
    first, same, other = "a" * 300, "".join(["a"] * 300), "b" + "a" * 299
    assert share(first) is first
    assert share(same) is first
    assert share(other) is other
    assert share("short") == "short"
