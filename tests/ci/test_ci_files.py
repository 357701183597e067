"""The recipes as files: the schemas of their formats, linters, and the rules that each must keep."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .runner import ROOT, load

BIN = Path(sys.executable).parent
RECIPES = ROOT / "examples" / "ci"
GITHUB = sorted((RECIPES / "github").glob("*.yml"))
COMPONENT = ROOT / "templates" / "assistctl" / "template.yml"
SCHEMAS = Path(__file__).parent / "schemas"
SCRIPTS = [
    *sorted((ROOT / "action").glob("*.sh")),
    RECIPES / "cron" / "assistctl-apply",
    RECIPES / "cron" / "assistctl-nightly",
]

GITLAB = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
CHECKED: dict[tuple[str, ...], list[Path]] = {
    ("--builtin-schema", "vendor.github-actions"): [ROOT / "action.yml"],
    ("--builtin-schema", "vendor.github-workflows"): GITHUB,
    GITLAB: [RECIPES / "gitlab" / ".gitlab-ci.yml"],
    ("--schemafile", str(SCHEMAS / "atlantis-server.json")): [RECIPES / "atlantis" / "repos.yaml"],
    ("--schemafile", str(SCHEMAS / "atlantis-repository.json")): [RECIPES / "atlantis" / "atlantis.yaml"],
    ("--schemafile", str(SCHEMAS / "job.json")): [RECIPES / "argocd" / "job.yaml"],
}


def tool(name: str) -> str:
    found = shutil.which(name, path=str(BIN))
    if found is None:
        pytest.skip(f"{name} is not installed beside this Python")
    return found


def run(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool(name), *map(str, words)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("schema", CHECKED, ids=lambda schema: Path(schema[1]).name)
def test_every_recipe_has_the_form_that_its_reader_wants(schema: tuple[str, ...], tmp_path: Path) -> None:
    ran = run("check-jsonschema", *schema, *CHECKED[schema])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    wrong = tmp_path / "wrong.yml"
    text = CHECKED[schema][0].read_text(encoding="utf-8")
    wrong.write_text(text + "\nnonsense: {scirpt: 1}\n", encoding="utf-8")
    assert run("check-jsonschema", *schema, wrong).returncode == 1


def test_both_documents_of_the_component_have_the_form_that_gitlab_wants(tmp_path: Path) -> None:
    head, body = COMPONENT.read_text(encoding="utf-8").split("\n---\n")
    for name, text in (("head.yml", head), ("body.yml", body)):
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    ran = run("check-jsonschema", *GITLAB, tmp_path / "head.yml", tmp_path / "body.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_zizmor_finds_nothing_in_the_action_and_the_workflows() -> None:
    ran = run("zizmor", "--offline", "--persona", "auditor", ROOT / "action.yml", *GITHUB)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "No findings to report" in ran.stdout + ran.stderr


def test_shellcheck_finds_nothing_in_the_scripts() -> None:
    ran = run("shellcheck", *SCRIPTS)
    assert ran.returncode == 0, ran.stdout


def test_scripts_that_are_called_by_name_are_executable() -> None:
    for path in SCRIPTS[-2:]:
        assert path.stat().st_mode & 0o111 == 0o111, path


def jobs() -> Iterator[tuple[str, Any]]:
    for path in GITHUB:
        for name, job in load(path)["jobs"].items():
            yield f"{path.name}:{name}", job


def test_no_expression_stands_inside_a_script() -> None:
    steps = [*load(ROOT / "action.yml")["runs"]["steps"]]
    steps += [step for _, job in jobs() for step in job["steps"]]
    for step in steps:
        assert "${{" not in step.get("run", "")


def test_every_action_is_pinned_by_its_commit() -> None:
    used = [step["uses"] for _, job in jobs() for step in job["steps"]]
    assert len(used) >= 10
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each), each


def test_every_job_pins_the_owner_and_has_only_the_rights_it_needs() -> None:
    rights = {
        "apply.yml:apply": {"contents": "read"},
        "apply.yml:plan": {"contents": "read"},
        "drift.yml:drift": {"contents": "read", "issues": "write"},
        "plan.yml:diff": {"contents": "read"},
        "plan.yml:plan": {"contents": "read", "pull-requests": "write"},
    }
    assert {name: job["permissions"] for name, job in jobs()} == rights
    for name, job in jobs():
        assert job["env"]["ASSISTCTL_OWNER"] == "acme-support/prod", name
        assert "timeout-minutes" in job, name


def test_only_the_jobs_of_an_environment_see_the_key_and_a_fork_sees_none() -> None:
    for name, job in jobs():
        has_key = "AIMLAPI_API_KEY" in str(job)
        assert has_key == ("environment" in job), name
        assert has_key == (name != "plan.yml:diff"), name


def test_checked_out_credentials_are_not_kept() -> None:
    for name, job in jobs():
        (checkout,) = (step for step in job["steps"] if step["uses"].startswith("actions/checkout@"))
        assert checkout["with"]["persist-credentials"] == "false", name


def test_nothing_runs_with_rights_on_a_proposal_and_no_apply_is_cut_off() -> None:
    for path in GITHUB:
        workflow = load(path)
        assert "pull_request_target" not in workflow["on"], path
        assert workflow["permissions"] == {}, path
    apply = load(RECIPES / "github" / "apply.yml")
    assert apply["concurrency"] == {"group": "assistctl-acme-support-prod", "cancel-in-progress": "false"}
    assert apply["jobs"]["apply"]["environment"] == "assistants-prod"


def test_every_other_recipe_pins_the_owner_too() -> None:
    for name in ("atlantis/repos.yaml", "argocd/job.yaml", "cron/crontab", "gitlab/.gitlab-ci.yml"):
        text = (RECIPES / name).read_text(encoding="utf-8")
        assert "ASSISTCTL_OWNER" in text, name
        assert "acme-support/prod" in text, name
    assert "ASSISTCTL_OWNER: $[[ inputs.owner ]]" in COMPONENT.read_text(encoding="utf-8")


def test_every_apply_is_reached_by_signals() -> None:
    """No shell stays between the runner and the program: it would keep the signals to itself."""
    job = yaml.safe_load((RECIPES / "argocd" / "job.yaml").read_text(encoding="utf-8"))
    assert job["spec"]["template"]["spec"]["containers"][0]["command"][0] == "assistctl"
    others = [COMPONENT, RECIPES / "atlantis" / "repos.yaml", RECIPES / "cron" / "assistctl-apply"]
    for path in others:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "assistctl apply " in line]
        assert lines, path
        assert all("exec assistctl apply " in line for line in lines), path
    run_script = (ROOT / "action" / "run.sh").read_text(encoding="utf-8")
    assert re.findall(r'(\S+) "\$program" \S+ \S+ apply', run_script) == ["exec", "exec"]
