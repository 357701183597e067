"""A profile: what one kind of remote is like, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """Where a remote is, how it wants to be asked and what it can do. Every value can be overridden
    by a custom profile in the project file (except where a key may be sent)."""

    name: str
    base_url: str = ""
    """Everything before ``/assistants``; empty for the embedded ``local`` remote."""
    query: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    """What ``base_url`` looks like where every user has another, capitals for what to fill in."""
    auth: Literal["none", "bearer", "header", "command"] = "bearer"
    """``command``: a bearer token, printed by the command that the operator names in the environment."""
    auth_header: str = ""
    """The header's name when ``auth`` is ``header``."""
    api_key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key; the first that is set wins."""
    headers: Mapping[str, str] = field(default_factory=dict)
    paging: Literal["cursor", "none", "refused"] = "cursor"
    list_items: Literal["full", "summary"] = "full"
    verbs: frozenset[str] = frozenset({"list", "get", "create", "update", "delete"})
    metadata: Literal["replace", "merge", "none"] = "merge"
    ignored_fields: frozenset[str] = frozenset()
    clearing: Mapping[str, str] = field(default_factory=dict)
    """Field to the JSON text that clears it, where that is not ``null`` (``tools``: ``[]``)."""
    extra_tools: frozenset[str] = frozenset()
    """Tool types beside the three of the protocol that pass as opaque maps."""
    models: Literal["enum", "free", "deployment"] = "free"
    reasoning_efforts: tuple[str, ...] = ("low", "medium", "high")
    status: str = ""
    """One honest line about the state of this remote, with its date."""
    sources: tuple[str, ...] = ()
    """Where these facts stand in public."""

    @property
    def keeps_metadata(self) -> bool:
        """Whether ownership can be written on the assistants themselves."""
        return self.metadata != "none"
