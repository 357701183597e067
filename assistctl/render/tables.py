"""``list``, ``show`` and ``ids``: the remote as tables and as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from assistctl.errors import RemoteError, UsageFault
from assistctl.model.assistant import MARKER_KEY, Remote
from assistctl.model.listing import Holder, Listed
from assistctl.model.values import Json, Value, pack, unpack

from .columns import pad, table, width
from .plan_fields import INDENT, value_lines
from .style import Line, line
from .value_text import created, flat

_HEADINGS = ("KEY", "ID", "NAME", "MODEL", "CREATED", "OWNER")
_SHELL_SAFE = re.compile(r"[A-Za-z0-9_.-]+")


def list_lines(entries: Iterable[Listed]) -> Iterator[Line]:
    """One row per assistant in the order given; the last column says ours, other (who) or unmanaged."""
    yield from table(_HEADINGS, map(_row, entries))


def list_document(entries: Iterable[Listed]) -> list[Json]:
    """The same as data, without field bodies."""
    return [
        {
            "key": entry.key or None,
            "id": entry.remote.id,
            "name": _text(entry.remote, "name") or None,
            "model": _text(entry.remote, "model") or None,
            "created_at": entry.remote.created_at,
            "holder": entry.holder.value,
            "owner": entry.owner or None,
        }
        for entry in entries
    ]


def show_lines(entry: Listed) -> Iterator[Line]:
    """One remote assistant with all its fields, prompts and schemas whole."""
    facts = {"id": entry.remote.id, "created": created(entry.remote.created_at), "owner": _owner(entry)}
    yield line(entry.key or _text(entry.remote, "name") or entry.remote.id)
    for name, text in facts.items():
        yield line(INDENT, pad(name, 13), "  ", text)
    yield from value_lines(flat(_fields(entry.remote)), full=True)


def show_document(entry: Listed) -> dict[str, Json]:
    """The same as data; ``fields`` holds the API's fields and ``metadata`` without our marker."""
    return {
        "key": entry.key or None,
        "id": entry.remote.id,
        "created_at": entry.remote.created_at,
        "holder": entry.holder.value,
        "owner": entry.owner or None,
        "fields": {name: unpack(value) for name, value in _fields(entry.remote).items()},
    }


def ids_lines(ids: Mapping[str, str]) -> Iterator[Line]:
    """``key  id`` in columns, by key."""
    keys = max(map(width, ids), default=0)
    for key in sorted(ids):
        yield line(pad(key, keys), "  ", ids[key])


def ids_env(ids: Mapping[str, str]) -> Iterator[str]:
    """``ASSISTANT_ID_BILLING_BOT=asst_…`` by key: fit for a shell, an env file and ``$GITHUB_ENV``.

    Raises ``UsageFault`` where two keys give one variable and ``RemoteError`` for an id that would need
    quoting, since the three readers quote differently.
    """
    taken: dict[str, str] = {}
    for key in sorted(ids):
        name = "ASSISTANT_ID_" + re.sub(r"[^A-Z0-9]", "_", key.upper())
        if name in taken:
            what = f"the keys {taken[name]} and {key} both give the variable {name}"
            raise UsageFault(what, undone="no ids were printed", next="assistctl ids --format json")
        taken[name] = key
        if not _SHELL_SAFE.fullmatch(ids[key]):
            raise RemoteError(
                f"the remote's id of {key} holds characters that a shell would interpret",
                undone="no ids were printed",
                next="assistctl ids --format json",
            )
    for name, key in taken.items():
        yield f"{name}={ids[key]}"


def _row(entry: Listed) -> tuple[str, ...]:
    remote = entry.remote
    texts = (_text(remote, "name"), _text(remote, "model"), created(remote.created_at), _owner(entry))
    return tuple(text or "-" for text in (entry.key, remote.id, *texts))


def _owner(entry: Listed) -> str:
    return f"other ({entry.owner})" if entry.holder is Holder.OTHER else entry.holder.value


def _text(remote: Remote, name: str) -> str:
    value = remote.fields.get(name)
    return value if isinstance(value, str) else ""


def _fields(remote: Remote) -> dict[str, Value]:
    if remote.metadata is None:
        return dict(remote.fields)
    shown: Json = {key: text for key, text in remote.metadata.items() if key != MARKER_KEY}
    return {**remote.fields, "metadata": pack(shown)}
