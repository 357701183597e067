"""``undo``: takes back what one run wrote, as far as it still stands."""

from __future__ import annotations

from pathlib import Path

from assistctl.engine.undoing import undo_plan
from assistctl.errors import DecisionNeeded
from assistctl.model.record import RunRecord
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .apply import Applied, Dialogue, carry_out
from .exclusive import turn
from .ports import Ports
from .records import Manner, find, listed
from .remote import complete, gather
from .session import open_session


def runs(settings: Settings, ports: Ports) -> tuple[RunRecord, ...]:
    """The recorded runs of this owner on this remote, newest first. Nothing is sent."""
    with open_session(settings, ports) as session:
        return listed(ports.environ, session.link, settings.owner)


def run_record(settings: Settings, run_or_file: str, base: Path, ports: Ports) -> RunRecord:
    """One recorded run."""
    with open_session(settings, ports) as session:
        return find(ports.environ, session.link, settings.owner, run_or_file, base)


def undo(
    settings: Settings, run_or_file: str, base: Path, manner: Manner, dialogue: Dialogue, ports: Ports
) -> Applied:
    """Plans the way back and carries it out. Raises DecisionNeeded for a run of another owner or remote."""
    with open_session(settings, ports) as session:
        link = session.link
        record = find(ports.environ, link, settings.owner, run_or_file, base)
        if (record.owner, record.origin) != (settings.owner, link.origin):
            raise DecisionNeeded(
                f"run {record.run} was of {record.owner} on {record.origin}, not of {settings.owner} on "
                f"{link.origin}",
                undone="nothing was undone",
                next="choose its project, environment and provider",
            )
        with turn(link, settings.owner, ports.run_id(), manner.waiting, ports) as held:
            found = complete(gather(link.provider, settings.owner), (), Selection(), link.provider)
            plan = undo_plan(record, found, session.frame(Selection(), ports.run_id()))
            return carry_out(link, plan, (), manner, held, dialogue, ports)
