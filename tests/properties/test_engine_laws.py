"""Laws of the engine: the second plan is empty, order says nothing, what is not ours stays untouched."""

from __future__ import annotations

import string
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistctl.engine.applier import Run, apply_plan
from assistctl.engine.marker import LIMIT, Marker, Record, decode, metadata_records
from assistctl.engine.normalize import Canon
from assistctl.engine.planner import Frame, make_plan
from assistctl.engine.survey import survey
from assistctl.model.assistant import FIELDS, MARKER_KEY, Desired, Lifecycle, Remote
from assistctl.model.limits import Limits
from assistctl.model.plan import Action, Plan
from assistctl.model.selection import Selection
from assistctl.model.values import Json, Packed, pack
from assistctl.providers.connect import connect
from assistctl.providers.profiles import built_in
from assistctl.providers.wire import WireProvider
from assistctl.server.app import App
from assistctl.server.store import Store

OWNER = "acme/prod"
LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# --- what may stand in a manifest

WORD = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=6)
TEXT = st.one_of(
    st.sampled_from(["", "Be brief.", "Be brief. ", "a\r\nb", "a\nb\n", "Ünï ✓", "{{ x }}"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), TEXT)
SCHEMA = st.dictionaries(
    WORD,
    st.recursive(
        SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3)
    ),
)


