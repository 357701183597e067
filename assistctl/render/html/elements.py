"""HTML as values: plain strings are text and are escaped, :class:`Html` is markup that was made here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape as html_escape
from typing import TypeAlias

from assistctl.render.escape import escape


class Html(str):
    """Markup. Only this module makes it from text."""

    __slots__ = ()


Content: TypeAlias = str | Iterable["Content"]
"""Text to escape, markup, or any of both in order."""

NOTHING = Html("")
_VOID = frozenset({"br", "col", "input", "link", "meta"})


def tag(name: str, /, *content: Content, **attributes: str | bool) -> Html:
    """One element. ``class_`` is the attribute ``class``, an underscore stands for a hyphen, True for an
    attribute without a value; False and "" leave it out."""
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value)
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(content)}</{name}>")


def joined(content: Content) -> Html:
    """All of it, text escaped: controls made visible, then ``& < > " '``."""
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return Html(html_escape(escape(content, keep_tabs=True)))
    return Html("".join(map(joined, content)))


def inlined(name: str, text: str) -> Html:
    """A ``style`` or ``script`` element around a file of ours."""
    if f"</{name}" in text.lower():
        raise ValueError(f"the text of <{name}> holds its own end")
    return Html(f"<{name}>{text}</{name}>")


def digest(text: str) -> str:
    """``'sha256-…'``: how a content security policy names one inline text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _attribute(name: str, value: str | bool) -> str:
    key = name.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{joined(str(value))}"'
