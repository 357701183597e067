"""Resolved manifests: what would be sent, with the place each part came from (``render``)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from assistctl.model.assistant import Desired
from assistctl.model.values import Json, unpack

from .escape import HASH_COMMAND, UNSEEN, disarm, escape

if TYPE_CHECKING:
    from ruamel.yaml import YAML

Origins = Mapping[str, Mapping[str, str]]
"""Key to field name to ``file:line``."""

_UNSEEN_BUT_LINE_END = re.compile(f"(?!\n){UNSEEN.pattern}")
_WORDS_OF_YAML_1_1 = re.compile(r"(?i:y|n|yes|no|on|off)")
"""Booleans to older readers, plain text to YAML 1.2."""


def resolved_document(assistants: Iterable[Desired], origins: Origins) -> list[Json]:
    """Each assistant as ``{key, file, body, origins}``; ``body`` is what a create would send."""
    return [
        {
            "key": item.key,
            "file": item.file,
            "body": _body(item),
            "origins": dict(origins.get(item.key, {})),
        }
        for item in assistants
    ]


def resolved_yaml(assistants: Iterable[Desired], origins: Origins) -> str:
    """One YAML document per assistant, a comment above each field naming its origin.

    Prompts are block scalars. Text with invisible characters or CI commands is double-quoted with
    escapes instead, so that the output is safe in a log and still loads to the same value.
    """
    yaml = _writer()
    return "---\n".join(_one(yaml, item, origins.get(item.key, {})) for item in assistants)


def _one(yaml: YAML, item: Desired, origins: Mapping[str, str]) -> str:
    from ruamel.yaml.comments import CommentedMap

    document = CommentedMap(key=item.key)
    for name, value in _body(item).items():
        document[name] = _styled(value)
        if name in origins:
            document.yaml_set_comment_before_after_key(name, before=escape(origins[name]))
    out = io.StringIO()
    yaml.dump(document, out)
    # Whatever is left to escape stands in double quotes (see _styled), where these forms are YAML.
    return HASH_COMMAND.sub(r"#\\x23", _UNSEEN_BUT_LINE_END.sub(_quoted_form, out.getvalue()))


def _quoted_form(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def _body(item: Desired) -> dict[str, Json]:
    metadata: dict[str, Json] = dict(item.metadata)
    fields = {name: unpack(value) for name, value in item.fields.items()}
    return {**fields, "metadata": metadata} if metadata else fields


def _styled(value: Json) -> object:
    """Strings with the scalar style that keeps them readable and safe; structures member by member."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, dict):
        return {_styled_key(key): _styled(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_styled(member) for member in value]
    if not isinstance(value, str):
        return value
    if not _is_harmless(value):
        return DoubleQuotedScalarString(value)
    return LiteralScalarString(value) if "\n" in value else value


def _styled_key(key: str) -> str:
    """Block scalars are no keys."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return key if _is_harmless(key) and "\n" not in key else DoubleQuotedScalarString(key)


def _is_harmless(text: str) -> bool:
    """Whether ``text`` needs no quotes on account of older readers, reviewers or CI runners."""
    lines = text.split("\n")
    seen = not any(UNSEEN.search(line) or disarm(line) != line for line in lines)
    return seen and not _WORDS_OF_YAML_1_1.fullmatch(text)


def _writer() -> YAML:
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import RoundTripRepresenter

    class Representer(RoundTripRepresenter):
        """Writes null as the word: an empty value reads like a mistake."""

    def null(representer: RoundTripRepresenter, _: None) -> object:
        return representer.represent_scalar("tag:yaml.org,2002:null", "null")

    Representer.add_representer(type(None), null)
    yaml = YAML()
    yaml.Representer = Representer
    yaml.width = 1 << 30  # never fold: a folded line could begin with a CI command
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
