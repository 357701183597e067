"""Measures assistctl against the floor, against bare Python and against what people use instead.

    python benchmarks/run.py                                                    (about 3 minutes)
    python benchmarks/run.py --sizes 1 1000 10000 --latencies 0 50 --rounds 9 --creates
    python benchmarks/run.py --fleet FILE.jsonl --json OUT.json --table OUT.md --sdk OTHER/bin/python

Any environment with assistctl in it will do. One with its runtime packages alone is the fairest: httpx
imports rich where that is installed, and every command pays for it. The script on the official SDK is run by
the Python that ``--sdk`` names (this one by default) and left out where that has no ``openai``; so is
Terraform's plan where there is no ``terraform`` or ``tofu``. Beyond 1,000 assistants both are left out: they
take minutes.

In every round each command runs once, one after the other, so that a slow minute of the machine meets all
of them. Printed are medians of the rounds, and medians of the ratios of each round. What is timed is checked:
exit code and last line. The server runs in a process of its own on the same machine and shares its time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from stage import Cost, Environ, Measure, Server, make_project, raise_file_limit, serving, timed

HERE = Path(__file__).parent
PROGRAM = shutil.which("assistctl", path=str(Path(sys.executable).parent)) or "assistctl"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
LARGEST_RIVAL = 1000
Samples = dict[str, list[Cost]]

TARGETS: Mapping[tuple[str, int, int], tuple[str, float]] = {
    ("plan, no change", 1000, 0): ("floor", 1.1),
    ("plan, no change", 1000, 50): ("floor", 0.9),
    ("plan, no change", 10000, 0): ("floor", 0.9),
    ("plan, no change", 10000, 50): ("floor", 0.8),
    ("validate", 1000, 0): ("floor, parse only", 1.3),
    ("validate", 1, 0): ("python -c pass", 18.0),
    ("--version", 1, 0): ("python -c pass", 2.0),
    ("--help", 1, 0): ("python -c pass", 5.5),
}
"""The ratios this project wants to keep, by command, size and latency in milliseconds."""
PEAKS: Mapping[tuple[str, int], float] = {("plan, no change", 1000): 95, ("plan, no change", 10000): 300}
"""The memory, in MiB, that it wants to keep to."""


def main() -> None:
    """The command line."""
    options = _options()
    if not _has_sdk(options.sdk):
        print(f"{options.sdk} has no package openai: the script on the official SDK is left out\n")
        options.sdk = None
    raise_file_limit()
    results = []
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        for size in options.sizes:
            project = make_project(Path(folder), size, options.fleet)
            environ = _environ(Path(folder) / "state")
            _apply(project, server, environ, size)
            for latency in options.latencies:
                server.slow(latency)
                commands = [*_commands(project, server, environ, size, latency)]
                commands += _rivals(project, server, environ, size, latency, options.sdk)
                if options.only:
                    commands = [(name, measure) for name, measure in commands if name in options.only]
                samples = _measured(commands, server, options.rounds)
                results += [*_rows(samples, size, latency)]
                print(_table(row for row in results if _is_case(row, size, latency)), flush=True)
            server.slow(0)
            results += _write_phases(project, server, environ, size, options)
    _keep(options, results)


def _is_case(row: Mapping[str, object], size: int, latency: int) -> bool:
    return (row["size"], row["latency"]) == (size, latency)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--latencies", type=int, nargs="+", default=[0, 50], metavar="MS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fleet", type=Path, help="JSON Lines of assistants instead of made-up ones")
    parser.add_argument("--creates", action="store_true", help="measure the write phase of N creates too")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows of the table, by their names")
    parser.add_argument("--sdk", default=sys.executable, help="a Python that has the package openai")
    parser.add_argument("--json", type=Path, help="every sample, for a plot")
    parser.add_argument("--table", type=Path, help="the table, as Markdown")
    return parser.parse_args()


def _has_sdk(python: str) -> bool:
    words = [python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('openai') is None)"]
    return subprocess.run(words, check=False).returncode == 0


def _environ(state: Path) -> dict[str, str]:
    """The caller's environment without what slows Python down: compiled modules are kept, as usual."""
    left_out = ("ASSISTCTL_", "PYTHON")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "ASSISTCTL_STATE_DIR": str(state), "NO_COLOR": "1"}


