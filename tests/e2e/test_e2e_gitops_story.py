"""A week of a team that works by pull requests: one story over a bare repository and a server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
OWNER = "shop/default"
PROJECT = "project: shop\nprovider: aimlapi\ndefaults: {model: gpt-4o-2024-11-20}\n"
TRIAGE = "name: Triage\ninstructions_file: triage.md\n# how warm it answers\ntemperature: 0.2\n"
PROMPT = "You sort messages.\n\nAnswer with one word.\n"
REVIEWS = "name: Reviews\ninstructions: You answer reviews of our shop.\n"
VERDICT = "Plan: 1 to add, 1 to change, 0 to destroy."
HOOK = """\
repos:
  - repo: local
    hooks:
      - id: assistctl-validate
        name: assistctl validate
        entry: assistctl validate
        language: system
        pass_filenames: false
"""


@dataclass(frozen=True)
class Desk:
    """Somebody's clone, or a runner's; every command line is run as its owner types it."""

    folder: Path
    url: str
    home: Path
    """Where this machine keeps the state of assistctl, and pre-commit its own."""

    def run(self, line: str, expected: int = 0, **environ: str) -> str:
        """Both outputs of a line; its exit code must be the one expected."""
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITHUB_", "CI", "PRE_COMMIT"))
        }
        ran = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env={
                **kept,
                "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.home),
                "GIT_CONFIG_NOSYSTEM": "1",
                "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
                "ASSISTCTL_STATE_DIR": str(self.home / "state"),
                "ASSISTCTL_BASE_URL": self.url,
                "ASSISTCTL_OWNER": OWNER,
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert ran.returncode == expected, f"{line}\n{ran.stdout}"
        return ran.stdout

    def put(self, **texts: str) -> None:
        """Files below ``assistants``; ``a__b`` stands for the name ``a.b``."""
        for name, text in texts.items():
            place = self.folder / "assistants" / name.replace("__", ".")
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.folder / "assistants" / name).read_text(encoding="utf-8")


class Team:
    """A bare repository that all share, and a remote."""

    def __init__(self, place: Path, url: str) -> None:
        self.place, self.url = place, url
        self.desk("nobody").run(f"git init -q --bare -b main {place}/shop.git")

    def desk(self, name: str) -> Desk:
        """An empty folder and a home of its own."""
        home, folder = self.place / "homes" / name, self.place / name
        for each in (home, folder):
            each.mkdir(parents=True)
        (home / ".gitconfig").write_text(
            f"[user]\n\tname = {name}\n\temail = {name}@example.org\n[init]\n\tdefaultBranch = main\n"
            "[advice]\n\tdetachedHead = false\n",
            encoding="utf-8",
        )
        return Desk(folder, self.url, home)

    def clone(self, name: str, branch: str = "main") -> Desk:
        """A fresh clone: somebody's first day, or a runner of the CI."""
        desk = self.desk(name)
        desk.run(f"git clone -q -b {branch} {self.place}/shop.git .")
        return desk


