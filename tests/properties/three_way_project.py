"""A project on the disk and the server that it is applied to, for ``test_three_way_life.py``."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.engine.marker import Marker, decode
from assistctl.engine.normalize import Canon
from assistctl.manifest.models import catalogue
from assistctl.model.assistant import FIELDS
from assistctl.model.values import pack
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Request
from assistctl.server.moods import with_moods
from assistctl.server.store import Store

OWNER = "shop/default"
BASE = "assistants/_base.yaml"
_PROJECT = "project: shop\nprovider: {}\nvars: {{company: Acme}}\nlimits: {{max_deletes: 100%}}\n"
_CANON = Canon(catalogue().canonical())

Fields = dict[str, Any]


def _function(name: str, description: str, strict: bool = False) -> Fields:
    parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    made = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": {**made, "strict": True} if strict else made}


_SEARCH: Fields = {"type": "file_search", "file_search": {"max_num_results": 7}}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
_STORES = {"file_search": {"vector_store_ids": ["vs_1"]}}
PROMPT = "You work for ${var.company}.\n\n## Tone\nBe brief.\n- No slang: “never”.\n"
PROMPTS = [PROMPT, PROMPT.rstrip(), "A\r\nB  \n\n\tC", "$${var.company} is literal", "yes", ""]
VALUES: dict[str, list[Any]] = {
    "model": ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini"],
    "name": ["Desk", "Desk: “north” # 1", None],
    "description": ["one", "two: 'quoted' \"text\" # no comment", "", None],
    "instructions": [*PROMPTS, None],
    "temperature": [0, 0.2, 0.7, 1, None],
    "top_p": [0.5, 1.0, None],
    "response_format": ["auto", {"type": "text"}, {"type": "json_object"}, _SCHEMA, None],
    "reasoning_effort": ["low", "high", None],
    "tools": [
        [_function("find", "Finds.")],
        [_SEARCH, _function("find", "Finds it: now.", strict=True)],
        [_function("count", "Counts."), {"type": "code_interpreter"}, _function("find", "Finds.")],
        [],
        None,
    ],
    "tool_resources": [
        {"code_interpreter": {"file_ids": ["file-2", "file-1"]}},
        {"code_interpreter": {"file_ids": ["file-1", "file-2"]}, **_STORES},
        {},
        None,
    ],
}
"""What a manifest may say; texts as they are written there."""
OUTSIDE: dict[str, list[Any]] = {
    **{name: [value for value in values if value is not None] for name, values in VALUES.items()},
    "name": ["Renamed by hand", "Desk"],
    "description": ["typed: by hand", "one", ""],
    "instructions": [
        "You work for Acme.\n\n## Tone\nBe brief and polite.\n- No slang: “never”.\n",
        "You work for ${var.company}.\n",
        "--- x\n  # no comment\n",
        "Line one\r\nline two",
        "",
    ],
    "temperature": [0.2, 0.9, 1],
    "top_p": [0.25, 1],
    "reasoning_effort": ["medium", "high"],
}
"""What people type; texts as they are."""
SHARED: dict[str, list[Any]] = {
    "description": ["from the base", "of the base", None],
    "temperature": [0.4, 0.5, None],
    "metadata": [{"team": "base"}, {"team": "other", "tier": "1"}, {"tier": None}],
}
"""What the fragment may say."""


@dataclass
class Home:
    """Where lives are lived: a folder for each, and the server, in moods or embedded in the program."""

    folder: Path
    moods: tuple[str, ...] = ()
    lives: int = 0
    steps: int = 0

    @contextmanager
    def life(self) -> Iterator[tuple[Path, App]]:
        """A fresh project, and the plain server over the same store: what people see and do."""
        self.lives += 1
        root = self.folder / f"life-{self.lives}"
        for folder in ("assistants", "prompts", ".assistctl"):
            (root / folder).mkdir(parents=True)
        provider = "openai" if self.moods else "local"
        (root / "assistctl.yaml").write_text(_PROJECT.format(provider), encoding="utf-8")
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("ASSISTCTL_STATE_DIR", str(root / "state"))
            patch.setenv("ASSISTCTL_DEBUG", "1")
            if self.moods:
                store = stack.enter_context(Store(":memory:"))
                url = stack.enter_context(running(with_moods(store, self.moods)))
                patch.setenv("ASSISTCTL_BASE_URL", url)
            else:
                store = stack.enter_context(Store(root / ".assistctl" / "local.db"))
            yield root, App(store)
        shutil.rmtree(root)


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str


@dataclass
class Files:
    """The manifests on the disk: what they say is read from there, never remembered."""

    root: Path
    paths: dict[str, str] = field(default_factory=dict)
    """Key to file."""
    gone: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Manifests that were removed: file and content."""
    made: int = 0

    def fresh(self) -> str:
        """A key that was never used."""
        self.made += 1
        return f"k{self.made}"

    def key(self, which: int) -> str:
        return sorted(self.paths)[which % len(self.paths)]

    def read(self, path: str) -> Fields:
        found = yaml.safe_load((self.root / path).read_bytes())
        return found if isinstance(found, dict) else {}

    def write(self, path: str, content: Fields, *, block: bool = True) -> None:
        """As block YAML, or with a line of JSON for each field."""
        lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in content.items())
        plain = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=60)
        self.put(path, plain if block else "".join(lines))

    def put(self, path: str, text: str) -> None:
        (self.root / path).write_bytes(text.encode())

    def all(self) -> dict[str, bytes]:
        """Whatever a pull may write, by path."""
        found = (path for folder in ("assistants", "prompts") for path in (self.root / folder).iterdir())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def says(self, key: str) -> Fields:
        """What the manifest and its fragment come to, with references as they are written."""
        own = self.read(self.paths[key])
        base = self.read(BASE) if "extends" in own else {}
        if "instructions_file" in own:
            own["instructions"] = (self.root / "assistants" / own["instructions_file"]).read_bytes().decode()
        metadata = {**(base.get("metadata") or {}), **(own.get("metadata") or {})}
        return {"name": key, **base, **own, "metadata": metadata}

    def manages(self, key: str) -> set[str]:
        """The fields that the manifest decides, in the plan's words; none for an empty key."""
        if not key:
            return set()
        said = self.says(key)
        names = (said.keys() & {*FIELDS}) | {f"metadata.{entry}" for entry in said["metadata"]}
        return names - self.ignores(key)

    def ignores(self, key: str) -> set[str]:
        """What its ``ignore_changes`` names."""
        content = self.read(self.paths[key]) if key else {}
        return set(content.get("lifecycle", {}).get("ignore_changes", ()))

    def manifest_of(self, marker: Marker) -> str:
        """The key of the manifest that stands for an assistant; empty for none."""
        if marker.key in self.paths:
            return marker.key
        heirs = (key for key, path in self.paths.items() if marker.key in self.read(path).get("aliases", ()))
        return next(heirs, "")


