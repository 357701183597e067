"""Who owns what on the remote: every listed assistant is ours, another owner's, or unowned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from assistctl.model.assistant import FIELDS, MARKER_KEY, Remote
from assistctl.model.held import refuse_not_held
from assistctl.model.plan import ABSENT
from assistctl.model.values import Packed

from .marker import LETTERS, Marker, claimed_key, decode
from .normalize import Canon
from .probes import probe_mark


@dataclass(frozen=True, slots=True)
class Seen:
    """A remote assistant and the marker it carries, if that can be read."""

    remote: Remote
    marker: Marker | None

    @property
    def age(self) -> tuple[float, str]:
        """Sorts oldest first; ties by id."""
        return (self.remote.created_at, self.remote.id)

    @property
    def name(self) -> str:
        """The name the remote stores, empty for none."""
        value = self.remote.fields.get("name")
        return value if isinstance(value, str) else ""

    @property
    def claim(self) -> str:
        """The key that an unreadable marker still names, empty for none."""
        text = (self.remote.metadata or {}).get(MARKER_KEY)
        return claimed_key(text) if text and self.marker is None else ""


@dataclass(slots=True)
class Survey:
    """The remote, sorted by ownership. Built once from a complete list, then only read."""

    owner: str
    formerly: tuple[str, ...] = ()
    by_id: dict[str, Seen] = field(default_factory=dict)
    ours: dict[str, list[Seen]] = field(default_factory=dict)
    """By key: markers of our owner, or of one we take over."""
    unowned: list[Seen] = field(default_factory=list)
    foreign: list[Seen] = field(default_factory=list)
    settled: dict[str, str] = field(default_factory=dict)
    """By id the key of the manifest that it is known to agree with; neither holds its long values."""

    def add(self, remote: Remote) -> None:
        """Files one assistant; what is known of the same id already makes way. A probe is known by its id
        and belongs to nobody."""
        seen = see(remote)
        if remote.id in self.by_id:
            self._forget(self.by_id[remote.id])
            self.settled.pop(remote.id, None)
        self.by_id[remote.id] = seen
        if seen.marker is None and probe_mark(remote):
            return
        if seen.marker is None:
            self.unowned.append(seen)
        elif seen.marker.owner == self.owner or seen.marker.owner in self.formerly:
            self.ours.setdefault(seen.marker.key, []).append(seen)
        else:
            self.foreign.append(seen)

    def _forget(self, seen: Seen) -> None:
        for group in (self.unowned, self.foreign, *self.ours.values()):
            if seen in group:
                group.remove(seen)
        self.ours = {key: group for key, group in self.ours.items() if group}

    def settle(self, light: Remote, key: str) -> None:
        """Puts ``light`` in the place of the same assistant, which agrees with the manifest ``key``."""
        known = self.by_id[light.id]
        self.by_id[light.id] = seen = Seen(light, known.marker)
        self.ours[key] = [seen if each is known else each for each in self.ours[key]]
        self.settled[light.id] = key

    def in_order(self) -> Survey:
        """Itself, with the oldest first: the order of the list does not matter."""
        self.unowned.sort(key=lambda seen: seen.age)
        self.foreign.sort(key=lambda seen: seen.age)
        return self

    def is_ours(self, seen: Seen) -> bool:
        """Our own marker, not one of a former owner."""
        return seen.marker is not None and seen.marker.owner == self.owner

    def owned(self) -> list[Seen]:
        """Everything with our own marker, by key and age."""
        return [
            seen
            for key in sorted(self.ours)
            for seen in sorted(self.ours[key], key=lambda item: item.age)
            if self.is_ours(seen)
        ]


def survey(remotes: Iterable[Remote], owner: str, formerly: tuple[str, ...] = ()) -> Survey:
    """Sorts a complete list; the order of the list does not matter."""
    result = Survey(owner, formerly)
    for remote in remotes:
        result.add(remote)
    return result.in_order()


def see(remote: Remote) -> Seen:
    """One assistant with its marker read."""
    text = (remote.metadata or {}).get(MARKER_KEY)
    return Seen(remote, decode(text) if text else None)


def fingerprint(remote: Remote, canon: Canon) -> str:
    """A digest of everything that was seen of it, ownership included.

    It begins with the letters of the fields that the answer had: a list may answer fewer than a GET, and
    only what the plan saw can be said to have moved.
    """
    return _fingerprint(remote, canon, [name for name in FIELDS if name in remote.fields])


def unmoved(base: str, now: Remote, canon: Canon) -> bool:
    """Whether nothing that ``base`` was made from has changed on the remote."""
    letters, _, _ = base.partition(":")
    return base == _fingerprint(now, canon, [name for name in FIELDS if LETTERS[name] in letters])


def _fingerprint(remote: Remote, canon: Canon, names: Sequence[str]) -> str:
    refuse_not_held(remote.fields)
    texts = [f"{name}={canon.text(name, remote.fields.get(name, ABSENT))}" for name in names]
    texts += [f"metadata.{key}={value}" for key, value in sorted((remote.metadata or {}).items())]
    framed = "".join(f"{len(text)}:{text}" for text in texts)
    hashed = blake2b(framed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return "".join(LETTERS[name] for name in names) + ":" + hashed


def prompt_of(seen: Seen) -> str:
    """Its instructions, empty for none."""
    value = seen.remote.fields.get("instructions")
    return "" if value is None or isinstance(value, Packed) else str(value)
