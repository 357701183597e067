"""From values to printed lines: the only place where render meets the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .console import Console

if TYPE_CHECKING:
    from assistctl.model.diagnostic import Diagnostic
    from assistctl.model.plan import Plan
    from assistctl.model.report import Result
    from assistctl.model.values import Json
    from assistctl.render.style import Line


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Styled lines as the result, coloured where that is wanted."""
    from assistctl.render.style import terminal_paint, texts

    for text in texts(lines, terminal_paint if console.colour else None):
        console.result(text)


def note_lines(console: Console, lines: Iterable[Line]) -> None:
    """Styled lines beside the result."""
    from assistctl.render.style import terminal_paint, texts

    # All at once: results of several threads must not mix their lines.
    console.note(*texts(lines, terminal_paint if console.error_colour else None))


def print_json(console: Console, document: Json) -> None:
    """A document for programs."""
    from assistctl.render.json_text import json_text

    console.data(json_text(document) + "\n")


def print_plan(console: Console, plan: Plan, *, full: bool) -> None:
    """A plan for people."""
    from assistctl.render.plan_text import plan_lines

    print_lines(console, plan_lines(plan, full=full))


def print_plan_json(console: Console, plan: Plan, made_at: float, *, full: bool) -> None:
    """A plan for programs, in Terraform's shape."""
    from assistctl.render.plan_json import plan_document

    print_json(console, plan_document(plan, timestamp=timestamp(made_at), full=full))


def note_findings(console: Console, findings: tuple[Diagnostic, ...]) -> None:
    """Warnings and notices on the manifests, on standard error."""
    from assistctl.render.diagnostics import diagnostic_lines

    note_lines(console, diagnostic_lines(findings))


def note_result(console: Console, result: Result) -> None:
    """The end of one write, as it happens."""
    from assistctl.render.report_text import result_lines

    note_lines(console, result_lines(result))


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 text, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