class Remote:
    """The server as people see it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def ask(self, method: str, path: str = "", body: Fields | None = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        query = {"limit": "100"} if method == "GET" else {}
        answer = self._app.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def add(self, **fields: Any) -> None:
        self.ask("POST", "", {"model": "gpt-4o", **fields})

    def edit(self, remote_id: str, **fields: Any) -> Fields:
        found: Fields = self.ask("POST", f"/{remote_id}", fields)
        return found

    def all(self) -> dict[str, Fields]:
        """By id."""
        return {item["id"]: item for item in self.ask("GET")["data"]}

    def bytes_of(self, remote_id: str) -> bytes:
        """Exactly as it is answered."""
        return self._app.handle(Request("GET", f"/assistants/{remote_id}", {}, {}, b"")).body

    def ours(self) -> list[tuple[Fields, Marker]]:
        """Whatever carries our owner's marker, by key."""
        marked = ((item, decode(item["metadata"].get("assistctl", ""))) for item in self.all().values())
        found = [(item, marker) for item, marker in marked if marker is not None and marker.owner == OWNER]
        return sorted(found, key=lambda pair: (pair[1].key, pair[0]["id"]))

    def pick(self, which: int) -> tuple[Fields, Marker]:
        ours = self.ours()
        return ours[which % len(ours)]


def call(root: Path, *args: str, codes: tuple[int, ...] = (0,)) -> Ran:
    """One command line; it ends with one of ``codes`` and without a traceback."""
    out, err = io.StringIO(), io.StringIO()
    code = run(["-C", str(root), *args], Console(None, out, err, os.environ))
    ran = Ran(code, out.getvalue(), err.getvalue())
    assert code in codes, (args, ran)
    assert "Traceback" not in ran.err, ran
    return ran


def resolved(value: Any) -> Any:
    """A manifest's text with its references resolved."""
    if not isinstance(value, str):
        return value
    return re.sub(r"(\$+)\{var\.company\}", lambda found: "Acme" if found[1] == "$" else found[0][1:], value)


def canonical(name: str, value: Any) -> str:
    """The text by which values of a field are equal; ``value`` is plain JSON."""
    return _CANON.text(name, pack(value))
