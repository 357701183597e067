"""Warnings and notices: things that the remote accepts and that are probably not meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Final

from assistctl.model.values import Json

from .effective import Effective
from .findings import Finding
from .inputs import Inputs
from .models import Catalogue, Model
from .prompt_functions import missing_functions
from .rules import text_place, tool_name
from .sources import Sources
from .suggest import nearest

NOTICE_DAYS: Final = 90


def lint(effective: Effective, sources: Sources, inputs: Inputs, models: Catalogue) -> Iterator[Finding]:
    """Everything that ``allow`` may silence, apart from findings about characters."""
    yield from _sampling(effective)
    if inputs.models != "deployment":
        yield from _model(effective, inputs, models)
    yield from _prompt(effective, sources)
    yield from _resources(effective)


def _sampling(effective: Effective) -> Iterator[Finding]:
    values = effective.values
    if values.get("temperature") is not None and values.get("top_p") is not None:
        words = "temperature and top_p are both set: change one of them, not both"
        yield Finding("AC703", words, effective.place(("top_p",), on_key=True))


def _model(effective: Effective, inputs: Inputs, models: Catalogue) -> Iterator[Finding]:
    name = effective.values.get("model")
    if not isinstance(name, str) or not name:
        return
    known = models.models.get(name)
    if known is None:
        if inputs.models == "enum" or not models.is_plausible(name):
            words = f"unknown model '{name}'{nearest(name, models.models)} (known on {models.as_of})"
            yield Finding("AC706", words, effective.place(("model",)))
        return
    yield from _parameters(effective, known)
    notice = _shutdown(name, known.shutdown, inputs.today, models.as_of)
    if notice:
        yield Finding("AC801", notice, effective.place(("model",)))


def _parameters(effective: Effective, model: Model) -> Iterator[Finding]:
    values = effective.values
    if values.get("reasoning_effort") is not None and not model.effort:
        words = f"'{model.id}' takes no reasoning_effort"
        yield Finding("AC704", words, effective.place(("reasoning_effort",), on_key=True))
    for field in ("temperature", "top_p"):
        value = values.get(field)
        if value is None or model.sampling == "any" or (model.sampling == "default-only" and value == 1):
            continue
        words = f"'{model.id}' is a reasoning model and takes no {field}"
        yield Finding("AC705", words, effective.place((field,), on_key=True))


@cache
def _shutdown(name: str, day: str, today: str, as_of: str) -> str:
    """The notice for one model, or nothing when its day is far."""
    if not day or not today:
        return ""
    left = (date.fromisoformat(day) - date.fromisoformat(today)).days
    if left > NOTICE_DAYS:
        return ""
    ahead = f"shuts down upstream on {day}, in {left} days"
    when = ahead if left > 0 else f"was shut down upstream on {day}"
    return f"model '{name}' {when} (data of {as_of})"


def _prompt(effective: Effective, sources: Sources) -> Iterator[Finding]:
    values = effective.values
    prompt = values.get("instructions")
    text = prompt if isinstance(prompt, str) else ""
    wanted = values.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_object" and not _has_json(text):
        words = "json_object needs the word JSON in the instructions"
        yield Finding("AC707", words, effective.place(("response_format",), on_key=True))
    if text:
        named = [tool_name(tool) for tool in _tools(effective)]
        for found in missing_functions(text, named):
            place = text_place(effective, sources, ("instructions",), found)
            yield Finding(found.code, found.message, place)


def _has_json(text: str) -> bool:
    """The usual spellings first: a prompt in small letters is a copy."""
    return "JSON" in text or "json" in text or "json" in text.lower()


def _resources(effective: Effective) -> Iterator[Finding]:
    resources = effective.values.get("tool_resources")
    kinds = [tool.get("type") for tool in _tools(effective)]  # of any shape: a wrong one is told elsewhere
    for name, value in resources.items() if isinstance(resources, dict) else ():
        if value is not None and name not in kinds:
            words = f"tool_resources.{name} without the tool {name}"
            yield Finding("AC708", words, effective.place(("tool_resources", name), on_key=True))


def _tools(effective: Effective) -> list[dict[str, Json]]:
    tools = effective.values.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
