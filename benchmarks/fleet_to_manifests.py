"""Turns a JSON Lines file of assistants into a project folder, without losing a byte.

    python benchmarks/fleet_to_manifests.py INPUT.jsonl OUTDIR [--project NAME] [--one-file]

One line of INPUT is one assistant: ``key`` and the API's fields ``name``, ``description``, ``model``,
``instructions``, ``tools``, ``tool_resources``, ``metadata``, ``temperature``, ``top_p``,
``response_format``, ``reasoning_effort``. Everything else on a line is left out. OUTDIR gets::

    assistctl.yaml
    assistants/KEY.yaml                     one manifest per line
    assistants/KEY.md                       its prompt, byte for byte
    assistants/KEY.functions/NAME.json      function tools of more than fifteen lines

With ``--one-file`` prompt and functions stay in the manifest: one file per assistant.

Text that would read as interpolation is escaped, so that what is sent equals what INPUT holds. A key that
cannot be used as it is becomes one that can; the new key is told on stderr. Values that the API itself would
refuse are written as they are: finding them is the validator's work.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Assistant: TypeAlias = dict[str, Json]

FIELD_ORDER = (
    "name",
    "description",
    "model",
    "temperature",
    "top_p",
    "reasoning_effort",
    "response_format",
    "instructions",
    "tools",
    "tool_resources",
    "metadata",
)
NULLABLE = frozenset(FIELD_ORDER) - {"model", "tools", "metadata"}
"""Where an explicit null is a value of its own: the server's default."""

LONGEST_INLINE_FUNCTION = 15
KEY_LENGTH = 63
MARKER = "assistctl"
"""The metadata entry that carries ownership: it belongs to whoever applied it, never to a manifest."""

VALID_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
REFERENCE = re.compile(r"\$(?=\{(?:var|file|env)\.)")
PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_.,/()-]*(?: [A-Za-z0-9_.,/()-]+)*")
YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Pages:
    """The files of one assistant: path below ``assistants/`` → content."""

    manifest: Mapping[str, Json]
    texts: Mapping[str, str]


class ManifestDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes every text that some reader could take for something else, and never writes aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Equal values are written twice: manifests hold no anchors."""
        return True


def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Plain only where YAML 1.1 and 1.2 agree that it is text (``1e3`` and ``0o17`` are numbers in one)."""
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    plain = PLAIN_TEXT.fullmatch(text) is not None and text.lower() not in YAML_WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


ManifestDumper.add_representer(str, represent_text)


def to_yaml(value: Mapping[str, Json]) -> str:
    """Block style, keys in the order given, no line folding."""
    text: str = yaml.dump(
        value,
        Dumper=ManifestDumper,
        sort_keys=False,
        allow_unicode=True,
        width=10**6,
        default_flow_style=False,
    )
    return text


def to_json(value: Json) -> str:
    """Indented, with a final newline and readable letters of every script."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def escape(text: str) -> str:
    """One more ``$`` before every reference, which is what reading takes away."""
    return REFERENCE.sub("$$", text)


def escaped(value: Json) -> Json:
    """The same structure with every text in it escaped."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [escaped(item) for item in value]
    if isinstance(value, dict):
        return {name: escaped(item) for name, item in value.items()}
    return value


def read_assistants(path: Path) -> Iterator[tuple[int, Assistant]]:
    """Line number and content of every line that is not blank; ends the program at the first broken one."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            assistant = json.loads(line, parse_constant=refuse_constant)
            json.dumps(assistant, ensure_ascii=False).encode()  # half a surrogate pair has no bytes
        except ValueError as error:
            raise SystemExit(f"{path}:{number}: not JSON: {error}. Nothing was written.") from error
        if not isinstance(assistant, dict):
            raise SystemExit(f"{path}:{number}: an assistant is an object. Nothing was written.")
        yield number, assistant


def refuse_constant(word: str) -> Json:
    """NaN and the infinities are Python's extension, not JSON."""
    raise ValueError(f"{word} is not JSON")


