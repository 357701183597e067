"""Bad input of every kind: one clear message, the right exit code, and nothing sent before it is found."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from assistctl.server.messages import Answer
from tests.faults.skipping_clock import Clock

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts pass at once."""
    Clock().put_in(monkeypatch)


BROKEN = {
    "not YAML": "model: [gpt-4o\n",
    "an empty file": "",
    "a list": "- model: gpt-4o\n",
    "an unknown field": "model: gpt-4o\nnmae: x\n",
    "a duplicate key": "model: gpt-4o\nmodel: gpt-4o-mini\n",
    "no model": "instructions: x\n",
    "a bad number": "model: gpt-4o\ntemperature: warm\n",
    "over a limit": "model: gpt-4o\ntemperature: 2.5\n",
    "a missing prompt": "model: gpt-4o\ninstructions_file: nowhere.md\n",
    "a prompt outside": "model: gpt-4o\ninstructions_file: ../../secret.md\n",
    "an unknown variable": "model: gpt-4o\ninstructions: ${var.nowhere}\n",
    "an environment variable": "model: gpt-4o\ninstructions: ${env.HOME}\n",
    "a tag": "model: !!python/object:os.system gpt-4o\n",
    "an alias": "model: &m gpt-4o\nname: *m\n",
    "the reserved entry": "model: gpt-4o\nmetadata: {assistctl: mine}\n",
    "a direction override": 'model: gpt-4o\ninstructions: "a\\u202Eb"\n',
    "two tools of one name": "model: gpt-4o\ntools:\n" + 2 * "  - {type: function, function: {name: f}}\n",
    "an unknown environment": "model: gpt-4o\nenvironments: {prod: {}}\n",
}

BROKEN_PROJECTS = {
    "not YAML": "project: [shop\n",
    "no name": "provider: aimlapi\n",
    "a bad name": "project: Shop\n",
    "an unknown key": "project: shop\nprovidr: aimlapi\n",
    "a bad policy": "project: shop\non_drift: maybe\n",
    "a bad limit": "project: shop\nlimits: {max_deletes: lots}\n",
    "an unreadable default": "project: shop\nenvironments: {dev: {}}\ndefault_environment: prod\n",
    "two documents": "project: shop\n---\nproject: shop\n",
    "a key moved to another origin": "project: shop\nprovider: {extends: openai, base_url: 'https://evil.example'}\n",
    "a folder outside": "project: shop\nmanifests: [../elsewhere]\n",
}

VERBS = [("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve")]


@pytest.mark.parametrize("verb", VERBS, ids=lambda args: args[0])
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_manifest_is_placed_and_nothing_is_sent(
    remote: Any, folder: Any, yaml_of: Any, text: str, verb: tuple[str, ...]
) -> None:
    ran = folder.write(bot=yaml_of("bot"), broken=text).run(*verb)
    assert (ran.code, remote.writes, ran.out) == (65, [], "")
    assert verb == ("plan",) or remote.requests == []  # a plan asks for the list meanwhile
    assert "assistants/broken.yaml:" in ran.err
    assert "AC" in ran.err
    assert "Not done: nothing was planned, and nothing was changed" in ran.err


@pytest.mark.parametrize("verb", VERBS, ids=lambda args: args[0])
@pytest.mark.parametrize("text", BROKEN_PROJECTS.values(), ids=BROKEN_PROJECTS.keys())
def test_a_broken_project_file_sends_nothing(
    remote: Any, folder: Any, yaml_of: Any, text: str, verb: tuple[str, ...]
) -> None:
    folder.base_url = None
    folder.put({"assistctl.yaml": text}).write(bot=yaml_of("bot"))
    ran = folder.run(*verb, OPENAI_API_KEY=KEY, AIMLAPI_API_KEY=KEY)
    assert (ran.code, remote.requests, ran.out) == (65, [], ""), ran.err
    assert KEY not in ran.err


def test_the_error_about_a_moved_key_prints_the_line_that_allows_it(folder: Any, yaml_of: Any) -> None:
    folder.base_url = None
    folder.put({"assistctl.yaml": BROKEN_PROJECTS["a key moved to another origin"]}).write(bot=yaml_of("bot"))
    ran = folder.plan(OPENAI_API_KEY=KEY)
    assert "export ASSISTCTL_ALLOW_ORIGIN=https://evil.example" in ran.err


def test_all_problems_of_all_manifests_are_told_in_one_run(folder: Any) -> None:
    ran = folder.write(**{f"m{number}": text for number, text in enumerate(BROKEN.values())}).plan()
    for number in range(len(BROKEN)):
        assert f"assistants/m{number}.yaml:" in ran.err


