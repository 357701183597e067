"""Threats N7 and N8: TLS failures, redirects, and proxies that somebody else chose.

Defence: no off switch for TLS; redirects are never followed (an HTTP library would keep an ``api-key``
header and replay the prompt elsewhere); proxies and certificates come from the environment only.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .raw_server import EMPTY_LIST, RawServer, answer, raw_server, server_context
from .stage import Checkout, manifest

KEY = "canary-of-the-network-tests"
PROMPT = "the-prompt-of-the-network-tests"
HEADER_PROJECT = (
    "project: shop\nprovider: {name: mine, base_url: '%s', auth: header api-key, api_key_env: MINE_KEY}\n"
)


@pytest.fixture
def target() -> Iterator[RawServer]:
    """Where redirects point to; nothing may ever arrive here."""
    with raw_server(answer(body=EMPTY_LIST)) as server:
        yield server


@pytest.fixture
def alone(checkout: Checkout) -> Checkout:
    """The checkout, its remote not chosen yet."""
    return checkout.put({"assistants/bot.yaml": manifest(instructions=PROMPT)})


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
@pytest.mark.parametrize("auth", ["bearer", "header"])
def test_n8_a_redirect_is_never_followed_and_takes_nothing_along(
    alone: Checkout, target: RawServer, status: str, auth: str
) -> None:
    with raw_server(answer(status, b"", f"Location: {target.url}/assistants?stolen=1")) as server:
        if auth == "header":
            alone.put({"assistctl.yaml": HEADER_PROJECT % server.url})
            alone.base_url = None
        else:
            alone.base_url = server.url
        ran = alone.run("plan", AIMLAPI_API_KEY=KEY, MINE_KEY=KEY)
        assert ran.code == 7
        assert f"to {target.url}; redirects are never followed" in ran.err
        assert KEY.encode() in server.heard
        assert len(server.requests) == 1
    assert target.connections == 0


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary", "308 Permanent"])
def test_n8_a_redirected_write_is_reported_and_replayed_nowhere(
    alone: Checkout, target: RawServer, status: str
) -> None:
    empty, moved = answer(body=EMPTY_LIST), answer(status, b"", f"Location: {target.url}/assistants")
    with raw_server(lambda c, r: (moved if r.startswith(b"POST") else empty)(c, r)) as server:
        alone.base_url = server.url
        ran = alone.run("apply", "--auto-approve", AIMLAPI_API_KEY=KEY)
        assert ran.code == 7
        assert "1 failed" in ran.out
        assert server.heard.count(PROMPT.encode()) == 1
    assert target.connections == 0


@pytest.mark.parametrize(
    "location",
    ["//{host}/x", "/assistants?again=1", "https://user:word@{host}/", "\\\\{host}\\x", "javascript:1", ""],
)
def test_n8_odd_locations_are_not_followed_either(alone: Checkout, target: RawServer, location: str) -> None:
    host = target.url.removeprefix("http://")
    with raw_server(answer("302 Found", b"", "Location: " + location.format(host=host))) as server:
        alone.base_url = server.url
        ran = alone.run("plan", AIMLAPI_API_KEY=KEY)
        assert ran.code == 7
        assert "word@" not in ran.err
        assert len(server.requests) == 1
    assert target.connections == 0


@pytest.mark.parametrize(
    "headers",
    [
        ("Refresh: 0; url={url}",),
        ("Link: <{url}>; rel=next",),
        ('Alt-Svc: h2="{host}"',),
        ("Set-Cookie: session=1", "Location: {url}"),
        ("Content-Location: {url}",),
    ],
)
def test_no_other_header_leads_elsewhere(
    alone: Checkout, target: RawServer, headers: tuple[str, ...]
) -> None:
    host = target.url.removeprefix("http://")
    filled = [header.format(url=target.url, host=host) for header in headers]
    with raw_server(answer("200 OK", EMPTY_LIST, *filled)) as server:
        alone.base_url = server.url
        assert alone.run("plan", AIMLAPI_API_KEY=KEY).code == 0
        assert alone.run("plan", AIMLAPI_API_KEY=KEY).code == 0
        assert b"cookie" not in server.heard.lower()
    assert target.connections == 0


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates that nobody signed: one for this address, one for another name, one of the past."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("certificates")
    made = {}
    for name, subject, days in (
        ("here", "IP:127.0.0.1", "30"),
        ("elsewhere", "DNS:elsewhere.invalid", "30"),
    ):
        key, certificate, both = (folder / f"{name}.{kind}" for kind in ("key", "crt", "pem"))
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-nodes", "-keyout", str(key), "-out", str(certificate), "-days", days),
                *("-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}"),
            ],
            check=True,
            capture_output=True,
        )
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        made[name] = both
    return made


OFF_SWITCHES = {
    "PYTHONHTTPSVERIFY": "0",
    "CURL_INSECURE": "1",
    "SSL_VERIFY": "false",
    "SSL_NO_VERIFY": "1",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "true",
    "ASSISTCTL_INSECURE": "1",
    "ASSISTCTL_VERIFY": "false",
    "HTTPX_VERIFY": "0",
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
}


@pytest.mark.parametrize("name", ["here", "elsewhere"])
@pytest.mark.parametrize("switch", ["", *OFF_SWITCHES])
def test_n7_a_certificate_that_nobody_signed_is_refused_and_nothing_turns_that_off(
    alone: Checkout, certificates: dict[str, Path], name: str, switch: str
) -> None:
    environ = {switch: OFF_SWITCHES[switch]} if switch else {}
    with raw_server(answer(body=EMPTY_LIST), server_context(certificates[name])) as server:
        alone.base_url = server.url
        ran = alone.run("plan", AIMLAPI_API_KEY=KEY, **environ)
        assert ran.code == 7
        assert "certificate" in ran.err.lower()
        assert server.requests == []


def test_n7_the_operator_may_name_an_authority_and_the_host_must_fit_all_the_same(
    alone: Checkout, certificates: dict[str, Path]
) -> None:
    for name, code in (("here", 0), ("elsewhere", 7)):
        with raw_server(answer(body=EMPTY_LIST), server_context(certificates[name])) as server:
            alone.base_url = server.url
            ran = alone.run("plan", AIMLAPI_API_KEY=KEY, SSL_CERT_FILE=str(certificates[name]))
            assert ran.code == code, ran.err
            assert (KEY.encode() in server.heard) is (code == 0)


@pytest.mark.parametrize(
    "option",
    ["--insecure", "--no-verify", "--verify=false", "--skip-tls-verify", "-k", "--ca-file=x", "--proxy=x"],
)
def test_n7_there_is_no_such_option(alone: Checkout, option: str) -> None:
    assert alone.run("plan", option).code == 64


def test_n7_a_server_that_speaks_no_tls_gets_no_key(alone: Checkout, target: RawServer) -> None:
    alone.base_url = target.url.replace("http:", "https:")
    assert alone.run("plan", "--timeout", "1", AIMLAPI_API_KEY=KEY).code == 7
    assert KEY.encode() not in target.heard


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_gets_the_tunnel_and_never_the_key(
    alone: Checkout, target: RawServer, variable: str
) -> None:
    refusing = answer("407 Proxy Authentication Required")
    with raw_server(refusing) as proxy:
        alone.base_url = "https://remote.invalid"
        ran = alone.run("plan", AIMLAPI_API_KEY=KEY, **{variable: proxy.url})
        assert ran.code == 7
        assert proxy.heard.startswith(b"CONNECT remote.invalid:443 ")
        assert KEY.encode() not in proxy.heard


def test_no_proxy_is_honoured(alone: Checkout) -> None:
    with raw_server(answer("407 Proxy Authentication Required")) as proxy:
        alone.base_url = "https://remote.invalid"
        environ = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "remote.invalid"}
        assert alone.run("plan", "--timeout", "1", AIMLAPI_API_KEY=KEY, **environ).code == 7
        assert proxy.connections == 0


def test_loopback_goes_through_no_proxy(alone: Checkout, target: RawServer) -> None:
    with raw_server(answer("407 Proxy Authentication Required")) as proxy:
        alone.base_url = target.url
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy")
        environ = dict.fromkeys(names, proxy.url)
        assert alone.run("plan", AIMLAPI_API_KEY=KEY, **environ).code == 0
        assert proxy.connections == 0


def test_the_words_of_a_proxy_are_not_trusted(alone: Checkout) -> None:
    """A tunnel that opens onto plain text is no TLS: the key does not go through it."""
    with raw_server(answer("200 Connection established")) as proxy:
        alone.base_url = "https://remote.invalid"
        ran = alone.run("plan", "--timeout", "1", AIMLAPI_API_KEY=KEY, HTTPS_PROXY=proxy.url)
        assert ran.code == 7
        assert KEY.encode() not in proxy.heard


def test_the_key_is_in_the_header_and_never_in_an_address_or_a_body(
    alone: Checkout, target: RawServer
) -> None:
    alone.base_url = target.url
    alone.run("apply", "--auto-approve", "--settle-seconds", "0.1", AIMLAPI_API_KEY=KEY)
    assert target.requests
    for request in target.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        holders = [line.partition(b":")[0].lower() for line in lines if KEY.encode() in line]
        assert holders == [b"authorization"]
        assert KEY.encode() not in first + body
