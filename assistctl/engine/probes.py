"""Probes: the assistants that ``doctor --write-test`` makes, and how every command knows one.

A probe bears no ownership marker, so that no plan can take it for owned. Its name says what it is, and one
metadata entry repeats it where the remote keeps metadata::

    assistctl-doctor-probe-RUN-OWNER-CHECK

OWNER is a digest of the owner in force, CHECK one of what stands before it: a name that somebody made up by
chance is none. Plans neither count nor touch probes; the next ``doctor`` of the same owner removes them.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from assistctl.model.assistant import Remote

ENTRY = "assistctl-doctor"
"""The metadata key; names that begin with ``assistctl`` are reserved."""
_NAME = "assistctl-doctor-probe"
_FORM = re.compile(rf"({_NAME}-[a-z0-9]{{1,8}}-([0-9a-f]{{6}}))-([0-9a-f]{{6}})")


def probe_name(owner: str, run: str) -> str:
    """The name of the probe that one run makes; 52 characters at most."""
    head = f"{_NAME}-{run}-{owner_mark(owner)}"
    return f"{head}-{_digest(head)}"


def owner_mark(owner: str) -> str:
    """What a probe's name holds of its owner."""
    return _digest(f"owner {owner}")


def probe_mark(remote: Remote) -> str:
    """The :func:`owner_mark` on a probe; empty for every other assistant."""
    name = remote.fields.get("name")
    for text in (name, (remote.metadata or {}).get(ENTRY)):
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match and match[3] == _digest(match[1]):
            return match[2]
    return ""


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8"), digest_size=3).hexdigest()
