"""The only writer of manifests: new ones from values, existing ones in one form with their comments.

Every plain scalar is handled as the text it is, so that ``1.10``, ``022`` and dates come out as they went
in: what a plain scalar means is decided by :mod:`assistctl.manifest.scalars` alone.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from assistctl.manifest.scalars import MAY_MEAN_MORE, NotJson, resolve
from assistctl.model.values import Json

from .characters import is_invisible, yaml_escapes

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_Styled: TypeAlias = "str | list[_Styled] | dict[str, _Styled]"

_WIDTH: Final = 4096
_NULLS: Final = frozenset({"", "~", "Null", "NULL"})
_MEANS_MORE_IN_YAML_1_1: Final = re.compile(
    r"(?i:y|n|yes|no|on|off|=|<<)|[-+.]?[0-9][0-9_.:,a-f]*|[-+.]?[0-9][0-9:.tz+ -]*", re.IGNORECASE
)
"""Booleans, octal and sexagesimal numbers, dates: text to us, quoted for the readers that differ."""


class Unwritable(ValueError):
    """ruamel.yaml cannot read this text; our own reader can."""


def dump(document: Mapping[str, Json]) -> str:
    """A map as one YAML document: block style, keys in their order, texts of several lines as blocks."""
    out = io.StringIO()
    _yaml().dump(_map(document), out)
    return out.getvalue()


def rewrite(text: str) -> str:
    """All documents of a valid manifest file in our form. Raises :class:`Unwritable`."""
    from ruamel.yaml.error import YAMLError

    yaml = _yaml()
    out = io.StringIO()
    try:
        yaml.dump_all(list(yaml.load_all(text)), out)
    except (YAMLError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unwritable(" ".join(str(error).split()) or type(error).__name__) from error  # its bugs are many
    return out.getvalue()


def _styled(value: Json) -> _Styled:
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list):
        return [_styled(item) for item in value]
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _map(value: Mapping[str, Json]) -> dict[str, _Styled]:
    return {_text(name, block=False): _styled(item) for name, item in value.items()}


def _text(text: str, *, block: bool = True) -> str:
    """A text in the style that keeps it readable and loads as the same text."""
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        SingleQuotedScalarString,
    )

    style: type[str] = str
    if any(map(is_invisible, text)):
        style = DoubleQuotedScalarString
    elif "\n" in text:
        style = LiteralScalarString if block and text.strip() else DoubleQuotedScalarString
    elif _means_more(text):
        style = SingleQuotedScalarString
    return style(text)


def _means_more(text: str) -> bool:
    if not text or _MEANS_MORE_IN_YAML_1_1.fullmatch(text):
        return True
    if text[0] not in MAY_MEAN_MORE:
        return False
    try:
        return not isinstance(resolve(text), str)
    except NotJson:
        return True


def _yaml() -> YAML:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.emitter import Emitter
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver(VersionedResolver):
        """Takes every plain scalar as text."""

        @property
        def versioned_resolver(self) -> dict[str, object]:
            return {}

    class Constructor(RoundTripConstructor):
        """Spells null as the word: an empty value reads like a mistake."""

        def construct_scalar(self, node: ScalarNode) -> object:
            if not node.style and node.value in _NULLS:
                node.value = "null"
            return super().construct_scalar(node)

    class VisibleEmitter(Emitter):
        """In double quotes, characters without a glyph are written as escapes."""

        def write_double_quoted(self, text: str, split: bool = True) -> None:
            stream, self.stream = self.stream, io.StringIO()
            super().write_double_quoted(text, split)
            written, self.stream = self.stream.getvalue(), stream
            stream.write(yaml_escapes(written))

    yaml = YAML()
    yaml.Resolver, yaml.Constructor, yaml.Emitter = Resolver, Constructor, VisibleEmitter
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
