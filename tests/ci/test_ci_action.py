"""The GitHub recipes, run: steps by bash, the remote and GitHub's API over HTTP on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .runner import ROOT, Done, Runner

if TYPE_CHECKING:
    from .conftest import Hub, Remote, Repository

RECIPES = ROOT / "examples" / "ci" / "github"
MARKER = "<!-- assistctl:plan:acme-support/prod -->"
DRIFT = "<!-- assistctl:drift:acme-support/prod -->"
KEY = "sk-test-0123456789abcdef"
HOTTER = "instructions: You answer questions about orders.\ntemperature: 0.9\n"


@pytest.fixture
def runner(tmp_path: Path, repository: Repository, remote: Remote, hub: Hub) -> Runner:
    """For a pull request of the same repository until a test says otherwise."""
    return Runner(
        tmp_path / "runner",
        repository.path,
        {
            "GITHUB_API_URL": hub.url,
            "ASSISTCTL_BASE_URL": remote.url,
            "ASSISTCTL_STATE_DIR": str(tmp_path / "state"),
        },
        {
            "pull_request": {
                "number": 5,
                "head": {"sha": "abc" * 13 + "d", "repo": {"full_name": "acme/support"}},
            }
        },
        secrets={"AIMLAPI_API_KEY": KEY},
        ref="merge",
    )


def pushed(runner: Runner) -> Runner:
    """The same machine after the merge."""
    runner.event, runner.event_name, runner.ref = {}, "push", "main"
    return runner


def ran(done: Done | None, code: int = 0) -> Done:
    assert done is not None
    assert done.code == code, done.log
    return done


def apply(runner: Runner) -> Done:
    """Both jobs of the recipe; the one of the last."""
    planned = ran(pushed(runner).job(RECIPES / "apply.yml", "plan"))
    return ran(runner.job(RECIPES / "apply.yml", "apply", {"plan": planned}))


def test_a_pull_request_gets_one_comment_that_later_pushes_edit(
    runner: Runner, repository: Repository, hub: Hub
) -> None:
    repository.propose(**{"assistants/new.yaml": HOTTER})
    first = ran(runner.job(RECIPES / "plan.yml", "plan"))
    assert first.log.splitlines()[-1] == "Plan: 2 to add, 0 to change, 0 to destroy."
    (comment,) = hub.items["comments"]
    assert comment["body"].startswith(f"{MARKER}\n")
    assert "**Plan: 2 to add, 0 to change, 0 to destroy.**" in comment["body"]
    assert (
        "Commit abcabcabcabc, [run](https://github.example/acme/support/actions/runs/77)" in comment["body"]
    )
    assert "Plan: 2 to add" in first.summary
    repository.propose(**{"assistants/new.yaml": HOTTER, "assistants/third.yaml": HOTTER})
    ran(runner.job(RECIPES / "plan.yml", "plan"))
    assert [item["body"].count("Plan: 3 to add") for item in hub.items["comments"]] == [1]


def test_comments_of_others_are_never_edited_even_with_the_same_line(
    runner: Runner, repository: Repository, hub: Hub
) -> None:
    for number in range(150):
        hub.add("comments", login="mallory", body=f"{MARKER}\n{number}")
    repository.propose(**{"assistants/new.yaml": HOTTER})
    ran(runner.job(RECIPES / "plan.yml", "plan"))
    ran(runner.job(RECIPES / "plan.yml", "plan"))
    assert len(hub.items["comments"]) == 151
    assert all(item["body"].count("\n") == 1 for item in hub.items["comments"][:150])


def test_a_broken_manifest_is_annotated_and_the_old_comment_does_not_stay(
    runner: Runner, repository: Repository, hub: Hub
) -> None:
    repository.propose(**{"assistants/new.yaml": HOTTER})
    ran(runner.job(RECIPES / "plan.yml", "plan"))
    repository.propose(**{"assistants/new.yaml": "temperature: warm\n"})
    broken = ran(runner.job(RECIPES / "plan.yml", "plan"), code=65)
    assert "::error file=assistants/new.yaml,line=1,col=14," in broken.log
    (comment,) = hub.items["comments"]
    assert "assistctl failed" in comment["body"]
    assert "to add" not in comment["body"]


def test_a_fork_gets_a_comparison_without_key_remote_or_comment(
    runner: Runner, repository: Repository, hub: Hub, remote: Remote
) -> None:
    runner.event["pull_request"]["head"]["repo"]["full_name"] = "mallory/support"
    runner.secrets = {}
    repository.propose(**{"assistants/bot.yaml": HOTTER})
    assert runner.job(RECIPES / "plan.yml", "plan") is None
    done = ran(runner.job(RECIPES / "plan.yml", "diff"))
    assert "acme-support/prod: HEAD^1 → work tree" in done.log
    assert "temperature    0.2 → 0.9" in done.log
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in done.summary
    assert hub.asked == []
    runner.event["pull_request"]["head"]["repo"]["full_name"] = "acme/support"
    assert runner.job(RECIPES / "plan.yml", "diff") is None


def test_files_of_a_pull_request_are_never_run(
    runner: Runner, repository: Repository, tmp_path: Path
) -> None:
    """Python takes modules from the working folder first, unless it is told not to."""
    spy = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    modules = ("venv", "pip", "json", "yaml", "click", "urllib", "assistctl", "sitecustomize", "encodings")
    repository.propose(**{f"{name}.py": spy for name in modules}, **{"assistants/new.yaml": HOTTER})
    for job in ("plan", "diff"):
        runner.event["pull_request"]["head"]["repo"]["full_name"] = "acme/support" if job == "plan" else "x/y"
        ran(runner.job(RECIPES / "plan.yml", job))
    assert not (tmp_path / "ran").exists()


def test_a_comment_that_is_not_allowed_is_a_warning_and_the_plan_counts(
    runner: Runner, repository: Repository, hub: Hub
) -> None:
    hub.refused = 403
    repository.propose(**{"assistants/new.yaml": HOTTER})
    done = ran(runner.job(RECIPES / "plan.yml", "plan"))
    assert "::warning title=assistctl::GitHub refused the comment (403)" in done.log
    hub.refused = 500
    ran(runner.job(RECIPES / "plan.yml", "plan"), code=1)


def test_apply_in_a_pull_request_is_refused_by_the_program_itself(
    runner: Runner, repository: Repository, remote: Remote
) -> None:
    repository.propose(**{"assistants/new.yaml": HOTTER})
    planned = ran(runner.job(RECIPES / "apply.yml", "plan"))
    ran(runner.job(RECIPES / "apply.yml", "apply", {"plan": planned}), code=6)
    assert remote.by_name() == {}


def test_what_is_merged_is_planned_once_and_applied_as_planned(
    runner: Runner, repository: Repository, remote: Remote
) -> None:
    planned = ran(pushed(runner).job(RECIPES / "apply.yml", "plan"))
    assert planned.outputs == {"has-changes": "true"}
    assert KEY.encode() not in runner.artifacts["release-plan"]
    done = ran(runner.job(RECIPES / "apply.yml", "apply", {"plan": planned}))
    assert done.log.splitlines()[-1] == "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
    assert remote.by_name().keys() == {"bot"}
    again = ran(runner.job(RECIPES / "apply.yml", "plan"))
    assert again.outputs == {"has-changes": "false"}
    assert runner.job(RECIPES / "apply.yml", "apply", {"plan": again}) is None


def test_an_approval_that_comes_too_late_applies_nothing_that_was_not_shown(
    runner: Runner, repository: Repository, remote: Remote
) -> None:
    planned = ran(pushed(runner).job(RECIPES / "apply.yml", "plan"))
    repository.put(**{"assistants/bot.yaml": HOTTER}).commit()
    done = ran(runner.job(RECIPES / "apply.yml", "apply", {"plan": planned}), code=5)
    assert remote.by_name() == {}
    assert "bot" in done.log


def test_the_nightly_drift_keeps_one_issue_until_the_drift_is_gone(
    runner: Runner, repository: Repository, remote: Remote, hub: Hub
) -> None:
    apply(runner)
    runner.event_name = "schedule"
    ran(runner.job(RECIPES / "drift.yml", "drift"))
    assert hub.items["issues"] == []
    bot = remote.by_name()["bot"]
    for heat in (0.5, 0.6):
        remote.ask("POST", f"/{bot['id']}", {"temperature": heat})
        ran(runner.job(RECIPES / "drift.yml", "drift"))
    (issue,) = hub.items["issues"]
    assert (issue["title"], issue["state"]) == ("Drift in acme-support/prod", "open")
    assert issue["body"].startswith(f"{DRIFT}\n")
    assert "0.2 → 0.6" in issue["body"]
    remote.ask("POST", f"/{bot['id']}", {"temperature": 0.2})
    ran(runner.job(RECIPES / "drift.yml", "drift"))
    assert [each["state"] for each in hub.items["issues"]] == ["closed"]
    assert "No drift." in hub.items["issues"][0]["body"]


def test_another_owner_than_the_pinned_one_stops_every_recipe(
    runner: Runner, repository: Repository, remote: Remote
) -> None:
    stranger = (
        (repository.path / "assistctl.yaml").read_text(encoding="utf-8").replace("acme-support", "other")
    )
    repository.propose(**{"assistctl.yaml": stranger})
    for recipe, job in (("plan", "plan"), ("apply", "plan"), ("drift", "drift")):
        done = ran(runner.job(RECIPES / f"{recipe}.yml", job), code=64)
        assert "pins this pipeline to acme-support/prod" in done.log
    runner.event["pull_request"]["head"]["repo"]["full_name"] = "mallory/support"
    assert ran(runner.job(RECIPES / "plan.yml", "diff"), code=64)


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"command": "validate"}, 0, ""),
        ({"command": "plan", "environment": "dev"}, 64, "unknown environment 'dev'"),
        ({"command": "plan", "environment": "prod", "provider": "local"}, 64, "--base-url"),
        ({"command": "plan", "environment": "prod", "base-url": "http://10.0.0.1"}, 64, "10.0.0.1"),
        ({"command": "diff", "environment": "prod", "revision": "--output=x"}, 64, "git knows no commit"),
        ({"command": "diff", "environment": "prod", "revision": "$(touch ran)"}, 64, "git knows no commit"),
        ({"command": "destroy"}, 64, "command is validate, plan, diff, apply or drift"),
        ({"command": "apply", "plan-file": "nowhere.plan"}, 65, "nowhere.plan does not exist"),
    ],
)
def test_inputs_reach_the_program_as_they_are(
    runner: Runner, repository: Repository, given: dict[str, str], code: int, words: str
) -> None:
    repository.propose(**{"assistants/new.yaml": HOTTER})
    runner.start()
    done, contexts = Done(), {"github": {"event_name": "push", "token": "ghs_token"}}
    runner.action(given, {"AIMLAPI_API_KEY": KEY}, contexts, done)
    assert (done.code, words in done.log) == (code, True), done.log
    assert not (runner.place / "work" / "ran").exists()


def test_a_project_below_the_top_has_a_working_directory(runner: Runner, repository: Repository) -> None:
    files = {name: (repository.path / name).read_text(encoding="utf-8") for name in ("assistctl.yaml",)}
    repository.propose(
        **{f"a b/{name}": text for name, text in files.items()}, **{"a b/assistants/x.yaml": HOTTER}
    )
    runner.start()
    done, contexts = Done(), {"github": {"event_name": "push", "token": "ghs_token"}}
    given = {"command": "plan", "working-directory": "a b", "environment": "prod"}
    outputs = runner.action(given, {"AIMLAPI_API_KEY": KEY}, contexts, done)
    assert done.code == 0, done.log
    assert (outputs["create"], outputs["plan-file"]) == ("1", "")


@pytest.mark.fresh
def test_the_action_installs_the_program_of_its_own_commit(tmp_path: Path) -> None:
    constraint = next(
        line for line in (ROOT / "pyproject.toml").read_text().splitlines() if '"click==' in line
    )
    environ: dict[str, Any] = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT),
        "PYTHON": sys.executable,
    }
    (tmp_path / "venv.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    for _ in range(2):
        subprocess.run(["bash", str(ROOT / "action" / "install.sh")], cwd=tmp_path, env=environ, check=True)
    python = tmp_path / "assistctl" / "bin" / "python"
    words = "import click, importlib.metadata as m; print(m.version('click'), m.version('assistctl'))"
    told = subprocess.run([python, "-I", "-c", words], capture_output=True, text=True, check=True).stdout
    assert f'"click=={told.split()[0]}"' in constraint
