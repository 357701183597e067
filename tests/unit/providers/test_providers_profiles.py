"""Profiles, keys and where a key may go."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistctl.errors import CredentialsRefused, InvalidInput, UsageFault
from assistctl.model.profile import Profile
from assistctl.providers.audience import choose_base_url
from assistctl.providers.profiles import built_in, built_in_names, custom, find_key
from assistctl.providers.urls import clean_base_url


def test_the_default_remote_is_asked_as_its_page_says() -> None:
    profile = built_in("aimlapi")
    assert profile.base_url == "https://api.aimlapi.com"
    assert profile.api_key_env == ("AIMLAPI_API_KEY", "AIML_API_KEY")
    assert profile.auth == "bearer"
    assert profile.clearing["tools"] == "[]"


def test_every_built_in_remote_has_an_address_or_its_form_a_dated_status_and_sources() -> None:
    assert built_in_names() == (
        *("local", "aimlapi", "openai", "azure-openai", "azure-foundry", "open-assistant-api", "astra"),
        *("litellm", "dashscope"),
    )
    for name in built_in_names():
        profile = built_in(name)
        assert profile.name == name
        assert profile.status
        assert profile.sources
        if name != "local":
            shown = profile.base_url or profile.address
            assert clean_base_url(shown).lower() == shown.lower()
            assert re.search(r"20\d\d-\d\d", profile.status), name


def test_a_profile_without_an_address_says_what_one_looks_like() -> None:
    with pytest.raises(UsageFault) as caught:
        choose_base_url(built_in("azure-foundry"), None, {})
    assert "--base-url https://RESOURCE.services.ai.azure.com/api/projects/PROJECT" in caught.value.next


def test_a_token_comes_from_the_variable_or_else_from_the_operators_command(tmp_path: Path) -> None:
    profile = built_in("azure-foundry")
    command = f"{sys.executable} -c \"print('tok-from-command ')\""
    environ = {**os.environ, "ASSISTCTL_TOKEN_COMMAND": command}
    assert find_key(profile, environ) == "tok-from-command"
    assert find_key(profile, {**environ, "AZURE_FOUNDRY_TOKEN": "tok-1"}) == "tok-1"
    assert find_key(built_in("local"), environ) is None
    with pytest.raises(CredentialsRefused, match="has not AZURE_FOUNDRY_TOKEN") as caught:
        find_key(profile, {})
    assert "ASSISTCTL_TOKEN_COMMAND" in caught.value.next


def test_only_a_profile_that_wants_a_command_runs_one(tmp_path: Path) -> None:
    environ = {**os.environ, "ASSISTCTL_TOKEN_COMMAND": f"touch {tmp_path / 'ran'}"}
    with pytest.raises(CredentialsRefused):
        find_key(built_in("dashscope"), {k: v for k, v in environ.items() if k != "DASHSCOPE_API_KEY"})
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "command",
    ["/no/such/program", "false", "true", "'", "echo secret-one secret-two", "sh -c 'echo secret; exit 3'"],
)
def test_a_token_command_that_fails_is_named_and_its_output_is_not(command: str) -> None:
    with pytest.raises(CredentialsRefused) as caught:
        find_key(built_in("azure-foundry"), {**os.environ, "ASSISTCTL_TOKEN_COMMAND": command})
    assert "secret" not in " ".join(caught.value.lines())
    assert "ASSISTCTL_TOKEN_COMMAND" in caught.value.what


def test_an_unknown_provider_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(UsageFault) as caught:
        built_in("aiml")
    assert "aimlapi" in caught.value.next


def test_a_custom_profile_extends_a_built_in_one() -> None:
    profile = custom(
        {
            "extends": "openai",
            "name": "mine",
            "auth": "header api-key",
            "paging": "none",
            "clearing": {"name": ""},
            "verbs": ["list", "create"],
        }
    )
    assert (profile.name, profile.auth, profile.auth_header) == ("mine", "header", "api-key")
    assert profile.base_url == "https://api.openai.com/v1"
    assert (profile.paging, profile.clearing, profile.verbs) == ("none", {"name": '""'}, {"list", "create"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("extends", "nobody"),
        ("auth", "command az"),
        ("address", "https://x"),
        ("auth", "header Host"),
        ("headers", {"Authorization": "Bearer x"}),
        ("headers", {"X-A": "a\r\nX-B: b"}),
        ("api_key_env", ["A B"]),
        ("paging", "pages"),
        ("verbs", ["create"]),
        ("verbs", ["list", "patch"]),
        ("status", "fine"),
        ("proxy", "http://x"),
        ("query", ["a"]),
        ("reasoning_efforts", "low"),
    ],
)
def test_a_custom_profile_names_what_is_wrong(key: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=key):
        custom({"name": "mine", key: value})  # type: ignore[dict-item]


def test_all_problems_of_a_custom_profile_are_told_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"paging.*models"):
        custom({"paging": 1, "models": 2})


def test_the_first_key_that_is_set_wins() -> None:
    profile = built_in("aimlapi")
    assert find_key(profile, {"AIML_API_KEY": "second"}) == "second"
    assert find_key(profile, {"AIML_API_KEY": "second", "AIMLAPI_API_KEY": " first\n"}) == "first"
    assert find_key(built_in("local"), {}) is None


def test_a_missing_key_is_answered_with_the_export_line() -> None:
    with pytest.raises(CredentialsRefused) as caught:
        find_key(built_in("aimlapi"), {"AIMLAPI_API_KEY": " "})
    assert caught.value.next == "export AIMLAPI_API_KEY=…"
    assert caught.value.exit_code == 8


def test_a_key_that_cannot_stand_in_a_header_is_refused_unquoted() -> None:
    with pytest.raises(CredentialsRefused) as caught:
        find_key(built_in("aimlapi"), {"AIMLAPI_API_KEY": "hunter2\nX-Evil: 1"})
    assert "hunter2" not in "".join(caught.value.lines())


_MINE = Profile("mine", "https://proxy.example/v1", api_key_env=("AIMLAPI_API_KEY",))


def test_g8_a_project_file_cannot_move_a_key_to_a_new_origin() -> None:
    with pytest.raises(InvalidInput) as caught:
        choose_base_url(_MINE, None, {})
    assert caught.value.exit_code == 65
    assert "export ASSISTCTL_ALLOW_ORIGIN=https://proxy.example" in caught.value.next


def test_g8_a_project_file_cannot_send_another_services_key_to_a_known_origin() -> None:
    other = Profile("mine", "https://api.aimlapi.com/v1", api_key_env=("GITHUB_TOKEN",))
    with pytest.raises(InvalidInput, match="GITHUB_TOKEN"):
        choose_base_url(other, None, {})


def test_the_operator_may_choose_or_allow_an_origin() -> None:
    assert (
        choose_base_url(_MINE, None, {"ASSISTCTL_ALLOW_ORIGIN": "https://proxy.example/"}) == _MINE.base_url
    )
    assert choose_base_url(_MINE, "https://other.example/v1/", {}) == "https://other.example/v1"
    with pytest.raises(InvalidInput):
        choose_base_url(_MINE, None, {"ASSISTCTL_ALLOW_ORIGIN": "https://proxy.example.evil"})


def test_loopback_known_origins_and_remotes_without_a_key_need_no_leave() -> None:
    assert choose_base_url(Profile("mine", "http://localhost:1/v1", api_key_env=("X",)), None, {})
    assert choose_base_url(Profile("mine", "https://open.example", auth="none"), None, {})
    assert choose_base_url(built_in("aimlapi"), None, {}) == "https://api.aimlapi.com"


def test_local_has_no_address_and_takes_none() -> None:
    assert choose_base_url(built_in("local"), None, {}) == ""
    with pytest.raises(UsageFault):
        choose_base_url(built_in("local"), "https://host", {})
    with pytest.raises(UsageFault, match="no address"):
        choose_base_url(Profile("mine"), None, {})


def test_the_http_library_is_loaded_only_to_connect() -> None:
    heavy = (
        "import sys, assistctl.providers.{}; print(sorted({{'httpx', 'tenacity', 'ssl'}} & set(sys.modules)))"
    )
    for module in ("connect", "wire", "profiles", "audience"):
        done = subprocess.run(
            [sys.executable, "-c", heavy.format(module)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"
