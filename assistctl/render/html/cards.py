"""One section per assistant, and one per change that many assistants share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistctl.model.plan import Action, Candidate, Change
from assistctl.render.plan_shared import Group, Part, Shared
from assistctl.render.value_text import created
from assistctl.render.words import count

from .elements import NOTHING, Content, Html, joined, tag
from .fields import Links, changed_fields, diff_section, whole_body
from .labels import ACTION, SENTENCE, field_label, field_words, is_outside

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Cards:
    """Makes the sections of one plan."""

    listed: Sequence[Change]
    shared: Shared
    full: bool
    opened: bool
    """Whether the sections are open before anybody clicks."""

    def card(self, place: int) -> Html:
        """The section of one assistant."""
        change = self.listed[place]
        words = ["outside"] if is_outside(change) else []
        return tag(
            "details",
            tag("summary", self._title(change)),
            tag("div", self._inside(place, change), class_="inside"),
            class_=f"card {_css(change.action)}",
            id=f"assistant-{place + 1}",
            data_action=change.action.value,
            data_words=" ".join(words),
            open=self.opened,
        )

    def group(self, number: int) -> Html:
        """A change that many share: once, then everybody who has it."""
        group = self.shared.groups[number - 1]
        fields = dict.fromkeys(part.field for part in group.parts)
        blocks = [self._shared_field(name, group) for name in fields]
        title = [f"The same in {count(len(group.members), 'assistant')}"]
        return tag(
            "details",
            tag("summary", tag("span", f"Shared change {number}", class_="badge shared"), tag("h3", title)),
            tag("div", blocks, self._members(group), class_="inside"),
            class_="card shared",
            id=f"shared-{number}",
            open=True,
        )

    def _shared_field(self, name: str, group: Group) -> Html:
        label = field_label(name)
        parts = [part for part in group.parts if part.field == name]
        why = parts[0].cause
        title: list[Content] = [label, [" ", tag("span", why, class_="why")] if why else NOTHING]
        return diff_section(title, label, parts, full=self.full)

    def _members(self, group: Group) -> Html:
        links = [
            tag("li", tag("a", self.listed[i].key, href=f"#assistant-{i + 1}", dir="auto"))
            for i in group.members
        ]
        who = tag("summary", f"Which {count(len(links), 'assistant')}")
        return tag("details", who, tag("ul", links, class_="members"), class_="more")

    def _title(self, change: Change) -> list[Html]:
        name = _display_name(change)
        return [
            tag("span", ACTION[change.action], class_=f"badge {_css(change.action)}"),
            tag("h3", tag("span", change.key, dir="auto")),
            tag("span", name, class_="name", dir="auto") if name and name != change.key else NOTHING,
            tag("span", _what(change), class_="what"),
            tag("span", "changed outside", class_="badge outside") if is_outside(change) else NOTHING,
        ]

    def _inside(self, place: int, change: Change) -> Iterator[Html]:
        yield _facts(change)
        if change.action is Action.CREATE:
            body = change.body if change.after is None else change.after
            yield whole_body(body, "Value", full=self.full, opened=True)
        elif change.action is Action.DELETE:
            yield whole_body(change.before or {}, "Value until now", full=self.full, opened=False)
        else:
            groups = ((i + 1, self.shared.groups[i].parts) for i in self.shared.joined.get(place, ()))
            links = Links(tuple((number, _fields(parts)) for number, parts in groups))
            yield changed_fields(change, self.shared.own.get(place, ()), links, full=self.full)
            yield _question(change)


def _css(action: Action) -> str:
    return "noop" if action is Action.NOOP else action.value


def _fields(parts: Sequence[Part]) -> tuple[str, ...]:
    return tuple(part.field for part in parts)


def _display_name(change: Change) -> str:
    for body in (change.after, change.before, change.body):
        name = body.get("name") if body else None
        if isinstance(name, str) and name:
            return name
    return ""


def _what(change: Change) -> str:
    """The first fields that change, the others counted; else the model, or why it is listed."""
    if change.action is Action.CREATE:
        model = (change.after or change.body).get("model")
        return model if isinstance(model, str) else ""
    if not change.shown:
        return change.reason
    fields = [field_words(field) for field in change.shown]
    rest = len(fields) - _NAMED
    return ", ".join(fields[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _facts(change: Change) -> Html:
    facts = [("Id", change.id), ("File", change.file), ("Former key", change.previous_key)]
    rows = [
        tag("div", tag("dt", name), tag("dd", tag("code", text, dir="auto"))) for name, text in facts if text
    ]
    reason = tag("p", change.reason, class_="reason", dir="auto") if change.reason else NOTHING
    table = tag("dl", rows, class_="facts") if rows else NOTHING
    sentence = SENTENCE[change.action]
    return joined([tag("p", sentence) if sentence else NOTHING, reason, table])


def _question(change: Change) -> Html:
    if change.action is not Action.UNDECIDED:
        return NOTHING
    who = [tag("li", _candidate(candidate)) for candidate in change.candidates]
    ways = [tag("li", tag("code", way)) for way in change.ways]
    return joined(
        [
            tag("h4", "Which assistant is meant?") if who else NOTHING,
            tag("ul", who) if who else NOTHING,
            tag("h4", "One of these decides it") if ways else NOTHING,
            tag("ul", ways) if ways else NOTHING,
        ]
    )


def _candidate(candidate: Candidate) -> list[Content]:
    owner = f"owned by {candidate.owner}" if candidate.owner else "unowned"
    name = tag("span", candidate.name, dir="auto")
    return [tag("code", candidate.id), " ", name, f", created {created(candidate.created_at)}, {owner}"]
