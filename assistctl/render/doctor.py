"""What ``doctor`` found out: a table of claims and observations, and the lines for a profile."""

from __future__ import annotations

import json
from collections.abc import Iterator

from assistctl.errors import AssistctlError
from assistctl.model.examination import Examination, Finding
from assistctl.model.values import Json

from .columns import pad, width
from .style import BLANK, Line, Role, Span, line

_INDENT = "  "
_GAP = "  "
_WIDEST = 32
"""Cells of a claim that the other lines make room for: a list of calls is longer, and rare."""


def doctor_lines(found: Examination) -> Iterator[Line]:
    """One line per finding, then notes, then what to paste into the project file."""
    yield line(f"{found.provider} ({found.origin})" if found.origin else found.provider)
    if found.findings:
        yield BLANK
        yield from _table(found.findings)
    for note in found.notes:
        yield BLANK
        yield line(note)
    if found.tried or found.advice:
        yield BLANK
        yield from _advice(found)


def doctor_document(found: Examination) -> dict[str, Json]:
    """The same as data."""
    return {
        "provider": found.provider,
        "origin": found.origin or None,
        "findings": [
            {"topic": each.topic, "claimed": each.claimed, "observed": each.observed, "agrees": each.agrees}
            for each in found.findings
        ],
        "profile": dict(found.advice),
        "notes": [*found.notes],
        "write_test": found.tried,
        "error": _error(found.fault),
    }


def _table(findings: tuple[Finding, ...]) -> Iterator[Line]:
    topics = max([width(each.topic) for each in findings])
    claims = [width(each.claimed) for each in findings if width(each.claimed) <= _WIDEST]
    claimed = max([len("claimed"), *claims])
    head = _GAP.join((pad("", topics), pad("claimed", claimed), "observed"))
    yield line(Span(_INDENT + head, Role.DIM))
    for each in findings:
        role = Role.PLAIN if each.agrees else Role.UPDATE
        mark = "" if each.agrees else f"{_GAP}<- differs"
        cells = (pad(each.topic, topics), pad(each.claimed or "-", claimed), each.observed)
        yield line(_INDENT, Span(_GAP.join(cells) + mark, role))


def _advice(found: Examination) -> Iterator[Line]:
    if not found.advice:
        yield line("The profile says what was observed.")
        return
    yield line("What the profile should say, to paste into the project file:")
    yield BLANK
    yield line(_INDENT, "provider:")
    if found.extends:
        yield line(_INDENT * 2, f"extends: {found.extends}")
    for key, value in found.advice.items():
        yield line(_INDENT * 2, f"{key}: {_flow(value)}")


def _flow(value: Json) -> str:
    """JSON, which is YAML too; plain words stay bare."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "[" + ", ".join(map(str, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _error(fault: AssistctlError | None) -> Json:
    if fault is None:
        return None
    return {
        "code": int(fault.exit_code),
        "what": fault.what,
        "where": fault.where,
        "not_done": fault.undone,
        "next": fault.next,
    }