class Hours:
    """A clock that passes as fast as anybody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


FUNCTION = some(
    {
        "type": st.just("function"),
        "function": some(
            {"name": WORD}, description=TEXT, parameters=SCHEMA, strict=st.sampled_from([True, False, None])
        ),
    }
)
SEARCH = some(
    {"type": st.just("file_search")},
    file_search=some(
        {},
        max_num_results=st.integers(1, 50),
        ranking_options=some(
            {"score_threshold": st.floats(0, 1)}, ranker=st.sampled_from(["auto", "default_2024_08_21"])
        ),
    ),
)
CODE = st.just({"type": "code_interpreter"})
TOOLS = st.lists(
    st.one_of(FUNCTION, SEARCH, CODE), max_size=4, unique_by=lambda tool: str(tool.get("function", tool))
)
RESOURCES = some(
    {},
    code_interpreter=st.fixed_dictionaries({"file_ids": st.lists(WORD, max_size=3, unique=True)}),
    file_search=st.fixed_dictionaries({"vector_store_ids": st.lists(WORD, max_size=1)}),
)
FORMAT = st.one_of(
    st.just("auto"),
    st.sampled_from([{"type": "text"}, {"type": "json_object"}]),
    some(
        {
            "type": st.just("json_schema"),
            "json_schema": some(
                {"name": WORD}, schema=SCHEMA, strict=st.sampled_from([True, False, None]), description=TEXT
            ),
        }
    ),
)
OPTIONAL = {
    "description": st.none() | TEXT,
    "instructions": st.none() | TEXT,
    "tools": TOOLS,
    "tool_resources": RESOURCES,
    "temperature": st.none() | st.floats(0, 2) | st.integers(0, 2),
    "top_p": st.none() | st.floats(0, 1) | st.integers(0, 1),
    "response_format": st.none() | FORMAT,
    "reasoning_effort": st.sampled_from([None, "low", "high"]),
}
METADATA = st.dictionaries(WORD.filter(lambda key: key != MARKER_KEY), st.none() | TEXT, max_size=3)
IGNORED = st.frozensets(st.sampled_from([*OPTIONAL, "metadata.a", "metadata.b"]), max_size=2)


@st.composite
def manifests(draw: st.DrawFn, key: str) -> Desired:
    fields = draw(some({"model": st.sampled_from(["gpt-4o", "openai/gpt-4o", "m"])}, **OPTIONAL))
    fields["name"] = draw(st.sampled_from([key, key, "shared", None]))
    lifecycle = Lifecycle(draw(st.booleans()), draw(IGNORED), draw(st.booleans()))
    return Desired(
        key, {name: pack(value) for name, value in fields.items()}, draw(METADATA), lifecycle=lifecycle
    )


@st.composite
def fleets(draw: st.DrawFn, largest: int = 3) -> list[Desired]:
    keys = draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1, max_size=largest))
    return [draw(manifests(key)) for key in keys]


# --- a remote and an engine around it


class Clock:
    now = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the embedded server never has to be waited for")


@contextmanager
def remote() -> Iterator[WireProvider]:
    with Store(":memory:") as store:
        yield connect(
            built_in("local"), "", None, clock=Clock(), notify=_unexpected, handler=App(store).respond
        )


def _unexpected(line: str) -> None:
    raise AssertionError(line)


CANON = Canon({"openai/gpt-4o": "gpt-4o"})


def everything(provider: WireProvider) -> list[Remote]:
    return [item for page in provider.pages() for item in page]


def plan_of(desired: Sequence[Desired], remotes: Sequence[Remote], run: str = "r1", **chosen: Any) -> Plan:
    selection = Selection(**{"create_anyway": True, "on_conflict": "overwrite", **chosen})
    return make_plan(
        desired, survey(remotes, OWNER), Frame(OWNER, "local", "o", run, CANON, selection, Limits("100%"))
    )


def applied(desired: Sequence[Desired], provider: WireProvider, run: str = "r1", **chosen: Any) -> Plan:
    plan = plan_of(desired, everything(provider), run, **chosen)
    if not plan.refusals:
        report = apply_plan(plan, Run(provider, CANON, Hours(), parallelism=1))
        assert report.complete, report
        assert [result.warnings for result in report.results if result.warnings] == []
    return plan


# --- the marker

DIGEST = st.text(string.ascii_letters + string.digits + "-_", min_size=6, max_size=6)
SLUG = string.ascii_lowercase + string.digits
MARKERS = st.builds(
    Marker,
    owner=st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
    key=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True),
    run=st.text(SLUG, min_size=1, max_size=8),
    prevent_destroy=st.booleans(),
    keep_on_remove=st.booleans(),
    fields=st.dictionaries(st.sampled_from(FIELDS), st.builds(Record, DIGEST, st.none() | DIGEST)),
    metadata=st.dictionaries(st.text(min_size=1), DIGEST, max_size=15).map(metadata_records),
)


@given(MARKERS, st.none() | DIGEST)
@settings(max_examples=300)
def test_every_marker_fits_and_reads_back(marker: Marker, stored: str | None) -> None:
    whole = replace(marker, metadata_stored=stored if marker.metadata else None)
    assert len(whole.encode()) <= LIMIT
    assert decode(whole.encode()) == whole


@given(
    st.text()
    | MARKERS.map(Marker.encode).flatmap(lambda text: st.integers(0, len(text) - 1).map(lambda n: text[:n]))
)
@settings(max_examples=200)
def test_no_other_text_reads_as_a_marker(text: str) -> None:
    assert decode(text) is None


# --- the canonical form


@given(manifests("a"))
@LAW
def test_the_servers_echo_has_the_canonical_text_of_what_was_sent(desired: Desired) -> None:
    with remote() as provider:
        applied([desired], provider)
        (echo,) = everything(provider)
    for name, value in desired.fields.items():
        assert CANON.text(name, echo.fields[name]) == CANON.text(name, value)


@given(manifests("a"))
@LAW
def test_normalising_twice_changes_nothing(desired: Desired) -> None:
    for name, value in desired.fields.items():
        once = CANON.text(name, value)
        again: Json | Packed = Packed(once) if isinstance(value, Packed) else once
        if isinstance(value, str | Packed):
            assert CANON.text(name, again) == once  # type: ignore[arg-type]


# --- plan and apply


@given(fleets())
@LAW
def test_a_plan_against_what_it_would_create_is_empty(fleet: list[Desired]) -> None:
    made = [
        Remote(
            f"asst_{change.key}",
            1.0,
            change.body,
            {k: v for k, v in change.metadata.items() if v is not None},
        )
        for change in plan_of(fleet, []).changes
    ]
    again = plan_of(fleet, made, "r2")
    assert {change.action for change in again.changes} == {Action.NOOP}
    assert [change.fields for change in again.changes if change.fields] == []


@given(fleets(), fleets(), st.booleans())
@LAW
def test_a_plan_right_after_an_apply_is_empty(
    first: list[Desired], second: list[Desired], delete: bool
) -> None:
    with remote() as provider:
        for run, fleet in enumerate((first, second)):
            plan = applied(fleet, provider, f"r{run}", delete=delete)
            again = plan_of(fleet, everything(provider), "r9", delete=delete)
            assert plan.refusals or again.writes == ()
            assert plan.refusals or again.open_questions == 0


@given(fleets(), fleets(), st.randoms(use_true_random=False))
@LAW
def test_the_order_of_manifests_and_of_the_list_says_nothing(
    first: list[Desired], second: list[Desired], mixed: Any
) -> None:
    with remote() as provider:
        provider.create({"model": "m", "name": "shared"})
        provider.create({"model": "m", "name": "a"})
        applied(first, provider)
        remotes = everything(provider)
    plan = plan_of(second, remotes, create_anyway=False)
    mixed.shuffle(remotes)
    mixed.shuffle(second)
    assert plan_of(second, remotes, create_anyway=False) == plan


@given(fleets(), fleets())
@LAW
def test_without_deletions_nothing_is_deleted(first: list[Desired], second: list[Desired]) -> None:
    with remote() as provider:
        applied(first, provider)
        before = {item.id for item in everything(provider)}
        plan = applied(second, provider, "r2", delete=False)
        assert plan.of(Action.DELETE) == ()
        assert before <= {item.id for item in everything(provider)}


@given(
    fleets(),
    fleets(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
@LAW
def test_what_is_not_ours_is_never_touched_unless_it_was_chosen(
    theirs: list[Desired], ours: list[Desired], adopt: bool, takeover: bool, create_anyway: bool
) -> None:
    with remote() as provider:
        unowned = provider.create({"model": "m", "name": "a", "metadata": {MARKER_KEY: "typed by hand"}})
        for change in plan_of(theirs, []).changes:
            marker = decode(change.metadata[MARKER_KEY] or "")
            assert marker is not None
            text = replace(marker, owner="other/prod").encode()
            provider.create({"model": "m", "name": change.key, "metadata": {MARKER_KEY: text}})
        foreign = [item for item in everything(provider) if item.id != unowned.id]
        chosen: dict[str, Any] = {"adopt_all": adopt, "create_anyway": create_anyway}
        if takeover:
            chosen["takeover"] = frozenset({"other/prod"})
        applied(ours, provider, **chosen)
        applied([], provider, "r2", **chosen)
        now = {item.id: item for item in everything(provider)}
    assert adopt or now[unowned.id] == unowned
    assert takeover or [now.get(item.id) for item in foreign] == foreign
