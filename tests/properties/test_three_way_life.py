"""Months in the life of a project, through the program itself: files, commands, and people at a console.

Manifests change, are renamed, go and come back; people edit, add and delete outside; applies, pulls, undos
and releases run in any order. The laws stand in :class:`Life`. The same life is lived on servers in
several moods.

The default run takes about 500 steps. The campaign takes at least 10,000 and prints its seed::

    THREE_WAY_STEPS=10000 pytest -m campaign -n 0 -s tests/properties/test_three_way_life.py

``THREE_WAY_SEED`` repeats a campaign.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.engine.marker import Marker, decode, digest
from assistctl.engine.normalize import Canon
from assistctl.manifest.models import catalogue
from assistctl.model.assistant import FIELDS
from assistctl.model.values import pack
from assistctl.server.app import App
from assistctl.server.http import running
from assistctl.server.messages import Request
from assistctl.server.moods import with_moods
from assistctl.server.store import Store

MOODS = ("metadata-replace", "null-ignored", "omitted-wiped", "defaults-omitted", "summary-list")
OWNER = "shop/default"
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
PROJECT = "project: shop\nprovider: {}\nvars: {{company: Acme}}\nlimits: {{max_deletes: 100%}}\n"
BASE = "assistants/_base.yaml"
CANON = Canon(catalogue().canonical())


def function(name: str, description: str, strict: bool = False) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    made = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": {**made, "strict": True} if strict else made}


SEARCH: dict[str, Any] = {"type": "file_search", "file_search": {"max_num_results": 7}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
STORES = {"file_search": {"vector_store_ids": ["vs_1"]}}
PROMPT = "You work for ${var.company}.\n\n## Tone\nBe brief.\n- No slang: “never”.\n"
VALUES: dict[str, list[Any]] = {
    "model": ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini"],
    "name": ["Desk", "Desk: “north” # 1", None],
    "description": ["one", "two: 'quoted' \"text\" # no comment", "", None],
    "instructions": [PROMPT, PROMPT.rstrip(), "A\r\nB  \n\n\tC", "$${var.company} is literal", "yes", None],
    "temperature": [0, 0.2, 0.7, 1, None],
    "top_p": [0.5, 1.0, None],
    "response_format": ["auto", {"type": "text"}, {"type": "json_object"}, SCHEMA, None],
    "reasoning_effort": ["low", "high", None],
    "tools": [
        [function("find", "Finds.")],
        [SEARCH, function("find", "Finds it: now.", strict=True)],
        [function("count", "Counts."), {"type": "code_interpreter"}, function("find", "Finds.")],
        [],
    ],
    "tool_resources": [
        {"code_interpreter": {"file_ids": ["file-2", "file-1"]}},
        {"code_interpreter": {"file_ids": ["file-1", "file-2"]}, **STORES},
        {},
    ],
}
"""What a manifest may say; texts as they are written there."""
OUTSIDE: dict[str, list[Any]] = {
    **VALUES,
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
    "response_format": ["auto", {"type": "text"}, SCHEMA],
    "reasoning_effort": ["medium", "high"],
}
"""What people type; texts as they are."""
SHARED: dict[str, list[Any]] = {"description": ["from the base", None], "temperature": [0.4, None]}
TEXTS = ["a", "b: c", "", None, "gone"]
"""Metadata texts; the last one stands for a line that is removed."""
ENTRIES = ["team", "tier"]

FIELD = st.sampled_from(sorted(VALUES))
OPTIONAL = st.sampled_from(sorted(VALUES.keys() - {"model"}))
POLICY = st.sampled_from(["overwrite", "keep", "fail"])
PLACE = st.integers(0, 11)


@dataclass
class Home:
    """Where lives are lived: a folder for each, and the server, in a mood or embedded in the program."""

    folder: Path
    moods: tuple[str, ...] = ()
    lives: int = 0
    steps: int = 0

    @contextmanager
    def life(self) -> Iterator[tuple[Path, App]]:
        """A fresh project, and the plain server over the same store: what people see and do."""
        self.lives += 1
        root = self.folder / f"life-{self.lives}"
        (root / "assistants").mkdir(parents=True)
        (root / "prompts").mkdir()
        provider = "openai" if self.moods else "local"
        (root / "assistctl.yaml").write_text(PROJECT.format(provider), encoding="utf-8")
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("ASSISTCTL_STATE_DIR", str(root / "state"))
            if self.moods:
                store = stack.enter_context(Store(":memory:"))
                url = stack.enter_context(running(with_moods(store, self.moods)))
                patch.setenv("ASSISTCTL_BASE_URL", url)
            else:
                (root / ".assistctl").mkdir()
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
        self.made += 1
        return f"k{self.made}"

    def read(self, path: str) -> dict[str, Any]:
        found = yaml.safe_load((self.root / path).read_bytes())
        return found if isinstance(found, dict) else {}

    def write(self, path: str, content: dict[str, Any], *, block: bool = True) -> None:
        plain = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=60)
        lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in content.items())
        self.put(path, plain if block else "".join(lines))

    def put(self, path: str, text: str) -> None:
        (self.root / path).write_bytes(text.encode())

    def text(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def key(self, which: int) -> str:
        return sorted(self.paths)[which % len(self.paths)]

    def says(self, key: str) -> dict[str, Any]:
        """What the manifest and its fragment come to, references resolved."""
        own = self.read(self.paths[key])
        base = self.read(BASE) if "extends" in own else {}
        if "instructions_file" in own:
            own["instructions"] = self.text(f"assistants/{own['instructions_file']}")
        metadata = {**base.get("metadata", {}), **own.get("metadata", {})}
        return {"name": key, **base, **own, "metadata": metadata}

    def manages(self, key: str) -> set[str]:
        """The fields that the manifest decides, in the plan's words."""
        said = self.says(key)
        names = (said.keys() & {*FIELDS}) | {f"metadata.{entry}" for entry in said["metadata"]}
        return names - set(said.get("lifecycle", {}).get("ignore_changes", ()))


