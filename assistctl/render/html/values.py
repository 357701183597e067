"""Single values and whole texts as HTML: short ones inline, structures as JSON, prompts line by line."""

from __future__ import annotations

from collections.abc import Sequence

from assistctl.model.plan import Absent
from assistctl.model.values import Json, Packed, Value
from assistctl.render.json_diff import compact, pretty
from assistctl.render.plan_fields import FOLD
from assistctl.render.words import count

from .elements import NOTHING, Html, joined, tag

_INLINE = 60
_LONGEST = 4_000
"""Characters of one line that are shown without ``full``."""


def value_cell(value: Value | Absent) -> Html:
    """One side of a setting."""
    if isinstance(value, Absent):
        return tag("span", "not set", class_="none")
    if value is None:
        return tag("span", "the server’s default", class_="none")
    if isinstance(value, Packed):
        return json_cell(value.load())
    return json_cell(value) if not isinstance(value, str) else text_cell(value)


def text_cell(text: str) -> Html:
    """A short text, set apart from our words."""
    return tag("span", text, class_="value", dir="auto") if text else tag("span", "empty", class_="none")


def json_cell(value: Json | Absent) -> Html:
    """A number, a truth value or a structure as JSON; nothing for a side that has none."""
    if isinstance(value, Absent):
        return tag("span", "not there", class_="none")
    if isinstance(value, str):
        return text_cell(value)
    text = compact(value)
    if not isinstance(value, list | dict):
        return text_cell(text)
    return tag("code", text) if len(text) <= _INLINE else text_block(pretty(value), full=True)


def text_block(lines: Sequence[str], *, full: bool) -> Html:
    """Many lines; without ``full`` the first :data:`FOLD`, the others counted."""
    shown = lines if full else lines[:FOLD]
    body = Html("\n").join(joined(line if full else clip(line)) for line in shown)
    # A parser drops the first line end of a pre element: this one, and not one of the text.
    box = tag("pre", Html(f"\n{body}"), dir="auto", tabindex="0")
    return joined([box, rest_note(len(lines) - len(shown))])


def rest_note(rest: int) -> Html:
    """How many lines are not shown, where there are any."""
    what = f"{count(rest, 'more line')}. The whole text: assistctl plan --full --format html"
    return tag("p", what, class_="rest") if rest > 0 else NOTHING


def clip(line: str) -> str:
    """One line, at most its first 4,000 characters; the others are counted."""
    rest = len(line) - _LONGEST
    return f"{line[:_LONGEST]} … {count(rest, 'more character')}" if rest > 0 else line
