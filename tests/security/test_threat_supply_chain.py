"""Threat: the supply chain.

Defence: few, pinned dependencies; no plugin is looked for; a plan runs no code.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from .stage import Checkout, manifest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "assistctl"


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_there_are_few_dependencies() -> None:
    wanted = project()["project"]["dependencies"]  # type: ignore[index]
    assert 0 < len(wanted) <= 10
    assert not any("@" in line or "git+" in line for line in wanted)


def test_everything_that_is_installed_is_pinned_exactly() -> None:
    tool = project()["tool"]["uv"]  # type: ignore[index]
    pins = tool["constraint-dependencies"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(\s*;.*)?", pin) for pin in pins), pins
    names = {re.split(r"[<>=!~\[ ;]", line)[0] for line in project()["project"]["dependencies"]}  # type: ignore[index]
    assert {name.lower().replace("_", "-").replace(".", "-") for name in names} <= {
        pin.partition("==")[0] for pin in pins
    }


def test_no_plugin_is_discovered() -> None:
    found = {"entry_points", "iter_entry_points", "iter_modules", "walk_packages", "load_module"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            assert name not in found, f"{path}:{getattr(node, 'lineno', 0)}"


def test_a_plan_starts_no_process(checkout: Checkout, tmp_path: Path) -> None:
    """Whatever the checkout holds: every program on the path leaves a mark here."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh", "bash", "python", "python3", "curl", "op", "pass", "less", "ssh", "gpg"):
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path / 'started'}\n")
        (programs / name).chmod(0o755)
    checkout.put({"assistants/bot.yaml": manifest(), ".git/config": "[core]\n\tfsmonitor = ./evil\n"})
    for words in (("validate",), ("plan",), ("list",), ("drift",), ("render",)):
        assert checkout.spawn(*words, PATH=f"{programs}:/nowhere", PAGER=str(programs / "less")).code == 0
    assert not (tmp_path / "started").exists()


def test_a_project_file_cannot_name_a_command(checkout: Checkout, tmp_path: Path) -> None:
    """A profile may say that the key comes from a command; which one only the operator says."""
    mark = tmp_path / "ran"
    for auth in (f"command touch {mark}", "{command: touch}", "[command, touch]"):
        text = f"project: shop\nprovider: {{extends: aimlapi, auth: '{auth}'}}\n"
        checkout.put({"assistctl.yaml": text, "assistants/bot.yaml": manifest()})
        checkout.base_url = None
        assert checkout.run("plan").code == 65
    text = "project: shop\nprovider: {extends: aimlapi, token_command: 'touch ran'}\n"
    assert checkout.put({"assistctl.yaml": text}).run("plan").code == 65
    assert not mark.exists()
