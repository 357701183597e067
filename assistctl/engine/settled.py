"""The shortest way to "nothing changes": the usual answer for nearly all assistants of a fleet.

:func:`~assistctl.engine.fields.compare` decides everything; what is settled by this module would come out of
it without a change, at about four times the cost.
"""

from __future__ import annotations

from assistctl.model.assistant import Desired
from assistctl.model.values import Value

from .marker import Marker, digest, metadata_records
from .survey import Seen
from .threeway import Rules


def settled(desired: Desired, seen: Seen, rules: Rules) -> bool:
    """Whether manifest, record and remote are known to agree on everything that is managed.

    False says nothing: the full comparison has rows in which unlike values agree.
    """
    marker = seen.marker
    if marker is None or desired.lifecycle.ignore_changes or rules.ignored or rules.adopting:
        return False
    if desired.fields.keys() != marker.fields.keys():
        return False
    fields = desired.fields.items()
    return all(_field_agrees(name, value, seen, marker, rules) for name, value in fields) and (
        _metadata_agrees(desired, seen, marker)
    )


def _field_agrees(name: str, value: Value, seen: Seen, marker: Marker, rules: Rules) -> bool:
    """Whether the remote holds what the manifest says, and the record says so too."""
    if name not in seen.remote.fields:
        return False
    current = seen.remote.fields[name]
    text = rules.canon.text(name, value)
    alike = (value == current and type(value) is type(current)) or text == rules.canon.text(name, current)
    return alike and digest(name, text) == marker.fields[name].digest


def _metadata_agrees(desired: Desired, seen: Seen, marker: Marker) -> bool:
    if not desired.metadata and not marker.metadata:
        return True
    current = seen.remote.metadata
    if current is None or marker.metadata_stored is not None:
        return False
    digests: dict[str, str] = {}
    for key, text in desired.metadata.items():
        if text is None or current.get(key) != text:
            return False
        digests[key] = digest(f"metadata.{key}", text)
    return metadata_records(digests) == marker.metadata
