"""``destroy``: deletes what this owner owns, nothing else."""

from __future__ import annotations

from dataclasses import replace

from assistctl.engine.planner import make_destroy_plan
from assistctl.engine.policy import judged
from assistctl.model.limits import Limits
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .apply import Applied, Dialogue, carry_out
from .exclusive import turn
from .plan import read_desired
from .ports import Ports
from .records import Manner
from .remote import complete, gather
from .session import open_session


def destroy(
    settings: Settings, selection: Selection, manner: Manner, dialogue: Dialogue, ports: Ports
) -> Applied:
    """Plans the deletion of every owned assistant (or of the targets) and carries it out.

    Exempt from max_deletes, not from policies nor from prevent_destroy, be it recorded or a manifest's own.
    """
    desired, findings = read_desired(settings)
    protected = frozenset(item.key for item in desired if item.lifecycle.prevent_destroy)
    with open_session(settings, ports) as session:
        link = session.link
        with turn(link, settings.owner, ports.run_id(), manner.waiting, ports) as held:
            found = complete(gather(link.provider, settings.owner), (), selection, link.provider)
            frame = replace(session.frame(selection, ports.run_id()), limits=Limits(None))
            plan = judged(make_destroy_plan(found, frame, protected), settings.policies)
            return carry_out(link, plan, findings, manner, held, dialogue, ports)
