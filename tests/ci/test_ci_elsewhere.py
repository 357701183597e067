"""The recipes for GitLab, Atlantis, cron and Argo CD, run: their own lines against a remote over HTTP."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .runner import BIN, ROOT

if TYPE_CHECKING:
    from .conftest import Remote, Repository

RECIPES = ROOT / "examples" / "ci"
COMPONENT = ROOT / "templates" / "assistctl" / "template.yml"
KEY = "sk-test-0123456789abcdef"
HOTTER = "instructions: You answer questions about orders.\ntemperature: 0.9\n"


@dataclass(frozen=True)
class Machine:
    """A clone of the manifests, and what this machine has in its environment."""

    clone: Path
    environ: Mapping[str, str]

    def run(self, lines: Sequence[str] | str, code: int = 0, **environ: str) -> str:
        """Both outputs of a script in the clone; it must end as expected."""
        script = lines if isinstance(lines, str) else "\n".join(lines)
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.clone,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert ran.returncode == code, ran.stdout
        return ran.stdout


@pytest.fixture
def machine(tmp_path: Path, repository: Repository, remote: Remote) -> Machine:
    """With the key, and a fresh clone."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repository.path), str(clone)], check=True)
    environ = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "CI": "true",
        "ASSISTCTL_BASE_URL": remote.url,
        "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
        "AIMLAPI_API_KEY": KEY,
    }
    return Machine(clone, environ)


class Component:
    """The GitLab component with its inputs filled in, job by job."""

    def __init__(self, **given: str) -> None:
        head, body = COMPONENT.read_text(encoding="utf-8").split("\n---\n")
        inputs = yaml.safe_load(head)["spec"]["inputs"]
        values = {name: given.get(name, each.get("default")) for name, each in inputs.items()}
        assert None not in values.values()
        assert re.search(inputs["owner"]["regex"], values["owner"])
        self.jobs = yaml.safe_load(re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda m: values[m[1]], body))

    def variables(self, job: str, machine: Machine) -> dict[str, str]:
        shared = self.jobs[".assistctl"]["variables"]
        own = {**shared, **self.jobs[job].get("variables", {}), "CI_PROJECT_DIR": str(machine.clone)}
        kept = {name: value for name, value in own.items() if value}
        return {**kept, "ASSISTCTL_BASE_URL": machine.environ["ASSISTCTL_BASE_URL"]}

    def run(self, job: str, machine: Machine, code: int = 0, **environ: str) -> str:
        return machine.run(self.jobs[job]["script"], code, **self.variables(job, machine), **environ)


@pytest.fixture
def component() -> Component:
    """For the environment ``prod``."""
    return Component(package="assistctl==0.1.0", owner="acme-support/prod", environment="prod")


def test_gitlab_validates_into_a_code_quality_report(component: Component, machine: Machine) -> None:
    (machine.clone / "assistants" / "bad.yaml").write_text("temperature: warm\n", encoding="utf-8")
    component.run("assistctl:validate", machine, code=65)
    report = machine.clone / component.jobs["assistctl:validate"]["artifacts"]["reports"]["codequality"]
    found = json.loads(report.read_text(encoding="utf-8"))
    assert [each["location"]["path"] for each in found] == ["assistants/bad.yaml"] * len(found)
    assert component.jobs["assistctl:validate"]["artifacts"]["when"] == "always"


def test_gitlab_shows_a_merge_request_numbers_only(component: Component, machine: Machine) -> None:
    component.run("assistctl:plan", machine, CI_PIPELINE_SOURCE="merge_request_event")
    widget = component.jobs["assistctl:plan"]["artifacts"]["reports"]["terraform"]
    told = (machine.clone / widget).read_text(encoding="utf-8")
    assert json.loads(told) == {"create": 1, "update": 0, "delete": 0}


def test_gitlab_shows_a_fork_what_changed_without_a_key(component: Component, machine: Machine) -> None:
    base = machine.run("git rev-parse HEAD").strip()
    (machine.clone / "assistants" / "bot.yaml").write_text(HOTTER, encoding="utf-8")
    environ = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "AIMLAPI_API_KEY": ""}
    told = component.run("assistctl:diff", machine, CI_PIPELINE_SOURCE="merge_request_event", **environ)
    assert told.splitlines()[-1] == "Plan: 0 to add, 1 to change, 0 to destroy."
    widget = machine.clone / component.jobs["assistctl:diff"]["artifacts"]["reports"]["terraform"]
    assert json.loads(widget.read_text(encoding="utf-8"))["update"] == 1


def test_gitlab_applies_what_was_planned_after_the_merge_by_hand_and_one_at_a_time(
    component: Component, machine: Machine, remote: Remote
) -> None:
    component.run("assistctl:release-plan", machine)
    (artifact,) = component.jobs["assistctl:release-plan"]["artifacts"]["paths"]
    assert (machine.clone / artifact).is_file()
    component.run("assistctl:apply", machine, code=6, CI_PIPELINE_SOURCE="merge_request_event")
    assert remote.by_name() == {}
    component.run("assistctl:apply", machine, CI_PIPELINE_SOURCE="push")
    assert remote.by_name().keys() == {"bot"}
    job = component.jobs["assistctl:apply"]
    assert (job["rules"][0]["when"], job["resource_group"]) == ("manual", "assistctl/acme-support/prod")
    assert component.jobs["assistctl:release-plan"]["artifacts"]["access"] == "developer"


