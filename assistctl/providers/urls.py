"""The one builder of addresses: nothing else joins a base URL, an id or a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from assistctl.errors import NotApplied, UsageFault

ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""Any other id could be normalised into another endpoint (``../files/x``)."""

_AUTHORITY = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
_PATH = re.compile(r"(/[A-Za-z0-9._~@:+-]+)*/?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one remote. ``base`` is everything before ``/assistants``, as
    :func:`clean_base_url` gives it; ``query`` goes with every request."""

    base: str
    query: Mapping[str, str] = field(default_factory=dict)

    def collection(self, paging: Mapping[str, str] | None = None) -> str:
        """The list, with ``limit``, ``order`` and ``after`` where given; and where creates go."""
        return self._with_query("/assistants", {**self.query, **(paging or {})})

    def one(self, remote_id: str) -> str:
        """One assistant. Raises ``NotApplied`` for an id that is no plain word."""
        if not ID.fullmatch(remote_id):
            raise NotApplied(
                f"the id {remote_id[:64]!r} is refused: ids hold 1 to 128 letters, digits, '_' and '-'",
                undone="no request was sent",
            )
        return self._with_query(f"/assistants/{remote_id}", self.query)

    def _with_query(self, path: str, query: Mapping[str, str]) -> str:
        return self.base + path + ("?" + urlencode(query) if query else "")


def clean_base_url(text: str) -> str:
    """The base URL in its one spelling: no trailing slash, no ``/assistants``, no doubled ``/v1``.

    Raises ``UsageFault`` unless it is plain ``https://host[:port][/path]``, or http on loopback.
    """
    text = text.strip()
    match = _AUTHORITY.match(text)
    path = text[match.end() :] if match else ""
    if not match or not _PATH.fullmatch(path) or _dotted(path):
        raise _not_plain(text)
    origin = _spell(match)
    if match["scheme"].lower() == "http" and not is_loopback(origin):
        raise UsageFault(
            f"the base URL {origin} is not https", undone="no request was sent", next="use https://…"
        )
    path = path.rstrip("/").removesuffix("/assistants").rstrip("/")
    while path.endswith("/v1/v1"):
        path = path.removesuffix("/v1")
    return origin + path


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` in lower case, without a default port.

    Raises ``UsageFault`` where there is none, or with user information before the host.
    """
    match = _AUTHORITY.match(url.strip())
    if not match or url.strip()[match.end() :][:1] not in ("", "/", "?", "#"):
        raise _not_plain(url)
    return _spell(match)


def is_loopback(url: str) -> bool:
    """Whether the host of a valid URL is this machine by name or number, without asking DNS."""
    match = _AUTHORITY.match(url)
    host = match["host"].lower().strip("[]") if match else ""
    if host in ("localhost", "127.0.0.1", "::1"):
        return True
    if not re.fullmatch(r"[0-9a-f:.]+", host):
        return False
    import ipaddress  # only for numbers other than the usual ones

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _spell(match: re.Match[str]) -> str:
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise _not_plain(match[0])
    return f"{scheme}://{host}" + ("" if port == _DEFAULT_PORTS[scheme] else f":{port}")


def _dotted(path: str) -> bool:
    """``.`` and ``..`` segments: an HTTP client would normalise them into another path."""
    return any(segment in (".", "..") for segment in path.split("/"))


def _not_plain(text: str) -> UsageFault:
    """Quotes nothing that may be a password: neither user information nor the query."""
    if "@" in text:
        reason = "it holds user information (…@)"
    elif "?" in text or "#" in text:
        reason = "it holds a query or a fragment; a profile's `query` is the place for those"
    else:
        reason = f"found {text[:80]!r}"
    return UsageFault(
        f"the base URL is not plain https://host[:port][/path]: {reason}",
        undone="no request was sent",
        next="--base-url https://HOST/PATH (everything before /assistants)",
    )