def _words(project: Path, server: Server, *verb: str) -> list[str]:
    return [PROGRAM, "-C", str(project), "--provider", "openai", "--base-url", server.url, *verb]


def _apply(project: Path, server: Server, environ: Environ, size: int) -> None:
    server.clear()
    shutil.rmtree(environ["ASSISTCTL_STATE_DIR"], ignore_errors=True)
    last = f"Apply complete! Resources: {size} added, 0 changed, 0 destroyed."
    timed(_words(project, server, "apply", "--auto-approve", "-q"), environ, last_line=last)


def _measured(commands: Sequence[tuple[str, Measure]], server: Server, rounds: int) -> Samples:
    samples: Samples = {}
    for _ in range(rounds):
        for name, measure in commands:
            server.requests()
            cost = measure()
            counted = Cost(cost.wall, cost.cpu, cost.peak, server.requests())
            samples.setdefault(name, []).append(counted)
    return samples


def _commands(
    project: Path, server: Server, environ: Environ, size: int, latency: int
) -> Iterator[tuple[str, Measure]]:
    python = sys.executable
    floor = [python, str(HERE / "floor.py"), str(project / "assistants")]
    yield "python -c pass", lambda: timed([python, "-c", "pass"], environ)
    if latency == 0:
        yield "--version", lambda: timed([PROGRAM, "--version"], environ)
        yield "--help", lambda: timed([PROGRAM, "--help"], environ)
        yield "floor, parse only", lambda: timed([*floor, "-"], environ)
        yield "validate", lambda: timed([PROGRAM, "-C", str(project), "validate"], environ)
    yield "floor", lambda: timed([*floor, server.url], environ, last_line=f"{size} {size}")
    plan = _words(project, server, "plan")
    yield "plan, no change", lambda: timed(plan, environ, last_line=NO_CHANGES)
    one = [*plan, "--detailed-exitcode"]
    yield "plan, one change", lambda: _with_one_change(project, one, environ)


def _rivals(
    project: Path, server: Server, environ: Environ, size: int, latency: int, python: str | None
) -> Iterator[tuple[str, Measure]]:
    """What people use instead."""
    if size > LARGEST_RIVAL:
        return
    if python is not None:
        sdk = [python, str(HERE / "sdk_script.py"), str(project), server.url]
        yield "script on the official SDK", lambda: timed(sdk, environ, last_line="0")
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if terraform and latency == 0:
        folder = _terraform_project(project.parent / f"terraform-{size}", terraform, environ, size)
        words = [terraform, f"-chdir={folder}", "plan", "-no-color"]
        yield Path(terraform).name + " plan, terraform_data", lambda: timed(words, environ)


def _with_one_change(project: Path, words: Sequence[str], environ: Environ) -> Cost:
    path = min((project / "assistants").glob("*.yaml"))
    before = path.read_text(encoding="utf-8")
    after, replaced = re.subn(r"(?m)^model: .*$", "model: gpt-4.1", before, count=1)
    assert replaced, path
    path.write_text(after, encoding="utf-8")
    try:
        return timed(words, environ, expect=2, last_line="Plan: 0 to add, 1 to change, 0 to destroy.")
    finally:
        path.write_text(before, encoding="utf-8")


def _terraform_project(folder: Path, terraform: str, environ: Environ, size: int) -> Path:
    """As many built-in resources as there are assistants, applied once."""
    if not folder.exists():
        folder.mkdir()
        blocks = (f'resource "terraform_data" "r{n}" {{ input = "{n}" }}\n' for n in range(size))
        (folder / "main.tf").write_text("".join(blocks), encoding="utf-8")
        for words in (["init"], ["apply", "-auto-approve"]):
            timed([terraform, f"-chdir={folder}", *words], environ)
    return folder


