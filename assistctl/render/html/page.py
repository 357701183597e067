"""The page: what would happen in a sentence and in numbers, then a filter, then every assistant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistctl.model.plan import Action, Change, Plan
from assistctl.render.plan_shared import shared_parts
from assistctl.render.plan_text import is_listed
from assistctl.render.words import count, plan_verdict

from .cards import Cards
from .elements import NOTHING, Html, digest, inlined, tag
from .labels import ACTION, is_outside

MANY = 3
"""From so many assistants on, an equal part of a prompt is shown once with their names."""

_OPENED = 4
"""Up to so many sections are open at first."""

_ORDER = tuple(ACTION)


@dataclass(frozen=True, slots=True)
class Assets:
    """The style sheet and the script that the page carries with it."""

    style: str
    script: str


def plan_page(plan: Plan, assets: Assets, *, timestamp: str, full: bool = False) -> str:
    """The whole page. ``timestamp`` is RFC 3339 text, UTC; ``full`` shows long texts whole.

    A content security policy allows this style and this script and nothing else: no request leaves it.
    """
    listed = sorted((change for change in plan.changes if is_listed(change)), key=_place)
    shared = shared_parts(listed, hunks=MANY, rows=None)
    cards = Cards(listed, shared, full, opened=len(listed) <= _OPENED)
    body = [
        tag("a", "Skip to the changes", href="#changes", class_="skip"),
        _header(plan, timestamp),
        tag("main", _attention(plan), _filter(listed), _shared(cards), _changes(cards)),
        tag("footer", tag("p", "Made by assistctl. This page loads nothing and sends nothing.")),
        inlined("script", assets.script),
    ]
    head = tag("head", list(_head(plan, assets)))
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en") + "\n"


def _place(change: Change) -> tuple[int, str]:
    return _ORDER.index(change.action), change.key


def _head(plan: Plan, assets: Assets) -> Iterator[Html]:
    policy = (
        f"default-src 'none'; img-src data:; style-src {digest(assets.style)}; "
        f"script-src {digest(assets.script)}; base-uri 'none'; form-action 'none'"
    )
    yield tag("meta", charset="utf-8")
    yield Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    yield tag("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield tag("meta", name="referrer", content="no-referrer")
    yield tag("meta", name="color-scheme", content="light dark")
    yield tag("title", f"{plan.owner}: {plan_verdict(plan)}")
    yield tag("link", rel="icon", href="data:,")
    yield inlined("style", assets.style)


def _header(plan: Plan, timestamp: str) -> Html:
    return tag(
        "header",
        tag("p", "Plan for", class_="eyebrow"),
        tag("h1", plan.owner, dir="auto"),
        tag("p", plan_verdict(plan), class_="verdict"),
        tag("p", _sentence(plan), class_="lead"),
        tag("ul", list(_tiles(plan)), class_="tiles"),
        _where(plan, timestamp),
    )


def _sentence(plan: Plan) -> str:
    if plan.offline:
        return "Two states of the files are compared. No remote was asked, and nothing is changed."
    if plan.refusals:
        return "This is a proposal: nothing has been changed. As it stands it would be refused, see below."
    if plan.open_questions:
        return "This is a proposal: nothing has been changed. Somebody has to decide first, see below."
    if plan.writes:
        return "This is a proposal: nothing has been changed yet."
    return "Every assistant is as its files say."


def _tiles(plan: Plan) -> Iterator[Html]:
    for action in _ORDER:
        number = len(plan.of(action))
        if action is Action.NOOP:
            yield _tile(number, "unchanged", "noop")
        elif number:
            yield _tile(number, ACTION[action].lower(), action.value)


def _tile(number: int, words: str, kind: str) -> Html:
    return tag("li", tag("strong", f"{number:,}"), " ", tag("span", words), class_=kind)


def _where(plan: Plan, timestamp: str) -> Html:
    where = f"{plan.provider} ({plan.origin})" if plan.origin else plan.provider
    facts = [
        ("Between" if plan.offline else "Where", where),
        ("Made", timestamp.replace("T", " ").replace("Z", " UTC")),
    ]
    if not plan.offline:
        alone = f"{plan.unmanaged:,} unmanaged, {plan.foreign:,} owned by others"
        facts.append(("Left alone", alone))
    return tag("dl", [tag("div", tag("dt", name), tag("dd", text)) for name, text in facts], class_="facts")


def _attention(plan: Plan) -> Html:
    if not (plan.refusals or plan.notes):
        return NOTHING
    refused = [
        tag("li", tag("strong", "Refused: "), tag("span", refusal.what, dir="auto"), _next(refusal.next))
        for refusal in plan.refusals
    ]
    notes = [tag("li", tag("strong", "Note: "), tag("span", note, dir="auto")) for note in plan.notes]
    title = tag("h2", "Before you approve", id="attention-title")
    return tag(
        "section", title, tag("ul", refused, notes), class_="attention", aria_labelledby="attention-title"
    )


def _next(text: str) -> Html:
    return tag("p", "Next: ", tag("code", text)) if text else NOTHING


def _filter(listed: Sequence[Change]) -> Html:
    """Needs the script, which shows it."""
    if len(listed) < 2:
        return NOTHING
    actions = [action for action in _ORDER if any(change.action is action for change in listed)]
    boxes = [_box(action.value, f"{ACTION[action]}") for action in actions] if len(actions) > 1 else []
    if any(map(is_outside, listed)):
        boxes.append(tag("label", tag("input", type="checkbox", id="only-outside"), " only changed outside"))
    return tag(
        "section",
        tag("label", "Find", for_="find"),
        tag("input", type="search", id="find", placeholder="a name or a word", autocomplete="off"),
        tag("output", id="shown", for_="find"),
        tag("button", "Open all", type="button", id="open-all"),
        tag("button", "Close all", type="button", id="close-all"),
        tag("fieldset", tag("legend", "Show", class_="unseen"), boxes) if boxes else NOTHING,
        id="filter",
        hidden=True,
        aria_label="Filter",
        class_="filter",
    )


def _box(value: str, words: str) -> Html:
    return tag("label", tag("input", type="checkbox", checked=True, value=value), " ", words)


def _shared(cards: Cards) -> Html:
    if not cards.shared.groups:
        return NOTHING
    groups = [cards.group(number) for number in range(1, len(cards.shared.groups) + 1)]
    return tag("section", tag("h2", "The same change in many"), groups, class_="shared-changes")


def _changes(cards: Cards) -> Html:
    title = tag("h2", f"{count(len(cards.listed), 'assistant')}" if cards.listed else "Nothing to do")
    found = [cards.card(place) for place in range(len(cards.listed))]
    none = tag("p", "No assistant matches.", id="none", hidden=True)
    return tag("section", title, found, none, id="changes")
