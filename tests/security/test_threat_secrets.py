"""Threat: secrets in manifests, logs and crash files.

Defence: an exact match of the live key in anything that would be sent is an error, token-shaped strings are
a warning; a scrubber stands before every sink; the key is never part of an address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from assistctl.server.messages import Answer, Request, error_answer

from .stage import Checkout, Remote, bytes_below, manifest

KEY = "sk-canary-live-4711-0815"
FUNCTION = {"name": "find", "parameters": {"type": "object", "properties": {}}}


def tool(**changes: object) -> str:
    return manifest(tools=[{"type": "function", "function": {**FUNCTION, **changes}}])


def schema(**inner: object) -> str:
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, **inner}}
    return manifest(response_format=form)


PLACES: dict[str, dict[str, str]] = {
    "name": {"bot.yaml": manifest(name=f"My {KEY}")},
    "description": {"bot.yaml": manifest(description=KEY)},
    "model": {"bot.yaml": json.dumps({"model": KEY})},
    "instructions": {"bot.yaml": manifest(instructions=f"Call with{KEY}now")},
    "metadata value": {"bot.yaml": manifest(metadata={"a": KEY})},
    "metadata key": {"bot.yaml": manifest(metadata={KEY: "a"})},
    "tool name": {"bot.yaml": tool(name=KEY)},
    "tool description": {"bot.yaml": tool(description=f"Use {KEY}.")},
    "tool parameter value": {"bot.yaml": tool(parameters={"type": "object", "default": [{"a": [KEY]}]})},
    "tool parameter key": {"bot.yaml": tool(parameters={"type": "object", "properties": {KEY: {}}})},
    "schema value": {"bot.yaml": schema(description=KEY)},
    "schema key": {"bot.yaml": schema(schema={"type": "object", "properties": {f"x{KEY}": {}}})},
    "file id": {"bot.yaml": manifest(tool_resources={"code_interpreter": {"file_ids": [KEY]}})},
    "vector store": {"bot.yaml": manifest(tool_resources={"file_search": {"vector_store_ids": [KEY]}})},
    "prompt file": {"bot.yaml": "model: gpt-4o\ninstructions_file: _p.md\n", "_p.md": f"Hi\n{KEY}\n"},
    "included file": {"bot.yaml": manifest(instructions="${file._p.md}"), "_p.md": KEY},
    "fragment": {"bot.yaml": "model: gpt-4o\nextends: _f.yaml\n", "_f.yaml": f"description: {KEY}\n"},
    "function file": {
        "bot.yaml": "model: gpt-4o\ntools:\n- type: function\n  function_file: f.json\n",
        "f.json": json.dumps({**FUNCTION, "description": KEY}),
    },
    "put together": {"bot.yaml": manifest(instructions="sk-canary-live-${file._p.md}"), "_p.md": "4711-0815"},
    "escaped": {"bot.yaml": 'model: gpt-4o\nname: "sk\\u002dcanary-live-4711-0815"\n'},
    "environment": {"bot.yaml": f"model: gpt-4o\nenvironments: {{prod: {{description: {KEY}}}}}\n"},
}


@pytest.mark.parametrize("place", PLACES)
def test_the_live_key_in_anything_that_would_be_sent_is_an_error_that_does_not_show_it(
    checkout: Checkout, remote: Remote, place: str
) -> None:
    checkout.put({"assistctl.yaml": "project: shop\nprovider: aimlapi\nenvironments: {prod: {}}\n"})
    checkout.put({f"assistants/{name}": text for name, text in PLACES[place].items()})
    for words in (("validate",), ("plan", "-e", "prod"), ("apply", "-e", "prod", "--auto-approve")):
        ran = checkout.run(*words, AIMLAPI_API_KEY=KEY)
        assert ran.code == 65
        assert re.search(r"^assistants/\S+:\d+:\d+: AC404 ", ran.shown, re.MULTILINE), ran.shown
        assert KEY not in ran.shown
    assert remote.writes == []


@pytest.mark.parametrize("text", ["vars: {a: '%s'}", "defaults: {description: '%s'}"])
def test_the_live_key_in_the_project_file_is_found_where_it_is_used(checkout: Checkout, text: str) -> None:
    checkout.put({"assistctl.yaml": f"project: shop\nprovider: aimlapi\n{text % KEY}\n"})
    checkout.put({"assistants/bot.yaml": manifest(instructions="${var.a}" if "vars" in text else "x")})
    ran = checkout.run("plan", AIMLAPI_API_KEY=KEY)
    assert ran.code == 65
    assert "AC404" in ran.err
    assert KEY not in ran.shown


def test_a_key_given_as_a_variable_or_by_leave_of_the_operator_is_an_error_too(checkout: Checkout) -> None:
    checkout.put({"assistants/bot.yaml": manifest(instructions="${var.a}")})
    ran = checkout.run("plan", "--var", f"a={KEY}", AIMLAPI_API_KEY=KEY)
    assert (ran.code, KEY in ran.shown) == (65, False)
    checkout.put({"assistants/bot.yaml": manifest(instructions="${env.AIMLAPI_API_KEY}")})
    ran = checkout.run("plan", "--allow-env", "AIMLAPI_API_KEY", AIMLAPI_API_KEY=KEY)
    assert (ran.code, KEY in ran.shown) == (65, False)


@pytest.mark.parametrize("variable", ["AIMLAPI_API_KEY", "AIML_API_KEY", "OPENAI_API_KEY"])
def test_the_keys_of_all_services_are_watched_not_only_the_one_in_use(
    checkout: Checkout, variable: str
) -> None:
    checkout.put({"assistants/bot.yaml": manifest(description=KEY)})
    ran = checkout.run("validate", **{variable: KEY})
    assert (ran.code, KEY in ran.shown) == (65, False)


@pytest.mark.parametrize(
    "verb", [("validate",), ("render",), ("plan",), ("export",), ("fmt", "--check")], ids=" ".join
)
def test_a_key_under_a_name_of_the_profiles_own_is_hidden_from_every_command(
    checkout: Checkout, verb: tuple[str, ...]
) -> None:
    """Also from those that never send anything: they quote what is wrong with a manifest."""
    checkout.put(
        {
            "assistctl.yaml": f"project: shop\nprovider: {{name: mine, base_url: '{checkout.base_url}', "
            "api_key_env: SHOP_LOGIN}\n",
            "assistants/bot.yaml": f"model: gpt-4o\n{KEY}: 1\nreasoning_effort: {KEY}\ntemperature: {KEY}\n",
        }
    )
    ran = checkout.run(*verb, SHOP_LOGIN=KEY)
    assert KEY not in ran.shown
    if verb != ("fmt", "--check"):
        assert ran.code == 65


def test_a_token_shaped_string_is_a_warning_that_shows_its_beginning_only(checkout: Checkout) -> None:
    token = "ghp_" + "Ab3" * 12
    checkout.put({"assistants/bot.yaml": manifest(instructions=f"Use {token}.")})
    ran = checkout.run("validate")
    assert (ran.code, "AC702" in ran.out, token in ran.shown) == (0, True, False)
    assert checkout.run("validate", "--strict").code == 65


def echo_key(request: Request) -> str:
    return "".join(value for name, value in request.headers.items() if name.lower() == "authorization")


@pytest.mark.parametrize(
    "words", [("plan",), ("-v", "plan"), ("list",), ("apply", "--auto-approve")], ids=" ".join
)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
@pytest.mark.usefixtures("no_waits")
def test_a_remote_that_repeats_the_key_cannot_make_us_show_it(
    checkout: Checkout, remote: Remote, words: tuple[str, ...], status: int
) -> None:
    checkout.put({"assistants/bot.yaml": manifest()})

    def echo(request: Request) -> Answer:
        key = echo_key(request)
        headers = {
            "x-request-id": key,
            "location": f"https://{key[7:]}.invalid/{key}",
            "x-should-retry": "false",
        }
        text = f"no: {key} " + "x" * (190 - len(key)) + key
        return Answer(
            status, headers, json.dumps({"error": {"message": text, "code": key, "param": key}}).encode()
        )

    remote.replaced = echo
    ran = checkout.run(*words, AIMLAPI_API_KEY=KEY)
    assert ran.code not in (0, 1)
    assert KEY not in ran.shown
    assert KEY[:12] not in ran.shown
    assert any(KEY in echo_key(request) for request in remote.requests)


CRASHES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "in the plan": lambda patch: patch.setattr("assistctl.commands.plan.make_plan", _broken),
    "in a renderer": lambda patch: patch.setattr("assistctl.render.plan_text.plan_lines", _broken),
    "in the transport": lambda patch: patch.setattr("assistctl.providers.transport.answered", _broken_answer),
}


def _broken(*args: object, **named: object) -> None:
    raise ValueError(f"cannot go on with {KEY} and {{'old': 'old-value-42', 'new': 'new-value-43'}}")


def _broken_answer(request: object, *rest: object) -> None:
    headers = dict(request.headers)  # type: ignore[attr-defined]
    raise KeyError(f"{headers}")


@pytest.mark.parametrize("place", CRASHES)
def test_a_crash_file_holds_no_secret_that_this_run_knows(
    checkout: Checkout, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    checkout.put({"assistants/bot.yaml": manifest(instructions="${env.OLD_VALUE} ${env.NEW_VALUE}")})
    if place == "in the transport":
        remote.replaced = lambda _request: error_answer(400, "no")
    CRASHES[place](monkeypatch)
    allowed = ("--allow-env", "OLD_VALUE", "--allow-env", "NEW_VALUE", "--var", "unused=var-value-44")
    ran = checkout.run(
        *("plan", *allowed),
        AIMLAPI_API_KEY=KEY,
        OLD_VALUE="old-value-42",
        NEW_VALUE="new-value-43",
        DATABASE_PASSWORD="hunter2-hunter2",
    )
    assert ran.code == 1
    crashes = [place for place, _ in bytes_below(tmp_path / "state") if "crashes" in place.parts]
    assert len(crashes) == 1
    kept = crashes[0].read_text()
    assert "cannot go on with ***" in kept or "Bearer ***" in kept
    for secret in (KEY, "old-value-42", "new-value-43", "var-value-44", "hunter2"):
        assert secret not in ran.shown
        assert secret not in kept


def test_a_masked_value_is_kept_from_the_journal_the_record_and_the_report(
    checkout: Checkout, remote: Remote, tmp_path: Path
) -> None:
    """The journal and the lock name keys only; a record must hold what an undo restores, and is private."""
    checkout.put({"assistants/bot.yaml": manifest(description="${env.DEPLOY_VALUE}")})
    words = ("apply", "--auto-approve", "--allow-env", "DEPLOY_VALUE", "--record", "record.json")
    ran = checkout.run("-v", *words, DEPLOY_VALUE="deploy-value-45", AIMLAPI_API_KEY=KEY)
    assert ran.code == 0
    assert "deploy-value-45" not in ran.shown
    for place, data in bytes_below(tmp_path):
        assert KEY.encode() not in data, place
        if b"deploy-value-45" in data:
            assert place.name == "record.json" or "runs" in place.parts, place
            assert place.stat().st_mode & 0o077 == 0, place


@pytest.fixture
def pasted(checkout: Checkout, remote: Remote) -> Checkout:
    """One assistant of ours; in a console somebody pasted the key into it."""
    checkout.put({"assistants/bot.yaml": manifest(description="x")})
    assert checkout.run("apply", "--auto-approve").code == 0
    remote.ask("POST", f"/{remote.all()[0]['id']}", {"description": f"use {KEY}"})
    return checkout


def test_a_key_on_the_remote_gets_into_no_file(pasted: Checkout, tmp_path: Path) -> None:
    for words, code in (
        (("pull", "--yes"), 5),
        (("import", "--all"), 0),
        (("plan", "--out", "p.json"), 0),
        (("apply", "--auto-approve", "--record", "r.json"), 0),
    ):
        ran = pasted.run(*words, AIMLAPI_API_KEY=KEY)
        assert ran.code == code, ran.shown
        assert KEY not in ran.shown
    assert '"use ***"' in (pasted.path / "r.json").read_text()
    assert [place for place, data in bytes_below(tmp_path) if KEY.encode() in data] == []


def test_an_assistant_that_holds_the_key_is_not_imported(
    checkout: Checkout, remote: Remote, tmp_path: Path
) -> None:
    remote.add(name="Found", instructions=f"Call with {KEY}.")
    ran = checkout.run("import", "--all", AIMLAPI_API_KEY=KEY)
    assert (ran.code, "AC404" in ran.err, KEY in ran.shown) == (3, True, False)
    assert [place for place, data in bytes_below(tmp_path) if KEY.encode() in data] == []


@pytest.mark.parametrize("words", [("plan", "--out", "p.json"), ("apply", "--auto-approve")], ids=" ".join)
def test_what_a_modify_would_send_back_must_not_hold_the_key(
    pasted: Checkout, remote: Remote, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """A modify sends the union of managed and foreign metadata."""
    item = remote.all()[0]
    remote.ask("POST", f"/{item['id']}", {"metadata": {**item["metadata"], "note": f"key: {KEY}"}})
    before = len(remote.writes)
    assert pasted.run("plan", AIMLAPI_API_KEY=KEY).code == 0
    ran = pasted.run(*words, AIMLAPI_API_KEY=KEY)
    assert (ran.code, KEY in ran.shown) == (65, False)
    assert "use a new key" in ran.err
    assert len(remote.writes) == before
    assert [place for place, data in bytes_below(tmp_path) if KEY.encode() in data] == []
