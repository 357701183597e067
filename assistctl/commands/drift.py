"""``drift``: what changed outside since the last apply."""

from __future__ import annotations

from assistctl.engine.drifting import drift_of
from assistctl.model.drift import Drift
from assistctl.model.selection import Selection
from assistctl.settings import Settings

from .plan import plan
from .ports import Ports


def drift(settings: Settings, ports: Ports) -> Drift:
    """Looks, and writes nothing. Raises what ``plan`` raises."""
    selection = Selection(on_drift=settings.on_drift, on_conflict=settings.on_conflict)
    return drift_of(plan(settings, selection, ports).plan)
