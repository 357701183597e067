"""Answers that are hostile, endless or strange (rows L9 to L14)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistctl.server.messages import Answer, Handler, Request

from .raw_sockets import bare_server, wire
from .rows import (
    LIST,
    NO_CHANGES,
    Scene,
    at,
    json_answer,
    page_of,
    raw_answer,
    scene_in,
    small_pages,
)

THREE = ("ann", "bob", "cid")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Three applied manifests, and one assistant of somebody else."""
    with scene_in(tmp_path) as made:
        made.add(name="by hand")
        yield made.applied(*THREE)


def assert_untouched(scene: Scene) -> None:
    """Nothing was written, and the same commands succeed as soon as the remote is well again."""
    assert scene.writes == []
    scene.fault = lambda _request, _server: None
    assert scene.apply().last == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
    scene.assert_converged(*THREE)


DEEP = b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = {
    "html": (b"<!doctype html><title>Sign in</title>", "an HTML page instead of JSON"),
    "empty": (b"", "the answer is empty"),
    "text": (b"pong", "not valid JSON"),
    "bare array": (b"[]", "this is "),
    "null": (b"null", "this is no list of assistants"),
    "data is a map": (b'{"data": {}}', "this is no list of assistants"),
    "item is text": (b'{"data": ["asst_1"]}', "this is no assistant"),
    "item without id": (b'{"data": [{"name": "x"}]}', "this is no assistant"),
    "id is a number": (b'{"data": [{"id": 7}]}', "this is no assistant"),
    "prompt is a map": (b'{"data": [{"id": "a", "instructions": {}}]}', "`instructions` of a is a dict"),
    "tools is text": (b'{"data": [{"id": "a", "tools": "none"}]}', "`tools` of a is a str"),
    "cut": (b'{"object": "list", "data": [{"id": "asst_1", "na', "not valid JSON"),
    "deep": (DEEP, "nested too deeply"),
    "huge int": (b'{"data": [], "n": ' + b"9" * 5000 + b"}", "too many digits"),
    "huge float": (b'{"data": [], "n": 1e999}', "a number is too large"),
    "nan": (b'{"data": [], "n": NaN}', "NaN is not JSON"),
    "infinity": (b'{"data": [], "n": -Infinity}', "Infinity is not JSON"),
    "duplicate keys": (b'{"data": [{"id": "a"}], "data": []}', "a key appears twice"),
    "half a pair": (rb'{"data": [{"id": "a", "name": "\ud800"}]}', "half a surrogate pair"),
    "latin-1": ('{"data": ["ä"]}'.encode("latin-1"), "it is not UTF-8"),
    "utf-16": ('{"data": []}'.encode("utf-16"), "it is not UTF-8"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_l9_l10_an_answer_that_is_no_list_is_one_clear_error_exit_7(scene: Scene, name: str) -> None:
    body, words = HOSTILE[name]
    scene.fault = at(LIST, raw_answer(body, "text/html" if name == "html" else "application/json"))
    ran = scene.apply()
    assert ran.code == 7
    assert words in ran.err
    (line,) = (line for line in ran.err.splitlines() if line.startswith("Error: "))
    assert words in line
    assert_untouched(scene)


def test_l10_of_a_hostile_body_200_escaped_characters_are_shown(scene: Scene) -> None:
    scene.fault = at(LIST, raw_answer(b"\x1b]0;owned\x07\r::error::\n" + b"A" * 100_000))
    ran = scene.run("plan")
    assert ran.code == 7
    assert "\x1b" not in ran.err
    assert "\x07" not in ran.err
    assert max(map(len, ran.err.splitlines())) < 400
    assert_untouched(scene)


BOMB = gzip.compress(b'{"data": [' + b" " * (66 << 20), 1)
LIMITS = ["100", "50", "25", "12", "6", "3", "1"]


def test_l11_of_a_gzip_bomb_64_mib_are_unpacked_then_less_is_asked_for_exit_7(scene: Scene) -> None:
    limits = []

    def bomb(request: Request, _server: Handler) -> Answer:
        limits.append(request.query["limit"])
        return raw_answer(BOMB, content_encoding="gzip")

    scene.fault = at(LIST, bomb)
    ran = scene.apply()
    assert ran.code == 7
    assert "the answer is larger than 64 MiB" in ran.err
    assert limits == LIMITS
    assert_untouched(scene)


def test_l11_a_page_that_is_too_large_is_read_in_smaller_pages_exit_0(scene: Scene) -> None:
    def too_much(request: Request, _server: Handler) -> Answer | None:
        return raw_answer(BOMB, content_encoding="gzip") if int(request.query["limit"]) > 2 else None

    scene.fault = too_much
    assert scene.run("plan").last == NO_CHANGES
    assert scene.requests == [LIST] * 10  # six that were too large, then four of one assistant each


def test_l11_a_body_without_end_is_left_at_the_cap_exit_7(scene: Scene) -> None:
    sent = []

    def endless(connection: Any, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        sent.append(0)
        while True:
            sent[-1] += connection.send(b" " * (1 << 20))

    with bare_server(endless) as url:
        ran = scene.run("plan", "--base-url", url)
    assert ran.code == 7
    assert "the answer is larger than 64 MiB" in ran.err
    assert len(sent) == len(LIMITS)
    assert max(sent) < 80 << 20


def test_l11_an_answer_that_declares_more_than_the_cap_is_not_even_read(scene: Scene) -> None:
    def boasting(connection: Any, _request: bytes) -> None:
        connection.sendall(wire(b"{", content_length=str(1 << 40)))

    with bare_server(boasting) as url:
        ran = scene.run("plan", "--base-url", url)
    assert ran.code == 7
    assert "the answer is larger than 64 MiB" in ran.err


def with_strange_tools(scene: Scene) -> list[dict[str, Any]]:
    """From now on the remote shows a field and a tool that this program does not know, and everything it
    is sent is kept here."""
    sent: list[dict[str, Any]] = []

    def strange(request: Request, server: Handler) -> Answer | None:
        if request.method == "POST":
            sent.append(json.loads(request.body))
        answer = server(request)
        body = json.loads(answer.body)
        for item in body.get("data", [body]):
            item["tools"] = [*item["tools"], {"type": "browser", "browser": {"depth": 2}}]
            item["moon_phase"] = "waxing"
        return replace(answer, body=json.dumps(body).encode())

    scene.fault = strange
    return sent


def test_l13_unknown_fields_and_tools_that_no_manifest_manages_stay_as_they_are(scene: Scene) -> None:
    sent = with_strange_tools(scene)
    assert scene.run("plan").last == NO_CHANGES
    assert scene.write("ann", temperature=0.5).apply().code == 0
    assert all(body.keys() <= {"model", "name", "instructions", "temperature", "metadata"} for body in sent)
    assert sent


def test_l13_dropping_a_tool_that_only_the_remote_knows_is_shown_before_it_is_done(scene: Scene) -> None:
    scene.write("ann", tools=[{"type": "code_interpreter"}]).apply()
    with_strange_tools(scene)
    (change,) = (c for c in scene.run("plan", "--format", "json").data["assistctl"]["changes"] if c["fields"])
    assert [(f["field"], f["cause"]) for f in change["fields"]] == [("tools.browser", "drift")]
    assert "browser" in scene.run("plan").out


def test_l13_an_import_keeps_a_tool_that_it_does_not_know_or_says_why_not(scene: Scene) -> None:
    with_strange_tools(scene)
    ran = scene.run("import", "--all")
    written = "".join(path.read_text("utf-8") for path in scene.root.rglob("*.yaml"))
    assert ("browser" in written) or (ran.code == 3 and "browser" in ran.err)


IDS = ["../files/x", "a/b", "", " a", "a\n", "a" * 129, "a?limit=1", "a%2e", "ä", ".", "..", "a#b", "\x00"]


@pytest.mark.parametrize("remote_id", IDS)
def test_l14_an_id_that_is_no_plain_word_is_refused_exit_7(scene: Scene, remote_id: str) -> None:
    def renamed(_number: int, request: Request, server: Handler) -> Answer:
        page = page_of(server(request))
        page["data"][0]["id"] = remote_id
        return json_answer(page)

    scene.fault = small_pages(100, renamed)
    ran = scene.drop("ann").apply()
    assert ran.code == 7
    assert "the remote uses an id that is refused" in ran.err
    assert set(scene.requests) == {LIST}
    scene.write("ann")
    assert_untouched(scene)


@pytest.mark.parametrize("remote_id", ["../files/x", "a" * 129, ""])
def test_l14_an_id_that_a_create_answers_with_never_becomes_an_address(scene: Scene, remote_id: str) -> None:
    def renamed(request: Request, server: Handler) -> Answer:
        made = json.loads(server(request).body)
        return json_answer({**made, "id": remote_id})

    scene.fault = at("POST /assistants", renamed, 1)
    ran = scene.write("dee").apply()
    assert ran.code == 0  # the create is unknown, and the list shows it with its real id
    assert set(scene.requests) <= {LIST, "POST /assistants"}
    scene.assert_converged(*THREE, "dee")
