"""The shortest way to "nothing changes": the usual answer for nearly all assistants of a fleet.

:func:`~assistctl.engine.fields.compare` decides everything; what is settled by this module would come out of
it without a change, at about four times the cost.
"""

from __future__ import annotations

from assistctl.model.assistant import Desired

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
    return _metadata_agrees(desired, seen, marker) and _fields_agree(desired, seen, marker, rules)


def _fields_agree(desired: Desired, seen: Seen, marker: Marker, rules: Rules) -> bool:
    """Whether the remote holds what the manifest says, and the record says so too."""
    remote, text_of = seen.remote.fields, rules.canon.text
    for name, value in desired.fields.items():
        if name not in remote:
            return False
        current, text = remote[name], text_of(name, value)
        alike = type(value) is type(current) and value == current
        if not alike and text != text_of(name, current):
            return False
        if digest(name, text) != marker.fields[name].digest:
            return False
    return True


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
