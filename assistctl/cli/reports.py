"""A plan in the formats that people and programs take, and the files that a CI names for its own pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistctl.errors import AssistctlError, DiskFault, ExitCode

from .console import Console
from .showing import print_plan, timestamp

if TYPE_CHECKING:
    from assistctl.model.plan import Plan
    from assistctl.render.markdown import Room

PLAN_FORMATS = ("text", "json", "markdown", "html", "gitlab")
"""``gitlab`` is the widget of a merge request: numbers only."""

_MARKED_UP = frozenset({"markdown", "html"})

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
STEP_OUTPUT = "GITHUB_OUTPUT"

_SUMMARY_MOST = 900_000
"""Bytes; GitHub drops the whole summary of a step that is over 1 MiB."""

_SUMMARY_LEAST = 4_000
_LEFT_OUT = "\nThis step's summary is full: the report of one more `assistctl` run is left out here.\n"


class Reports(click.ParamType[tuple[str, Path]]):
    """``FORMAT=FILE``; a variable that holds several has one a line."""

    name = "FORMAT=FILE"
    envvar_list_splitter = "\n"

    def convert(
        self, value: str | tuple[str, Path], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        form, _, path = value.partition("=")
        if form not in PLAN_FORMATS or not path:
            self.fail(f"{value!r} is not FORMAT=FILE with a format of {', '.join(PLAN_FORMATS)}.", param, ctx)
        return form, Path(path)


def print_plan_as(console: Console, plan: Plan, form: str, made_at: float, *, full: bool) -> None:
    """A plan in one of :data:`PLAN_FORMATS` as the result."""
    if form == "text":
        print_plan(console, plan, full=full)
    else:
        console.data(plan_report(plan, form, made_at, full=full, mask=console.scrub))


def save_report(console: Console, plan: Plan, form: str, path: Path, made_at: float, *, full: bool) -> None:
    """The same as a private file: it holds prompts. Raises DiskFault."""
    from assistctl.files import write_private

    text = console.scrub(plan_report(plan, form, made_at, full=full, mask=console.scrub))
    write_private(path, text.encode("utf-8", "backslashreplace"))


def plan_report(
    plan: Plan, form: str, made_at: float, *, full: bool, mask: Callable[[str], str] = str
) -> str:
    """The whole report as text; ``mask`` takes secrets out before anything is cut or marked up."""
    if form not in _MARKED_UP:
        return _MAKERS[form](plan, made_at, full)
    from assistctl.render.masked import masked

    return _MAKERS[form](masked(plan, mask), made_at, full)


def tell_plan(
    console: Console, environ: Mapping[str, str], plan: Plan, plan_file: str, *, full: bool
) -> ExitCode:
    """Step summary and outputs of a plan; ``plan_file`` is empty where none was saved. Answers as
    :func:`add_outputs`."""
    from assistctl.render.summaries import plan_outputs

    def summary(room: Room) -> str:
        from assistctl.render.masked import masked
        from assistctl.render.plan_markdown import plan_markdown

        return plan_markdown(masked(plan, console.scrub), full=full, room=room)

    add_summary(console, environ, summary)
    return add_outputs(console, environ, plan_outputs(plan, plan_file))


def add_summary(console: Console, environ: Mapping[str, str], make: Callable[[Room], str]) -> None:
    """Appends what ``make`` says to the page of this CI step, where there is one.

    It is for the eye, so a summary that cannot be written is a warning.
    """
    name = environ.get(STEP_SUMMARY)
    if not name:
        return
    from assistctl.files import append_chosen, size_chosen
    from assistctl.render.markdown import Room

    try:
        left = _SUMMARY_MOST - size_chosen(Path(name))
        text = make(Room(left, _bytes)) if left >= _SUMMARY_LEAST else _LEFT_OUT
        append_chosen(Path(name), _encoded(console.scrub(text)))
    except AssistctlError as error:
        from assistctl.render.escape import escape

        console.warn(escape(f"the step summary was not written: {'; '.join(error.lines())}"))


def add_outputs(console: Console, environ: Mapping[str, str], values: Mapping[str, str]) -> ExitCode:
    """Tells the CI's later steps what came out, where this one has outputs.

    They decide upon it, so outputs that cannot be written are an error; the work is done all the same,
    and what it answers may be stronger than the DISK returned here.
    """
    name = environ.get(STEP_OUTPUT)
    if not name:
        return ExitCode.DONE
    import secrets

    from assistctl.files import append_chosen
    from assistctl.render.summaries import github_outputs

    text = github_outputs(values, f"assistctl-{secrets.token_hex(16)}")
    try:
        append_chosen(Path(name), os.fsencode(text))
    except DiskFault as fault:
        from assistctl.render.escape import escape

        console.error(*map(escape, fault.lines()))
        return fault.exit_code
    return ExitCode.DONE


def _bytes(text: str) -> int:
    return len(_encoded(text))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _text(plan: Plan, _made_at: float, full: bool) -> str:
    from assistctl.render.plan_text import plan_lines
    from assistctl.render.style import texts

    return "".join(f"{line}\n" for line in texts(plan_lines(plan, full=full)))


def _json(plan: Plan, made_at: float, full: bool) -> str:
    from assistctl.render.json_text import json_text
    from assistctl.render.plan_json import plan_document

    return json_text(plan_document(plan, timestamp=timestamp(made_at), full=full)) + "\n"


def _markdown(plan: Plan, _made_at: float, full: bool) -> str:
    from assistctl.render.plan_markdown import plan_markdown

    return plan_markdown(plan, full=full)


def _html(plan: Plan, made_at: float, full: bool) -> str:
    from assistctl.files import read_beside
    from assistctl.render.html import page

    style, script = (read_beside(page.__file__, name).decode() for name in ("page.css", "page.js"))
    return page.plan_page(plan, page.Assets(style, script), timestamp=timestamp(made_at), full=full)


def _gitlab(plan: Plan, _made_at: float, _full: bool) -> str:
    from assistctl.render.json_text import json_text
    from assistctl.render.summaries import gitlab_widget

    return json_text(gitlab_widget(plan)) + "\n"


_MAKERS: Mapping[str, Callable[[Plan, float, bool], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
    "gitlab": _gitlab,
}
