from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistctl.errors import InvalidInput, UsageFault
from assistctl.files import FileRefused
from assistctl.manifest.project import find_project_file, read_policies, read_project
from assistctl.manifest.settings import Policy, ProjectFile

Make = Callable[..., ProjectFile]

_FULL = """
project: acme-support
provider: aimlapi
manifests: [assistants, more/*.yaml]
defaults: {model: gpt-4o-mini, metadata: {team: support}}
vars: {company: Acme, other: x}
environments:
  dev: {provider: local}
  prod:
    vars: {company: Acme Inc}
    defaults: {temperature: 0}
    limits: {max_deletes: 5}
    on_drift: fail
  bare:
default_environment: dev
limits: {max_deletes: 30%}
on_conflict: keep
formerly: [old-project/prod]
policies:
  allowed_models: {level: deny, values: [gpt-4o]}
  no_deletion: {level: warn}
"""


def test_the_file_is_found_here_or_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "assistctl.yaml").write_text("project: x\n")
    assert find_project_file(inner) == tmp_path / "assistctl.yaml"
    (tmp_path / "a" / "assistctl.yaml").write_text("project: y\n")
    assert find_project_file(inner) == tmp_path / "a" / "assistctl.yaml"


def test_every_key_arrives(make_project: Make) -> None:
    project = make_project({"assistctl.yaml": _FULL})
    assert project.project == "acme-support"
    assert project.manifests == ("assistants", "more/*.yaml")
    assert project.names == ("dev", "prod", "bare")
    assert project.formerly == ("old-project/prod",)
    assert project.policies == (
        Policy("allowed_models", "deny", ("gpt-4o",)),
        Policy("no_deletion", "warn"),
    )


def test_an_environment_overrides_and_inherits(make_project: Make) -> None:
    project = make_project({"assistctl.yaml": _FULL})
    dev, prod, bare = (project.environment(name) for name in project.names)
    assert (dev.provider, prod.provider, bare.provider) == ("local", "aimlapi", "aimlapi")
    assert prod.variables == {"company": "Acme Inc", "other": "x"}
    assert (prod.max_deletes, bare.max_deletes) == (5, "30%")
    assert (prod.on_drift, bare.on_drift, prod.on_conflict) == ("fail", "overwrite", "keep")
    assert prod.owner == "acme-support/prod"
    assert [layer.path for layer in prod.defaults] == [("defaults",), ("environments", "prod", "defaults")]


def test_the_defaults_of_the_contract_hold(make_project: Make) -> None:
    project = make_project({"assistctl.yaml": "project: acme\n"})
    settings = project.environment()
    assert project.manifests == ("assistants",)
    assert (settings.name, settings.owner, settings.provider) == ("default", "acme/default", "aimlapi")
    assert (settings.max_deletes, settings.on_drift, settings.on_conflict) == ("30%", "overwrite", "fail")


def test_without_a_default_an_environment_must_be_chosen(make_project: Make) -> None:
    project = make_project({"assistctl.yaml": "project: acme\nenvironments: {dev: {}, prod: {}}\n"})
    with pytest.raises(UsageFault, match="dev or prod"):
        project.environment()
    with pytest.raises(UsageFault, match="did you mean 'prod'"):
        project.environment("prd")


def test_the_default_environment_is_taken(make_project: Make) -> None:
    assert make_project({"assistctl.yaml": _FULL}).environment().name == "dev"


def test_a_project_without_environments_has_only_the_default_one(make_project: Make) -> None:
    with pytest.raises(UsageFault, match="unknown environment 'prod'"):
        make_project({}).environment("prod")


def test_a_profile_of_the_projects_own_is_kept_as_it_is(make_project: Make) -> None:
    text = (
        "project: acme\nprovider:\n  name: mine\n  extends: openai\n  base_url: http://127.0.0.1:8000/v1\n"
        "  auth: header X-Key\n  api_key_env: [MY_KEY]\n  query: {api-version: '2024'}\n"
        "  headers: {X-Team: support}\n  paging: none\n  list_items: summary\n  verbs: [list, get]\n"
        "  metadata: replace\n  ignored_fields: [top_p]\n  clearing: {tools: []}\n  extra_tools: [openapi]\n"
        "  models: deployment\n  reasoning_efforts: [minimal, low]\n"
    )
    provider = make_project({"assistctl.yaml": text}).environment().provider
    assert isinstance(provider, dict)
    assert provider["extra_tools"] == ["openapi"]
    assert len(provider) == 16


def test_all_problems_of_a_project_file_show_at_once(make_project: Make) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_project({"assistctl.yaml": "projet: acme\non_drift: x\ndefault_environment: y\n"})
    codes = [getattr(each, "code", "") for each in caught.value.diagnostics]
    assert codes == ["AC101", "AC102", "AC106", "AC502"]


def test_a_project_file_behind_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("project: acme\n")
    (tmp_path / "assistctl.yaml").symlink_to(tmp_path / "real.yaml")
    with pytest.raises(FileRefused, match="symbolic link"):
        read_project(tmp_path / "assistctl.yaml")


def test_a_key_in_a_base_url_is_not_repeated(make_project: Make) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_project({"assistctl.yaml": "project: a\nprovider: {base_url: 'https://user:hunter22@h/'}\n"})
    assert "hunter22" not in str(caught.value.diagnostics)


def test_the_operators_policy_file_has_the_same_form(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("required_metadata: {level: deny, values: [team]}\n")
    assert read_policies(path) == (Policy("required_metadata", "deny", ("team",)),)
    path.write_text("required_metadata: {level: deny}\nallowed: x\n")
    with pytest.raises(InvalidInput) as caught:
        read_policies(path)
    assert [getattr(each, "code", "") for each in caught.value.diagnostics] == ["AC102", "AC101"]
