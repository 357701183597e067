"""The ownership marker: who owns an assistant and what was last applied, in one metadata value.

One ASCII line of at most 512 characters (the protocol's limit for a metadata value)::

    1 acme-support/prod billing-bot k7f2q9! n:zCuV0T t:fa1yPS>gf9Mkv M:Sz_FWEB1djCT4Bgm #koTJa

version · owner · key · run id, with ``!`` for prevent_destroy and ``~`` for on_remove: keep · per field a
letter and the digest of its canonical value, ``>`` and a second digest where the remote stores another
form · ``M:`` per managed metadata key two characters of the key's and six of the entry's digest · ``#``
checksum, so that a cut or edited marker reads as not ours. Digests are 36 bits: a collision can only
mislabel a cause, since desired and remote are compared by value.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

LIMIT = 512
VERSION = "1"

LETTERS = {
    "name": "n",
    "description": "d",
    "model": "m",
    "instructions": "i",
    "tools": "t",
    "tool_resources": "r",
    "temperature": "T",
    "top_p": "P",
    "response_format": "f",
    "reasoning_effort": "e",
}
"""One letter per field: part of the stored format, never to be reused for another field."""
_FIELDS = {letter: name for name, letter in LETTERS.items()}

_HEAD = re.compile(
    r"1 (?P<owner>[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,31}) (?P<key>[a-z0-9][a-z0-9_-]{0,62})"
    r" (?P<run>[a-z0-9]{1,8})(?P<flags>!?~?)(?P<rest>(?: [^ ]+)*)"
)
_CLAIM = re.compile(r"\d+ [a-z0-9-]+/[a-z0-9-]+ (?P<key>[a-z0-9][a-z0-9_-]{0,62}) ", re.ASCII)
_RECORD = re.compile(r"([ndmitrTPfe]):([\w-]{6})(?:>([\w-]{6}))?", re.ASCII)
_METADATA = re.compile(r"M:((?:[\w-]{8})+)(?:>([\w-]{6}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """What was last applied to one field."""

    digest: str
    stored: str | None = None
    """Digest of the form that the remote made of it, where it rewrote or dropped the value."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Ownership of one assistant and the digests of what was last applied to it."""

    owner: str
    key: str
    run: str
    prevent_destroy: bool = False
    keep_on_remove: bool = False
    fields: Mapping[str, Record] = field(default_factory=dict)
    metadata: tuple[tuple[str, str], ...] = ()
    """Per managed metadata key: two characters of the key's digest, six of the entry's."""
    metadata_stored: str | None = None
    """One digest for all metadata values that the remote rewrote, together."""

    def encode(self) -> str:
        """The metadata value. Never longer than :data:`LIMIT` for valid owners and keys."""
        flags = ("!" if self.prevent_destroy else "") + ("~" if self.keep_on_remove else "")
        parts = [VERSION, self.owner, self.key, self.run + flags]
        parts += [
            f"{letter}:{_with_stored(self.fields[name].digest, self.fields[name].stored)}"
            for name, letter in LETTERS.items()
            if name in self.fields
        ]
        if self.metadata:
            pairs = "".join(key + value for key, value in self.metadata)
            parts.append("M:" + _with_stored(pairs, self.metadata_stored))
        line = " ".join(parts)
        return f"{line} #{_digest('marker', line)[:5]}"


def decode(text: str) -> Marker | None:
    """The marker in a metadata value, or None where it is cut, edited, of another version or foreign."""
    line, _, checksum = text.rpartition(" #")
    if len(text) > LIMIT or checksum != _digest("marker", line)[:5]:
        return None
    head = _HEAD.fullmatch(line)
    if head is None:
        return None
    records: dict[str, Record] = {}
    pairs: tuple[tuple[str, str], ...] = ()
    stored: str | None = None
    for part in head["rest"].split():
        if match := _RECORD.fullmatch(part):
            records[_FIELDS[match[1]]] = Record(match[2], match[3])
        elif match := _METADATA.fullmatch(part):
            pairs, stored = _pairs(match[1]), match[2]
        else:
            return None
    flags = head["flags"]
    return Marker(head["owner"], head["key"], head["run"], "!" in flags, "~" in flags, records, pairs, stored)


def claimed_key(text: str) -> str:
    """The key that a cut, edited or newer marker still names, empty for none: a hint, never ownership."""
    head = _CLAIM.match(text)
    return head["key"] if head else ""


def digest(name: str, canonical: str) -> str:
    """Six characters that stand for one field's canonical value."""
    return _short_digest(name, canonical) if len(canonical) <= _SHORT else _digest(name, canonical)


@lru_cache(1024)
def key_digest(key: str) -> str:
    """Two characters that stand for a metadata key."""
    return _digest("metadata key", key)[:2]


def metadata_records(digests: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The record of managed metadata, from each key's digest."""
    return tuple((key_digest(key), digests[key]) for key in sorted(digests))


def assign(marker: Marker, keys: Iterable[str], known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Which recorded metadata digest belongs to which of ``keys``.

    Two keys may share their two characters: an entry goes first to the key for which one of its
    ``known`` canonical texts explains it, then to a key that nothing explains.
    """
    left = list(marker.metadata)
    found: dict[str, str] = {}
    ordered = sorted(keys)
    for key in ordered:
        explained = {(key_digest(key), _digest(f"metadata.{key}", text)) for text in known.get(key, ())}
        for entry in sorted(explained.intersection(left)):
            found[key] = entry[1]
            left.remove(entry)
            break
    for key in ordered:
        for entry in left:
            if key not in found and entry[0] == key_digest(key):
                found[key] = entry[1]
                left.remove(entry)
                break
    return found


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((text[i : i + 2], text[i + 2 : i + 8]) for i in range(0, len(text), 8))


def _with_stored(text: str, stored: str | None) -> str:
    return f"{text}>{stored}" if stored else text


def _digest(name: str, text: str) -> str:
    raw = blake2b(f"{name}\0{text}".encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return urlsafe_b64encode(raw).decode("ascii")[:6]


_SHORT = 40
_short_digest = lru_cache(4096)(_digest)
"""Models, numbers and metadata are the same in many assistants: one digest serves them all."""
