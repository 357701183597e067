"""Styled lines as plain data, and the one place where they become text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from .escape import disarm, escape


class Role(StrEnum):
    """What a piece of text stands for; colours follow from it."""

    PLAIN = "plain"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    UNDECIDED = "undecided"
    DIM = "dim"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line: raw text, escaped only by :func:`texts`."""

    text: str
    role: Role = Role.PLAIN
    tabs: bool = False
    """Show tabs as they are: in lines of prompts."""


Line: TypeAlias = tuple[Span, ...]
"""One line without its end; the empty tuple is a blank line."""

Paint: TypeAlias = Callable[[str, Role], str]
"""Puts colour around escaped text; never called for :attr:`Role.PLAIN`."""

BLANK: Line = ()

_COLOURS = {
    Role.CREATE: "green",
    Role.UPDATE: "yellow",
    Role.DELETE: "red",
    Role.ADOPT: "cyan",
    Role.UNDECIDED: "magenta",
}


def line(*parts: str | Span) -> Line:
    """A line of plain texts and spans; empty parts are left out."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def gutter(text: str, role: Role = Role.PLAIN, mark: str = "") -> Line:
    """A line of remote or prompt text, ``mark`` first, behind the gutter that sets it apart from ours."""
    body = f"{mark} {text}" if mark else text
    return (Span("        | "), Span(body, role, tabs=True)) if body else (Span("        |"),)


def texts(lines: Iterable[Line], paint: Paint | None = None) -> Iterator[str]:
    """Each line as one escaped text without its end; colour only with ``paint``.

    Without ``paint`` the answer holds no control character but tabs in prompt lines, and no CI command.
    """
    for spans in lines:
        yield disarm("".join(_text(span, paint) for span in spans))


def _text(span: Span, paint: Paint | None) -> str:
    text = escape(span.text, keep_tabs=span.tabs)
    return text if paint is None or span.role is Role.PLAIN else paint(text, span.role)


def terminal_paint(text: str, role: Role) -> str:
    """The :data:`Paint` for terminals."""
    from click import style  # only a coloured terminal needs it

    return style(text, dim=True) if role is Role.DIM else style(text, fg=_COLOURS[role])