def test_two_manifests_of_one_key_are_both_named(remote: Any, folder: Any, yaml_of: Any) -> None:
    ran = folder.write(one=yaml_of("one", key="bot"), two=yaml_of("two", key="bot")).apply()
    assert (ran.code, remote.requests) == (65, [])
    assert "assistants/one.yaml" in ran.err
    assert "assistants/two.yaml" in ran.err


@pytest.mark.parametrize("verb", VERBS, ids=lambda args: args[0])
def test_a_live_key_in_a_prompt_is_an_error_that_does_not_show_it(
    remote: Any, folder: Any, yaml_of: Any, verb: tuple[str, ...]
) -> None:
    folder.write(bot=yaml_of("bot", instructions=f"Use {KEY} to log in."))
    ran = folder.run(*verb, AIMLAPI_API_KEY=KEY)
    assert (ran.code, remote.writes) == (65, [])
    assert verb == ("plan",) or remote.requests == []  # a plan asks for the list meanwhile
    assert KEY not in ran.out + ran.err


@pytest.mark.parametrize(
    "args",
    [
        ("plan", "-e", "staging"),
        ("plan", "--nonsense"),
        ("plan", "surplus"),
        ("plan", "--format", "xml"),
        ("plan", "--on-drift", "ignore"),
        ("plan", "--provider", "nowhere"),
        ("plan", "--provider", "local"),
        ("apply", "--parallelism", "0"),
        ("apply", "--parallelism", "many"),
        ("apply", "--max-plan-age", "soon", "no-such.plan"),
        ("render", "nobody"),
        ("show",),
        ("plan", "-c", "nowhere.yaml"),
        ("plan", "--timeout", "-1"),
        ("validate", "/outside"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_does_not_fit_sends_nothing(
    remote: Any, folder: Any, yaml_of: Any, args: tuple[str, ...]
) -> None:
    ran = folder.write(bot=yaml_of("bot")).run(*args)
    expected = 65 if "no-such.plan" in args else 64
    assert (ran.code, remote.requests, ran.out) == (expected, [], ""), ran.err


def test_a_bad_plan_age_is_a_usage_error(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.write(bot=yaml_of("bot")).plan("--out", "p.json")
    remote.forget()
    assert folder.run("apply", "p.json", "--max-plan-age", "soon").code == 64
    assert remote.requests == []


def test_without_a_project_file_there_is_nothing_to_plan(
    tmp_path: Any, remote: Any, open_folder: Any
) -> None:
    (tmp_path / "empty").mkdir()
    ran = open_folder(tmp_path / "empty", remote.url).plan()
    assert (ran.code, remote.requests) == (64, [])
    assert "assistctl init" in ran.err


@pytest.mark.parametrize("verb", VERBS, ids=lambda args: args[0])
def test_an_owner_that_the_pipeline_does_not_pin_sends_nothing(
    remote: Any, folder: Any, yaml_of: Any, verb: tuple[str, ...]
) -> None:
    ran = folder.write(bot=yaml_of("bot")).run(*verb, ASSISTCTL_OWNER="shop/prod")
    assert (ran.code, remote.requests) == (64, [])
    assert "shop/prod" in ran.err
    assert "shop/default" in ran.err
    assert folder.run(*verb, ASSISTCTL_OWNER="shop/default").code == 0


def test_several_environments_without_a_default_need_a_choice(remote: Any, folder: Any, yaml_of: Any) -> None:
    folder.put({"assistctl.yaml": "project: shop\nenvironments: {dev: {}, prod: {}}\n"}).write(
        bot=yaml_of("bot")
    )
    ran = folder.plan()
    assert (ran.code, remote.requests) == (64, [])
    assert "dev" in ran.err
    assert "prod" in ran.err


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "http://10.0.0.1/v1", "ftp://127.0.0.1", "https://user:pw@example.com", "nowhere"],
)
def test_an_address_that_is_not_https_or_loopback_is_a_usage_error(
    folder: Any, yaml_of: Any, url: str
) -> None:
    folder.base_url = url
    ran = folder.write(bot=yaml_of("bot")).apply(AIMLAPI_API_KEY=KEY)
    assert ran.code == 64
    assert "pw" not in ran.err
    assert KEY not in ran.err


@pytest.mark.usefixtures("without_key")
@pytest.mark.parametrize("verb", VERBS, ids=lambda args: args[0])
def test_a_missing_key_prints_the_line_to_export_it(folder: Any, yaml_of: Any, verb: tuple[str, ...]) -> None:
    folder.base_url = None
    ran = folder.write(bot=yaml_of("bot")).run(*verb)
    assert (ran.code, ran.out) == (8, "")
    assert "export AIMLAPI_API_KEY=" in ran.err


@pytest.mark.usefixtures("without_key")
@pytest.mark.parametrize(
    "environ", [{}, {"AIMLAPI_API_KEY": "sk-wrong-0123456789"}], ids=["no key", "wrong key"]
)
def test_a_refused_key_prints_the_line_to_export_it(
    start_server: Any, open_folder: Any, tmp_path: Any, yaml_of: Any, environ: dict[str, str]
) -> None:
    with start_server(key=KEY) as remote:
        folder = open_folder(tmp_path, remote.url).put({"assistctl.yaml": "project: shop\n"})
        ran = folder.write(bot=yaml_of("bot")).apply(**environ)
        assert ran.code == 8
        assert "export AIMLAPI_API_KEY=" in ran.err
        assert "sk-wrong" not in ran.out + ran.err
        assert remote.writes == []
        assert folder.apply(AIMLAPI_API_KEY=KEY).code == 0
        assert folder.plan(AIML_API_KEY=KEY).code == 0


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("verb", [*VERBS, ("list",), ("ids",), ("show", "bot")], ids=lambda args: args[0])
def test_a_remote_without_the_collection_is_not_an_empty_one(
    remote: Any, folder: Any, yaml_of: Any, status: int, verb: tuple[str, ...]
) -> None:
    """L1"""
    remote.replaced = lambda _request: Answer(status, {"content-type": "application/json"}, b"{}")
    ran = folder.write(bot=yaml_of("bot")).run(*verb)
    assert (ran.code, remote.writes) == (9, [])
    assert "this remote offers no assistants" in ran.err
    assert "--provider local" in ran.err


HOSTILE = {
    "HTML": b"<!doctype html><title>Welcome</title>",
    "nothing": b"",
    "half a page": b'{"object": "list", "data": [{"id": "asst_1"',
    "another shape": b'{"assistants": []}',
    "no list": b'{"data": {"id": "asst_1"}}',
    "an item without id": b'{"data": [{"name": "x"}], "has_more": false}',
    "an id that is a path": b'{"data": [{"id": "../files/x"}], "has_more": false}',
    "deep": b'{"data": ' + 5000 * b"[" + 5000 * b"]" + b"}",
    "no progress": json.dumps({"data": [{"id": "asst_1", "created_at": 1}], "has_more": True}).encode(),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_answer_that_is_no_list_is_an_error_and_never_an_empty_fleet(
    remote: Any, folder: Any, yaml_of: Any, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L4 L9 L10 L14"""
    monkeypatch.setattr("assistctl.commands.ports.SystemClock.sleep", lambda _self, _seconds: None)
    remote.replaced = lambda _request: Answer(200, {"content-type": "text/html"}, body)
    ran = folder.write(bot=yaml_of("bot")).apply()
    assert (ran.code, remote.writes, ran.out) == (7, [], "")
    assert len(ran.err) < 3000


def test_a_redirect_is_not_followed_and_named(remote: Any, folder: Any, yaml_of: Any) -> None:
    """N8"""
    remote.replaced = lambda _request: Answer(307, {"location": "https://elsewhere.example/assistants"}, b"")
    ran = folder.write(bot=yaml_of("bot")).plan()
    assert (ran.code, len(remote.requests)) == (7, 1)
    assert "https://elsewhere.example" in ran.err


def test_a_refused_connection_is_an_unreachable_remote(
    folder: Any, yaml_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistctl.commands.ports.SystemClock.sleep", lambda _self, _seconds: None)
    with socket.socket() as taken:  # bound but not listening: nobody else can take the port meanwhile
        taken.bind(("127.0.0.1", 0))
        folder.base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ran = folder.write(bot=yaml_of("bot")).plan()
    assert (ran.code, ran.out) == (7, "")
    assert "cannot be reached" in ran.err


def test_a_page_that_fails_fails_the_list(
    remote: Any, folder: Any, yaml_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L3"""
    monkeypatch.setattr("assistctl.commands.ports.SystemClock.sleep", lambda _self, _seconds: None)
    for number in range(150):
        remote.add(name=f"by hand {number}")
    remote.replaced = lambda request: Answer(500, {}, b"{}") if "after" in request.query else None
    ran = folder.write(bot=yaml_of("bot")).apply()
    assert (ran.code, remote.writes, ran.out) == (7, [], "")