def resolved(value: Any) -> Any:
    """A manifest's value with its references resolved, by hand."""
    if isinstance(value, str):
        return re.sub(
            r"(\$+)\{var\.company\}",
            lambda found: "Acme" if found[1] == "$" else found[0][1:],
            value,
        )
    return value


def canonical(name: str, value: Any) -> str:
    return CANON.text(name, pack(value))


class Life(RuleBasedStateMachine):
    """One project from its first file on."""

    home: Home

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.root, self.app = self.stack.enter_context(self.home.life())
        self.files = Files(self.root)
        self.edits: dict[tuple[str, str], str] = {}
        """Outside edits of what nobody managed at the time: (id, field) to the canonical text."""
        self.strange: dict[str, bytes] = {}
        """What is not ours, as it is answered."""
        self.moved = False
        """Whether somebody edited outside since the last apply or pull."""
        self.pending = False
        """Whether anything moved on either side since the last apply."""
        self.written = False
        """Whether there is a run that was not undone yet."""

    def teardown(self) -> None:
        self.stack.close()

    # --- what people and programs do

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        query = {} if method == "POST" else {"limit": "100"}
        answer = self.app.handle(Request(method, f"/assistants{path}", query, {}, data))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def all(self) -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in self.ask("GET")["data"]}

    def ours(self) -> dict[str, tuple[dict[str, Any], Marker]]:
        """By id, whatever carries our owner's marker, oldest first."""
        found = {}
        for remote_id, item in self.all().items():
            marker = decode(item["metadata"].get("assistctl", ""))
            if marker is not None and marker.owner == OWNER:
                found[remote_id] = (item, marker)
        return dict(sorted(found.items(), key=lambda pair: (pair[1][1].key, pair[0])))

    def run(self, *args: str, codes: tuple[int, ...] = (0,)) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(self.root), *args], Console(None, out, err, os.environ))
        ran = Ran(code, out.getvalue(), err.getvalue())
        assert code in codes, (args, ran)
        assert "Traceback" not in ran.err
        return ran

    def plan(self, *args: str) -> list[dict[str, Any]]:
        """The changes of a plan; planning writes nothing."""
        before = self.all()
        found: dict[str, Any] = json.loads(self.run("plan", "--format", "json", *args).out)
        assert self.all() == before
        changes: list[dict[str, Any]] = found["assistctl"]["changes"]
        return changes

    def pick(self, which: int) -> tuple[dict[str, Any], Marker]:
        ours = [*self.ours().values()]
        return ours[which % len(ours)]

    def manifest_of(self, marker: Marker) -> str:
        """The key of the manifest that stands for an assistant; empty for none."""
        if marker.key in self.files.paths:
            return marker.key
        return next(
            (
                key
                for key, path in sorted(self.files.paths.items())
                if marker.key in self.files.read(path).get("aliases", ())
            ),
            "",
        )

    def settle(self) -> None:
        """Edits of what a manifest decides from now on are nobody's concern."""
        self.pending = True
        for remote_id, (_, marker) in self.ours().items():
            key = self.manifest_of(marker)
            for name in self.files.manages(key) if key else ():
                self.edits.pop((remote_id, name), None)

    def forget(self, gone: Iterable[str]) -> None:
        left = set(gone)
        self.edits = {place: text for place, text in self.edits.items() if place[0] not in left}

    # --- the beginning

    @initialize(
        drawn=st.lists(st.lists(st.tuples(FIELD, PLACE), min_size=2, max_size=6), min_size=2, max_size=4)
    )
    def begin(self, drawn: list[list[tuple[str, int]]]) -> None:
        """Assistants of other people, then a first apply of a few manifests."""
        self.strangers()
        for place, chosen in enumerate(drawn):
            key = self.files.fresh()
            self.files.paths[key] = f"assistants/{key}.yaml"
            content = {"model": "gpt-4o", "metadata": {"team": key}}
            content |= {name: VALUES[name][at % len(VALUES[name])] for name, at in chosen}
            extends = {"extends": "_base.yaml"} if place % 2 else {}
            self.files.write(self.files.paths[key], {**extends, **content})
        self.apply("overwrite", "fail", delete=True, anyway=False)

    def strangers(self) -> None:
        self.home.steps += 1
        theirs = Marker("shop/prod", "k1", "r0").encode()
        self.ask("POST", "", {"model": "gpt-4o", "name": "theirs", "metadata": {"assistctl": theirs}})
        self.ask("POST", "", {"model": "gpt-4o", "name": "typed", "metadata": {"assistctl": "by hand"}})
        self.ask("POST", "", {"model": "gpt-4o", "name": "nobody's", "instructions": PROMPT})
        self.strange = {remote_id: self.bytes_of(remote_id) for remote_id in self.all()}
        self.files.write(BASE, {"description": "from the base", "metadata": {"team": "base"}})

    def bytes_of(self, remote_id: str) -> bytes:
        return self.app.handle(Request("GET", f"/assistants/{remote_id}", {}, {}, b"")).body

    # --- manifests

    @rule(based=st.booleans(), block=st.booleans())
    @precondition(lambda self: len(self.files.paths) < 4)
    def add(self, based: bool, block: bool) -> None:
        key = self.files.fresh()
        self.files.paths[key] = f"assistants/{key}.yaml"
        content = {"model": "gpt-4o", "instructions": f"You are {key}. {key} alone knows {key}."}
        extends = {"extends": "_base.yaml"} if based else {}
        self.files.write(self.files.paths[key], {**extends, **content}, block=block)

    @rule(which=PLACE, name=FIELD, place=PLACE, block=st.booleans())
    @precondition(lambda self: self.files.paths)
    def set_field(self, which: int, name: str, place: int, block: bool) -> None:
        value = VALUES[name][place % len(VALUES[name])]

        def change(content: dict[str, Any]) -> None:
            if name == "instructions":
                content.pop("instructions_file", None)
            content[name] = value

        self._edit(which, change, block=block)

    @rule(which=PLACE, place=PLACE)
    @precondition(lambda self: self.files.paths)
    def set_prompt_file(self, which: int, place: int) -> None:
        texts = [text for text in VALUES["instructions"] if text is not None]
        key = self.files.key(which)
        self.files.put(f"prompts/{key}.md", texts[place % len(texts)])

        def change(content: dict[str, Any]) -> None:
            content.pop("instructions", None)
            content["instructions_file"] = f"../prompts/{key}.md"

        self._edit(which, change)

    @rule(which=PLACE, name=OPTIONAL)
    @precondition(lambda self: self.files.paths)
    def remove_line(self, which: int, name: str) -> None:
        def change(content: dict[str, Any]) -> None:
            content.pop(name, None)
            if name == "instructions":
                content.pop("instructions_file", None)

        self._edit(which, change)

    @rule(which=PLACE, entry=st.sampled_from(ENTRIES), text=st.sampled_from(TEXTS))
    @precondition(lambda self: self.files.paths)
    def set_metadata(self, which: int, entry: str, text: str | None) -> None:
        def change(content: dict[str, Any]) -> None:
            kept = {name: old for name, old in content.get("metadata", {}).items() if name != entry}
            content["metadata"] = kept if text == "gone" else {**kept, entry: text}

        self._edit(which, change)

    @rule(which=PLACE, name=st.one_of(OPTIONAL, st.just("metadata.team")))
    @precondition(lambda self: self.files.paths)
    def ignore(self, which: int, name: str) -> None:
        """Begins to ignore a field, or ends it."""

        def change(content: dict[str, Any]) -> None:
            names = set(content.pop("lifecycle", {}).get("ignore_changes", ())) ^ {name}
            if names:
                content["lifecycle"] = {"ignore_changes": sorted(names)}

        self._edit(which, change)

    @rule(name=st.sampled_from([*sorted(SHARED), "metadata"]), place=PLACE)
    def edit_base(self, name: str, place: int) -> None:
        content = self.files.read(BASE)
        if name == "metadata":
            content["metadata"] = [{"team": "base"}, {"team": "other", "tier": "1"}, {"tier": "2"}][place % 3]
        else:
            content[name] = SHARED[name][place % 2]
        self.files.write(BASE, content)
        self.settle()

    @rule(which=PLACE)
    @precondition(lambda self: self.files.paths)
    def rename_key(self, which: int) -> None:
        old, new = self.files.key(which), self.files.fresh()
        content = self.files.read(self.files.paths[old])
        aliases = [*content.pop("aliases", []), old]
        self.files.paths[new] = self.files.paths.pop(old)
        self.files.write(self.files.paths[new], {**content, "key": new, "aliases": aliases})
        self.settle()

    @rule(which=PLACE)
    @precondition(lambda self: self.files.paths)
    def rename_file(self, which: int) -> None:
        key = self.files.key(which)
        content = self.files.read(self.files.paths[key])
        (self.root / self.files.paths[key]).unlink()
        self.files.paths[key] = f"assistants/file-of-{self.files.fresh()}.yml"
        self.files.write(self.files.paths[key], {**content, "key": key})

    @rule(which=PLACE)
    @precondition(lambda self: len(self.files.paths) > 2)
    def remove(self, which: int) -> None:
        key = self.files.key(which)
        path = self.files.paths.pop(key)
        self.files.gone[key] = (path, (self.root / path).read_bytes())
        (self.root / path).unlink()

    @rule(which=PLACE)
    @precondition(lambda self: self.files.gone)
    def restore(self, which: int) -> None:
        key = sorted(self.files.gone)[which % len(self.files.gone)]
        path, content = self.files.gone.pop(key)
        self.files.paths[key] = path
        (self.root / path).write_bytes(content)
        self.settle()

    def _edit(self, which: int, change: Callable[[dict[str, Any]], None], *, block: bool = True) -> None:
        path = self.files.paths[self.files.key(which)]
        content = self.files.read(path)
        change(content)
        self.files.write(path, content, block=block)
        self.settle()

    # --- people

    @rule(which=PLACE, name=FIELD, place=PLACE)
    @precondition(lambda self: self.ours())
    def edit_outside(self, which: int, name: str, place: int) -> None:
        item, marker = self.pick(which)
        values = [value for value in OUTSIDE[name] if value is not None]
        after = self.ask("POST", f"/{item['id']}", {name: values[place % len(values)]})
        self.moved = self.pending = True
        text = canonical(name, after.get(name))
        record = marker.fields.get(name)
        applied = {record.digest, record.stored} if record else set()
        key = self.manifest_of(marker)
        managed = bool(key) and name in self.files.manages(key)
        if managed or digest(name, text) in applied or text == canonical(name, None):
            self.edits.pop((item["id"], name), None)
        else:
            self.edits[item["id"], name] = text

    @rule(which=PLACE, entry=st.sampled_from([*ENTRIES, "by"]), text=st.sampled_from(["a", "typed", None]))
    @precondition(lambda self: self.ours())
    def edit_metadata_outside(self, which: int, entry: str, text: str | None) -> None:
        item, _ = self.pick(which)
        self.ask("POST", f"/{item['id']}", {"metadata": {entry: text}})
        self.moved = self.pending = True
        if entry == "by":
            self.edits[item["id"], "metadata.by"] = text or ""

    @rule(which=PLACE)
    @precondition(lambda self: len(self.ours()) > 2)
    def delete_outside(self, which: int) -> None:
        item, _ = self.pick(which)
        self.ask("DELETE", f"/{item['id']}")
        self.forget([item["id"]])
        self.pending = True

    # --- commands

    @rule(on_drift=POLICY, on_conflict=POLICY, delete=st.booleans(), anyway=st.booleans())
    @precondition(lambda self: self.pending)
    def apply(self, on_drift: str, on_conflict: str, delete: bool, anyway: bool) -> None:
        chosen = ["--on-drift", on_drift, "--on-conflict", on_conflict]
        chosen += [] if delete else ["--no-delete"]
        chosen += ["--create-anyway"] if anyway else []
        planned = self.plan(*chosen)
        before = self.all()
        ran = self.run("apply", "--auto-approve", *chosen, codes=(0, 5, 6))
        after = self.all()
        if ran.code:
            assert after == before, "a refused apply wrote something"
            return
        doing = {change["id"]: change["action"] for change in planned if change["id"]}
        gone = before.keys() - after.keys()
        assert gone == {remote_id for remote_id, action in doing.items() if action == "delete"}
        quiet = [remote_id for remote_id in before if doing.get(remote_id, "no-op") == "no-op"]
        assert [after[remote_id] for remote_id in quiet] == [before[remote_id] for remote_id in quiet]
        self.forget(gone)
        self.moved, self.written = False, True
        kept = self._second_plan_is_empty(chosen)
        self.pending = bool(kept)
        if not re.search(r"does not (?:clear|store)|form of its own", ran.err):
            self._remote_is_as_declared(kept)

    def _second_plan_is_empty(self, chosen: list[str]) -> set[tuple[str, str]]:
        """The fields that a policy keeps: nothing else may be left."""
        kept = set()
        for change in self.plan(*chosen):
            assert change["action"] == "no-op", change
            for each in change["fields"]:
                assert each.get("kept") or each["cause"] == "heal", change
                if each.get("kept"):
                    kept.add((change["key"], each["field"].partition(".")[0]))
                    assert each["cause"] in ("drift", "conflict")
        last = self.run("plan", *chosen).out.splitlines()[-1]
        assert last == ("Plan: 0 to add, 0 to change, 0 to destroy." if kept else NO_CHANGES)
        return kept

    def _remote_is_as_declared(self, kept: set[tuple[str, str]]) -> None:
        """Every managed field stands on the server as its manifest has it."""
        standing = {marker.key: item for item, marker in self.ours().values()}
        for key in self.files.paths:
            said = self.files.says(key)
            for name in self.files.manages(key):
                top, _, entry = name.partition(".")
                if (key, top) in kept:
                    continue
                wanted = resolved(said["metadata"][entry] if entry else said[name])
                found = standing[key]["metadata"].get(entry) if entry else standing[key].get(name)
                if "defaults-omitted" in self.home.moods and canonical(name, found) == canonical(name, None):
                    continue  # what is not answered counts as unchanged
                assert canonical(name, found) == canonical(name, wanted), (key, name)

    @rule(yes=st.booleans())
    @precondition(lambda self: self.moved)
    def pull(self, yes: bool) -> None:
        drifted = drift_in(self.plan())
        before = self.all()
        ran = self.run("pull", *(["--yes"] if yes else []), codes=(0, 5))
        assert self.all() == before
        left = set(re.findall(r"^(?:Error: )?(\S+) (\S+): not pulled", ran.err, re.MULTILINE))
        assert bool(left) == bool(ran.code)
        after = drift_in(self.plan())
        assert after.keys() <= left, ran
        assert after.keys() <= drifted.keys()
        for key, name in left:
            based = "extends" in self.files.read(self.files.paths[key])
            assert drifted[key, name] == "conflict" or based, ran
        self.settle()
        self.moved, self.pending = bool(left), True

    @rule()
    @precondition(lambda self: self.written)
    def undo_the_last_run(self) -> None:
        recorded = json.loads(self.run("runs", "--format", "json").out)
        if not recorded:
            return
        self.written, self.pending = False, True
        last = max(recorded, key=lambda each: each["started"])["run"]
        drifted, before = drift_in(self.plan()), self.all()
        self.run("undo", last, "--auto-approve")
        self.forget(before.keys() - self.all().keys())
        self.forget_tools()
        assert drift_in(self.plan()).keys() <= drifted.keys()

    def forget_tools(self) -> None:
        """An undo puts single tools back, also where the list as a whole was edited since."""
        self.edits = {place: text for place, text in self.edits.items() if place[1] != "tools"}

    @rule(which=PLACE)
    @precondition(lambda self: len(self.files.paths) > 2 and self.ours())
    def release(self, which: int) -> None:
        item, marker = self.pick(which)
        key = self.manifest_of(marker)
        if not key:
            return
        self.run("release", marker.key, "--auto-approve")
        now = self.all()[item["id"]]
        metadata = {name: text for name, text in item["metadata"].items() if name != "assistctl"}
        assert now == {**item, "metadata": metadata}
        (self.root / self.files.paths.pop(key)).unlink()
        self.forget([item["id"]])
        self.strange[item["id"]] = self.bytes_of(item["id"])

    # --- laws that hold at any time

    @invariant()
    def what_is_not_ours_stays_byte_for_byte(self) -> None:
        self.home.steps += 1
        assert {remote_id: self.bytes_of(remote_id) for remote_id in self.strange} == self.strange

    @invariant()
    def edits_of_what_nobody_manages_survive(self) -> None:
        now = self.all()
        for (remote_id, name), text in self.edits.items():
            top, _, entry = name.partition(".")
            value = now[remote_id][top].get(entry) if entry else now[remote_id].get(name)
            assert canonical(name, value) == text, (remote_id, name)

    @invariant()
    def markers_fit_and_no_key_has_two_assistants(self) -> None:
        ours = self.ours()
        assert all(len(item["metadata"]["assistctl"]) <= 512 for item, _ in ours.values())
        keys = [marker.key for _, marker in ours.values()]
        assert len(keys) == len(set(keys))


