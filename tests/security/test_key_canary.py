"""Guarantee G8: the key appears nowhere but in the one header of the requests to its one origin.

A whole story is lived with a key that is unique per run, over HTTP, against a remote that repeats the key
wherever a remote can: in error bodies, headers, fields of lists and answers. Afterwards every byte that was
printed or written is searched for the key, also reversed, in base64, percent-encoded and escaped for JSON.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from assistctl.server.messages import Answer, Request, error_answer

from .stage import KEY_VARIABLE, PROJECT, Checkout, Ran, Remote, bytes_below, manifest, serving


def forms_of(key: str) -> dict[str, bytes]:
    """What a search for the key has to look for."""
    found = {"itself": key, "reversed": key[::-1], "halved": key[: len(key) // 2]}
    found |= {"percent": quote(key, safe=""), "JSON": "".join(f"\\u{ord(char):04x}" for char in key)}
    found |= {"hexadecimal": key.encode().hex()}
    forms = {name: text.encode() for name, text in found.items()}
    for shift in range(3):
        core = base64.b64encode(b" " * shift + key.encode())[4 if shift else 0 : -4]
        forms |= {f"base64 at {shift}": core, f"URL base64 at {shift}": core.translate(_URL_SAFE)}
    return forms


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@pytest.fixture
def key() -> str:
    """Unique per run, in the shape of a real one."""
    return f"sk-canary-{secrets.token_hex(16)}/+{secrets.token_hex(4)}"


class Echo:
    """Repeats the key of the request wherever an answer has room for it; off until it is switched on."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.fields = False
        self.failing: tuple[str, int] | None = None

    def replaced(self, request: Request) -> Answer | None:
        if self.failing is None or request.method != self.failing[0]:
            return None
        key = self._key_of(request)
        text = f"key {key} as JSON {json.dumps(key)} as address {quote(key, safe='')}"
        headers = {"x-request-id": key, "www-authenticate": f"Bearer {key}", "x-should-retry": "false"}
        return error_answer(self.failing[1], text, param=key, code=key, headers=headers)

    def rewritten(self, request: Request, answer: Answer) -> Answer:
        """Into every text of every assistant in the answer, plainly and escaped."""
        headers = {
            **answer.headers,
            "x-echo": self._key_of(request),
            "set-cookie": f"key={self._key_of(request)}",
        }
        if not self.fields or answer.status != 200:
            return Answer(answer.status, headers, answer.body)
        body = json.loads(answer.body)
        for item in body.get("data", [body]):
            self._into(item)
        escaped = "".join(f"\\u{ord(char):04x}" for char in self.key)
        return Answer(answer.status, headers, json.dumps(body).replace("ESCAPED-KEY", escaped).encode())

    def _into(self, item: dict[str, object]) -> None:
        if "model" not in item:
            return
        item["description"] = f"before {self.key} after ESCAPED-KEY"
        item["tools"] = [
            {
                "type": "function",
                "function": {"name": "f", "description": self.key, "parameters": {self.key: 1}},
            }
        ]
        metadata = item.get("metadata")
        if isinstance(metadata, dict):
            metadata.update({"note": self.key, self.key: "x", "more": "ESCAPED-KEY"})

    def _key_of(self, request: Request) -> str:
        sent = {name.lower(): value for name, value in request.headers.items()}
        return sent.get("authorization", "").removeprefix("Bearer ") or self.key


@pytest.fixture
def echoing(remote: Remote, key: str) -> Echo:
    echo = Echo(key)
    remote.replaced, remote.rewritten = echo.replaced, echo.rewritten
    return echo


