"""Recorded runs: the list, and one in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from assistctl.model.plan import Action
from assistctl.model.record import RunRecord, Written
from assistctl.model.report import Outcome
from assistctl.model.values import Json

from .columns import table
from .plan_fields import INDENT, change_lines, value_lines
from .style import BLANK, Line, Span, line
from .value_text import flat
from .words import ROLE, SYMBOL

_HEADINGS = ("RUN", "WHEN", "WHAT", "ADDED", "CHANGED", "DESTROYED", "NOT DONE")


def runs_lines(records: Sequence[RunRecord]) -> Iterator[Line]:
    """One row per run, in the order given."""
    if not records:
        yield line("No run of this owner on this remote is recorded on this machine.")
        return
    yield from table(_HEADINGS, (_row(record) for record in records))


def run_lines(record: RunRecord) -> Iterator[Line]:
    """One run: every write with what it changed."""
    yield line(f"Run {record.run}: {record.verb} of {record.owner} on {record.provider} ({record.origin})")
    yield line(f"{_when(record)}, assistctl {record.version}")
    for item in record.writes:
        yield BLANK
        yield from _written(item)


def runs_document(records: Iterable[RunRecord]) -> list[Json]:
    """The list as data, without bodies."""
    return [
        {
            "run": record.run,
            "verb": record.verb,
            "owner": record.owner,
            "origin": record.origin,
            "started": record.started,
            "writes": [
                {"action": w.action.value, "key": w.key, "id": w.id, "outcome": w.outcome.value}
                for w in record.writes
            ],
        }
        for record in records
    ]


def _row(record: RunRecord) -> tuple[str, ...]:
    done = [item for item in record.writes if item.outcome is Outcome.DONE]
    counts = [
        sum(item.action in actions for item in done)
        for actions in ((Action.CREATE,), (Action.UPDATE, Action.ADOPT), (Action.DELETE,))
    ]
    numbers = [str(number) for number in (*counts, len(record.writes) - len(done))]
    return (record.run, _when(record), record.verb, *numbers)


def _when(record: RunRecord) -> str:
    return f"{datetime.fromtimestamp(record.started, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _written(item: Written) -> Iterator[Line]:
    outcome = "" if item.outcome is Outcome.DONE else f"  {item.outcome.value}: {item.detail}"
    symbol = Span(SYMBOL[item.action], ROLE[item.action])
    yield line("  ", symbol, f" {item.key}  {item.action.value}  {item.id or ''}{outcome}")
    if item.fields:
        yield from change_lines(item.fields, full=True)
    elif item.action is Action.CREATE and item.after is not None:
        yield from value_lines(flat(item.after), full=False)
    elif item.action is Action.DELETE and item.before is not None:
        yield line(INDENT, "it held:")
        yield from value_lines(flat(item.before), full=False)