@pytest.fixture
def team(tmp_path: Path, remote: Any) -> Team:
    """The shop's repository with one assistant, applied."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    made = Team(tmp_path, remote.url)
    first = made.desk("first")
    (first.folder / "assistctl.yaml").write_text(PROJECT, encoding="utf-8")
    (first.folder / ".pre-commit-config.yaml").write_text(HOOK, encoding="utf-8")
    (first.folder / ".gitattributes").write_text("assistants/** -text\n", encoding="utf-8")
    first.put(triage__yaml=TRIAGE, triage__md=PROMPT)
    first.run("git init -q && git add -A && git commit -q -m 'The shop'")
    first.run(f"git push -q {made.place}/shop.git main")
    assert "Resources: 1 added, 0 changed, 0 destroyed." in first.run("assistctl apply --auto-approve")
    return made


def test_a_change_goes_from_a_branch_to_the_remote_and_an_outside_edit_comes_back(
    team: Team, remote: Any
) -> None:
    ann = team.clone("ann")
    a_broken_manifest_is_stopped_before_the_commit(ann)
    a_pull_request_is_reviewed_and_cannot_apply(team, remote)
    ann.run("git switch -q main && git merge -q --no-ff -m 'Merge' warmer && git push -q origin main")
    the_saved_plan_is_applied_after_the_merge(team, remote)
    remote.edit(remote.named("Triage")["id"], instructions=PROMPT + "Be kind.\n", temperature=0.5)
    the_night_finds_what_somebody_edited(team)
    the_edit_comes_back_into_its_files(team)
    the_remote_and_the_repository_agree(team, remote)


def a_broken_manifest_is_stopped_before_the_commit(ann: Desk) -> None:
    ann.run("pre-commit install -f && git switch -q -c warmer")
    ann.put(triage__yaml=TRIAGE.replace("0.2", "warm"), reviews__yaml=REVIEWS)
    stopped = ann.run("git add -A && git commit -q -m 'Warmer'", expected=1)
    assert "assistants/triage.yaml:4:14: AC103" in stopped
    assert ann.run("git log --format=%s") == "The shop\n"
    ann.put(triage__yaml=TRIAGE.replace("0.2", "0.7"))
    ann.run("git add -A && git commit -q -m 'Warmer' && git push -q origin warmer")


def a_pull_request_is_reviewed_and_cannot_apply(team: Team, remote: Any) -> None:
    review, event = team.clone("review", "warmer"), {"GITHUB_EVENT_NAME": "pull_request"}
    review.run("assistctl validate", **event)
    compared = review.run("assistctl diff origin/main --detailed-exitcode", expected=2, **event)
    assert compared.splitlines()[-1] == VERDICT
    words = "assistctl plan -q --detailed-exitcode --format markdown --out ../release.plan"
    comment = review.run(words, expected=2, **event)
    assert comment.startswith(f"<!-- assistctl:plan:{OWNER} -->")
    assert f"**{VERDICT}**" in comment
    before = remote.all()
    refused = review.run("assistctl apply ../release.plan", expected=6, **event)
    assert "its manifests are only proposed" in refused
    assert remote.all() == before


def the_saved_plan_is_applied_after_the_merge(team: Team, remote: Any) -> None:
    deploy = team.clone("deploy")
    done = deploy.run("exec assistctl apply ../release.plan", GITHUB_EVENT_NAME="push")
    assert done.splitlines()[-1] == "Apply complete! Resources: 1 added, 1 changed, 0 destroyed."
    assert (remote.named("Triage")["temperature"], len(remote.all())) == (0.7, 2)
    deploy.run("assistctl plan --detailed-exitcode")
    again = deploy.run("assistctl apply ../release.plan", expected=5, GITHUB_EVENT_NAME="push")
    assert "the remote moved since the plan was saved: plan again" in again


def the_night_finds_what_somebody_edited(team: Team) -> None:
    night = team.clone("night")
    found = night.run("assistctl drift -q --detailed-exitcode --format markdown", expected=2)
    assert found.startswith(f"<!-- assistctl:drift:{OWNER} -->")
    assert "Drift: 1 of 2 assistants changed outside." in found
    (item,) = json.loads(night.run("assistctl drift -q --format json"))["items"]
    assert {each["field"] for each in item["fields"]} == {"instructions", "temperature"}


def the_edit_comes_back_into_its_files(team: Team) -> None:
    bob = team.clone("bob")
    assert "Pulled 2 outside edits into 2 files." in bob.run("assistctl pull")
    assert bob.read("triage.md") == PROMPT + "Be kind.\n"
    assert bob.read("triage.yaml") == TRIAGE.replace("0.2", "0.5")
    assert bob.run("git diff --name-only").split() == ["assistants/triage.md", "assistants/triage.yaml"]
    bob.run("git commit -q -a -m 'Take over the console edit' && git push -q origin main")


def the_remote_and_the_repository_agree(team: Team, remote: Any) -> None:
    morning = team.clone("morning")
    done = morning.run("exec assistctl apply --auto-approve", GITHUB_EVENT_NAME="push")
    assert "No changes. Your infrastructure matches the configuration." in done
    for verb in ("plan", "drift"):
        morning.run(f"assistctl {verb} --detailed-exitcode")
    assert remote.named("Triage")["instructions"] == PROMPT + "Be kind.\n"
