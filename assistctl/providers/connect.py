"""From a profile to a remote one can talk to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistctl.errors import UsageFault
from assistctl.model.clock import Clock
from assistctl.model.profile import Profile

from .message import Handler, Sender
from .profiles import usable_key
from .transport import Transport
from .urls import Urls, clean_base_url, origin_of
from .wire import WireProvider

_INSIDE = "http://localhost"
"""The address that a handler sees; no request leaves the process."""


def connect(
    profile: Profile,
    base_url: str,
    key: str | None,
    *,
    clock: Clock,
    notify: Callable[[str], None],
    timeout_total: float | None = None,
    handler: Handler | None = None,
) -> WireProvider:
    """Opens no connection yet: the first request does.

    ``base_url`` is what :func:`~assistctl.providers.audience.choose_base_url` gave; ``""`` means the
    profile's own. With ``handler`` the remote is that function and no address is used. ``timeout_total`` is
    the time for the whole run in seconds; None for no limit. ``notify`` gets a line per retry, unescaped.
    Raises ``UsageFault`` for an unusable address or network environment, ``CredentialsRefused`` for a key
    that cannot stand in a header.
    """
    base = clean_base_url(_INSIDE if handler else _address(profile, base_url))
    if key is not None:
        key = usable_key(key)
    profile = replace(profile, base_url="" if handler else base)
    sender = _sender(base, handler, clock)
    transport = Transport(sender, profile, key, clock=clock, notify=notify, seconds=timeout_total)
    return WireProvider(
        transport, profile, Urls(base, profile.query), profile.name if handler else origin_of(base)
    )


def _sender(base: str, handler: Handler | None, clock: Clock) -> Sender:
    from .client import handler_client, network_client  # the HTTP library is heavy

    return handler_client(handler, clock) if handler else network_client(base, clock)


def _address(profile: Profile, base_url: str) -> str:
    if not (base_url or profile.base_url):
        raise UsageFault(f"the provider {profile.name} has no address", next="--base-url https://HOST/PATH")
    return base_url or profile.base_url
