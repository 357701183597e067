"""Schemathesis makes requests from ``serve --openapi`` and finds no answer that deviates from it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from assistctl.server.app import App
from assistctl.server.description import openapi_text
from assistctl.server.http import running
from assistctl.server.store import Store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"
)
EXAMPLES = 15
SEED = 20261122

SETTINGS = """\
hooks = "hooks.py"

[[operations]]
include-name = "GET /assistants"
# A text that is no id of any assistant is a legal cursor by its schema, and a 400.
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]
"""
HOOKS = '''\
import schemathesis


@schemathesis.hook
def filter_body(context, body):
    """No schema can say that two chunks overlap by half of one at most."""
    return not isinstance(body, dict) or "chunk_overlap_tokens" not in str(body)
'''


def test_no_answer_deviates_from_the_description(tmp_path: Path) -> None:
    files = {"openapi.json": openapi_text(), "schemathesis.toml": SETTINGS, "hooks.py": HOOKS}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    program = str(Path(sys.executable).with_name("schemathesis"))
    with Store(":memory:") as store, running(App(store).handle) as url:
        words = [program, "run", "openapi.json", "--url", url, "--seed", str(SEED), "--no-color"]
        words += ["--max-examples", str(EXAMPLES), "--phases", "coverage,fuzzing,stateful"]
        words += ["--suppress-health-check", "too_slow"]  # the machine may be busy
        ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Tested: 5" in ran.stdout
