"""Samples become rows, rows a table; imported by ``run.py``, not a program of its own."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from stage import Cost

Row = dict[str, object]
Samples = Mapping[str, Sequence[Cost]]

TARGETS: Mapping[tuple[str, int, int], tuple[str, float]] = {
    ("plan, no change", 1000, 0): ("floor", 1.1),
    ("plan, no change", 1000, 50): ("floor", 0.9),
    ("plan, no change", 10000, 0): ("floor", 0.9),
    ("plan, no change", 10000, 50): ("floor", 0.8),
    ("validate", 1000, 0): ("floor, parse only", 1.3),
    ("validate", 1, 0): ("python -c pass", 18.0),
    ("--version", 1, 0): ("python -c pass", 2.0),
    ("--help", 1, 0): ("python -c pass", 5.5),
    ("apply, all new", 1000, 50): ("ideal writes", 1.18),
}
"""The ratios this project wants to keep, by command, size and latency in milliseconds."""
PEAKS: Mapping[tuple[str, int], float] = {("plan, no change", 1000): 95, ("plan, no change", 10000): 300}
"""The memory, in MiB, that it wants to keep to, all processes together."""
BASES = ("floor", "floor, parse only", "python -c pass")


def rows(
    samples: Samples, memory: Mapping[str, float], phases: Sequence[float], size: int, latency: int
) -> Iterator[Row]:
    """One row per command: medians, and medians of the ratios of each round.

    ``memory`` is what the commands took together; ``phases`` are seconds from the first write to the last
    answer of each apply.
    """
    for name, costs in samples.items():
        ratios = {base: _ratio(costs, samples[base]) for base in BASES if base in samples}
        if name == "apply, all new" and latency:
            ratios["ideal writes"] = round(statistics.median(phases) / (size * latency / 1000 / 8), 3)
        against, target = TARGETS.get((name, size, latency), ("", 0.0))
        yield {
            "command": name,
            "size": size,
            "latency": latency,
            "rounds": len(costs),
            "wall": round(statistics.median(c.wall for c in costs), 3),
            "cpu": round(statistics.median(c.cpu for c in costs), 3),
            "peak": round(statistics.median(c.peak for c in costs), 1),
            "together": round(memory[name], 1) if name in memory else None,
            "requests": costs[-1].requests,
            "ratios": ratios,
            "target": f"{target} x {against}" if against else "",
            "reached": ratios[against] <= target if against in ratios else None,
            "peak_target": PEAKS.get((name, size)),
            "samples": [asdict(c) for c in costs],
        }


def _ratio(costs: Sequence[Cost], bases: Sequence[Cost]) -> float:
    return round(statistics.median(c.wall / b.wall for c, b in zip(costs, bases, strict=True)), 3)


def table(found: Iterable[Row]) -> str:
    """Markdown."""
    head = ("command", "N", "latency", "wall", "CPU", "largest process", "together", "requests")
    head += ("x floor", "x bare Python", "wanted", "memory wanted")
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join((*lines, *(_line(row) for row in found))) + "\n"


def _line(row: Row) -> str:
    ratios, together = row["ratios"], row["together"]
    assert isinstance(ratios, dict)
    cells = (
        f"`{row['command']}`",
        f"{row['size']:,}",
        f"{row['latency']} ms",
        f"{row['wall']:.2f} s",
        f"{row['cpu']:.2f} s",
        f"{row['peak']:.0f} MiB",
        "" if together is None else f"{together:.0f} MiB",
        str(row["requests"]),
        _number(ratios, "floor", 2),
        _number(ratios, "python -c pass", 1),
        _wanted(row, ratios),
        f"{row['peak_target']} MiB: {_yes(row)}" if row["peak_target"] else "",
    )
    return "| " + " | ".join(cells) + " |"


def _wanted(row: Row, ratios: Mapping[str, float]) -> str:
    if row["reached"] is None:
        return ""
    base = str(row["target"]).partition(" x ")[2]
    found = "" if base in ("floor", "python -c pass") else f" ({ratios[base]:.2f})"
    return f"{row['target']}: {'yes' if row['reached'] else 'no'}{found}"


def _number(ratios: Mapping[str, float], base: str, digits: int) -> str:
    return f"{ratios[base]:.{digits}f}" if base in ratios else ""


def _yes(row: Row) -> str:
    most = max(float(str(row["peak"])), float(str(row["together"] or 0)))
    return "yes" if most <= float(str(row["peak_target"])) else "no"
