"""Moods: each differs from the plain core in what its name says, and in nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistctl.errors import UsageFault
from assistctl.server.app import App
from assistctl.server.messages import Answer, Request
from assistctl.server.moods import MOODS, with_moods
from assistctl.server.store import Store

SEARCH = {"type": "file_search"}
AUTO = {
    "type": "file_search",
    "file_search": {"ranking_options": {"ranker": "auto", "score_threshold": 0.5}},
}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "out", "schema": {"type": "object"}}}
UNUSUAL = frozenset(
    {
        "no-get",
        "no-modify",
        "no-delete",
        "missing-500",
        "deletes-204",
        "beta-tables",
        "version-asked",
        "key-headers",
    }
)
"""Moods in which the plainest calls are answered in another way."""
FULL: dict[str, Any] = {
    "model": "o3-mini",
    "name": "n" * 100,
    "description": "d",
    "instructions": "Be brief. \n",
    "reasoning_effort": "low",
    "temperature": 0.25,
    "top_p": 0.5,
    "tools": [{"type": "code_interpreter"}, AUTO, {"type": "function", "function": {"name": "f"}}],
    "tool_resources": {
        "code_interpreter": {"file_ids": ["file-1"]},
        "file_search": {"vector_store_ids": ["vs_1"]},
    },
    "metadata": {"team": "support", "tier": "1"},
    "response_format": {"type": "text"},
}


class Server:
    """One server in some moods; speaks JSON."""

    def __init__(self, store: Store, *names: str, key: str | None = None) -> None:
        self.handle = with_moods(store, names, key=key)

    def raw(self, method: str, path: str = "/assistants", body: Any = None, **query: Any) -> Answer:
        words = {name: str(value) for name, value in query.items()}
        raw = b"" if body is None else json.dumps(body).encode()
        return self.handle(Request(method, path, words, {"authorization": "Bearer k"}, raw))

    def ask(self, method: str, path: str = "/assistants", body: Any = None, **query: Any) -> Any:
        answer = self.raw(method, path, body, **query)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[Any, ...]:
        answer = self.raw(method, path, body, **query)
        error = json.loads(answer.body)["error"]
        return answer.status, error["code"], error["param"]

    def create(self, **fields: Any) -> Any:
        return self.ask("POST", "/assistants", {"model": "m", **fields})

    def modify(self, made: Any, /, **fields: Any) -> Any:
        return self.ask("POST", f"/assistants/{made['id']}", fields)

    def get(self, made: Any) -> Any:
        return self.ask("GET", f"/assistants/{made['id']}")

    def listed(self, **query: Any) -> list[str]:
        return [item["id"] for item in self.ask("GET", **query)["data"]]


Served = Callable[..., Server]


@pytest.fixture
def served(store: Store) -> Served:
    """A server in the moods that are named, over one store; without names the plain core."""
    return lambda *names, **settings: Server(store, *names, **settings)


def test_without_moods_it_is_the_plain_core(served: Served, store: Store) -> None:
    made = served().create(**FULL)
    plain = App(store).handle(Request("GET", f"/assistants/{made['id']}"))
    assert json.loads(plain.body) == made


def test_every_unknown_mood_is_named_with_the_nearest_known_one(store: Store) -> None:
    with pytest.raises(UsageFault) as caught:
        with_moods(store, ["null-ignord", "uuid-ids", "zzz"])
    assert caught.value.what == "there is no mood 'null-ignord' (did you mean 'null-ignored'?), 'zzz'"
    assert all(name in caught.value.next for name in MOODS)


def test_every_mood_has_one_line_about_it() -> None:
    assert all(about and "\n" not in about for about in MOODS.values())


@pytest.mark.parametrize("mood", MOODS)
def test_a_mood_answers_in_another_way_somewhere(mood: str) -> None:
    def life(*moods: str) -> list[Any]:
        with Store(":memory:") as store:
            server, plain = Server(store, *moods, key="k"), Server(store)
            made, second, gone = (plain.create(**fields)["id"] for fields in (FULL, {}, {}))
            path = f"/assistants/{made}"
            answers = [
                server.raw("POST", "/assistants", {**FULL, "model": "gpt-4o"}),
                server.raw("GET"),
                server.raw("GET", order="asc"),
                server.raw("GET", after=second, limit=1),
                server.raw("DELETE", f"/assistants/{gone}"),
                server.raw("GET", after=gone, order="asc"),
                server.raw("POST", path, {"name": None, "metadata": {"tier": None}}),
                server.raw("POST", path, {"instructions": "", "metadata": {"new": "1"}}),
                server.raw("POST", path, {"response_format": SCHEMA}),
                server.raw("GET", path),
                server.raw("GET", "/assistants/asst_nobody"),
                server.raw("POST", "/assistants/asst_nobody", {"model": "m"}),
                server.raw("DELETE", "/assistants/asst_never"),
                *(plain.raw("POST", "/assistants", {"model": "m"}) for _ in range(20)),
                server.raw("GET", limit=100),
            ]
        return [(answer.status, _blurred(answer.body)) for answer in answers]

    assert life(mood) != life()


def _blurred(body: bytes) -> Any:
    """Ids and times as their form only: they differ between any two servers."""
    try:
        found = json.loads(body)
    except json.JSONDecodeError:
        return body.decode()
    if "requestId" in found:
        return sorted(found), found["message"][:3]
    items = found.get("data", [found])
    for item in items:
        item["id"] = re.sub("[0-9A-Za-z]", "x", str(item.get("id", "")))
        created = item.get("created_at", 0)
        item["created_at"] = (type(created).__name__, created > 1e11)
    ends = {name: found[name] and len(found[name]) for name in ("first_id", "last_id") if name in found}
    return {**found, **ends}


# --- what is stored -------------------------------------------------------------------------------------


def test_metadata_replace_keeps_only_the_map_of_the_modify(served: Served) -> None:
    server = served("metadata-replace")
    made = server.create(metadata={"a": "1", "b": "1"})
    assert server.modify(made, metadata={"b": "2", "c": "3", "d": None})["metadata"] == {"b": "2", "c": "3"}
    assert server.modify(made, name="x")["metadata"] == {"b": "2", "c": "3"}
    assert server.modify(made, metadata={})["metadata"] == {}


def test_a_replaced_map_may_have_sixteen_pairs_of_its_own(served: Served) -> None:
    server = served("metadata-replace")
    made = server.create(metadata={f"a{n}": "" for n in range(16)})
    assert len(server.modify(made, metadata={f"b{n}": "" for n in range(16)})["metadata"]) == 16


def test_metadata_drop_stores_none_at_all(served: Served) -> None:
    server = served("metadata-drop")
    made = server.create(metadata={"a": "1"})
    assert made["metadata"] == {}
    assert server.modify(made, metadata={"a": "1"})["metadata"] == {}


def test_effort_dropped_stores_everything_else(served: Served) -> None:
    server = served("effort-dropped")
    made = server.create(**FULL)
    assert made["reasoning_effort"] is None
    assert made["temperature"] == 0.25
    assert server.modify(made, reasoning_effort="high")["reasoning_effort"] is None


NULLS: dict[str, Any] = {field: None for field in FULL if field not in ("model", "tools")}


def test_null_ignored_changes_nothing_but_what_has_a_value(served: Served) -> None:
    server = served("null-ignored")
    made = server.create(**FULL)
    assert server.modify(made, **NULLS) == made
    changed = server.modify(made, metadata={"tier": None, "new": "1", "never": None}, top_p=None, name="x")
    assert changed == {**made, "name": "x", "metadata": {**FULL["metadata"], "new": "1"}}


@pytest.mark.parametrize("field", NULLS)
def test_null_refused_is_a_400_that_names_the_field(served: Served, field: str) -> None:
    server = served("null-refused")
    made = server.create(**FULL)
    path = f"/assistants/{made['id']}"
    assert server.refusal("POST", path, {"name": "x", field: None}) == (400, "invalid_type", field)
    assert server.refusal("POST", "/assistants", {"model": "m", field: None})[0] == 400
    assert server.get(made) == made


@pytest.mark.parametrize("mood", ["null-refused", "metadata-null-refused"])
def test_a_refused_metadata_null_names_its_key_and_an_empty_text_is_stored(served: Served, mood: str) -> None:
    server = served(mood)
    made = server.create(metadata={"a": "1"})
    path = f"/assistants/{made['id']}"
    refusal = server.refusal("POST", path, {"metadata": {"b": "2", "a": None}})
    assert refusal == (400, "invalid_type", "metadata.a")
    assert server.modify(made, metadata={"a": ""})["metadata"] == {"a": ""}


def test_metadata_null_refused_lets_other_nulls_through(served: Served) -> None:
    server = served("metadata-null-refused")
    made = server.create(**FULL)
    assert server.modify(made, name=None, metadata=None)["metadata"] == {}


def test_empty_ignored_keeps_what_is_stored(served: Served) -> None:
    server = served("empty-ignored")
    made = server.create(**FULL)
    empty: dict[str, Any] = {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}
    texts = {"name": "", "description": "", "instructions": "", "tools": [], "metadata": {}}
    assert server.modify(made, tool_resources=empty, **texts) == made
    assert server.modify(made, tool_resources={}, metadata={"tier": ""}) == made
    half = {**empty, "code_interpreter": {"file_ids": ["file-2"]}}
    assert server.modify(made, tool_resources=half)["tool_resources"] == {
        "code_interpreter": {"file_ids": ["file-2"]},
        "file_search": {"vector_store_ids": ["vs_1"]},
    }
    assert server.modify(made, name=None)["name"] is None


def test_an_empty_schema_inside_a_tool_is_not_ignored(served: Served) -> None:
    server = served("empty-ignored")
    made = server.create(**FULL)
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}, "description": ""}}]
    function = server.modify(made, tools=tools)["tools"][0]["function"]
    assert (function["parameters"], function["description"]) == ({}, "")


def test_omitted_wiped_resets_every_field_but_the_model(served: Served) -> None:
    server = served("omitted-wiped")
    made, bare = server.create(**FULL), server.create(model=FULL["model"])
    wiped = server.modify(made, description="stays")
    assert wiped == {**bare, "id": made["id"], "created_at": made["created_at"], "description": "stays"}


def test_the_ranker_auto_is_resolved_on_create_and_on_modify(served: Served) -> None:
    server = served("ranker-rewritten")
    made = server.create(tools=[AUTO, SEARCH])
    changed = server.modify(made, tools=[AUTO])
    for tool in (*made["tools"], *changed["tools"]):
        assert tool["file_search"]["ranking_options"]["ranker"] == "default_2024_08_21"
    assert changed["tools"][0]["file_search"]["ranking_options"]["score_threshold"] == 0.5


def test_trimmed_prompts_lose_only_what_is_at_their_end(served: Served) -> None:
    server = served("trims-prompts")
    made = server.create(instructions="\n  a\n b \r\n\t\n", description="d ")
    assert (made["instructions"], made["description"]) == ("\n  a\n b", "d ")
    assert server.modify(made, instructions="x\n")["instructions"] == "x"
    assert server.modify(made, instructions=None)["instructions"] is None


def test_a_long_name_is_legal_and_cut_to_64_characters(served: Served) -> None:
    server = served("names-shortened")
    made = server.create(name="ä" * 256)
    assert made["name"] == "ä" * 64
    assert server.modify(made, name="b" * 65)["name"] == "b" * 64
    assert server.refusal("POST", "/assistants", {"model": "m", "name": "x" * 257})[0] == 400


# --- what is answered -----------------------------------------------------------------------------------


def test_uuid_ids_work_for_every_operation(served: Served) -> None:
    server = served("uuid-ids")
    made = server.create()
    assert str(UUID(made["id"])) == made["id"]
    assert server.get(server.modify(made, name="x"))["name"] == "x"
    assert server.listed(after=made["id"]) == []
    assert server.ask("DELETE", f"/assistants/{made['id']}")["deleted"] is True


def test_defaults_omitted_leaves_what_was_chosen(served: Served) -> None:
    server = served("defaults-omitted")
    bare = server.create(temperature=1, tool_resources={})
    assert set(bare) == {"id", "object", "created_at", "model"}
    chosen = {
        **FULL,
        "tools": [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f"}}],
    }
    made = server.create(**chosen)
    assert {key: made[key] for key in chosen} == chosen
    tools = server.create(tools=[SEARCH, AUTO])["tools"]
    assert tools == [SEARCH, AUTO]
    assert {frozenset(item) for item in server.ask("GET")["data"]} >= {frozenset(bare)}


def test_summary_list_leaves_single_answers_whole(served: Served) -> None:
    server = served("summary-list")
    made = server.create(**FULL)
    (item,) = server.ask("GET")["data"]
    assert " ".join(item) == "id object created_at model name description instructions metadata"
    assert item.items() <= made.items()
    assert server.get(made) == made
    assert "tools" in made


def test_added_nulls_change_no_value(served: Served) -> None:
    server = served("nulls-added")
    made = server.create(**FULL)
    code, search, function = made["tools"]
    assert code == {"type": "code_interpreter", "function": None, "file_search": None}
    assert search["file_search"]["ranking_options"]["hybrid_search"] is None
    assert function["function"] == {"name": "f", "strict": False, "description": None, "parameters": None}
    assert server.create()["tool_resources"] == {"code_interpreter": None, "file_search": None}
    assert (made["file_ids"], made["updated_at"]) == ([], made["created_at"])
    assert server.ask("GET")["data"][-1] == made


@pytest.mark.parametrize(
    ("moods", "expected"),
    [
        (("float-times",), 1_700_000_000.5),
        (("ms-times",), 1_700_000_000_000),
        (("ms-times", "float-times"), 1_700_000_000_500.0),
    ],
)
def test_times_change_their_form_wherever_they_stand(
    store: Store, moods: tuple[str, ...], expected: float
) -> None:
    App(store, clock=lambda: 1_700_000_000.0).handle(Request("POST", "/assistants", body=b'{"model":"m"}'))
    (item,) = Server(store, *moods).ask("GET")["data"]
    times = (item["created_at"], Server(store, *moods).get(item)["created_at"])
    assert times == (expected, expected)
    assert {type(moment) for moment in times} == {type(expected)}


def test_created_201_is_for_creates_and_modifies_alone(served: Served) -> None:
    server = served("created-201")
    made = server.raw("POST", "/assistants", {"model": "m"})
    path = f"/assistants/{json.loads(made.body)['id']}"
    assert [made.status, server.raw("POST", path, {}).status] == [201, 201]
    rest = (
        server.raw("GET"),
        server.raw("GET", path),
        server.raw("DELETE", path),
        server.raw("POST", path, {}),
    )
    assert [answer.status for answer in rest] == [200, 200, 200, 404]


def test_flat_errors_have_five_keys_and_the_same_status(served: Served) -> None:
    answer = served("flat-errors").raw("GET", "/assistants/asst_nobody")
    body = json.loads(answer.body)
    assert list(body) == ["requestId", "statusCode", "timestamp", "path", "message"]
    assert (answer.status, body["statusCode"], body["path"]) == (404, 404, "/assistants/asst_nobody")
    assert body["requestId"] == answer.headers["x-request-id"]
    assert "asst_nobody" in body["message"]


@pytest.mark.parametrize("moods", [("text-errors",), ("text-errors", "flat-errors")])
def test_text_errors_are_the_message_alone(served: Served, moods: tuple[str, ...]) -> None:
    answer = served(*moods).raw("GET", "/assistants/asst_nobody")
    assert answer.body == b"No assistant found with id 'asst_nobody'."
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


# --- lists ----------------------------------------------------------------------------------------------


def test_no_paging_answers_everything_in_the_order_that_is_asked_for(served: Served) -> None:
    plain = served()
    ids = [plain.create()["id"] for _ in range(205)]
    server = served("no-paging")
    page = server.ask("GET", order="asc", limit=2, after=ids[3], before=ids[9])
    assert [item["id"] for item in page["data"]] == ids
    assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[0], ids[-1], False)
    assert server.listed(limit=0) == ids[::-1]


def test_no_paging_of_an_empty_list_has_null_ends(served: Served) -> None:
    page = served("no-paging").ask("GET")
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


@pytest.mark.parametrize("cursor", ["after", "before"])
@pytest.mark.parametrize("more", [(), ("no-paging",)])
def test_cursors_refused_is_a_400_that_names_the_parameter(
    served: Served, cursor: str, more: tuple[str, ...]
) -> None:
    server = served("cursors-refused", *more)
    made = server.create()
    assert server.refusal("GET", "/assistants", **{cursor: made["id"]}) == (400, "unknown_parameter", cursor)
    assert server.listed(limit=1, order="asc", **{cursor: ""}) == [made["id"]]


def test_a_missing_key_comes_before_a_refused_cursor(served: Served) -> None:
    server = served("cursors-refused", key="sk-right")
    assert server.raw("GET", "/assistants", after="x").status == 401


def test_empty_last_page_has_more_until_nothing_comes(served: Served) -> None:
    server = served("empty-last-page")
    made = server.create()
    assert server.ask("GET")["has_more"] is True
    assert server.ask("GET", after=made["id"])["data"] == []


def test_no_has_more_leaves_object_and_data_alone(served: Served) -> None:
    server = served("no-has-more")
    made = server.create()
    assert server.ask("GET") == {"object": "list", "data": [made]}


def test_a_lagging_list_shows_a_create_after_three_further_requests(served: Served) -> None:
    server = served("lagging-list")
    made = server.create()
    assert [server.listed() for _ in range(4)] == [[], [], [], [made["id"]]]


@pytest.mark.parametrize("waiting", ["/assistants", "/assistants/asst_nobody"])
def test_any_request_lets_time_pass_and_a_get_finds_the_new_one_at_once(served: Served, waiting: str) -> None:
    server = served("lagging-list")
    made = server.create()
    assert server.get(made) == made
    for _ in range(2):
        server.raw("GET", waiting)
    assert server.listed() == [made["id"]]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("paging", [(), ("no-paging",)])
def test_a_page_beside_hidden_ones_is_neither_empty_nor_the_end(
    served: Served, order: str, paging: tuple[str, ...]
) -> None:
    old = [served().create()["id"] for _ in range(2)]
    server = served("lagging-list", *paging)
    server.create()
    server.create()
    page = server.ask("GET", limit=1, order=order)
    shown = [item["id"] for item in page["data"]]
    assert shown == (old if paging else old[:1]) if order == "asc" else shown[:1] == old[1:]
    assert (page["first_id"], page["last_id"]) == (shown[0], shown[-1])


def test_a_lagging_list_walks_backwards_past_hidden_ones(served: Served) -> None:
    plain = served()
    old = plain.create()["id"]
    server = served("lagging-list")
    server.create()
    last = plain.create()["id"]
    assert server.listed(order="asc", before=last, limit=1) == [old]


def test_two_servers_over_one_store_lag_on_their_own(served: Served) -> None:
    made = served("lagging-list").create()
    assert served("lagging-list").listed() == [made["id"]]


# --- together -------------------------------------------------------------------------------------------


def test_a_null_that_is_ignored_is_not_an_omitted_field(served: Served) -> None:
    server = served("omitted-wiped", "null-ignored")
    made = server.create(name="n", description="d")
    changed = server.modify(made, name=None)
    assert (changed["name"], changed["description"]) == ("n", None)


def test_a_refused_null_is_not_ignored_in_whatever_order_they_are_named(served: Served) -> None:
    server = served("null-ignored", "null-refused")
    made = server.create()
    assert server.refusal("POST", f"/assistants/{made['id']}", {"name": None})[0] == 400


def test_an_ignored_null_survives_a_replaced_map(served: Served) -> None:
    server = served("null-ignored", "metadata-replace")
    made = server.create(metadata={"a": "1", "b": "1"})
    assert server.modify(made, metadata={"a": None})["metadata"] == {"a": "1"}


@given(names=st.lists(st.sampled_from(sorted(MOODS.keys() - UNUSUAL)), unique=True), turn=st.randoms())
@settings(max_examples=150, deadline=None)
def test_any_moods_together_answer_well_formed_and_their_order_does_not_matter(
    names: list[str], turn: Any
) -> None:
    seen = []
    for order in (names, turn.sample(names, len(names))):
        with Store(":memory:") as store:
            server = Server(store, *order)
            made = server.create(**FULL)
            bodies = [made, server.modify(made, name="x"), server.get(made), server.ask("GET")]
            seen.append([_blurred(json.dumps(body).encode()) for body in bodies])
            assert server.ask("DELETE", f"/assistants/{made['id']}")["deleted"] is True
            assert server.raw("GET", f"/assistants/{made['id']}").status == 404
    assert seen[0] == seen[1]
