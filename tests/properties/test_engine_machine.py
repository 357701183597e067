"""Months in the life of a fleet: manifests change, people edit outside, keys are renamed, runs apply.

After every apply the next plan is empty, nobody's unmanaged edit is lost, what is not ours is untouched
and no key has two assistants.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assistctl.engine.applier import Run, apply_plan
from assistctl.engine.marker import digest
from assistctl.engine.normalize import Canon
from assistctl.engine.planner import Frame, make_plan
from assistctl.engine.survey import see, survey
from assistctl.model.assistant import MARKER_KEY, Desired, Remote
from assistctl.model.limits import Limits
from assistctl.model.plan import ABSENT, Action, Plan
from assistctl.model.selection import Selection
from assistctl.model.values import pack
from assistctl.providers.connect import connect
from assistctl.providers.profiles import built_in
from assistctl.server.app import App
from assistctl.server.store import Store

OWNER = "acme/prod"
CANON = Canon({"openai/gpt-4o": "gpt-4o"})
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
VALUES: dict[str, list[Any]] = {
    "model": ["gpt-4o", "openai/gpt-4o", "m"],
    "description": ["one", "two", "", None],
    "instructions": ["You help with invoices.", "You help with invoices. ", "Else", None],
    "temperature": [0.2, 0.7, 1, None],
    "tools": [[TOOL], [TOOL, {"type": "file_search"}], [{"type": "file_search"}, TOOL], []],
    "tool_resources": [
        {"code_interpreter": {"file_ids": ["x", "y"]}},
        {"code_interpreter": {"file_ids": ["y", "x"]}, "file_search": {"vector_store_ids": ["v"]}},
        {},
    ],
    "response_format": ["auto", {"type": "text"}, None],
}
ENTRIES = ["k1", "k2"]
FIELD = st.sampled_from(sorted(VALUES))
OUTSIDE_FIELD = st.sampled_from(sorted(VALUES.keys() - {"model"}))
POLICY = st.sampled_from(["overwrite", "keep", "fail"])
PLACE = st.integers(0, 9)


class Hours:
    """A clock that passes as fast as anybody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Clock:
    now = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the embedded server never has to be waited for")


def _unexpected(line: str) -> None:
    raise AssertionError(line)


