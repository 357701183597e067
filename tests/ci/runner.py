"""As much of a GitHub runner as the recipes need: expressions, jobs, composite steps, outputs, artifacts.

Steps are run by bash as GitHub runs them; ``actions/checkout`` clones, the artifact actions copy, and the
action of this repository is read from its own ``action.yml``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
GITHUB_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_NAME = re.compile(r"'[^']*'|[a-z_]+(?:\.[\w-]+)+")


def load(path: Path) -> Any:
    """A YAML file in which ``on`` is a word, as GitHub reads it."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only


def evaluated(expression: str, contexts: Mapping[str, Any]) -> Any:
    """An expression of the operators that the recipes use."""

    def value(match: re.Match[str]) -> str:
        if match[0].startswith("'"):
            return repr(match[0][1:-1])
        found: Any = contexts
        for part in match[0].split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return repr("" if found is None else found)

    words = _NAME.sub(value, re.sub(r"!(?!=)", " not ", expression))
    words = words.replace("||", " or ").replace("&&", " and ").replace("\n", " ")
    return eval(words, {"__builtins__": {}, "cancelled": lambda: False})  # noqa: S307 - our own files


def filled(value: Any, contexts: Mapping[str, Any]) -> Any:
    """A value with its expressions replaced, in maps too."""
    if isinstance(value, Mapping):
        return {key: filled(each, contexts) for key, each in value.items()}
    return _EXPRESSION.sub(lambda match: str(evaluated(match[1], contexts)), value)


@dataclass
class Done:
    """How a job or an action ended."""

    code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    """The names of the steps that ran."""
    summary: str = ""


@dataclass
class Runner:
    """A machine for one job at a time."""

    place: Path
    origin: Path
    """The repository that is checked out."""
    environ: Mapping[str, str]
    """What every step has beside GitHub's own variables."""
    event: Mapping[str, Any]
    event_name: str = "pull_request"
    ref: str = "main"
    secrets: Mapping[str, str] = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    checked_out: Mapping[str, str] = field(default_factory=dict)

    def job(self, workflow: Path, name: str, needs: Mapping[str, Done] | None = None) -> Done | None:
        """Runs one job; None where its condition says no."""
        job = load(workflow)["jobs"][name]
        contexts = self._contexts(needs or {})
        if "if" in job and not evaluated(job["if"], contexts):
            return None
        self._clean()
        environ = filled(job.get("env", {}), contexts)
        done, steps = Done(), {}
        for step in job["steps"]:
            contexts = {**contexts, "env": environ, "steps": steps}
            if "if" in step and not evaluated(step["if"], contexts):
                continue
            outputs = self._step(step, contexts, environ, done)
            steps[step.get("id", "")] = {"outputs": outputs}
            if done.code:
                break
        done.outputs = filled(job.get("outputs", {}), {**contexts, "steps": steps})
        done.summary = (self.place / "summary").read_text(encoding="utf-8")
        return done

    def start(self) -> None:
        """A clean machine with a checkout, for single actions."""
        self._clean()
        self._checkout({"fetch-depth": "2"})

    def _contexts(self, needs: Mapping[str, Done]) -> dict[str, Any]:
        return {
            "github": {
                "event": self.event,
                "event_name": self.event_name,
                "repository": "acme/support",
                "token": "ghs_token",
            },
            "runner": {"temp": str(self.place / "temp")},
            "secrets": self.secrets,
            "needs": {name: {"outputs": done.outputs} for name, done in needs.items()},
        }

    def _clean(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        tools = self.place / "temp" / "assistctl" / "bin"
        for folder in (tools, self.place / "work", self.place / "home"):
            folder.mkdir(parents=True)
        for name in ("assistctl", "python"):  # what action/install.sh would leave
            (tools / name).symlink_to(BIN / name)
        (self.place / "event.json").write_text(json.dumps(self.event), encoding="utf-8")
        (self.place / "summary").touch()

    def _step(self, step: Any, contexts: Any, environ: Mapping[str, str], done: Done) -> dict[str, str]:
        uses, given = step["uses"].partition("@")[0], filled(step.get("with", {}), contexts)
        if uses == "actions/checkout":
            self.checked_out = given
            self._checkout(given)
        elif uses == "actions/upload-artifact":
            self.artifacts[given["name"]] = Path(given["path"]).read_bytes()
        elif uses == "actions/download-artifact":
            (Path(given["path"]) / "release.plan").write_bytes(self.artifacts[given["name"]])
        else:
            own = {**environ, **filled(step.get("env", {}), contexts)}
            return self.action(given, own, contexts, done)
        done.ran.append(uses)
        return {}

    def _checkout(self, given: Mapping[str, str]) -> None:
        depth = given.get("fetch-depth", "1")
        words = [
            "clone",
            "-q",
            f"--depth={depth}",
            "-b",
            self.ref,
            f"file://{self.origin}",
            str(self.place / "work"),
        ]
        subprocess.run(["git", *words], check=True, capture_output=True)

    def action(
        self, given: Mapping[str, str], environ: Mapping[str, str], contexts: Mapping[str, Any], done: Done
    ) -> dict[str, str]:
        """The composite action of this repository; its steps' outputs, log and exit code go into ``done``."""
        action = load(ROOT / "action.yml")
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, unknown
        inputs = {name: given.get(name, each.get("default", "")) for name, each in action["inputs"].items()}
        contexts = {**contexts, "inputs": filled(inputs, contexts), "env": environ, "steps": {}}
        for step in action["runs"]["steps"]:
            condition = step.get("if", "")
            if done.code and "cancelled()" not in condition:
                continue
            if condition and not evaluated(condition, contexts):
                continue
            done.ran.append(step["name"])
            outputs = self._bash(step, {**environ, **filled(step.get("env", {}), contexts)}, done)
            contexts = {**contexts, "steps": {**contexts["steps"], step.get("id", ""): {"outputs": outputs}}}
        return {name: filled(each["value"], contexts) for name, each in action["outputs"].items()}

    def _bash(self, step: Any, environ: Mapping[str, str], done: Done) -> dict[str, str]:
        output = self.place / "output"
        output.write_text("", encoding="utf-8")
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_EVENT_PATH": str(self.place / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": "acme/support",
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": "f" * 40,
            "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
            "RUNNER_TEMP": str(self.place / "temp"),
        }
        ran = subprocess.run(
            [*GITHUB_SHELL, step["run"]],
            cwd=self.place / "work",
            env={**own, **self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        done.log += ran.stdout
        done.code = done.code or ran.returncode
        return _outputs(output.read_text(encoding="utf-8"))


def _outputs(text: str) -> dict[str, str]:
    """``name<<DELIMITER`` blocks, as the runner reads them."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        values = []
        for value in lines:
            if value == delimiter:
                break
            values.append(value)
        found[name] = "\n".join(values)
    return found
