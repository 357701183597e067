"""Values as YAML or JSON text, in the forms that manifests use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from assistctl.manifest.scalars import Scalar, resolve
from assistctl.model.values import Json

_HIDDEN: Final = re.compile("[\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")
_PLAIN: Final = re.compile(r"[^\W\d](?:[\w ./()+'-]*[\w./()+'-])?")
_UNFIT_FOR_BLOCKS: Final = re.compile(
    r"\A\n*[ \t]|[ \t]\n*\Z|\A\n*\Z|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
)
_OLD_WORDS: Final = re.compile(r"(?i:y|n|yes|no|on|off)")


def quoted(text: str, *, ascii_only: bool = False) -> str:
    """In double quotes; valid in YAML and in JSON."""
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=ascii_only))


def scalar(value: Scalar) -> str:
    """One line of YAML: plain where nothing could be misread, else in double quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.fullmatch(value) and resolve(value) == value and not is_old_word(value)
    return value if plain else quoted(value)


def is_old_word(text: str) -> bool:
    """Whether older readers of YAML take this plain text for a boolean."""
    return _OLD_WORDS.fullmatch(text) is not None


def flow(value: Json, write: Callable[[Scalar], str] = scalar) -> str:
    """One line in brackets; ``write`` gives the scalars."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write(name)}: {flow(inner, write)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each, write) for each in value) + "]"
    return write(value)


def indented(value: Json, step: str, *, ascii_only: bool = False) -> str:
    """JSON over several lines, indented by ``step``; the first line is not indented."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=step)
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def literal(text: str, indent: str) -> list[str]:
    """A block scalar: its header, then its lines, none of them with a line end."""
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomp = ("-", "", "+")[min(ends, 2)]
    lines = [indent + line if line else "" for line in body.split("\n")]
    return ["|" + chomp, *lines, *[""] * (ends - 1 if ends > 1 else 0)]


def member(name: str, value: Json, indent: str) -> list[str]:
    """``name: value`` of a block map as lines, all indented."""
    return _under(f"{indent}{scalar(name)}:", value, indent)


def item(value: Json, indent: str) -> list[str]:
    """``- value`` of a block list as lines, all indented."""
    if isinstance(value, dict) and value:
        lines = block(value, indent + "  ")
        return [f"{indent}- {lines[0][len(indent) + 2 :]}", *lines[1:]]
    return _under(f"{indent}-", value, indent)


def block(value: Json, indent: str) -> list[str]:
    """A map or list that is not empty as block lines, all indented."""
    if isinstance(value, dict):
        return [line for name, inner in value.items() for line in member(name, inner, indent)]
    items = value if isinstance(value, list) else [value]
    return [line for inner in items for line in item(inner, indent)]


def _under(head: str, value: Json, indent: str) -> list[str]:
    if isinstance(value, dict | list):
        if not value:
            return [f"{head} {flow(value)}"]
        return [head, *block(value, indent + "  ")]
    if isinstance(value, str) and "\n" in value and not _UNFIT_FOR_BLOCKS.search(value):
        header, *lines = literal(value, indent + "  ")
        return [f"{head} {header}", *lines]
    return [f"{head} {scalar(value)}"]
