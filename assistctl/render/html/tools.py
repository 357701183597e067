"""Tools of an assistant: what each is for, what it takes, and what differs inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistctl.model.plan import Absent, FieldChange
from assistctl.model.values import Json, Value, unpack
from assistctl.render.json_diff import Edit, json_edits, pretty
from assistctl.render.value_text import tool_name

from .elements import NOTHING, Html, tag
from .labels import cause_label
from .values import json_cell, text_block


def tool_changes(changes: Iterable[FieldChange], *, full: bool) -> Html:
    """One block per tool that comes, goes or changes."""
    blocks = [_changed_tool(change, full) for change in changes]
    return tag("section", tag("h4", "Tools"), blocks) if blocks else NOTHING


def tool_list(tools: Value | Absent, *, full: bool) -> Html:
    """All tools of an assistant that is new or goes."""
    listed = None if isinstance(tools, Absent) else unpack(tools)
    if not isinstance(listed, list) or not listed:
        return NOTHING
    return tag("section", tag("h4", "Tools"), [_tool(tool_name(tool), "", "", tool, full) for tool in listed])


def edit_table(edits: Sequence[Edit], what: str) -> Html:
    """``place``, now and after for everything that differs inside a structure."""
    head = tag("tr", *(tag("th", text, scope="col") for text in ("Place", "Now", "After")))
    rows = [
        tag(
            "tr",
            tag("th", edit.path or "everything", scope="row", class_="path"),
            tag("td", json_cell(edit.before), class_="old", data_label="Now"),
            tag("td", json_cell(edit.after), class_="new", data_label="After"),
        )
        for edit in edits
    ]
    caption = tag("caption", f"{what}: what differs inside", class_="unseen")
    return tag("table", caption, tag("thead", head), tag("tbody", rows), class_="pairs")


def _changed_tool(change: FieldChange, full: bool) -> Html:
    name = change.field.partition(".")[2] or change.field
    why = cause_label(change)
    before, after = change.before, change.after
    if isinstance(after, Absent) or after is None:
        return _tool(name, "removed", why, None if isinstance(before, Absent) else unpack(before), full)
    if isinstance(before, Absent) or before is None:
        return _tool(name, "added", why, unpack(after), full)
    edits = json_edits(unpack(before), unpack(after))
    return tag("div", _title(name, "changed", why), edit_table(edits, f"Tool {name}"), class_="tool")


def _tool(name: str, state: str, why: str, tool: Json, full: bool) -> Html:
    body = _function(tool)
    about = body.get("description")
    parameters = body.get("parameters")
    rest = {key: value for key, value in body.items() if key not in ("name", "description", "parameters")}
    return tag(
        "div",
        _title(name, state, why),
        tag("p", about, dir="auto") if isinstance(about, str) and about else NOTHING,
        _schema("What it takes", parameters, full) if parameters else NOTHING,
        _schema("More", rest, full) if rest else NOTHING,
        class_=f"tool {state}".strip(),
    )


def _function(tool: Json) -> dict[str, Json]:
    """What a function tool says of itself; what any other tool says beside its type."""
    if not isinstance(tool, dict):
        return {}
    function = tool.get("function")
    if isinstance(function, dict):
        return function
    return {key: value for key, value in tool.items() if key != "type"}


def _title(name: str, state: str, why: str) -> Html:
    return tag(
        "h5",
        tag("code", name),
        [" ", tag("span", state, class_=f"state {state}")] if state else NOTHING,
        [" ", tag("span", why, class_="why")] if why else NOTHING,
    )


def _schema(title: str, value: Json, full: bool) -> Html:
    return tag("details", tag("summary", title), text_block(pretty(value), full=full), class_="more")