def slug(text: str) -> str:
    """The nearest valid key: lower-case ASCII, runs of anything else become one dash."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_text).strip("-_")[:KEY_LENGTH] or "assistant"


def unused(wanted: str, taken: Callable[[str], bool]) -> str:
    """``wanted``, or with the first free number behind it, never longer than a key may be."""
    if not taken(wanted):
        return wanted
    number = 2
    while taken(numbered := f"{wanted[: KEY_LENGTH - len(str(number)) - 1]}-{number}"):
        number += 1
    return numbered


def keys_for(assistants: Iterable[Assistant]) -> list[str]:
    """One unique valid key per assistant. Keys that are valid already are never given to another one."""
    wishes = [wish(assistant) for assistant in assistants]
    reserved = {text for text in wishes if VALID_KEY.fullmatch(text)}
    used: set[str] = set()
    keys = []
    for text in wishes:
        if text in reserved and text not in used:
            key = text
        else:
            key = unused(slug(text), lambda name: name in used or name in reserved)
        used.add(key)
        keys.append(key)
    return keys


def wish(assistant: Assistant) -> str:
    """What the assistant would like to be called: its key, else its name, else its id."""
    values = (assistant.get(field) for field in ("key", "name", "id"))
    return next((text for text in values if isinstance(text, str) and text), "")


def pages_for(key: str, assistant: Assistant, *, one_file: bool = False) -> Pages:
    """The manifest and the files it names: none with ``one_file``."""
    manifest: dict[str, Json] = {"key": key}
    texts: dict[str, str] = {}
    for field in FIELD_ORDER:
        value = assistant.get(field)
        if field not in assistant or (value is None and field not in NULLABLE):
            continue
        if one_file and field in ("instructions", "tools"):
            manifest[field] = escaped(value)
        elif field == "instructions" and isinstance(value, str) and value:
            manifest["instructions_file"] = f"{key}.md"
            texts[f"{key}.md"] = escape(value)
        elif field == "tools" and isinstance(value, list):
            manifest["tools"] = [tool_for(key, tool, texts) for tool in value]
        elif field == "metadata" and isinstance(value, dict):
            manifest["metadata"] = escaped({name: text for name, text in value.items() if name != MARKER})
        else:
            manifest[field] = escaped(value)
    return Pages(manifest, texts)


def tool_for(key: str, tool: Json, texts: dict[str, str]) -> Json:
    """The tool as it is, or with its function moved to a file of its own when that is long."""
    if not isinstance(tool, dict) or not isinstance(function := tool.get("function"), dict):
        return escaped(tool)
    text = to_json(escaped(function))
    if text.count("\n") <= LONGEST_INLINE_FUNCTION:
        return escaped(tool)
    folder = f"{key}.functions"
    name = unused(slug(str(function.get("name", ""))), lambda stem: f"{folder}/{stem}.json" in texts)
    texts[f"{folder}/{name}.json"] = text
    rest = {field: escaped(value) for field, value in tool.items() if field != "function"}
    return {**rest, "function_file": f"{folder}/{name}.json"}


def write_project(
    target: Path, project: str, fleet: Mapping[str, Assistant], *, one_file: bool = False
) -> None:
    """The whole folder; bytes as they are, with no newline translation."""
    folder = target / "assistants"
    folder.mkdir(parents=True)
    settings: dict[str, Json] = {"project": project, "provider": "local", "manifests": ["assistants"]}
    (target / "assistctl.yaml").write_bytes(to_yaml(settings).encode())
    for key, assistant in fleet.items():
        pages = pages_for(key, assistant, one_file=one_file)
        (folder / f"{key}.yaml").write_bytes(to_yaml(pages.manifest).encode())
        for name, text in pages.texts.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="JSON Lines of assistants → project folder")
    parser.add_argument("input", type=Path)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--project", default="fleet", help="project name (default: fleet)")
    parser.add_argument("--one-file", action="store_true", help="no files beside the manifests")
    options = parser.parse_args()
    if options.outdir.exists() and any(options.outdir.iterdir()):
        raise SystemExit(f"{options.outdir} is not empty. Nothing was written: choose a new folder.")
    lines = list(read_assistants(options.input))
    keys = keys_for(assistant for _, assistant in lines)
    for (number, assistant), key in zip(lines, keys, strict=True):
        if assistant.get("key") != key:
            print(
                f"{options.input}:{number}: key {assistant.get('key')!r} is written as {key!r}",
                file=sys.stderr,
            )
    fleet = {key: assistant for key, (_, assistant) in zip(keys, lines, strict=True)}
    write_project(options.outdir, options.project, fleet, one_file=options.one_file)
    print(f"{len(fleet)} manifests in {options.outdir / 'assistants'}")


if __name__ == "__main__":
    main()