def drift_in(changes: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Key and field to ``drift`` or ``conflict``."""
    return {
        (change["key"], each["field"]): each["cause"]
        for change in changes
        for each in change["fields"]
        if each["cause"] in ("drift", "conflict")
    }


def live(home: Home, examples: int, steps: int, number: int | None = None) -> None:
    """Lives many lives; ``number`` is the seed, None for Hypothesis's own choice."""
    machine = type("Life", (Life,), {"home": home})
    if number is not None:
        machine = seed(number)(machine)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[*HealthCheck],
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine that runs the tests reaches the program."""
    for name in list(os.environ):
        if name.startswith("ASSISTCTL_") or name.endswith("_API_KEY") or name in ("CI", "GITHUB_EVENT_NAME"):
            monkeypatch.delenv(name)


def test_every_life_keeps_the_laws(tmp_path: Path) -> None:
    live(Home(tmp_path), examples=14, steps=25)


@pytest.mark.parametrize("mood", MOODS)
def test_every_life_keeps_the_laws_on_a_server_in_a_mood(tmp_path: Path, mood: str) -> None:
    live(Home(tmp_path, (mood,)), examples=2, steps=20)


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("moods", [(), *((mood,) for mood in MOODS), MOODS], ids="+".join)
def test_campaign_of_many_lives(tmp_path: Path, moods: tuple[str, ...]) -> None:
    wanted = int(os.environ.get("THREE_WAY_STEPS", "10000")) // (1 if not moods else 5)
    number = int(os.environ.get("THREE_WAY_SEED") or secrets.randbelow(10**9))
    home = Home(tmp_path, moods)
    while home.steps < wanted:
        print(f"seed {number}: {home.steps} steps in {home.lives} lives so far", flush=True)
        live(home, examples=25, steps=40, number=number)
        number += 1
    print(f"{'+'.join(moods) or 'plain'}: {home.steps} steps in {home.lives} lives")
