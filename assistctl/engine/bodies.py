"""What is sent: the JSON body of a create or modify."""

from __future__ import annotations

from assistctl.model.plan import Change
from assistctl.model.values import Json, unpack


def wire_body(change: Change) -> dict[str, Json]:
    """The request body of a planned write, metadata with our marker included where the remote keeps any."""
    body: dict[str, Json] = {name: unpack(value) for name, value in change.body.items()}
    if change.metadata:
        body["metadata"] = dict(change.metadata)
    return body
