"""Draws the figures that ``run.py --json`` kept. A row that several files have is taken from the first.

Usage: .uv/bin/uv run --group benchmarks python benchmarks/plot.py OUT.json [MORE.json ...] OUT.png
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLOURS = {
    "floor": "#8c959f",
    "plan, no change": "#1f6feb",
    "plan, one change": "#54aeff",
    "script on the official SDK": "#bf8700",
    "terraform plan, terraform_data": "#844fba",
    "tofu plan, terraform_data": "#844fba",
}
Row = Mapping[str, Any]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="run.py's JSON → PNG")
    parser.add_argument("inputs", type=Path, nargs="+")
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    known: dict[tuple[object, ...], Row] = {}
    for path in options.inputs:
        for row in json.loads(path.read_text(encoding="utf-8")):
            if "wall" in row:
                known.setdefault((row["command"], row["size"], row["latency"]), row)
    rows = list(known.values())
    cases = sorted({(row["size"], row["latency"]) for row in rows if row["size"] >= 100})
    figure, axes = plt.subplots(len(cases), 2, figsize=(11, 1.1 + 1.9 * len(cases)), squeeze=False)
    for (size, latency), (left, right) in zip(cases, axes, strict=True):
        chosen = [row for row in rows if (row["size"], row["latency"]) == (size, latency)]
        title = f"{size:,} assistants, {latency} ms of latency"
        bars(left, chosen, "wall", f"{title}: seconds", "{:.2f} s")
        bars(right, chosen, "peak", "largest process: MiB", "{:.0f} MiB")
    figure.tight_layout()
    figure.savefig(options.output, dpi=110, metadata={"Software": None})


def bars(axes: Axes, rows: Sequence[Row], what: str, title: str, form: str) -> None:
    """One bar per command: the median of the rounds."""
    shown = [row for row in rows if row["command"] in COLOURS][::-1]
    drawn = axes.barh(
        [row["command"] for row in shown],
        [row[what] for row in shown],
        color=[COLOURS[row["command"]] for row in shown],
    )
    axes.bar_label(drawn, [form.format(row[what]) for row in shown], padding=3, fontsize=8)
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
