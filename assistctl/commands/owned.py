"""How many assistants were owned after the last complete run, kept in the state folder.

Only a guard reads it: who owns what is written on the assistants themselves.
"""

from __future__ import annotations

import json

from assistctl.files import FileRefused, read_chosen, write_private
from assistctl.model.plan import Action, Plan
from assistctl.model.report import Outcome, Report
from assistctl.state import place_for, place_of

from .ports import Ports
from .session import LOCAL_ORIGIN, Link

_NAME = "owned.json"


def last_owned(link: Link, owner: str, ports: Ports) -> int | None:
    """The number after the last complete run on this machine, None where none is known.

    Always None for the embedded remote: its database is a file of the project that people delete to begin
    anew.
    """
    if link.origin == LOCAL_ORIGIN:
        return None
    try:
        said = json.loads(read_chosen(place_of(ports.environ, link.state_key, owner) / _NAME))
    except (FileRefused, RuntimeError, ValueError, RecursionError):
        return None
    number = said.get("owned") if isinstance(said, dict) else None
    return number if isinstance(number, int) else None


def remember(link: Link, plan: Plan, report: Report, ports: Ports) -> None:
    """Notes how many are owned now, after a run whose outcome is known. Raises DiskFault."""
    done = [result.action for result in report.results if result.outcome is Outcome.DONE]
    gained = done.count(Action.CREATE) + done.count(Action.ADOPT)
    note_owned(link, plan.owner, plan.owned + gained - done.count(Action.DELETE), ports)


def note_owned(link: Link, owner: str, number: int, ports: Ports) -> None:
    """Writes the number, unless it stands there already. Raises DiskFault."""
    if link.origin == LOCAL_ORIGIN or last_owned(link, owner, ports) == number:
        return
    folder = place_for(ports.environ, link.state_key, owner)
    write_private(folder / _NAME, json.dumps({"owned": number}).encode())
