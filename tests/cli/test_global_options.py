"""The global options: before and after the verb, from the environment, and what they add up to."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from assistctl.cli.globals import Colour, GlobalOptions
from assistctl.cli.options import auto_approve, fill_in_bare, option, optional_value
from assistctl.cli.verb import Call, verb


class Seen:
    """Remembers what the probe was called with."""

    def __init__(self) -> None:
        self.options = GlobalOptions()
        self.adopt: tuple[str, ...] = ()
        self.plan_file: str | None = None
        self.approved = False

        @verb
        @click.argument("plan_file", required=False)
        @optional_value("--adopt", metavar="KEY")
        @auto_approve
        @option("--max-deletes")
        def probe(
            call: Call, plan_file: str | None, adopt: tuple[str, ...], auto_approve: bool, max_deletes: str
        ) -> None:
            """Probe."""
            self.options, self.adopt, self.plan_file = call.options, adopt, plan_file
            self.approved, self.max_deletes = auto_approve, max_deletes

        self.probe = probe


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_without_options_the_defaults_hold(inside, seen):
    assert inside("probe", probe=seen.probe).code == 0
    assert seen.options == GlobalOptions()


@pytest.mark.parametrize("args", [("-e", "prod", "probe"), ("probe", "-e", "prod"), ("probe", "--env=prod")])
def test_a_global_option_works_before_and_after_the_verb(inside, seen, args):
    assert inside(*args, probe=seen.probe).code == 0
    assert seen.options.environment == "prod"


def test_the_option_after_the_verb_wins(inside, seen):
    inside("-e", "dev", "--provider", "aimlapi", "probe", "-e", "prod", probe=seen.probe)
    assert (seen.options.environment, seen.options.provider) == ("prod", "aimlapi")


def test_the_command_line_beats_the_environment_in_both_places(inside, seen, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_ENV", "staging")
    inside("probe", probe=seen.probe)
    assert seen.options.environment == "staging"
    inside("-e", "dev", "probe", probe=seen.probe)
    assert seen.options.environment == "dev"
    inside("probe", "-e", "prod", probe=seen.probe)
    assert seen.options.environment == "prod"


def test_variables_add_up_and_the_last_of_a_name_wins(inside, seen, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_VAR", "company=Acme Inc\nregion=eu\n")
    inside("--var", "tone=dry", "--var", "region=us", "probe", "--var", "tone=a=b c", probe=seen.probe)
    assert seen.options.variables == {"company": "Acme Inc", "region": "us", "tone": "a=b c"}


def test_variables_of_the_environment_stay_when_the_option_stands_after_the_verb(inside, seen, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_VAR", "company=Acme")
    monkeypatch.setenv("ASSISTCTL_ALLOW_ENV", "REGION")
    inside("probe", "--var", "a=1", "--allow-env", "BUILD", probe=seen.probe)
    assert seen.options.variables == {"company": "Acme", "a": "1"}
    assert seen.options.allowed_env == {"REGION", "BUILD"}


@pytest.mark.parametrize("text", ["novalue", "=x", " =x"])
def test_a_variable_needs_a_name_and_a_value(inside, seen, text):
    ran = inside("probe", "--var", text, probe=seen.probe)
    assert ran.code == 64
    assert "NAME=VALUE" in ran.err


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "0", "soon", "1e999"])
def test_a_timeout_is_a_finite_number_above_zero(inside, seen, text):
    ran = inside("probe", f"--timeout={text}", probe=seen.probe)
    assert ran.code == 64
    assert "ASSISTCTL_TIMEOUT" in ran.err


def test_a_bad_value_in_a_variable_is_a_usage_error_that_names_it(inside, seen, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_COLOR", "mauve")
    ran = inside("probe", probe=seen.probe)
    assert ran.code == 64
    assert "ASSISTCTL_COLOR" in ran.err


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("--no-color", "probe"), Colour.NEVER),
        (("probe", "--no-color", "--color", "always"), Colour.ALWAYS),
        (("probe", "--color", "always", "--no-color"), Colour.NEVER),
        (("--no-color", "probe", "--color", "always"), Colour.ALWAYS),
    ],
)
def test_no_color_is_color_never_and_the_last_one_wins(inside, seen, monkeypatch, args, expected):
    inside(*args, probe=seen.probe)
    assert seen.options.colour is expected


def test_a_colour_option_beats_the_other_ones_variable(inside, seen, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_NO_COLOR", "1")
    inside("--color", "always", "probe", probe=seen.probe)
    assert seen.options.colour is Colour.ALWAYS
    inside("probe", probe=seen.probe)
    assert seen.options.colour is Colour.NEVER


def test_paths_of_the_command_line_start_in_the_chosen_directory(inside, seen, tmp_path):
    inside("-C", str(tmp_path), "probe", "-c", "sub/assistctl.yaml", probe=seen.probe)
    assert seen.options.config == Path("sub/assistctl.yaml")
    assert seen.options.locate("plan.json") == tmp_path / "plan.json"
    assert seen.options.locate("/abs") == Path("/abs")


def test_a_directory_that_is_not_there_is_a_usage_error(inside, seen, tmp_path):
    assert inside("-C", str(tmp_path / "none"), "probe", probe=seen.probe).code == 64


def test_a_bare_optional_value_does_not_swallow_the_next_argument(inside, seen):
    inside("probe", "--adopt", "saved.plan", probe=seen.probe)
    assert (seen.adopt, seen.plan_file) == (("*",), "saved.plan")


def test_an_optional_value_is_joined_by_an_equals_sign_and_repeats(inside, seen):
    inside("probe", "--adopt=one", "--adopt=two", "--", "--adopt", probe=seen.probe)
    assert (seen.adopt, seen.plan_file) == (("one", "two"), "--adopt")


def test_what_follows_a_double_dash_is_left_alone():
    names = frozenset({"--adopt"})
    assert fill_in_bare(["--adopt", "--", "--adopt", "--"], names) == ["--adopt=*", "--", "--adopt", "--"]


@pytest.mark.parametrize("spelling", ["--yes", "--auto-approve"])
def test_yes_is_another_word_for_auto_approve(inside, seen, spelling):
    inside("probe", spelling, probe=seen.probe)
    assert seen.approved


@pytest.mark.parametrize("variable", ["ASSISTCTL_YES", "ASSISTCTL_AUTO_APPROVE"])
def test_every_spelling_of_an_option_has_its_variable(inside, seen, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("ASSISTCTL_MAX_DELETES", "3")
    monkeypatch.setenv("ASSISTCTL_ADOPT", "one two")
    inside("probe", probe=seen.probe)
    assert (seen.approved, seen.max_deletes, seen.adopt) == (True, "3", ("one", "two"))


def test_the_help_of_a_verb_names_the_variable_of_every_option(inside, seen):
    ran = inside("probe", "--help", probe=seen.probe)
    assert ran.code == 0
    assert "--adopt[=KEY]" in ran.out
    for name in (
        "ADOPT",
        "MAX_DELETES",
        "AUTO_APPROVE",
        "CONFIG",
        "ENV",
        "VAR",
        "BASE_URL",
        "TIMEOUT",
        "COLOR",
    ):
        assert f"ASSISTCTL_{name}" in ran.out


def test_options_parse_the_same_under_clicks_own_runner(seen):
    from click.testing import CliRunner

    result = CliRunner().invoke(seen.probe, ["--adopt=k", "-e", "prod", "file"], standalone_mode=False)
    assert result.exception is None
    assert (seen.options.environment, seen.adopt, seen.plan_file) == ("prod", ("k",), "file")
