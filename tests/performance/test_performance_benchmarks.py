"""The benchmarks measure what they say: whatever they time must have done its work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_benchmarks_run_and_check_what_they_time(tmp_path: Path) -> None:
    words = ["--sizes", "2", "--latencies", "1", "--rounds", "1", "--sdk", sys.executable]
    kept = ["--json", str(tmp_path / "out.json"), "--table", str(tmp_path / "out.md")]
    done = subprocess.run(
        [sys.executable, str(_BENCHMARKS / "run.py"), *words, *kept],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {row["command"]: row for row in json.loads((tmp_path / "out.json").read_text("utf-8"))}
    assert found["plan, no change"]["requests"] == found["floor"]["requests"] == 1
    assert found["apply, all new"]["requests"] == 4
    assert {"plan, one change", "script on the official SDK"} <= found.keys()
    assert (tmp_path / "out.md").read_text("utf-8").startswith("| command | N |")
