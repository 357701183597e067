"""What a write teaches: fields that the remote rewrote, dropped, would not clear, or wiped unasked.

The answer to a write is compared with what was sent. A form that the remote makes of a value is recorded
in the marker with one more modify, so that the next plan is empty; what would not clear is tried once
more in another way; what the remote wiped because the modify left it out is put back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from assistctl.model.assistant import FIELDS, MARKER_KEY, Remote
from assistctl.model.plan import ABSENT, Absent, Action, Change
from assistctl.model.values import Value

from .clearing import clears, next_rung
from .marker import Marker, Record, decode, digest
from .metadata import rewritten_digest
from .normalize import Canon


@dataclass(slots=True)
class Lesson:
    """What to send next, and what to tell."""

    body: dict[str, Value]
    metadata: dict[str, str | None]
    marker: Marker
    rewritten: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    """Fields that the remote accepts and does not store."""
    stands: list[str] = field(default_factory=list)
    """Fields that would not clear: no longer managed from now on."""
    again: bool = False
    """Whether one more modify is needed."""

    def change(self, taught: Change) -> Change:
        """The follow-up write."""
        metadata = {**self.metadata, MARKER_KEY: self.marker.encode()}
        return replace(taught, body=self.body, metadata=metadata)


def learn(change: Change, before: Remote | None, answer: Remote, canon: Canon) -> Lesson | None:
    """The lesson of one answer, None where everything stands as sent.

    ``before`` is the assistant as it was right before the write, None for a create.
    """
    marker = decode(change.metadata.get(MARKER_KEY) or "")
    if marker is None:
        return None
    lesson = Lesson(dict(change.body), dict(change.metadata), marker)
    for name in different(change, answer, canon):
        _field(lesson, name, before, answer, canon)
    _metadata(lesson, answer)
    _wiped(lesson, before, answer, canon)
    told = lesson.rewritten or lesson.dropped or lesson.stands
    return lesson if lesson.again or told else None


def expected(change: Change, answer: Remote, canon: Canon) -> bool:
    """Whether the remote stands as ``change`` wants it, in its own forms where those are known."""
    if change.action is Action.DELETE:
        return False
    if MARKER_KEY not in change.metadata:
        return not any(different(change, answer, canon))
    marker = decode(change.metadata.get(MARKER_KEY) or "")
    stored = decode((answer.metadata or {}).get(MARKER_KEY, ""))
    return marker is not None and marker == stored and learn(change, None, answer, canon) is None


def different(change: Change, answer: Remote, canon: Canon) -> Iterator[str]:
    """The fields that were sent and that the answer shows otherwise."""
    for name in FIELDS:
        answered: Value | Absent = answer.fields.get(name, ABSENT)
        known = name in change.body and not isinstance(answered, Absent)
        if known and not canon.same(name, change.body[name], answered):
            yield name


def _field(lesson: Lesson, name: str, before: Remote | None, answer: Remote, canon: Canon) -> None:
    sent, answered = lesson.body[name], answer.fields[name]
    mark = digest(name, canon.text(name, answered))
    record = lesson.marker.fields.get(name)
    if record is not None and record.stored == mark:
        return
    rest = next_rung(name, sent) if clears(name, sent) else ()
    if rest:
        lesson.body[name], lesson.again = rest[0], True
    elif record is None:
        del lesson.body[name]
        lesson.stands.append(name)
    else:
        _remember(lesson, name, Record(record.digest, mark))
        old = before.fields.get(name) if before else None
        (lesson.dropped if canon.same(name, answered, old) else lesson.rewritten).append(name)


def _remember(lesson: Lesson, name: str, record: Record) -> None:
    lesson.marker = replace(lesson.marker, fields={**lesson.marker.fields, name: record})
    lesson.again = True


def _metadata(lesson: Lesson, answer: Remote) -> None:
    if answer.metadata is None:
        return
    stored: dict[str, str] = {}
    for key, wanted in list(lesson.metadata.items()):
        answered = answer.metadata.get(key, "")
        if key == MARKER_KEY or answered == (wanted or ""):
            continue
        if wanted is None:
            lesson.metadata[key], lesson.again = "", True
        elif wanted == "":
            lesson.metadata[key] = answered
            lesson.stands.append(f"metadata.{key}")
        else:
            stored[key] = answered
    _remember_entries(lesson, stored)


def _remember_entries(lesson: Lesson, stored: Mapping[str, str]) -> None:
    if not stored:
        return
    mark = rewritten_digest(stored)
    if mark != lesson.marker.metadata_stored:
        lesson.marker = replace(lesson.marker, metadata_stored=mark)
        lesson.again = True
        missing = [key for key, text in stored.items() if not text]
        lesson.dropped += [f"metadata.{key}" for key in missing]
        lesson.rewritten += [f"metadata.{key}" for key in stored if key not in missing]


def _wiped(lesson: Lesson, before: Remote | None, answer: Remote, canon: Canon) -> None:
    """Some servers reset whatever a modify leaves out: what nobody manages must survive all the same."""
    for name, value in (before.fields if before else {}).items():
        left_out = name not in lesson.body and name not in lesson.stands and name in answer.fields
        if left_out and not canon.same(name, value, answer.fields[name]):
            lesson.body[name], lesson.again = value, True
