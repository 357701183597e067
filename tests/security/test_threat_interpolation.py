"""Threat: ``${SECRET}`` into a prompt.

Defence: interpolation of the environment is off; the operator's allow-list lives outside the repository;
the values that it lets in are masked wherever they would be shown.
"""

from __future__ import annotations

import base64
import json

import pytest

from .stage import Checkout, Remote, bytes_below, manifest

VALUE = "s3cret-of-the-pipeline"
LINES = "-----BEGIN PART-----\nMIIEvgIBADANBgkqhkiG9w0BAQ\nq83vEjRWeJCrze8SNFZ4kKvN\n-----END PART-----"


def test_no_manifest_reads_the_environment_by_itself(checkout: Checkout) -> None:
    checkout.put(
        {
            "assistants/bot.yaml": manifest(
                instructions="${env.DEPLOY_SECRET}", name="${env.AIMLAPI_API_KEY}"
            ),
            "assistants/more.yaml": "model: gpt-4o\ninstructions_file: _p.md\n",
            "assistants/_p.md": "Hello\n${env.HOME}",
        }
    )
    ran = checkout.run("render", DEPLOY_SECRET=VALUE)
    assert ran.code == 65
    assert ran.err.count("AC303") == 3
    assert VALUE not in ran.shown


@pytest.mark.parametrize(
    "text",
    [
        "${DEPLOY_SECRET}",
        "$DEPLOY_SECRET",
        "{{ env.DEPLOY_SECRET }}",
        "%DEPLOY_SECRET%",
        "$${env.DEPLOY_SECRET}",
    ],
)
def test_every_other_notation_is_literal_text(checkout: Checkout, text: str) -> None:
    checkout.put({"assistants/bot.yaml": manifest(instructions=text)})
    ran = checkout.run("render", "--format", "json", "--allow-env", "DEPLOY_SECRET", DEPLOY_SECRET=VALUE)
    assert ran.code == 0
    assert VALUE not in ran.shown
    assert text.replace("$$", "$") in json.dumps(ran.data)


@pytest.mark.parametrize(
    "files",
    [
        {"assistctl.yaml": "project: shop\nprovider: aimlapi\nallow_env: [DEPLOY_SECRET]\n"},
        {"assistctl.yaml": "project: shop\nprovider: aimlapi\nvars: {x: '${env.DEPLOY_SECRET}'}\n"},
        {".env": "ASSISTCTL_ALLOW_ENV=DEPLOY_SECRET\n"},
        {"assistants/.env": "ASSISTCTL_ALLOW_ENV=DEPLOY_SECRET\n"},
    ],
    ids=["a key of the project file", "a variable of the project file", ".env", ".env below"],
)
def test_nothing_in_the_checkout_can_allow_it(checkout: Checkout, files: dict[str, str]) -> None:
    checkout.put({"assistants/bot.yaml": manifest(instructions="${env.DEPLOY_SECRET}${var.x}")})
    ran = checkout.put(files).run("render", "--var", "y=1", DEPLOY_SECRET=VALUE)
    assert ran.code == 65
    assert VALUE not in ran.shown


def test_a_file_that_is_included_cannot_read_more_than_its_manifest(checkout: Checkout) -> None:
    checkout.put(
        {
            "assistants/bot.yaml": manifest(instructions="${file._a.md}"),
            "assistants/_a.md": "${env.ALLOWED_ONE} ${env.DEPLOY_SECRET}",
        }
    )
    ran = checkout.run("render", "--allow-env", "ALLOWED_ONE", ALLOWED_ONE="fine-value", DEPLOY_SECRET=VALUE)
    assert ran.code == 65
    assert VALUE not in ran.shown


@pytest.mark.parametrize(
    "value", [VALUE, f'{VALUE} with spaces / and "quotes"', LINES, "umlaut-ä-ö-ü-\u20ac"]
)
@pytest.mark.parametrize(
    "words",
    [
        ("validate",),
        ("render",),
        ("render", "--format", "json"),
        ("export",),
        ("export", "--format", "openai-responses"),
        ("plan", "--full"),
        ("plan", "--full", "--color", "always"),
        ("plan", "--format", "json", "--full"),
        ("-v", "apply", "--auto-approve", "--full"),
    ],
    ids=" ".join,
)
def test_an_allowed_value_is_masked_wherever_it_would_be_shown(
    checkout: Checkout, remote: Remote, words: tuple[str, ...], value: str
) -> None:
    checkout.put(
        {
            "assistants/bot.yaml": manifest(
                instructions="Token:\n${env.DEPLOY_VALUE}\n", description="It is ${env.DEPLOY_VALUE}."
            )
        }
    )
    ran = checkout.run(*words, "--allow-env", "DEPLOY_VALUE", DEPLOY_VALUE=value)
    assert ran.code == 0, ran.shown
    for piece in value.split("\n"):
        for form in (piece, json.dumps(piece)[1:-1], base64.b64encode(piece.encode()).decode()):
            assert form not in ran.shown
    if words[0] != "validate":
        assert "***" in ran.shown
    if "apply" in words:
        assert remote.all()[0]["description"] == f"It is {value}."


def test_the_old_and_the_new_value_of_a_change_are_masked(checkout: Checkout) -> None:
    """A rotated secret: the old value comes back from the remote, so the operator must name it as well."""
    checkout.put({"assistants/bot.yaml": manifest(instructions="Use ${env.NOW_VALUE}.\n")})
    now = {"NOW_VALUE": "the-old-value-1"}
    assert checkout.run("apply", "--auto-approve", "--allow-env", "NOW_VALUE", **now).code == 0
    words = ("--allow-env", "NOW_VALUE", "--allow-env", "OLD_VALUE")
    environ = {"NOW_VALUE": "the-new-value-2", "OLD_VALUE": "the-old-value-1"}
    for verb in (
        ("plan",),
        ("plan", "--color", "always"),
        ("plan", "--format", "json", "--full"),
        ("drift",),
    ):
        ran = checkout.run(*verb, *words, **environ)
        assert ran.code == 0
        assert "the-old-value-1" not in ran.shown
        assert "the-new-value-2" not in ran.shown


def test_what_a_saved_plan_must_hold_is_readable_by_its_owner_only(checkout: Checkout) -> None:
    checkout.put({"assistants/bot.yaml": manifest(instructions="${env.DEPLOY_SECRET}")})
    ran = checkout.run("plan", "--out", "p.json", "--allow-env", "DEPLOY_SECRET", DEPLOY_SECRET=VALUE)
    assert ran.code == 0
    holders = [place for place, data in bytes_below(checkout.path.parent) if VALUE.encode() in data]
    assert holders == [checkout.path / "p.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
