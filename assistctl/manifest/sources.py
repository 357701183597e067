"""The files of one project, read once each for one command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from assistctl.files import FileRefused, Refusal, Root
from assistctl.model.values import Json

from .findings import Finding, Place, of_problem
from .interpolate import FILE_CODES
from .json_reader import load_json
from .yaml_nodes import Lines
from .yaml_reader import Loaded, load

_TEXTS_KEPT: Final = 256
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class MapFile:
    """A file that holds one map: a fragment or a function."""

    file: str
    value: Mapping[str, Json] | None
    """None where the findings say why it cannot be used."""
    findings: tuple[Finding, ...] = ()


class Sources:
    """Reads the project's files and remembers what several manifests share."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.text = lru_cache(_TEXTS_KEPT)(self._text)
        self.map_file = lru_cache(None)(self._map_file)

    def load(self, file: str) -> tuple[Loaded, tuple[Finding, ...]]:
        """One manifest file, and why it could not be read. Not remembered: each is needed once."""
        try:
            loaded = load(self.root.read(file))
        except FileRefused as error:
            return Loaded(), (Finding(FILE_CODES[error.refusal], error.what, Place(file), (1, 1)),)
        return loaded, tuple(of_problem(file, problem) for problem in loaded.problems)

    def positions_text(self, file: str) -> str:
        """A file's text as positions count it: without a byte order mark, broken bytes replaced; in JSON
        without escaped surrogates, which YAML's reader would stumble over."""
        text = self.root.read(file).decode("utf-8", "replace").removeprefix("\ufeff")
        return _SURROGATE.sub("??????", text) if file.endswith(".json") else text

    def _text(self, file: str) -> str:
        """A prompt or text fragment, byte for byte. Raises ``FileRefused``."""
        data = self.root.read(file)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            good = data[: error.start].decode("utf-8")
            line, column = Lines(good).place(len(good))
            words = f"is not UTF-8 (byte 0x{data[error.start]:02x} at {line}:{column})"
            raise FileRefused(file, Refusal.NOT_TEXT, words) from error

    def _map_file(self, file: str) -> MapFile:
        """A fragment or a function: YAML, or JSON by its ``.json`` ending. Raises ``FileRefused``."""
        data = self.root.read(file)
        loaded = load_json(data) if file.endswith(".json") else load(data)
        if loaded.problems:
            return MapFile(file, None, tuple(of_problem(file, problem) for problem in loaded.problems))
        if len(loaded.documents) > 1:
            words = f"one document is expected here, found {len(loaded.documents)}"
            return MapFile(file, None, (Finding("AC019", words, Place(file, 1)),))
        value = loaded.documents[0].value
        if not isinstance(value, dict):
            return MapFile(file, None, (Finding("AC018", "the document must be a map", Place(file)),))
        return MapFile(file, value)
