"""Months in the life of a project, through the program itself: files, commands, and people at a console.

Manifests change, are renamed, go and come back; people edit and delete outside; applies, pulls, undos and
releases run in any order. The laws are the asserts of :class:`Life`. The same life is lived on servers in
several moods.

The default run takes about 500 steps. The campaign takes at least 10,000 and prints its seed::

    .uv/bin/uv run -q pytest -m campaign -n 0 -s tests/properties/test_three_way_life.py

``THREE_WAY_SEED`` repeats one, ``THREE_WAY_STEPS`` chooses another length.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
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

from assistctl.engine.marker import LIMIT, Marker, digest
from assistctl.model.assistant import FIELDS

from .three_way_project import (
    BASE,
    OUTSIDE,
    PROMPT,
    PROMPTS,
    SHARED,
    VALUES,
    Files,
    Home,
    Remote,
    call,
    canonical,
    resolved,
)

if TYPE_CHECKING:
    from .three_way_project import Fields

TOGETHER = (("metadata-replace", "null-ignored", "summary-list"), ("omitted-wiped", "summary-list"))
MOODS = ("metadata-replace", "null-ignored", "omitted-wiped", "defaults-omitted", "summary-list")
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
NOTHING_TO_DO = "Plan: 0 to add, 0 to change, 0 to destroy."
LEARNED = re.compile(r"does not (?:clear|store)|form of its own")

FIELD = st.sampled_from(sorted(VALUES))
OPTIONAL = st.sampled_from(sorted(VALUES.keys() - {"model"}))
POLICY = st.sampled_from(["overwrite", "keep", "fail"])
PLACE = st.integers(0, 11)
ENTRY = st.sampled_from(["team", "tier"])
TYPED = st.tuples(PLACE, PLACE, PLACE)
"""An outside edit: which assistant, which of its fields, which value."""
EDIT = st.one_of(
    st.tuples(st.just("set"), FIELD, PLACE),
    st.tuples(st.just("prompt file"), st.just("instructions"), PLACE),
    st.tuples(st.just("drop"), OPTIONAL, PLACE),
    st.tuples(st.just("entry"), ENTRY, st.sampled_from(["a", "b: c", "", None])),
    st.tuples(st.just("drop entry"), ENTRY, PLACE),
    st.tuples(st.just("ignore"), st.one_of(OPTIONAL, st.just("metadata.team")), PLACE),
)
"""What changes in a manifest: how, which field or entry, and the value or its place among the values."""


class Life(RuleBasedStateMachine):
    """One project from its first apply on."""

    home: Home

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.root, app = self.stack.enter_context(self.home.life())
        self.files = Files(self.root)
        self.remote = Remote(app)
        self.edits: dict[tuple[str, str], str] = {}
        """Outside edits of what nobody managed at the time: (id, field) to the canonical text."""
        self.strange: dict[str, bytes] = {}
        """What is not ours, as it is answered."""
        self.news = False
        """Whether anything moved on either side since the last undo."""
        self.pending = False
        """Whether anything moved on either side since the last apply."""
        self.written = False
        """Whether there was an apply since the last undo; the first one is never undone."""

    def teardown(self) -> None:
        self.stack.close()

    @initialize(
        drawn=st.lists(st.lists(st.tuples(FIELD, PLACE), min_size=2, max_size=6), min_size=2, max_size=4)
    )
    def begin(self, drawn: list[list[tuple[str, int]]]) -> None:
        """Assistants of other people, then a first apply of a few manifests."""
        theirs = Marker("shop/prod", "k0", "r0").encode()
        self.remote.add(name="theirs", metadata={"assistctl": theirs})
        self.remote.add(name="typed", metadata={"assistctl": "by hand"})
        self.remote.add(name="nobody's", instructions=PROMPT)
        self.strange = {remote_id: self.remote.bytes_of(remote_id) for remote_id in self.remote.all()}
        self.files.write(BASE, {"description": "from the base", "metadata": {"team": "base"}})
        for chosen in drawn:
            self.add(based=len(chosen) % 2 > 0, block=True)
            self.edit(len(self.files.paths) - 1, [("set", *each) for each in chosen], block=True)
        self.apply("overwrite", "fail", delete=True, anyway=False)
        assert len(self.remote.ours()) == len(drawn)
        self.written = False

    # --- manifests

    @rule(based=st.booleans(), block=st.booleans())
    @precondition(lambda self: len(self.files.paths) < 4)
    def add(self, based: bool, block: bool) -> None:
        key = self.files.fresh()
        self.files.paths[key] = f"assistants/{key}.yaml"
        content = {"model": "gpt-4o", "instructions": f"You are {key}. {key} alone knows {key}."}
        extends = {"extends": "_base.yaml"} if based else {}
        self.files.write(self.files.paths[key], {**extends, **content}, block=block)
        self.settle()

    @rule(which=PLACE, edits=st.lists(EDIT, min_size=1, max_size=4), block=st.booleans())
    def edit(self, which: int, edits: list[tuple[str, str, Any]], block: bool) -> None:
        key = self.files.key(which)
        content = self.files.read(self.files.paths[key])
        for how, name, value in edits:
            self._edit(content, key, how, name, value)
        self.files.write(self.files.paths[key], content, block=block)
        self.settle()

    def _edit(self, content: Fields, key: str, how: str, name: str, value: Any) -> None:
        if name == "instructions":
            content.pop("instructions_file", None)
        if how == "set":
            content[name] = VALUES[name][value % len(VALUES[name])]
        elif how == "prompt file":
            content.pop(name, None)
            content["instructions_file"] = f"../prompts/{key}.md"
            self.files.put(f"prompts/{key}.md", PROMPTS[value % len(PROMPTS)])
        elif how == "drop":
            content.pop(name, None)
        elif how == "ignore":
            names = set(content.pop("lifecycle", {}).get("ignore_changes", ())) ^ {name}
            content |= {"lifecycle": {"ignore_changes": sorted(names)}} if names else {}
        else:
            kept = {entry: old for entry, old in (content.get("metadata") or {}).items() if entry != name}
            content["metadata"] = {**kept, name: value} if how == "entry" else kept

    @rule(name=st.sampled_from(sorted(SHARED)), place=PLACE)
    def edit_base(self, name: str, place: int) -> None:
        content = self.files.read(BASE)
        content[name] = SHARED[name][place % len(SHARED[name])]
        self.files.write(BASE, content)
        self.settle()

    @rule(which=PLACE, file_only=st.booleans())
    def rename(self, which: int, file_only: bool) -> None:
        old, new = self.files.key(which), self.files.fresh()
        path = self.files.paths.pop(old)
        content = self.files.read(path)
        if file_only:
            (self.root / path).unlink()
            self.files.paths[old] = f"assistants/file-{new}.yml"
            self.files.write(self.files.paths[old], {**content, "key": old})
        else:
            aliases = [*content.pop("aliases", []), old]
            self.files.paths[new] = path
            self.files.write(path, {**content, "key": new, "aliases": aliases})
        self.settle()

    @rule(which=PLACE)
    @precondition(lambda self: len(self.files.paths) > 2)
    def remove(self, which: int) -> None:
        key = self.files.key(which)
        path = self.files.paths.pop(key)
        self.files.gone[key] = (path, (self.root / path).read_bytes())
        (self.root / path).unlink()
        self.settle()

    @rule(which=PLACE)
    @precondition(lambda self: self.files.gone)
    def restore(self, which: int) -> None:
        key = sorted(self.files.gone)[which % len(self.files.gone)]
        path, content = self.files.gone.pop(key)
        self.files.paths[key] = path
        (self.root / path).write_bytes(content)
        self.settle()

    def settle(self) -> None:
        """What a manifest decides from now on is no edit of somebody else's any more. What it gives up
        while somebody has changed it is one from now on."""
        self.pending = self.news = True
        for item, marker in self.remote.ours():
            key = self.files.manifest_of(marker)
            managed, ignored = self.files.manages(key), self.files.ignores(key)
            for name in managed | ({"metadata.team"} - ignored):
                self.edits.pop((item["id"], name), None)
            for name in marker.fields.keys() - managed - ignored if key else ():
                if self._is_left_alone(item, marker, name):
                    self.edits[item["id"], name] = canonical(name, item.get(name))

    def _is_left_alone(self, item: Fields, marker: Marker, name: str) -> bool:
        """Whether a field that no manifest decides holds a value that was not applied."""
        text = canonical(name, item.get(name))
        record = marker.fields.get(name)
        applied = {record.digest, record.stored} if record else set()
        return text != canonical(name, None) and digest(name, text) not in applied

    def forget(self, gone: Iterable[str]) -> None:
        left = set(gone)
        self.edits = {place: text for place, text in self.edits.items() if place[0] not in left}

    # --- people

    @rule(typed=st.lists(TYPED, min_size=1, max_size=4))
    @precondition(lambda self: self.remote.ours())
    def edit_managed_fields(self, typed: list[tuple[int, int, int]]) -> None:
        """Somebody at a console changes what manifests have, or ignore."""
        for which, field, place in typed:
            item, marker = self.remote.pick(which)
            key = self.files.manifest_of(marker)
            names = sorted(self.files.manages(key) | self.files.ignores(key)) or ["name"]
            top, _, entry = names[field % len(names)].partition(".")
            if entry:
                self._edit_entry(item["id"], entry, ("typed", "a", None)[place % 3])
            else:
                self._edit_field(item["id"], top, place)

    @rule(which=PLACE, name=FIELD, place=PLACE, note=st.sampled_from(["a", "typed", None]))
    @precondition(lambda self: self.remote.ours())
    def edit_any_field(self, which: int, name: str, place: int, note: str | None) -> None:
        item, _ = self.remote.pick(which)
        self._edit_field(item["id"], name, place)
        self._edit_entry(item["id"], "by", note)

    def _edit_field(self, remote_id: str, name: str, place: int) -> None:
        self.pending = self.news = True
        after = self.remote.edit(remote_id, **{name: OUTSIDE[name][place % len(OUTSIDE[name])]})
        marker = next(marker for item, marker in self.remote.ours() if item["id"] == remote_id)
        managed = name in self.files.manages(self.files.manifest_of(marker))
        self.edits.pop((remote_id, name), None)
        if not managed and self._is_left_alone(after, marker, name):
            self.edits[remote_id, name] = canonical(name, after.get(name))

    def _edit_entry(self, remote_id: str, entry: str, text: str | None) -> None:
        self.pending = self.news = True
        self.remote.edit(remote_id, metadata={entry: text})
        marker = next(marker for item, marker in self.remote.ours() if item["id"] == remote_id)
        if entry == "by" or f"metadata.{entry}" in self.files.ignores(self.files.manifest_of(marker)):
            self.edits[remote_id, f"metadata.{entry}"] = text or ""

    @rule(which=PLACE)
    @precondition(lambda self: len(self.remote.ours()) > 2)
    def delete_outside(self, which: int) -> None:
        item, _ = self.remote.pick(which)
        self.remote.ask("DELETE", f"/{item['id']}")
        self.forget([item["id"]])
        self.pending = True

    # --- commands

    @rule(typed=st.lists(TYPED, min_size=1, max_size=4))
    @precondition(lambda self: self.remote.ours())
    def overwrite(self, typed: list[tuple[int, int, int]]) -> None:
        self.edit_managed_fields(typed)
        self.apply("overwrite", "overwrite", delete=True, anyway=True)

    @rule(on_drift=POLICY, on_conflict=POLICY, delete=st.booleans(), anyway=st.booleans())
    @precondition(lambda self: self.pending)
    def apply(self, on_drift: str, on_conflict: str, delete: bool, anyway: bool) -> None:
        chosen = ["--on-drift", on_drift, "--on-conflict", on_conflict]
        chosen += [] if delete else ["--no-delete"]
        chosen += ["--create-anyway"] if anyway else []
        planned = self.plan(*chosen)
        before = self.remote.all()
        homes = {item["id"]: self.files.manifest_of(marker) for item, marker in self.remote.ours()}
        ran = call(self.root, "apply", "--auto-approve", *chosen, codes=(0, 5))
        after = self.remote.all()
        if ran.code:
            assert after == before, "a refused apply wrote something"
            return
        doing = {change["id"]: change["action"] for change in planned if change["id"]}
        gone = before.keys() - after.keys()
        assert gone == {remote_id for remote_id, action in doing.items() if action == "delete"}
        quiet = [remote_id for remote_id in before if doing.get(remote_id, "no-op") == "no-op"]
        assert [after[remote_id] for remote_id in quiet] == [before[remote_id] for remote_id in quiet]
        self.forget(gone)
        keys = {item["id"]: marker.key for item, marker in self.remote.ours()}
        assert {remote_id: keys.get(remote_id) for remote_id, key in homes.items() if key} == {
            remote_id: key for remote_id, key in homes.items() if key
        }, "an assistant lost its manifest"
        kept = self._second_plan_is_empty(chosen)
        self.pending = bool(kept)
        self.written = self.written or after != before
        if not LEARNED.search(ran.err):
            self._remote_is_as_declared(kept)

    def _second_plan_is_empty(self, chosen: list[str]) -> set[tuple[str, str]]:
        """The fields that a policy keeps: nothing else may be left."""
        kept = set()
        for change in self.plan(*chosen):
            assert change["action"] == "no-op", change
            for each in change["fields"]:
                assert each.get("kept") or each["cause"] == "heal", change
                if each.get("kept"):
                    assert each["cause"] in ("drift", "conflict")
                    kept.add((change["key"], each["field"]))
        last = call(self.root, "plan", *chosen).out.splitlines()[-1]
        assert last == (NOTHING_TO_DO if kept else NO_CHANGES)
        return kept

    def _remote_is_as_declared(self, kept: set[tuple[str, str]]) -> None:
        """Every managed field stands on the server as its manifest has it."""
        standing = {marker.key: (item, marker) for item, marker in self.remote.ours()}
        for key in self.files.paths:
            said, (item, marker) = self.files.says(key), standing[key]
            spared = {re.sub(r"^tools\..*", "tools", name) for owner, name in kept if owner == key}
            spared |= {name for name, record in marker.fields.items() if record.stored}  # told earlier
            for name in self.files.manages(key) - spared:
                top, _, entry = name.partition(".")
                wanted = resolved(said["metadata"][entry] if entry else said[name])
                found = item["metadata"].get(entry) if entry else item.get(top)
                if "defaults-omitted" in self.home.moods and canonical(name, found) == canonical(name, None):
                    continue  # what is not answered counts as unchanged
                assert canonical(name, found) == canonical(name, wanted), (key, name)

    @rule(typed=st.lists(TYPED, min_size=1, max_size=4), yes=st.booleans())
    @precondition(lambda self: self.remote.ours())
    def pull(self, typed: list[tuple[int, int, int]], yes: bool) -> None:
        self.edit_managed_fields(typed)
        drifted = drift_in(self.plan())
        before = self.remote.all()
        chosen = ["--yes"] if yes else []
        ran = call(self.root, "pull", *chosen, codes=(0, 5))
        assert self.remote.all() == before
        left = set(re.findall(r"^(?:Error: )?(\S+) (\S+): not pulled", ran.err, re.MULTILINE))
        assert bool(left) == bool(ran.code)
        after = drift_in(self.plan())
        # No more is open than was reported, also where a fragment is shared: taking one assistant's edit
        # must not open anew what somebody else's edit and the files agree about.
        assert after.keys() == left, ran
        pulled = self.files.all()
        call(self.root, "pull", *chosen, codes=(ran.code,))
        assert self.files.all() == pulled, "pulling again goes back on what was pulled"
        assert after.keys() <= drifted.keys()
        for key, name in left:
            based = "extends" in self.files.read(self.files.paths[key])
            assert drifted[key, name] == "conflict" or based, ran
        self.settle()

    @rule()
    @precondition(lambda self: self.written and self.news)
    def undo_the_last_run(self) -> None:
        recorded = json.loads(call(self.root, "runs", "--format", "json").out)
        last = max(recorded, key=lambda each: each["started"])["run"]
        drifted, before = drift_in(self.plan()), self.remote.all()
        call(self.root, "undo", last, "--auto-approve")
        self.forget(before.keys() - self.remote.all().keys())
        # Single tools are put back, also where the list as a whole was edited since.
        self.edits = {place: text for place, text in self.edits.items() if place[1] != "tools"}
        assert drift_in(self.plan()).keys() <= drifted.keys()
        self.written, self.news, self.pending = False, False, True

    @rule(which=PLACE)
    @precondition(lambda self: len(self.files.paths) > 3 and self.remote.ours())
    @precondition(lambda self: "omitted-wiped" not in self.home.moods)
    def release(self, which: int) -> None:
        """Left out where a modify resets what it does not hold: release sends managed fields only."""
        item, marker = self.remote.pick(which)
        key = self.files.manifest_of(marker)
        if not key:
            return
        call(self.root, "release", marker.key, "--auto-approve")
        now = self.remote.all()[item["id"]]
        assert not now["metadata"].pop("assistctl", "")  # some servers keep an entry, empty
        del item["metadata"]["assistctl"]
        assert now["metadata"] == item["metadata"]
        for name in FIELDS:
            assert canonical(name, now.get(name)) == canonical(name, item.get(name)), name
        (self.root / self.files.paths.pop(key)).unlink()
        self.forget([item["id"]])
        self.strange[item["id"]] = self.remote.bytes_of(item["id"])

    def plan(self, *args: str) -> list[Fields]:
        """The changes of a plan; planning writes nothing."""
        before = self.remote.all()
        document = json.loads(call(self.root, "plan", "--format", "json", *args).out)
        assert self.remote.all() == before
        changes: list[Fields] = document["assistctl"]["changes"]
        return changes

    # --- laws that hold at any time

    @invariant()
    def what_is_not_ours_stays_byte_for_byte(self) -> None:
        self.home.steps += 1
        assert {remote_id: self.remote.bytes_of(remote_id) for remote_id in self.strange} == self.strange

    @invariant()
    def edits_of_what_nobody_manages_survive(self) -> None:
        now = self.remote.all()
        for (remote_id, name), text in self.edits.items():
            top, _, entry = name.partition(".")
            value = now[remote_id][top].get(entry) if entry else now[remote_id].get(name)
            assert canonical(name, value) == text, (remote_id, name)

    @invariant()
    def markers_fit_and_no_key_has_two_assistants(self) -> None:
        ours = self.remote.ours()
        assert all(len(item["metadata"]["assistctl"]) <= LIMIT for item, _ in ours)
        keys = [marker.key for _, marker in ours]
        assert len(keys) == len(set(keys))


def drift_in(changes: list[Fields]) -> dict[tuple[str, str], str]:
    """Key and field to ``drift`` or ``conflict``."""
    return {
        (change["key"], each["field"]): each["cause"]
        for change in changes
        for each in change["fields"]
        if each["cause"] in ("drift", "conflict")
    }


def live(home: Home, examples: int, steps: int, number: int | None = None) -> None:
    """Lives many lives; ``number`` is the seed, None for Hypothesis's own choice. Only with a seed are
    failures made smaller: that can take minutes."""
    machine = type("Life", (Life,), {"home": home})
    if number is not None:
        machine = seed(number)(machine)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate,) if number is None else (Phase.generate, Phase.shrink),
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
    live(Home(tmp_path), examples=18, steps=20)


@pytest.mark.parametrize("mood", MOODS)
def test_every_life_keeps_the_laws_on_a_server_in_a_mood(tmp_path: Path, mood: str) -> None:
    live(Home(tmp_path, (mood,)), examples=3, steps=15)


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("moods", [(), *((mood,) for mood in MOODS), *TOGETHER], ids="+".join)
def test_a_campaign_of_many_lives_keeps_the_laws(
    tmp_path: Path, moods: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = int(os.environ.get("THREE_WAY_STEPS", "10000")) // (5 if moods else 1)
    number = int(os.environ.get("THREE_WAY_SEED") or secrets.randbelow(10**9))
    home = Home(tmp_path, moods)
    while home.steps < wanted:
        with capsys.disabled():
            told = f"seed {number}: {'+'.join(moods) or 'plain'}, {home.steps} steps so far\n"
            os.write(2, told.encode())
        live(home, examples=25, steps=40, number=number)
        number += 1