class Fleet(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = Store(":memory:")
        self.provider = connect(
            built_in("local"), "", None, clock=Clock(), notify=_unexpected, handler=App(self.store).respond
        )
        self.desired: dict[str, Desired] = {}
        self.edits: dict[tuple[str, str], str] = {}
        """Outside edits of what nobody managed at the time: (id, field) to the canonical text."""
        self.keys = 0
        self.runs = 0

    def teardown(self) -> None:
        self.store.close()

    @initialize()
    def strangers(self) -> None:
        theirs = Frame("other/prod", "local", "o", "r0", CANON)
        plan = make_plan([self._new("k1")], survey([], "other/prod"), theirs)
        apply_plan(plan, Run(self.provider, CANON, Hours(), 1))
        self.provider.create({"model": "m", "name": "k2", "metadata": {MARKER_KEY: "typed by hand"}})
        self.strange = self._remotes()

    # --- manifests

    @rule(field=FIELD, place=PLACE)
    @precondition(lambda self: len(self.desired) < 4)
    def add(self, field: str, place: int) -> None:
        self.keys += 1
        key = f"k{self.keys}"
        self.desired[key] = self._new(key)
        self._set(key, field, place)

    @rule(which=PLACE, field=FIELD, place=PLACE)
    @precondition(lambda self: self.desired)
    def edit(self, which: int, field: str, place: int) -> None:
        self._set(self._key(which), field, place)

    @rule(which=PLACE, field=OUTSIDE_FIELD)
    @precondition(lambda self: self.desired)
    def remove_line(self, which: int, field: str) -> None:
        key = self._key(which)
        fields = {name: value for name, value in self.desired[key].fields.items() if name != field}
        self.desired[key] = replace(self.desired[key], fields=fields)

    @rule(which=PLACE, entry=st.sampled_from(ENTRIES), text=st.sampled_from(["a", "b", "", None, ABSENT]))
    @precondition(lambda self: self.desired)
    def edit_metadata(self, which: int, entry: str, text: Any) -> None:
        key = self._key(which)
        metadata = {**self.desired[key].metadata, entry: text}
        kept = {name: value for name, value in metadata.items() if value is not ABSENT}
        self.desired[key] = replace(self.desired[key], metadata=kept)

    @rule(which=PLACE)
    @precondition(lambda self: self.desired)
    def rename(self, which: int) -> None:
        old = self.desired.pop(self._key(which))
        self.keys += 1
        key = f"k{self.keys}"
        fields = {**old.fields, "name": key}
        self.desired[key] = replace(old, key=key, fields=fields, aliases=(*old.aliases, old.key))

    @rule(which=PLACE)
    @precondition(lambda self: len(self.desired) > 1)
    def remove(self, which: int) -> None:
        del self.desired[self._key(which)]

    # --- people

    @rule(which=PLACE, field=OUTSIDE_FIELD, place=PLACE)
    @precondition(lambda self: self._ours())
    def edit_outside(self, which: int, field: str, place: int) -> None:
        target = self._pick(which)
        values = [value for value in VALUES[field] if value is not None]
        value = values[place % len(values)]
        self.provider.update(target.id, {field: value})
        text = CANON.text(field, self._get(target.id).fields[field])
        if self._is_left_alone(target, field, text):
            self.edits[target.id, field] = text
        else:
            self.edits.pop((target.id, field), None)

    @rule(
        which=PLACE, entry=st.sampled_from([*ENTRIES, "by"]), text=st.sampled_from(["a", "b", "typed", None])
    )
    @precondition(lambda self: self._ours())
    def edit_metadata_outside(self, which: int, entry: str, text: str | None) -> None:
        target = self._pick(which)
        self.provider.update(target.id, {"metadata": {entry: text}})
        if entry == "by":
            self.edits[target.id, "metadata.by"] = text or ""

    @rule(which=PLACE)
    @precondition(lambda self: self._ours())
    def delete_outside(self, which: int) -> None:
        target = self._pick(which).id
        self.provider.delete(target)
        self._forget(target)

    # --- runs

    @rule(on_drift=POLICY, on_conflict=POLICY, delete=st.booleans(), anyway=st.booleans())
    def apply(self, on_drift: Any, on_conflict: Any, delete: bool, anyway: bool) -> None:
        chosen = Selection(delete=delete, on_drift=on_drift, on_conflict=on_conflict, create_anyway=anyway)
        plan = self._plan(chosen)
        if plan.refusals:
            return
        before = {item.id: item for item in self._remotes()}
        report = apply_plan(plan, Run(self.provider, CANON, Hours(), parallelism=1))
        assert report.complete, report
        assert [result.warnings for result in report.results if result.warnings] == []
        for change in plan.of(Action.DELETE):
            assert delete
            assert change.id is not None
            assert change.key not in self.desired
            self._forget(change.id)
        untouched = before.keys() - {change.id for change in plan.writes}
        now = {item.id: item for item in self._remotes()}
        assert [now.get(each) for each in untouched] == [before[each] for each in untouched]
        again = self._plan(chosen)
        assert again.writes == ()
        assert again.refusals == ()
        assert on_drift == "keep" or on_conflict == "keep" or again.open_questions == 0

    # --- laws that hold at any time

    @invariant()
    def what_is_not_ours_is_untouched(self) -> None:
        if hasattr(self, "strange"):
            now = {item.id: item for item in self._remotes()}
            assert [now.get(item.id) for item in self.strange] == self.strange

    @invariant()
    def no_key_has_two_assistants(self) -> None:
        keys = [marker.key for item in self._ours() if (marker := see(item).marker)]
        assert len(keys) == len(set(keys))

    @invariant()
    def edits_of_what_nobody_manages_survive(self) -> None:
        now = {item.id: item for item in self._remotes()}
        for (remote_id, name), text in self.edits.items():
            item = now[remote_id]
            value = (item.metadata or {}).get("by") if name == "metadata.by" else item.fields[name]
            assert CANON.text(name, value) == text

    # --- helpers

    def _new(self, key: str) -> Desired:
        return Desired(key, {"name": key, "model": "gpt-4o"})

    def _set(self, key: str, field: str, place: int) -> None:
        value = VALUES[field][place % len(VALUES[field])]
        fields = {**self.desired[key].fields, field: pack(value)}
        self.desired[key] = replace(self.desired[key], fields=fields)
        for known in [each for each in self.edits if each[1] == field and self._is(each[0], key)]:
            del self.edits[known]

    def _is(self, remote_id: str, key: str) -> bool:
        marker = see(self._get(remote_id)).marker
        return marker is not None and marker.key in (key, *self.desired[key].aliases)

    def _is_left_alone(self, target: Remote, field: str, text: str) -> bool:
        """Whether no manifest has the field, and what stands there now is not what we once applied."""
        marker = see(target).marker
        record = marker.fields.get(field) if marker else None
        if marker is None or (record and record.digest == digest(field, text)):
            return False
        return not any(
            field in each.fields for each in self.desired.values() if marker.key in (each.key, *each.aliases)
        )

    def _plan(self, selection: Selection) -> Plan:
        self.runs += 1
        frame = Frame(OWNER, "local", "o", f"r{self.runs}", CANON, selection, Limits("100%"))
        return make_plan([*self.desired.values()], survey(self._remotes(), OWNER), frame)

    def _remotes(self) -> list[Remote]:
        return [item for page in self.provider.pages() for item in page]

    def _get(self, remote_id: str) -> Remote:
        found = self.provider.get(remote_id)
        assert found is not None
        return found

    def _ours(self) -> list[Remote]:
        return [item for item in self._remotes() if (marker := see(item).marker) and marker.owner == OWNER]

    def _pick(self, which: int) -> Remote:
        ours = self._ours()
        return ours[which % len(ours)]

    def _key(self, which: int) -> str:
        return sorted(self.desired)[which % len(self.desired)]

    def _forget(self, remote_id: str) -> None:
        self.edits = {place: text for place, text in self.edits.items() if place[0] != remote_id}


TestFleet = Fleet.TestCase
TestFleet.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
