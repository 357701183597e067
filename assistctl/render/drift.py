"""Drift for people, programs and comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistctl.model.drift import Drift, Drifted, Kind
from assistctl.model.plan import Absent
from assistctl.model.values import Json, Value, unpack

from .markdown import COMMENT, Room, clipped, fenced, folded, html_code, marker, short_code
from .markdown_fit import Block, fitted
from .plan_fields import INDENT, change_lines
from .style import BLANK, Line, Role, Span, line, texts
from .value_text import created
from .words import count

NO_DRIFT = "No drift. The remote holds what was applied."
_ROLES = {
    Kind.CHANGED: Role.UPDATE,
    Kind.MISSING: Role.DELETE,
    Kind.LOST: Role.UNDECIDED,
    Kind.TWINS: Role.UNDECIDED,
}


def drift_lines(drift: Drift, *, full: bool) -> Iterator[Line]:
    """One block per manifest whose assistant drifted, then the count."""
    yield line(f"{drift.owner} on {drift.provider} ({drift.origin})")
    for item in drift.items:
        yield BLANK
        yield line(
            "  ", Span(item.key, _ROLES[item.kind]), "  ", item.kind.value, f"  {item.id or ''}".rstrip()
        )
        yield from _body(item, full)
    yield BLANK
    yield line(drift_verdict(drift))


def drift_verdict(drift: Drift) -> str:
    """The last line."""
    if not drift.items:
        return NO_DRIFT
    return f"Drift: {len(drift.items)} of {count(drift.checked, 'assistant')} changed outside."


def drift_document(drift: Drift, *, timestamp: str) -> dict[str, Json]:
    """``{version, timestamp, owner, origin, checked, drifted, items[]}``; of a field ``before`` is what
    the manifest says, ``after`` what the remote holds."""
    return {
        "version": 1,
        "timestamp": timestamp,
        "owner": drift.owner,
        "provider": drift.provider,
        "origin": drift.origin,
        "checked": drift.checked,
        "drifted": len(drift.items),
        "items": [_entry(item) for item in drift.items],
    }


def drift_markdown(drift: Drift, *, room: Room = COMMENT) -> str:
    """A comment or an issue within ``room``: the count first, one folded section per assistant.

    It begins with ``<!-- assistctl:drift:OWNER -->``.
    """
    title = f"### Drift in {short_code(drift.owner)}"
    head = [marker("drift", drift.owner), title, "", *texts([line(drift_verdict(drift))]), "", ""]
    blocks = [Block(_section(item, room), frozenset([place])) for place, item in enumerate(drift.items)]

    def closing(places: Sequence[int], who: str) -> str:
        missing = f"**{count(len(places), 'more assistant')} not shown in full here**: {who}."
        return f"{missing} `assistctl drift` shows everything.\n"

    return fitted("\n".join(head), blocks, [item.key for item in drift.items], room, closing)


def _section(item: Drifted, room: Room) -> str:
    where = f" {html_code(item.id)}" if item.id else ""
    body = clipped(texts(_body(item, full=False)), room.part(room.most // 8))
    section = folded(f"<b>{item.kind.value}</b> {html_code(item.key)}{where}", fenced(body, "text"))
    return "\n".join([*section, "", ""])


def _body(item: Drifted, full: bool) -> Iterator[Line]:
    if item.detail:
        yield line(INDENT, item.detail)
    for other in item.candidates:
        owner = f"owned by {other.owner}" if other.owner else "unowned"
        yield line(INDENT, f"{other.id}  {other.name}  created {created(other.created_at)}  {owner}")
    yield from change_lines(item.fields, full=full)


def _entry(item: Drifted) -> Json:
    return {
        "key": item.key,
        "id": item.id,
        "kind": item.kind.value,
        "detail": item.detail,
        "fields": [
            {
                "field": change.field,
                "before": _json(change.before),
                "after": _json(change.after),
                "cause": change.cause.value,
            }
            for change in item.fields
        ],
        "candidates": [
            {"id": other.id, "name": other.name, "owner": other.owner} for other in item.candidates
        ],
    }


def _json(value: Value | Absent) -> Json:
    return None if isinstance(value, Absent) else unpack(value)
