"""The URL builder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistctl.errors import NotApplied, UsageFault
from assistctl.providers.urls import Urls, clean_base_url, is_loopback, origin_of


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://api.aimlapi.com", "https://api.aimlapi.com"),
        (" https://API.aimlapi.com:443/ ", "https://api.aimlapi.com"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/assistants", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/assistants/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/v1", "https://api.openai.com/v1"),
        (
            "https://x.services.ai.azure.com/api/projects/My_P",
            "https://x.services.ai.azure.com/api/projects/My_P",
        ),
        ("http://127.0.0.1:8086/api/v1", "http://127.0.0.1:8086/api/v1"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_base_url_has_one_spelling(text: str, clean: str) -> None:
    assert clean_base_url(text) == clean
    assert clean_base_url(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.aimlapi.com",
        "ftp://host",
        "http://api.aimlapi.com",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "https://",
        "https://host:0",
        "https://host:70000",
        "https://host/a/../b",
        "https://host/./b",
        "https://host//b",
        "https://host/%2e%2e/b",
        "https://host\\@evil.com",
        "https://hö.st",
        "https://host/a b",
        "https://host\n.evil.com",
    ],
)
def test_a_base_url_that_is_not_plain_https_is_refused(text: str) -> None:
    with pytest.raises(UsageFault):
        clean_base_url(text)


@pytest.mark.parametrize(
    "text", ["https://me:hunter2@host", "https://host?key=hunter2", "https://host/a#hunter2"]
)
def test_user_information_query_and_fragment_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(UsageFault) as caught:
        clean_base_url(text)
    assert "hunter2" not in "".join(caught.value.lines())


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.8.9.1", "https://[::1]/x"])
def test_loopback_is_known_by_name_and_number(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1", "http://localhost.example", "http://[fe80::1]", "http://1.2.3"]
)
def test_anything_else_is_not_loopback(url: str) -> None:
    assert not is_loopback(url)


def test_an_origin_has_no_default_port_and_no_path() -> None:
    assert origin_of("HTTPS://Host.Example:443/a?b#c") == "https://host.example"
    assert origin_of("http://localhost:8080/x") == "http://localhost:8080"


@pytest.mark.parametrize(
    "url", ["/relative", "https://a@b.example", "//host", "https://host\\evil", "javascript:1"]
)
def test_no_origin_is_read_out_of_something_else(url: str) -> None:
    with pytest.raises(UsageFault):
        origin_of(url)


def test_the_query_of_the_profile_goes_with_every_request() -> None:
    urls = Urls("https://host/openai", {"api-version": "v 1"})
    assert urls.collection() == "https://host/openai/assistants?api-version=v+1"
    assert urls.collection({"limit": "100"}).endswith("/assistants?api-version=v+1&limit=100")
    assert urls.one("asst_1") == "https://host/openai/assistants/asst_1?api-version=v+1"


@given(st.text(max_size=140))
def test_only_plain_ids_reach_a_path(remote_id: str) -> None:
    plain = (
        1 <= len(remote_id) <= 128
        and remote_id.isascii()
        and remote_id.replace("-", "_").replace("_", "a").isalnum()
    )
    try:
        url = Urls("https://host").one(remote_id)
    except NotApplied:
        assert not plain
    else:
        assert plain
        assert url == f"https://host/assistants/{remote_id}"


@pytest.mark.parametrize("remote_id", ["../files/x", "a/b", "a?b", "", "a\n", "a" * 129, "é"])
def test_l14_an_id_that_could_be_another_endpoint_is_refused(remote_id: str) -> None:
    with pytest.raises(NotApplied):
        Urls("https://host").one(remote_id)
