"""Built-in and custom profiles, and the key that belongs to one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from assistctl.errors import CredentialsRefused, InvalidInput, UsageFault
from assistctl.files import read_beside
from assistctl.model.profile import Profile
from assistctl.model.values import Json

T = TypeVar("T")

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_WORD = re.compile(r"[a-z0-9_.-]{1,64}")
_OURS = re.compile(
    r"accept|accept-encoding|authorization|connection|content-.*|cookie|expect|host|proxy-.*|te|trailer"
    r"|transfer-encoding|upgrade|user-agent",
    re.IGNORECASE,
)
"""Headers that a profile may not set: they belong to the client, or would carry a credential from a file."""
_SHIPPED_ONLY = frozenset({"address", "status", "sources"})
"""What only a built-in profile says about itself."""
TOKEN_COMMAND = "ASSISTCTL_TOKEN_COMMAND"  # noqa: S105 - the name of a variable
"""The operator's own command line; a project file cannot name one."""
_KEY = re.compile(r"[!-~]+")
"""What may stand in a header: anything else would be refused there, in a message that quotes it."""


def built_in(name: str) -> Profile:
    """The profile of that name. Raises ``UsageFault`` with the names there are."""
    data = _shipped()
    if name not in data:
        raise UsageFault(f"there is no built-in provider {name!r}", next=f"use one of {', '.join(data)}")
    return data[name]


def built_in_names() -> tuple[str, ...]:
    """All built-in profiles, ``local`` first."""
    return tuple(_shipped())


def custom(settings: Mapping[str, Json]) -> Profile:
    """A profile from a project file's mapping; ``extends`` names the built-in profile to start from.

    Raises ``InvalidInput`` that names every problem by its key.
    """
    return _read(settings, shipped=False)


def find_key(profile: Profile, environ: Mapping[str, str]) -> str | None:
    """The key from the first variable of the profile that is set; None where no key is used.

    Raises ``CredentialsRefused`` where it is missing or cannot stand in a header.
    """
    if profile.auth == "none":
        return None
    for name in profile.api_key_env:
        key = environ.get(name, "").strip()
        if key:
            return usable_key(key, name)
    if profile.auth == "command" and environ.get(TOKEN_COMMAND, "").strip():
        from .token import token_from  # starting processes is rarely needed

        return usable_key(token_from(environ[TOKEN_COMMAND], environ), TOKEN_COMMAND)
    names = " nor ".join(profile.api_key_env) or "any variable (the profile names none)"
    raise CredentialsRefused(
        f"no key for {profile.name}: the environment has not {names}",
        undone="no request was sent",
        next=_way_to_a_key(profile),
    )


def _way_to_a_key(profile: Profile) -> str:
    way = f"export {profile.api_key_env[0]}=…" if profile.api_key_env else "name one in `api_key_env`"
    if profile.auth == "command":
        way += f", or export {TOKEN_COMMAND}='a command that prints a token'"
    return way


def usable_key(key: str, name: str = "the key") -> str:
    """``key`` itself. Raises ``CredentialsRefused``, without quoting it, unless it fits into a header."""
    if not _KEY.fullmatch(key):
        raise CredentialsRefused(
            f"{name} holds characters that no key has (blanks, line breaks, or letters beyond ASCII)",
            undone="no request was sent",
            next=f"export {name}=…" if _VARIABLE.fullmatch(name) else "check the key",
        )
    return key


@cache
def _shipped() -> Mapping[str, Profile]:
    profiles: dict[str, dict[str, Json]] = json.loads(read_beside(__file__, "profiles.json"))["profiles"]
    return MappingProxyType(
        {name: _read({**data, "name": name}, shipped=True) for name, data in profiles.items()}
    )


def _read(settings: Mapping[str, Json], *, shipped: bool) -> Profile:
    problems: list[str] = []
    base = Profile("custom")
    changes: dict[str, object] = {}
    for key, value in settings.items():
        try:
            if key == "extends":
                base = built_in(_text(value))
            elif key == "auth":
                changes.update(_auth(value))
            elif key in _READERS and (shipped or key not in _SHIPPED_ONLY):
                changes[key] = _READERS[key](value)
            else:
                problems.append(f"{key}: no such key; a profile has {', '.join(_known(shipped))}")
        except (ValueError, UsageFault) as error:
            problems.append(f"{key}: {error}")
    if problems:
        raise InvalidInput("the provider is invalid: " + "; ".join(problems))
    return replace(base, **changes)  # type: ignore[arg-type]  # each reader returns its field's type


def _known(shipped: bool) -> list[str]:
    return sorted({*_READERS, "auth", "extends"} - (set() if shipped else _SHIPPED_ONLY))


def _auth(value: Json) -> dict[str, object]:
    scheme, _, header = _text(value).partition(" ")
    if scheme == "header" and _HEADER_NAME.fullmatch(header) and not _OURS.fullmatch(header):
        return {"auth": "header", "auth_header": header}
    if scheme in ("none", "bearer", "command") and not header:
        return {"auth": scheme, "auth_header": ""}
    raise ValueError(f"expected none, bearer, command or 'header NAME', found {value!r}")


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"expected a text, found {value!r}")
    return value


def _word(value: Json) -> str:
    if not _WORD.fullmatch(_text(value)):
        raise ValueError(f"expected a word of a-z, 0-9, '_', '.', '-', found {value!r}")
    return str(value)


def _items(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, found {value!r}")
    return value


def _words(value: Json) -> tuple[str, ...]:
    return tuple(_word(item) for item in _items(value))


def _variables(value: Json) -> tuple[str, ...]:
    names = tuple(_text(item) for item in (value if isinstance(value, list) else [value]))
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an environment variable")
    return names


def _texts(value: Json) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a map, found {value!r}")
    return MappingProxyType({key: _text(item) for key, item in value.items()})


def _headers(value: Json) -> Mapping[str, str]:
    headers = _texts(value)
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not text.isascii():
            raise ValueError(f"{name!r} is no plain header")
        if _OURS.fullmatch(name):
            raise ValueError(f"the header {name} cannot be set by a profile")
    return headers


def _clearing(value: Json) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a map of field to the value that clears it, found {value!r}")
    return MappingProxyType({key: json.dumps(item, separators=(",", ":")) for key, item in value.items()})


def _verbs(value: Json) -> frozenset[str]:
    verbs = frozenset(_words(value))
    if "list" not in verbs or verbs - {"list", "get", "create", "update", "delete"}:
        raise ValueError(f"expected list and any of get, create, update, delete, found {value!r}")
    return verbs


def _one_of(*choices: str) -> Callable[[Json], str]:
    def read(value: Json) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, found {value!r}")
        return str(value)

    return read


_READERS: Mapping[str, Callable[[Json], object]] = {
    "name": _word,
    "base_url": _text,
    "query": _texts,
    "api_key_env": _variables,
    "headers": _headers,
    "paging": _one_of("cursor", "none", "refused"),
    "list_items": _one_of("full", "summary"),
    "verbs": _verbs,
    "metadata": _one_of("replace", "merge", "none"),
    "ignored_fields": lambda value: frozenset(_words(value)),
    "clearing": _clearing,
    "extra_tools": lambda value: frozenset(_words(value)),
    "models": _one_of("enum", "free", "deployment"),
    "reasoning_efforts": _words,
    "address": _text,
    "status": _text,
    "sources": lambda value: tuple(_text(item) for item in _items(value)),
}
