"""One manifest in one environment: layers merged, included files read, references expanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistctl.files import FileRefused, join
from assistctl.model.values import Json

from .findings import PLAIN_TEXT, Finding, Place
from .interpolate import FILE_CODES, Names, Report, expand
from .layers import Layer, merge, trace
from .sources import Sources
from .yaml_nodes import Path

IDENTITY_KEYS = frozenset({"key", "id", "aliases", "only", "extends", "environments", "allow", "lifecycle"})
"""Keys of ours that are never sent."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds, and where each value comes from."""

    layers: tuple[Layer, ...]
    values: Mapping[str, Json]
    """The API's fields, final, and our own keys as merged."""
    prompts: tuple[str, ...] = ()
    """The files that ``instructions`` came from."""
    functions: Mapping[int, str] = field(default_factory=dict)
    """Index in ``tools`` to the file that the function came from."""
    changed: bool = False
    """Whether the values differ from the manifest's own."""

    def place(self, path: Path, *, on_key: bool = False, needle: str = "") -> Place:
        """Where a final value was written."""
        if path[:1] == ("instructions",) and self.prompts:
            path = ("instructions_file",)
        if in_file := self._in_function_file(path):
            return Place(in_file[0], 0, in_file[1], on_key, needle)
        layer, reached = trace(self.layers, path)
        return Place(
            layer.file, layer.document, layer.path + reached, on_key and len(reached) == len(path), needle
        )

    def _in_function_file(self, path: Path) -> tuple[str, Path] | None:
        if len(path) < 3 or path[0] != "tools" or path[2] != "function" or not isinstance(path[1], int):
            return None
        file = self.functions.get(path[1])
        if file is None or (len(path) > 3 and len(trace(self.layers, path[:4])[1]) == 4):
            return None
        return file, path[3:]


def make_effective(
    layers: Sequence[Layer], sources: Sources, names: Names, findings: list[Finding]
) -> Effective:
    """Merges, includes and expands; what cannot be is added to ``findings`` and left out."""
    return _Maker(tuple(layers), sources, names, findings).make()


class _Maker:
    def __init__(
        self, layers: tuple[Layer, ...], sources: Sources, names: Names, findings: list[Finding]
    ) -> None:
        self._layers = layers
        self._sources = sources
        self._names = names
        self._findings = findings
        self._functions: dict[int, str] = {}
        self._traced = Effective(layers, {}, functions=self._functions)

    def make(self) -> Effective:
        own = self._layers[-1].values
        single = len(self._layers) == 1
        merged = dict(own) if single else merge([layer.values for layer in self._layers])
        values = {name: value for name, value in merged.items() if name != "instructions_file"}
        if isinstance(tools := values.get("tools"), list):
            values["tools"] = [self._with_function(index, tool) for index, tool in enumerate(tools)]
        if any(layer.dollars for layer in self._layers) or self._functions:
            values = self._expanded(values)
        prompts: tuple[str, ...] = ()
        if "instructions_file" in merged and "instructions" not in merged:
            prompts, values["instructions"] = self._instructions(merged["instructions_file"])
        changed = not single or values != own
        return Effective(self._layers, values, prompts, self._functions, changed)

    def _expanded(self, values: dict[str, Json]) -> dict[str, Json]:
        return {
            name: value if name in IDENTITY_KEYS else self._expand(value, (name,))
            for name, value in values.items()
        }

    def _expand(self, value: Json, path: Path) -> Json:
        if isinstance(value, str):
            return self._text(value, path) if "${" in value else value
        if isinstance(value, dict):
            return {name: self._expand(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._expand(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> str:
        place = self._traced.place(path)
        return expand(text, place.file, self._names, self._reporter(place))

    def _reporter(self, place: Place) -> Report:
        def report(code: str, message: str, file: str, written: str) -> None:
            here = Place(place.file, place.document, place.path, needle=written)
            there = Place(file, PLAIN_TEXT, needle=written)
            self._findings.append(Finding(code, message, here if file == place.file else there))

        return report

    def _instructions(self, named: Json) -> tuple[tuple[str, ...], str]:
        """The files and their text; one file byte for byte, several joined by one blank line."""
        if isinstance(named, str):
            read = [self._prompt(named, ("instructions_file",))]
        else:
            files = named if isinstance(named, list) else []
            read = [
                self._prompt(each, ("instructions_file", index))
                for index, each in enumerate(files)
                if isinstance(each, str)
            ]
        found = [each for each in read if each is not None]
        if isinstance(named, str):
            return tuple(file for file, _ in found), "".join(text for _, text in found)
        return tuple(file for file, _ in found), "\n\n".join(text.rstrip("\r\n") for _, text in found)

    def _prompt(self, named: str, path: Path) -> tuple[str, str] | None:
        place = self._traced.place(path)
        try:
            file = join(place.file, expand(named, place.file, self._names, self._reporter(place)))
            text = self._sources.text(file)
        except FileRefused as error:
            self._findings.append(Finding(FILE_CODES[error.refusal], error.what, place))
            return None
        return file, expand(text, file, self._names, self._reporter(Place(file, PLAIN_TEXT)))

    def _with_function(self, index: int, tool: Json) -> Json:
        if not isinstance(tool, dict) or "function_file" not in tool or tool.get("type") != "function":
            return tool
        value = self._function(index, tool["function_file"])
        own = tool.get("function")
        if value is None:
            return tool
        rest = {name: each for name, each in tool.items() if name not in ("function_file", "function")}
        return {**rest, "function": {**value, **(own if isinstance(own, dict) else {})}}

    def _function(self, index: int, named: Json) -> Mapping[str, Json] | None:
        if not isinstance(named, str):
            return None
        place = self._traced.place(("tools", index, "function_file"))
        try:
            file = join(place.file, expand(named, place.file, self._names, self._reporter(place)))
            found = self._sources.map_file(file)
        except FileRefused as error:
            self._findings.append(Finding(FILE_CODES[error.refusal], error.what, place))
            return None
        self._findings.extend(found.findings)
        if found.value is not None:
            self._functions[index] = file
        return found.value


def extended(manifest: Layer, sources: Sources, findings: list[Finding]) -> Iterator[Layer]:
    """The fragments that a manifest extends, nearest first; what cannot be read ends the chain."""
    layer, seen = manifest, [manifest.file]
    while isinstance(named := layer.values.get("extends"), str):
        place = layer.place(("extends",))
        try:
            file = join(layer.file, named)
            code, words = _refused(file, seen)
            if code:
                findings.append(Finding(code, words, place))
                return
            found = sources.map_file(file)
        except FileRefused as error:
            findings.append(Finding(FILE_CODES[error.refusal], error.what, place))
            return
        findings.extend(found.findings)
        if found.value is None:
            return
        layer = Layer(file, 0, (), found.value)
        seen.append(file)
        yield layer


def _refused(file: str, seen: Sequence[str]) -> tuple[str, str]:
    name = file.rpartition("/")[2]
    if not name.startswith("_") or not name.endswith((".yaml", ".yml")):
        return "AC201", f"a fragment's name starts with _ and ends with .yaml or .yml, found '{name}'"
    if file in seen:
        return "AC202", "extends goes in a circle: " + " → ".join((*seen[seen.index(file) :], file))
    if len(seen) > _MAX_EXTENDS:
        return "AC203", f"extends goes deeper than {_MAX_EXTENDS} fragments"
    return "", ""


_MAX_EXTENDS = 5