def test_gitlabs_schedule_fails_with_2_while_something_drifts(
    component: Component, machine: Machine, remote: Remote
) -> None:
    component.run("assistctl:drift", machine, code=2)
    machine.run("assistctl apply --auto-approve -e prod")
    component.run("assistctl:drift", machine)


def test_gitlab_stops_another_owner(component: Component, machine: Machine) -> None:
    project = machine.clone / "assistctl.yaml"
    project.write_text(project.read_text(encoding="utf-8").replace("acme-support", "other"), encoding="utf-8")
    for job in ("plan", "release-plan", "drift"):
        component.run(f"assistctl:{job}", machine, code=64)


def test_the_example_for_gitlab_gives_every_input_that_has_no_default() -> None:
    example = yaml.safe_load((RECIPES / "gitlab" / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    (include,) = example["include"]
    made = Component(**include["inputs"])
    assert {job["stage"] for job in made.jobs.values() if "stage" in job} == set(example["stages"])


def test_atlantis_plans_into_its_plan_file_and_applies_that(machine: Machine, remote: Remote) -> None:
    recipe = yaml.safe_load((RECIPES / "atlantis" / "repos.yaml").read_text(encoding="utf-8"))
    stages = recipe["workflows"][recipe["repos"][0]["workflow"]]
    planfile = str(machine.clone.parent / "default.tfplan")

    def steps(stage: str) -> str:
        environ, told = {"PLANFILE": planfile}, ""
        for step in stages[stage]["steps"]:
            if "env" in step:
                environ[step["env"]["name"]] = step["env"]["value"]
            else:
                told += machine.run(step["run"], **environ)
        return told

    assert steps("plan").splitlines()[-1] == "Plan: 1 to add, 0 to change, 0 to destroy."
    assert "Resources: 1 added, 0 changed, 0 destroyed." in steps("apply")
    assert remote.by_name().keys() == {"bot"}


def crontab() -> tuple[dict[str, str], list[str]]:
    """The variables and the command lines."""
    variables, lines = {}, []
    for line in (RECIPES / "cron" / "crontab").read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Z_]+=", line):
            name, _, value = line.partition("=")
            variables[name] = value
        elif line and not line.startswith("#"):
            lines.append(line.split(None, 5)[5])
    return variables, lines


def test_cron_is_silent_until_something_happens(machine: Machine, remote: Remote, tmp_path: Path) -> None:
    variables, (apply, nightly) = crontab()
    (tmp_path / "key").write_text(f"AIMLAPI_API_KEY={KEY}\n", encoding="utf-8")
    places = {
        "/etc/assistctl/key": str(tmp_path / "key"),
        "/opt/assistctl/share": str(RECIPES / "cron"),
        "/srv/assistants": str(machine.clone),
    }

    def at_night(line: str, code: int = 0) -> str:
        for place, here in places.items():
            line = line.replace(place, shlex.quote(here))
        return machine.run(
            line, code, **{**variables, "PATH": machine.environ["PATH"], "AIMLAPI_API_KEY": ""}
        )

    assert "+ bot created" in at_night(apply)
    assert at_night(apply) == ""
    assert at_night(nightly) == ""
    bot = remote.by_name()["bot"]
    remote.ask("POST", f"/{bot['id']}", {"temperature": 0.5})
    assert "Drift: 1 of 1 assistant changed outside." in at_night(nightly, code=2)


def test_cron_without_an_owner_does_nothing(machine: Machine, remote: Remote) -> None:
    for script in ("assistctl-apply", "assistctl-nightly"):
        told = machine.run(f"{RECIPES}/cron/{script} {machine.clone}", code=2)
        assert "ASSISTCTL_OWNER" in told
    assert remote.by_name() == {}


def test_argo_cds_job_clones_and_applies(machine: Machine, repository: Repository, remote: Remote) -> None:
    job = yaml.safe_load((RECIPES / "argocd" / "job.yaml").read_text(encoding="utf-8"))
    pod: dict[str, Any] = job["spec"]["template"]["spec"]
    (clone,), (apply,) = pod["initContainers"], pod["containers"]
    work = machine.clone.parent / "work"
    places = {
        "https://git.example.com/acme/assistants.git": f"file://{repository.path}",
        "/manifests": str(work),
    }

    def here(words: list[str]) -> str:
        found = [re.sub("|".join(places), lambda m: places[m[0]], word, count=1) for word in words]
        return shlex.join(found)

    machine.run(here([*clone["command"], *clone["args"]]))
    environ = {each["name"]: each["value"] for each in apply["env"] if "value" in each}
    del environ["ASSISTCTL_STATE_DIR"]
    assert "Resources: 1 added" in machine.run(here(apply["command"]), **environ)
    assert remote.by_name().keys() == {"bot"}
