"""A remote, opened for one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from assistctl.engine.capability import Abilities
from assistctl.engine.normalize import Canon
from assistctl.engine.planner import Frame
from assistctl.model.profile import Profile
from assistctl.model.provider import Provider
from assistctl.model.selection import Selection
from assistctl.model.values import pack
from assistctl.settings import Settings

from .ports import Ports

if TYPE_CHECKING:
    from pathlib import Path

    from assistctl.providers.message import Handler

LOCAL_ORIGIN = "embedded"
LOCAL_FOLDER = ".assistctl"


@dataclass(frozen=True, slots=True)
class Link:
    """A remote that answers."""

    provider: Provider
    origin: str
    """Scheme, host and port; one fixed word for the embedded remote."""
    state_key: str
    """What sets its state (records, lock) apart: the origin, or the place of the embedded database."""
    canon: Canon
    """Its canonical form: which model names are one."""
    key: str = field(default="", repr=False)
    """The key in force; it stands in no body and in no file."""


@dataclass(frozen=True, slots=True)
class Session:
    """One project on one remote: all that planning depends on."""

    settings: Settings
    link: Link

    def frame(self, selection: Selection, run: str) -> Frame:
        """What a plan depends on beside the two sides."""
        profile = self.settings.profile
        return Frame(
            owner=self.settings.owner,
            provider=profile.name,
            origin=self.link.origin,
            run=run,
            canon=self.link.canon,
            selection=selection,
            limits=self.settings.limits,
            clearing={name: pack(json.loads(text)) for name, text in profile.clearing.items()},
            abilities=Abilities(profile.name, profile.verbs, profile.keeps_metadata, profile.ignored_fields),
        )


@contextmanager
def open_session(settings: Settings, ports: Ports) -> Iterator[Session]:
    """The project's remote. See :func:`open_link`."""
    root, timeout = settings.project.root.path, settings.timeout
    with open_link(settings.profile, settings.base_url, root, timeout, ports) as link:
        yield Session(settings, link)


@contextmanager
def open_link(
    profile: Profile, base_url: str, root: Path, timeout: float | None, ports: Ports
) -> Iterator[Link]:
    """Connects lazily: nothing is sent before the first question. All connections are closed at the end.

    ``base_url`` is empty for the embedded remote, whose database lives below ``root``; ``timeout`` is in
    seconds for all requests together. Raises CredentialsRefused (8) where the remote needs a key and the
    environment has none.
    """
    from assistctl.providers.connect import connect
    from assistctl.providers.urls import origin_of

    opened = partial(
        connect, profile, base_url, clock=ports.clock, notify=ports.notify, timeout_total=timeout
    )
    if base_url:
        key = _key(profile, base_url, ports)
        with closing(opened(key)) as provider:
            origin = origin_of(base_url)
            yield Link(provider, origin, origin, canon_of(profile), key or "")
        return
    with _embedded(root) as handler, closing(opened(None, handler=handler)) as provider:
        yield Link(provider, LOCAL_ORIGIN, str(root.absolute()), canon_of(profile))


@contextmanager
def _embedded(root: Path) -> Iterator[Handler]:
    from assistctl.server.app import App
    from assistctl.server.store import Store

    with Store(local_database(root)) as store:
        yield App(store).respond


def local_database(folder: Path) -> Path:
    """``.assistctl/local.db`` beside the project file, in a folder that git ignores."""
    from assistctl.files import Root

    root = Root(folder)
    ignore = f"{LOCAL_FOLDER}/.gitignore"
    if not (folder / ignore).exists():
        root.write(ignore, b"*\n", folder_mode=0o700)
    return folder / LOCAL_FOLDER / "local.db"


def canon_of(profile: Profile) -> Canon:
    """The canonical form for this remote; a deployment's name is nobody's alias."""
    from assistctl.manifest.models import catalogue

    return Canon({} if profile.models == "deployment" else catalogue().canonical())


def _key(profile: Profile, base_url: str, ports: Ports) -> str | None:
    """The key; a server on this machine may do without one."""
    from assistctl.errors import CredentialsRefused
    from assistctl.providers.profiles import find_key
    from assistctl.providers.urls import is_loopback

    try:
        key = find_key(profile, ports.environ)
        if key:
            ports.hide(key)
        return key
    except CredentialsRefused:
        if is_loopback(base_url):
            return None
        raise