@pytest.fixture
def story(checkout: Checkout, key: str, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setenv(KEY_VARIABLE, key)
    checkout.put({f"assistants/{name}.yaml": manifest(description=name) for name in ("one", "two", "three")})
    return checkout


def told(checkout: Checkout, echo: Echo, patch: pytest.MonkeyPatch) -> Iterator[Ran]:
    """The story. Every step is run in this process and verbosely; the last ones as real processes too."""
    run = checkout.run
    yield run("-v", "validate")
    yield run("-v", "plan", "--out", "plan.json")
    yield run("-v", "apply", "plan.json", "--record", "record.json")
    yield run("-v", "list")
    for method in ("GET", "POST"):
        for status in (400, 401, 403, 404, 409, 429, 500):
            checkout.put({"assistants/one.yaml": manifest(description=f"{method} {status}")})
            echo.failing = (method, status)
            yield run("-v", "apply", "--auto-approve", "--settle-seconds", "0.1", "--timeout", "2")
    echo.failing = None
    yield run("-v", "apply", "--auto-approve", "--settle-seconds", "0.1")
    yield run("-v", "release", "two", "--auto-approve")
    echo.fields = True
    for words in READING:
        yield run("-v", *words)
    yield run("-v", "plan", "--out", "echoed.json")
    yield run("-v", "apply", "--auto-approve", "--record", "echoed-record.json", "--settle-seconds", "0.1")
    yield run("-v", "apply", "--auto-approve", "--on-drift", "keep", "--format", "json")
    yield run("-v", "pull", "--yes")
    yield run("-v", "import", "--all")
    yield run("-v", "undo", "record.json", "--auto-approve")
    yield run("-v", "undo", "echoed-record.json", "--auto-approve")
    with patch.context() as broken:
        broken.setattr("assistctl.commands.plan.make_plan", None)
        yield run("-v", "plan")
        broken.setattr("assistctl.providers.transport.decode", None)
        yield run("-v", "list")
    yield checkout.spawn("-v", "plan", "--color", "always")
    yield checkout.spawn("-v", "apply", "--auto-approve", "--format", "json")
    yield run("-v", "destroy", "--auto-approve")


READING = [
    ("plan",),
    ("plan", "--full", "--color", "always"),
    ("plan", "--format", "json", "--full"),
    ("plan", "--format", "markdown"),
    ("plan", "--format", "html"),
    ("drift",),
    ("drift", "--format", "json"),
    ("drift", "--format", "markdown"),
    ("list", "--format", "json"),
    ("show", "one"),
    ("show", "one", "--remote"),
    ("show", "one", "--remote", "--format", "json"),
    ("ids",),
    ("export", "--remote", "one"),
    ("runs",),
    ("doctor",),
]


def test_g8_after_a_whole_story_the_key_is_nowhere(
    story: Checkout, remote: Remote, echoing: Echo, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = forms_of(key)
    codes = []
    for step, ran in enumerate(told(story, echoing, monkeypatch)):
        codes.append(int(ran.code))
        for name, form in forms.items():
            assert form.decode() not in ran.shown, (step, name, ran.shown[:2000])
    for place, data in bytes_below(tmp_path):
        for name, form in forms.items():
            assert form not in data, (place, name)
            assert form.decode() not in place.name
    assert codes.count(1) == 2, "the crashes of the story did not happen"
    assert {0, 8} <= set(codes)
    assert any(key in str(request.headers) for request in remote.requests), "the key was never sent"
    for request in remote.requests:
        for form in forms.values():
            assert form not in request.body
            assert form.decode() not in request.path + str(dict(request.query))
        holders = [name.lower() for name, value in request.headers.items() if key in value]
        assert holders == ["authorization"]


def test_the_search_itself_finds_every_form(key: str) -> None:
    forms = forms_of(key)
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + key.encode() + b"y")
        assert forms[f"base64 at {shift}"] in text
    assert all(len(form) > 16 for form in forms.values())


def test_g8_a_key_from_the_operators_own_command_is_kept_as_well(
    story: Checkout, remote: Remote, echoing: Echo, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    script = tmp_path / "token"
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text(key)
    script.write_text(f"#!/bin/sh\ncat {secret}\n")
    script.chmod(0o755)
    provider = f"{{name: mine, base_url: '{story.base_url}', auth: command}}"
    story.put({"assistctl.yaml": PROJECT.replace("aimlapi", provider)})
    story.base_url = None
    echoing.fields = True
    shown = ""
    for words in (
        ("plan", "--out", "plan.json"),
        ("apply", "plan.json"),
        ("list",),
        ("pull", "--yes"),
        ("plan",),
    ):
        shown += story.run("-v", *words, ASSISTCTL_TOKEN_COMMAND=str(script)).shown
    assert any(key in str(request.headers) for request in remote.requests), shown
    secret.unlink()
    for form in forms_of(key).values():
        assert form.decode() not in shown
        for place, data in bytes_below(tmp_path):
            assert form not in data, place


def test_g8_every_key_goes_to_its_own_origin_only(tmp_path: Path, key: str) -> None:
    """Two services, two keys: neither sees the other's."""
    environ = {"ONE_KEY": key + "1", "TWO_KEY": key + "2"}
    with serving() as one, serving() as two:
        for name, server in (("ONE", one), ("TWO", two)):
            checkout = Checkout(tmp_path / name)
            provider = f"{{name: {name.lower()}, base_url: '{server.url}', api_key_env: {name}_KEY}}"
            checkout.put(
                {"assistctl.yaml": f"project: shop\nprovider: {provider}\n", "assistants/a.yaml": manifest()}
            )
            assert checkout.run("apply", "--auto-approve", **environ).code == 0
        assert key + "2" not in str(one.requests)
        assert key + "1" not in str(two.requests)
        assert key + "1" in str(one.requests)
