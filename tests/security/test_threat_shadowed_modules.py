"""Threat: a ``yaml.py`` in the checkout, which ``python -m`` would run.

Defence: the console script, or ``python -I``; where modules come from is looked at before any is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .stage import SCRIPT, Checkout, manifest

OURS = (
    *("yaml", "httpx", "httpcore", "h11", "click", "pydantic", "ruamel", "deepdiff", "tenacity", "filelock"),
    *("json", "ssl", "socket", "sqlite3", "tempfile", "random", "secrets", "hashlib", "string", "subprocess"),
    *("certifi", "truststore", "anyio", "concurrent", "http", "email", "queue", "difflib", "shlex"),
)
"""What the program imports, directly or not."""
PYTHONS = ("sitecustomize", "usercustomize", "types", "enum", "re", "functools", "contextlib", "runpy", "os")
"""What Python itself imports before any program runs: ``python -m`` takes these from the working folder,
and no program can prevent it."""
CALLS = {
    "script": [SCRIPT],
    "module": [sys.executable, "-m", "assistctl"],
    "isolated module": [sys.executable, "-I", "-m", "assistctl"],
}


def poison(checkout: Checkout, *names: str) -> Path:
    """Modules of these names in the checkout, each of which leaves a file when it runs."""
    mark = checkout.path.parent / "ran"
    text = f"import os; os.close(os.open({str(mark)!r}, os.O_CREAT, 0o600))\n"
    checkout.put({f"{name}.py": text for name in names})
    checkout.put({f"{name}/__init__.py": text for name in ("yaml", "httpx")})
    checkout.put({"assistants/bot.yaml": manifest()})
    return mark


def call(checkout: Checkout, words: list[str], cwd: Path, **environ: str) -> None:
    ran = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **environ, "ASSISTCTL_BASE_URL": str(checkout.base_url)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr.count("Traceback")) == (0, 0), ran.stderr


@pytest.mark.parametrize("way", CALLS)
@pytest.mark.parametrize("path", ["", ".", "the folder"])
def test_no_module_of_the_checkout_is_run(checkout: Checkout, way: str, path: str) -> None:
    mark = poison(checkout, *OURS)
    environ = {"PYTHONPATH": path.replace("the folder", str(checkout.path))} if path else {}
    call(checkout, [*CALLS[way], "plan"], checkout.path, **environ)
    assert not mark.exists()


@pytest.mark.parametrize("way", ["script", "isolated module"])
def test_the_documented_ways_do_not_even_look_into_the_working_folder(checkout: Checkout, way: str) -> None:
    mark = poison(checkout, *OURS, *PYTHONS)
    call(checkout, [*CALLS[way], "plan"], checkout.path)
    assert not mark.exists()


def test_the_folder_given_by_directory_is_no_place_for_modules(checkout: Checkout, tmp_path: Path) -> None:
    mark = poison(checkout, *OURS, *PYTHONS)
    call(checkout, [SCRIPT, "-C", str(checkout.path), "plan"], tmp_path)
    assert not mark.exists()


def test_the_mark_itself_works(checkout: Checkout) -> None:
    mark = poison(checkout, "yaml")
    call(checkout, [sys.executable, "-c", "import yaml"], checkout.path)
    assert mark.exists()
