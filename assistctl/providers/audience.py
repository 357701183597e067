"""Where a key may go: to the origin that a built-in profile fixes, or that the operator chose."""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.errors import InvalidInput, UsageFault
from assistctl.model.profile import Profile

from .profiles import built_in, built_in_names
from .urls import clean_base_url, is_loopback, origin_of

ALLOW_ORIGIN = "ASSISTCTL_ALLOW_ORIGIN"


def choose_base_url(profile: Profile, chosen: str | None, environ: Mapping[str, str]) -> str:
    """The base URL to use: ``chosen`` (the option or its variable) before the profile's; ``""`` for a
    server inside this process.

    Raises ``UsageFault`` for a URL that is not plain https or loopback, for ``chosen`` on ``local`` and for
    none at all; ``InvalidInput`` where a project file would move a key to a new origin and the operator has
    not allowed that.
    """
    if profile.name == "local" and not profile.base_url:
        if chosen:
            raise UsageFault("--base-url does not fit --provider local, which has no address")
        return ""
    if chosen:
        return clean_base_url(chosen)
    if not profile.base_url:
        raise UsageFault(
            f"the provider {profile.name} has no address",
            next=f"--base-url {profile.address or 'https://HOST/PATH'}, or base_url in its profile",
        )
    base_url = clean_base_url(profile.base_url)
    origin = origin_of(base_url)
    if not _may_have_key(profile, origin, environ.get(ALLOW_ORIGIN, "")):
        raise InvalidInput(
            f"the project file would send the key in {' or '.join(profile.api_key_env) or '(no variable)'} "
            f"to {origin}, which no built-in profile does",
            undone="no request was sent",
            next=f"if that is intended, allow it outside the repository: export {ALLOW_ORIGIN}={origin}",
        )
    return base_url


def _may_have_key(profile: Profile, origin: str, allowed: str) -> bool:
    if profile.auth == "none" or is_loopback(origin) or allowed.strip().rstrip("/").lower() == origin:
        return True
    return any(_fixes(built_in(name), origin, profile.api_key_env) for name in built_in_names())


def _fixes(known: Profile, origin: str, variables: tuple[str, ...]) -> bool:
    """Whether ``known`` sends these keys to that origin: another service's key must not go there either."""
    return (
        bool(known.base_url)
        and origin_of(known.base_url) == origin
        and set(variables) <= set(known.api_key_env)
    )
