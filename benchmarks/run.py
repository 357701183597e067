"""Measures assistctl against the floor, against bare Python and against what people use instead.

    python benchmarks/run.py                                                    (about 4 minutes)
    python benchmarks/run.py --sizes 1 100 1000 10000 --rounds 9 --json OUT.json          (about an hour)
    python benchmarks/run.py --fleet FILE.jsonl --table OUT.md --sdk OTHER/bin/python

Any environment with assistctl in it will do. One with its runtime packages alone is the fairest: httpx
imports rich where that is installed, and every command pays for it. The script on the official SDK is run by
the Python that ``--sdk`` names (this one by default) and left out where that has no ``openai``; so is
Terraform's plan where there is no ``terraform`` or ``tofu``. Beyond 1,000 assistants both are left out: they
take minutes.

In every round each command runs once, one after the other, so that a slow minute of the machine meets all
of them. Printed are medians of the rounds, and medians of the ratios of each round. What is timed is checked:
exit code and last line. The server runs in a process of its own on the same machine and shares its time.
Memory of all processes together is looked at in one more run, which is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cases import Case, has_sdk
from stage import Command, Cost, Server, make_project, raise_file_limit, serving
from table import Row, rows, table


def main() -> None:
    """The command line."""
    options = _options()
    if not has_sdk(options.sdk):
        print(f"{options.sdk} has no package openai: the script on the official SDK is left out\n")
        options.sdk = None
    raise_file_limit()
    results: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        environ = _environ(Path(folder) / "state")
        for size in options.sizes:
            project = make_project(Path(folder), size, options.fleet)
            for latency in options.latencies:
                case = Case(project, server, environ, size, latency)
                found = _measured(case, options)
                print(table(found), flush=True)
                results += found
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if options.table:
        options.table.write_text(table(results), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--latencies", type=int, nargs="+", default=[0, 50], metavar="MS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fleet", type=Path, help="JSON Lines of assistants instead of made-up ones")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="rows of the table, by their names")
    parser.add_argument("--sdk", default=sys.executable, help="a Python that has the package openai")
    parser.add_argument("--json", type=Path, help="every sample, for a plot")
    parser.add_argument("--table", type=Path, help="the table, as Markdown")
    return parser.parse_args()


def _environ(state: Path) -> dict[str, str]:
    """The caller's environment without what slows Python down: compiled modules are kept, as usual."""
    left_out = ("ASSISTCTL_", "PYTHON")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "ASSISTCTL_STATE_DIR": str(state), "NO_COLOR": "1"}


def _measured(case: Case, options: argparse.Namespace) -> list[Row]:
    """All rounds of one case. The applies come first in each: they leave the remote as the rest wants it."""
    creates = case.creates()
    wanted = [creates, *case.ours(), *case.rivals(options.sdk)]
    if options.only:
        wanted = [command for command in wanted if command.name in options.only]
    if creates not in wanted:
        case.server.slow(0)
        creates.timed()
    case.server.slow(case.latency)
    samples: dict[str, list[Cost]] = {}
    phases = []
    for _ in range(options.rounds):
        for command in wanted:
            samples.setdefault(command.name, []).append(_once(command, case.server))
            if command is creates:
                phases.append(case.server.write_phase())
    memory = _memory(wanted)
    case.server.slow(0)
    return [*rows(samples, memory, phases, case.size, case.latency)]


def _once(command: Command, server: Server) -> Cost:
    server.requests()
    cost = command.timed()
    return replace(cost, requests=server.requests())


def _memory(commands: Sequence[Command]) -> dict[str, float]:
    """In MiB, of the commands that may have copies, and of the floor beside them."""
    watched = ("floor", "validate", "plan", "apply")
    return {
        command.name: command.together()
        for command in commands
        if sys.platform == "linux" and command.name.startswith(watched)
    }


if __name__ == "__main__":
    main()
