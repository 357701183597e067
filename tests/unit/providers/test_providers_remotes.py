"""Wire JSON to remote assistants."""

from __future__ import annotations

import json

import pytest

from assistctl.errors import RemoteError
from assistctl.model.values import Packed
from assistctl.providers.remotes import page_of, remote_of


def test_l8_missing_keys_stay_missing_and_null_is_none() -> None:
    remote = remote_of({"id": "a", "name": None})
    assert dict(remote.fields) == {"name": None}
    assert remote.metadata is None
    assert remote.created_at == 0


def test_l13_unknown_tool_types_are_kept_in_their_own_key_order_and_unknown_keys_left_out() -> None:
    tool = {"type": "custom_search", "b": 1, "a": {"y": None, "x": []}}
    remote = remote_of({"id": "a", "tools": [tool], "tool_resources": {}, "file_ids": [], "hybrid": 1})
    assert dict(remote.fields) == {
        "tools": Packed(json.dumps([tool], separators=(",", ":"))),
        "tool_resources": Packed("{}"),
    }


def test_numbers_keep_their_kind() -> None:
    fields = remote_of({"id": "a", "temperature": 1, "top_p": 1.0}).fields
    assert [type(fields["temperature"]), type(fields["top_p"])] == [int, float]


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        (1_700_000_000, 1.7e9),
        (1.5, 1.5),
        (1_700_000_000_500, 1_700_000_000.5),
        (None, 0),
        ("x", 0),
        (True, 0),
        (10**29, 0),
    ],
)
def test_created_at_is_in_seconds(created: object, seconds: float) -> None:
    assert remote_of({"id": "a", "created_at": created}).created_at == seconds  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (None, {}),
        ([], {}),
        ({}, {}),
        ({"a": "b", "n": 1, "t": True, "m": {"x": [1]}}, {"a": "b", "n": "1", "t": "true", "m": '{"x":[1]}'}),
    ],
)
def test_metadata_values_are_text(metadata: object, expected: dict[str, str]) -> None:
    assert remote_of({"id": "a", "metadata": metadata}).metadata == expected  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "item",
    [
        "text",
        {},
        {"id": 5},
        {"id": ""},
        {"id": "../files/x"},
        {"id": "a", "name": 5},
        {"id": "a", "temperature": "0.7"},
        {"id": "a", "temperature": True},
        {"id": "a", "tools": {}},
        {"id": "a", "tools": ["code_interpreter"]},
        {"id": "a", "response_format": []},
        {"id": "a", "metadata": "x"},
        {"id": "a", "metadata": ["x"]},
        {"id": "a", "tool_resources": json.loads('{"a":' * 65 + "1" + "}" * 65)},
        {"id": "a", "metadata": {"x": json.loads("[" * 900 + "]" * 900)}},
    ],
)
def test_l9_l14_an_assistant_of_another_shape_is_refused(item: object) -> None:
    with pytest.raises(RemoteError):
        remote_of(item)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer", [[], None, {}, {"data": None}, {"data": {}}, {"assistants": []}, {"data": [1]}]
)
def test_only_a_data_array_of_maps_with_string_ids_is_a_list(answer: object) -> None:
    with pytest.raises(RemoteError):
        page_of(answer)  # type: ignore[arg-type]


def test_the_object_key_of_a_list_is_optional_and_has_more_may_be_missing() -> None:
    assert page_of({"data": []}).has_more is None
    assert page_of({"data": [], "has_more": "yes", "object": "assistants"}).has_more is None
    assert page_of({"data": [{"id": "a"}], "has_more": True}).has_more is True
