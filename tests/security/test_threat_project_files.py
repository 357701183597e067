"""Threat: a project file sets ``base_url``, a proxy or a CA; a ``.env`` does the same from the side.

Defence: project files have a closed list of harmless keys; no ``.env`` is read; https unless loopback; a
key goes to an origin that a built-in profile fixes or that the operator chose.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .stage import KEY_VARIABLE, Checkout, manifest

KEY = "canary-of-the-project-file"
VERBS = [("plan",), ("apply", "--auto-approve"), ("list",), ("show", "bot"), ("drift",), ("import", "--all")]


@dataclass
class Trap:
    """A listener on this machine's own address that notes every connection and what it says first."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Reached only by a program that goes where the checkout points it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Trap(listener.getsockname()[1])
        threading.Thread(target=_listen, args=(listener, made), daemon=True).start()
        yield made


def _listen(listener: socket.socket, trap: Trap) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(60)
                trap.heard.append(b"")
                with suppress(OSError):
                    trap.heard[-1] = connection.recv(65536)


@pytest.fixture
def alone(tmp_path: Path) -> Checkout:
    """A project on nobody's server: only its own file says where the remote is."""
    made = Checkout(tmp_path / "shop")
    return made.put({"assistants/bot.yaml": manifest()})


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize(
    "provider",
    [
        "{extends: aimlapi, base_url: 'https://evil.invalid'}",
        "{extends: aimlapi, base_url: 'https://api.aimlapi.com.evil.invalid'}",
        "{extends: aimlapi, base_url: 'https://api.aimlapi.com:8443'}",
        "{name: mine, base_url: 'https://api.openai.com/v1', api_key_env: AIMLAPI_API_KEY}",
        "{name: mine, base_url: 'https://evil.invalid', api_key_env: HOME}",
    ],
    ids=["another host", "a host that looks alike", "another port", "another service", "another variable"],
)
def test_a_project_file_cannot_send_a_key_to_a_new_origin(
    alone: Checkout, provider: str, verb: tuple[str, ...]
) -> None:
    alone.put({"assistctl.yaml": f"project: shop\nprovider: {provider}\n"})
    ran = alone.run(*verb, AIMLAPI_API_KEY=KEY)
    assert ran.code == 65
    assert "export ASSISTCTL_ALLOW_ORIGIN=https://" in ran.err
    assert KEY not in ran.shown


def test_an_environment_of_the_project_file_cannot_either(alone: Checkout) -> None:
    alone.put(
        {
            "assistctl.yaml": "project: shop\nenvironments:\n  prod:\n    provider: "
            "{extends: aimlapi, base_url: 'https://evil.invalid'}\n"
        }
    )
    assert alone.run("plan", "-e", "prod", AIMLAPI_API_KEY=KEY).code == 65


@pytest.mark.parametrize(
    ("base_url", "code"),
    [
        ("http://api.aimlapi.com", 64),
        ("http://10.0.0.1", 64),
        ("https://user:word@api.aimlapi.com", 65),
        ("https://api.aimlapi.com@evil.invalid", 65),
        ("https://api.aimlapi.com\\\\@evil.invalid", 65),
        ("https://api.aimlapi.com?x=", 65),
        ("https://api.aimlapi.com#", 65),
        ("https://localhost.evil.invalid", 65),
        ("http://127.0.0.1.evil.invalid", 64),
        ("http://2130706433", 64),
        ("ftp://api.aimlapi.com", 65),
        ("file:///etc/passwd", 65),
        ("//evil.invalid", 65),
    ],
)
def test_an_address_that_is_not_plain_https_or_loopback_gets_no_request(
    alone: Checkout, base_url: str, code: int
) -> None:
    provider = f'{{extends: aimlapi, base_url: "{base_url}"}}'
    alone.put({"assistctl.yaml": f"project: shop\nprovider: {provider}\n"})
    ran = alone.run("plan", AIMLAPI_API_KEY=KEY)
    assert ran.code == code
    assert KEY not in ran.shown
    assert "word" not in ran.shown.replace("word of", "")


PLAUSIBLE = {"base_url": "url", "headers": "header"}
"""A profile does have these two, guarded by tests of their own."""


