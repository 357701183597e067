"""Every option of the main verbs works by its ASSISTCTL_ variable too."""

from __future__ import annotations

import json

import click
import pytest

from assistctl.cli.app import build
from assistctl.cli.verb import Verb
from assistctl.server.app import App
from assistctl.server.messages import Request
from assistctl.server.store import Store

MAIN = ("plan", "apply", "destroy", "list", "show", "ids", "render", "validate")
CAPS = {("apply", "--max-deletes")}
"""Its variable is the operator's ceiling, not the option's default."""
BOT = "model: gpt-4o-mini\ninstructions: Be brief.\n"


@pytest.fixture
def shop(tmp_path, inside, monkeypatch):
    """A project of one manifest on the embedded remote; keyword arguments are environment variables."""
    folder = tmp_path / "shop"
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistctl.yaml").write_text("project: shop\nprovider: local\n")
    (folder / "assistants/bot.yaml").write_text(BOT)

    def call(*args, **environ):
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(f"ASSISTCTL_{name}", value)
            return inside("-C", str(folder), *args)

    call.folder = folder
    return call


@pytest.mark.parametrize("name", MAIN)
def test_every_option_has_its_variable_and_names_it_in_the_help(inside, name):
    ctx = click.Context(build(), info_name="assistctl")
    command = build().get_command(ctx, name)
    assert isinstance(command, Verb)
    help_text = " ".join(inside(name, "--help").out.split())
    for param in command.params:
        if isinstance(param, click.Option) and (name, param.opts[0]) not in CAPS:
            variable = "ASSISTCTL_" + param.opts[0].removeprefix("--").replace("-", "_").upper()
            assert variable in (param.envvar if isinstance(param.envvar, list) else [param.envvar])
            assert variable in help_text


def test_variables_choose_format_and_exit_code_of_a_plan(shop):
    ran = shop("plan", FORMAT="json", DETAILED_EXITCODE="1")
    assert ran.code == 2
    assert json.loads(ran.out)["format_version"] == "1.2"


def test_a_variable_approves(shop):
    assert shop("apply", AUTO_APPROVE="1").out.splitlines()[-1].endswith("1 added, 0 changed, 0 destroyed.")
    assert shop("destroy", YES="true").out.splitlines()[-1] == "Destroy complete! Resources: 1 destroyed."


@pytest.mark.parametrize("value", ["0", "false", "no"])
def test_a_variable_can_say_no(shop, value):
    assert shop("apply", AUTO_APPROVE=value).code == 64


def test_a_variable_saves_the_plan(shop):
    assert shop("plan", OUT="p.plan").code == 0
    assert (shop.folder / "p.plan").exists()


def test_variables_choose_targets(shop):
    (shop.folder / "assistants/desk.yaml").write_text("model: gpt-4o-mini\ninstructions: Count things.\n")
    (shop.folder / "assistants/till.yaml").write_text("model: gpt-4o-mini\ninstructions: Take money.\n")
    ran = shop("plan", TARGET="bot desk")
    assert ran.out.splitlines()[-1] == "Plan: 2 to add, 0 to change, 0 to destroy."


@pytest.mark.parametrize(
    ("value", "adopted"), [("*", ["bot", "desk"]), ("bot", ["bot"]), ("bot desk", ["bot", "desk"]), ("x", [])]
)
def test_a_variable_adopts_all_or_the_keys_it_names(shop, value, adopted):
    (shop.folder / "assistants/desk.yaml").write_text("model: gpt-4o-mini\ninstructions: Count things.\n")
    shop("plan")
    with Store(shop.folder / ".assistctl/local.db") as store:
        for name in ("bot", "desk"):
            body = json.dumps({"model": "gpt-4o", "name": name}).encode()
            assert App(store).handle(Request("POST", "/assistants", {}, {}, body)).status == 200
    changes = json.loads(shop("plan", "--format", "json", ADOPT=value).out)["assistctl"]["changes"]
    assert [change["key"] for change in changes if change["action"] == "adopt"] == adopted


def test_a_variable_takes_over_from_the_owner_it_names(shop):
    shop("apply", "--auto-approve")
    (shop.folder / "assistctl.yaml").write_text("project: new-shop\nprovider: local\n")
    for value, adopted in (("nobody/default", 0), ("shop/default", 1)):
        ran = shop("plan", "--format", "json", TAKEOVER=value)
        assert json.loads(ran.out)["assistctl"]["summary"]["adopt"] == adopted


def test_variables_choose_policies_and_keep_what_is_not_declared(shop):
    shop("apply", "--auto-approve")
    (shop.folder / "assistants/bot.yaml").rename(shop.folder / "assistants/other.yaml")
    (shop.folder / "assistants/other.yaml").write_text(
        "model: gpt-4o\ninstructions: Something else entirely.\n"
    )
    assert shop("plan", NO_DELETE="1").out.splitlines()[-1] == "Plan: 1 to add, 0 to change, 0 to destroy."
    assert shop("plan", ON_DRIFT="nonsense").code == 64
    assert shop("plan", ON_CONFLICT="keep", ON_DRIFT="fail").code == 0


def test_a_bad_value_names_the_variable(shop):
    ran = shop("apply", PARALLELISM="0")
    assert ran.code == 64
    assert "ASSISTCTL_PARALLELISM" in ran.err


def test_a_variable_limits_the_age_of_a_plan(shop):
    shop("plan", "--out", "p.plan")
    assert shop("apply", "p.plan", MAX_PLAN_AGE="soon").code == 64


def test_variables_choose_folder_file_environment_and_provider(shop, inside, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_CONFIG", str(shop.folder / "assistctl.yaml"))
    monkeypatch.setenv("ASSISTCTL_PROVIDER", "local")
    assert inside("plan").out.splitlines()[-1] == "Plan: 1 to add, 0 to change, 0 to destroy."
    assert shop("plan", ENV="staging").code == 64
    assert shop("plan", BASE_URL="http://127.0.0.1:1").code == 64