def _rows(samples: Samples, size: int, latency: int) -> Iterator[dict[str, object]]:
    for name, costs in samples.items():
        ratios = {
            base: _ratio(costs, samples[base])
            for base in ("floor", "floor, parse only", "python -c pass")
            if base in samples
        }
        against, target = TARGETS.get((name, size, latency), ("", 0.0))
        yield {
            "command": name,
            "size": size,
            "latency": latency,
            "wall": round(statistics.median(c.wall for c in costs), 3),
            "cpu": round(statistics.median(c.cpu for c in costs), 3),
            "peak": round(statistics.median(c.peak for c in costs), 1),
            "requests": costs[-1].requests,
            "ratios": ratios,
            "target": f"{target} x {against}" if against else "",
            "reached": ratios[against] <= target if against in ratios else None,
            "peak_target": PEAKS.get((name, size)),
            "samples": [asdict(c) for c in costs],
        }


def _ratio(costs: Sequence[Cost], bases: Sequence[Cost]) -> float:
    return round(statistics.median(c.wall / b.wall for c, b in zip(costs, bases, strict=True)), 3)


def _write_phases(
    project: Path, server: Server, environ: Environ, size: int, options: argparse.Namespace
) -> list[dict[str, object]]:
    """The write phase of N creates at 50 ms of latency with eight at once, in units of the ideal."""
    if not options.creates:
        return []
    ratios, peaks = [], []
    for _ in range(options.rounds):
        server.clear()
        shutil.rmtree(environ["ASSISTCTL_STATE_DIR"], ignore_errors=True)
        server.slow(50)
        words = _words(project, server, "apply", "--auto-approve", "-q", "--parallelism", "8")
        peaks.append(timed(words, environ).peak)
        ratios.append(server.write_phase() / (size * 0.05 / 8))
        server.slow(0)
    ratio = round(statistics.median(ratios), 3)
    print(f"write phase of {size} creates, 50 ms, 8 at once: {ratio} x the ideal (wanted: 1.18)", flush=True)
    row = {"command": "apply of N creates", "size": size, "latency": 50, "peak": statistics.median(peaks)}
    return [row | {"ratios": {"N x 50 ms / 8": ratio}, "target": "1.18 x N x 50 ms / 8"}]


def _table(rows: Iterator[dict[str, object]] | Sequence[dict[str, object]]) -> str:
    head = "| command | N | latency | wall | CPU | peak | requests | x floor | x bare Python "
    head += "| wanted | peak wanted |\n"
    head += "| --- " * 11 + "|\n"
    return head + "".join(_line(row) for row in rows if "wall" in row)


def _line(row: dict[str, object]) -> str:
    ratios = row["ratios"]
    assert isinstance(ratios, dict)
    cells = (
        f"`{row['command']}`",
        f"{row['size']:,}",
        f"{row['latency']} ms",
        f"{row['wall']:.2f} s",
        f"{row['cpu']:.2f} s",
        f"{row['peak']:.0f} MiB",
        str(row["requests"]),
        _number(ratios, "floor", 2),
        _number(ratios, "python -c pass", 1),
        f"{row['target']}: {'yes' if row['reached'] else 'no'}" if row["reached"] is not None else "",
        f"{row['peak_target']} MiB: {_yes(row)}" if row["peak_target"] else "",
    )
    return "| " + " | ".join(cells) + " |\n"


def _number(ratios: Mapping[str, float], base: str, digits: int) -> str:
    return f"{ratios[base]:.{digits}f}" if base in ratios else ""


def _yes(row: Mapping[str, object]) -> str:
    peak, target = row["peak"], row["peak_target"]
    return "yes" if isinstance(peak, float) and isinstance(target, int | float) and peak <= target else "no"


def _keep(options: argparse.Namespace, results: list[dict[str, object]]) -> None:
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if options.table:
        options.table.write_text(_table(results), encoding="utf-8")


if __name__ == "__main__":
    main()