@pytest.mark.parametrize(
    "key",
    [
        *("proxy", "proxies", "http_proxy", "https_proxy", "trust_env", "netrc"),
        *("verify", "insecure", "ca_file", "ca_bundle", "ssl_cert_file", "cert"),
        *("base_url", "api_key", "key", "token", "headers", "allow_env", "allow_origin", "state_dir"),
        *("hooks", "plugins", "include", "command", "follow_redirects", "timeout", "owner"),
    ],
)
def test_the_keys_of_a_project_file_are_a_closed_list(alone: Checkout, trap: Trap, key: str) -> None:
    value = f"http://127.0.0.1:{trap.port}"
    for text in (
        f"project: shop\n{key}: '{value}'\n",
        f"project: shop\nenvironments:\n  a:\n    {key}: '{value}'\n",
        f"project: shop\nprovider:\n  extends: aimlapi\n  {PLAUSIBLE.get(key, key)}: '{value}'\n",
    ):
        ran = alone.put({"assistctl.yaml": text}).run("plan", AIMLAPI_API_KEY=KEY)
        assert ran.code == 65, text
        assert "assistctl.yaml:" in ran.err
    assert trap.heard == []


@pytest.mark.parametrize(
    "header",
    ["Authorization", "Proxy-Authorization", "Cookie", "Host", "Content-Length", "Transfer-Encoding"],
)
def test_a_profile_cannot_set_a_header_that_carries_credentials_or_breaks_a_request(
    alone: Checkout, header: str
) -> None:
    provider = f"{{extends: aimlapi, headers: {{{header}: x}}}}"
    ran = alone.put({"assistctl.yaml": f"project: shop\nprovider: {provider}\n"}).run("plan")
    assert ran.code == 65
    assert header in ran.err


@pytest.mark.parametrize("value", ["a\\r\\nX-Injected: 1", "a\\nb", "a\\0b", "\\u00e9"])
def test_a_profile_cannot_break_a_header_line(alone: Checkout, value: str) -> None:
    provider = f'{{extends: aimlapi, headers: {{X-Team: "{value}"}}}}'
    assert alone.put({"assistctl.yaml": f"project: shop\nprovider: {provider}\n"}).run("plan").code == 65


DOTENV = "\n".join(
    [
        "ASSISTCTL_BASE_URL=http://127.0.0.1:{port}",
        "ASSISTCTL_ALLOW_ORIGIN=http://127.0.0.1:{port}",
        "ASSISTCTL_OWNER=evil/prod",
        "ASSISTCTL_AUTO_APPROVE=1",
        "HTTPS_PROXY=http://127.0.0.1:{port}",
        "SSL_CERT_FILE=/nowhere",
        "AIMLAPI_API_KEY=from-the-dotenv-file",
    ]
)


@pytest.mark.parametrize(
    "name", [".env", ".envrc", ".env.local", "assistctl.env", ".netrc", "_netrc", ".curlrc"]
)
def test_no_env_file_is_read(checkout: Checkout, trap: Trap, name: str) -> None:
    checkout.put({"assistants/bot.yaml": manifest(), name: DOTENV.format(port=trap.port)})
    ran = checkout.spawn("plan", HOME=str(checkout.path))
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].startswith("shop/default on aimlapi")
    assert trap.heard == []


@pytest.mark.usefixtures("no_waits")
def test_the_trap_itself_works(checkout: Checkout, trap: Trap) -> None:
    """What the tests above wait for does happen once the operator says so."""
    checkout.base_url = f"http://127.0.0.1:{trap.port}"
    checkout.put({"assistants/bot.yaml": manifest()}).run("plan", AIMLAPI_API_KEY=KEY)
    assert KEY.encode() in trap.heard[0]


@pytest.mark.parametrize(
    "name", [".assistctl/assistctl.yaml", "assistctl.yml", ".assistctl.yaml", "pyproject.toml"]
)
def test_settings_come_from_one_file_name_only(checkout: Checkout, trap: Trap, name: str) -> None:
    text = f"project: evil\nprovider: {{name: x, base_url: 'http://127.0.0.1:{trap.port}', auth: none}}\n"
    checkout.put({"assistants/bot.yaml": manifest(), name: text})
    assert checkout.run("plan").out.startswith("shop/default")
    assert trap.heard == []


def test_a_deeper_project_file_does_not_widen_where_a_key_may_go(tmp_path: Path) -> None:
    outer = Checkout(tmp_path / "outer").put({"assistctl.yaml": "project: outer\nprovider: aimlapi\n"})
    inner = Checkout(outer.path / "vendor" / "tool").put(
        {
            "assistctl.yaml": "project: tool\nprovider: {extends: aimlapi, base_url: 'https://evil.invalid'}\n",
            "assistants/bot.yaml": manifest(),
        }
    )
    assert inner.run("plan", **{KEY_VARIABLE: KEY}).code == 65
