"""OpenAI's own Python client, as an independent reader of the protocol, against the embedded server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import openai
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")

ServerFactory = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def client(running_server: ServerFactory) -> Iterator[openai.OpenAI]:
    with (
        running_server(key="sk-test") as url,
        openai.OpenAI(
            api_key="sk-test", base_url=f"{url}/v1", max_retries=0, _strict_response_validation=True
        ) as opened,
    ):
        yield opened


def test_an_assistant_lives_from_create_to_delete(client: openai.OpenAI) -> None:
    assistants = client.beta.assistants
    made = assistants.create(
        model="gpt-4o",
        name="Support",
        instructions="Be brief.",
        temperature=0.2,
        metadata={"team": "support"},
        tools=[
            {"type": "file_search"},
            {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}},
        ],
    )
    assert made.object == "assistant"
    assert (made.temperature, made.top_p, made.response_format) == (0.2, 1.0, "auto")
    assert [tool.type for tool in made.tools] == ["file_search", "function"]
    assert made.tool_resources is not None
    assert made.tool_resources.file_search is not None
    assert made.tool_resources.file_search.vector_store_ids == []
    assert assistants.retrieve(made.id) == made
    changed = assistants.update(made.id, name="Helper", metadata={"env": "dev"}, tools=[])
    assert (changed.name, changed.instructions, changed.tools) == ("Helper", "Be brief.", [])
    assert changed.metadata == {"team": "support", "env": "dev"}
    assert changed.created_at == made.created_at
    gone = assistants.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "assistant.deleted", True)
    with pytest.raises(openai.NotFoundError):
        assistants.retrieve(made.id)


def test_every_answer_validates_against_the_clients_own_model(client: openai.OpenAI) -> None:
    made = client.beta.assistants.create(
        model="o3-mini",
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": {"name": "out", "schema": {"type": "object"}}},
        tools=[
            {"type": "code_interpreter"},
            {
                "type": "file_search",
                "file_search": {"max_num_results": 5, "ranking_options": {"score_threshold": 0.5}},
            },
        ],
        tool_resources={"file_search": {"vector_stores": [{"file_ids": ["file-1"]}]}},
    )
    assert type(made).model_validate(made.to_dict()) == made
    assert made.tool_resources is not None
    assert made.tool_resources.file_search is not None
    assert len(made.tool_resources.file_search.vector_store_ids or []) == 1


def test_null_clears_and_an_empty_list_clears_tools(client: openai.OpenAI) -> None:
    assistants = client.beta.assistants
    made = assistants.create(model="m", name="n", temperature=0.1, tools=[{"type": "code_interpreter"}])
    changed = assistants.update(made.id, name=None, temperature=None, tools=[])
    assert (changed.name, changed.temperature, changed.tools) == (None, 1.0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "param"),
    [
        ({"model": "m", "metadata": {"a": 1}}, "invalid_type", "metadata.a"),
        ({"model": "m", "name": "x" * 257}, "string_above_max_length", "name"),
        (
            {"model": "m", "metadata": {f"k{n}": "" for n in range(17)}},
            "object_above_max_properties",
            "metadata",
        ),
        ({"model": "m", "extra_body": {"nmae": "x"}}, "unknown_parameter", "nmae"),
        ({"model": None}, "invalid_type", "model"),
    ],
)
def test_a_refusal_is_a_bad_request_error_with_code_and_param(
    client: openai.OpenAI, arguments: Any, code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.beta.assistants.create(**arguments)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id


def test_an_unknown_id_is_a_not_found_error_for_all_three_operations(client: openai.OpenAI) -> None:
    assistants = client.beta.assistants
    calls: list[Callable[[str], object]] = [
        assistants.retrieve,
        assistants.delete,
        lambda found: assistants.update(found, name="x"),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError, match="asst_nobody") as caught:
            call("asst_nobody")
        assert caught.value.code is None


def test_a_wrong_key_is_an_authentication_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        client.with_options(api_key="sk-wrong").beta.assistants.list()
    assert caught.value.code == "invalid_api_key"


def test_the_base_url_works_without_v1_too(running_server: ServerFactory) -> None:
    with running_server() as url, openai.OpenAI(api_key="any", base_url=url) as client:
        made = client.beta.assistants.create(model="m")
        assert [found.id for found in client.beta.assistants.list()] == [made.id]


def test_a_server_over_a_file_remembers_across_restarts(
    running_server: ServerFactory, tmp_path: Path
) -> None:
    for expected in (0, 1, 2):
        with (
            running_server(db=tmp_path / "a.db") as url,
            openai.OpenAI(api_key="any", base_url=url) as client,
        ):
            assert len(client.beta.assistants.list().data) == expected
            client.beta.assistants.create(model="m")
