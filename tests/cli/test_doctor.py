"""``doctor``: what it says of a remote is so, and its probe is gone whatever happens."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.cli.world import ports_of
from assistctl.engine.probes import ENTRY, probe_name
from assistctl.server.app import App
from assistctl.server.faults import KINDS, with_faults
from assistctl.server.http import running
from assistctl.server.messages import Answer, Handler, Request, error_answer
from assistctl.server.moods import with_moods
from assistctl.server.store import Store

SCRIPT = str(Path(sys.executable).with_name("assistctl"))
OWNER = "shop/default"


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> dict[str, tuple[str, str, bool]]:
        """Topic to claim, observation and whether they agree."""
        return {
            each["topic"]: (each["claimed"], each["observed"], each["agrees"])
            for each in self.data["findings"]
        }


@dataclass
class Clinic:
    """A project, a remote in some moods, and the plain core behind it."""

    root: Path
    plain: App
    handler: Handler
    url: str = ""
    asked: list[Request] = field(default_factory=list)

    def handle(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.handler(request)

    def run(self, *args: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(self.root), "--base-url", self.url, *args], Console(None, out, err, os.environ))
        assert "Traceback" not in err.getvalue()
        return Ran(code, out.getvalue(), err.getvalue())

    def doctor(self, *args: str) -> Ran:
        return self.run("doctor", "--format", "json", *args)

    def provider(self, provider: Any) -> None:
        text = f"project: shop\nprovider: {json.dumps(provider)}\nmanifests: [assistants]\n"
        (self.root / "assistctl.yaml").write_text(text, "utf-8")

    def add(self, **fields: Any) -> str:
        body = json.dumps({"model": "gpt-4o", **fields}).encode()
        return str(json.loads(self.plain.handle(Request("POST", "/assistants", {}, {}, body)).body)["id"])

    @property
    def stored(self) -> list[Any]:
        answer = self.plain.handle(Request("GET", "/assistants", {"limit": "100", "order": "asc"}))
        found: list[Any] = json.loads(answer.body)["data"]
        return found


InMoods = Callable[..., Any]


@pytest.fixture
def clinic(tmp_path: Path) -> InMoods:
    """``with clinic("no-get", provider="openai") as remote``."""
    root = tmp_path / "shop"
    (root / "assistants").mkdir(parents=True)

    @contextmanager
    def make(*moods: str, provider: Any = "openai", key: str | None = None) -> Iterator[Clinic]:
        with Store(":memory:") as store:
            made = Clinic(root, App(store), with_moods(store, moods, key=key))
            made.provider(provider)
            with running(made.handle) as made.url:
                yield made

    return make


# --- looking --------------------------------------------------------------------------------------------


def test_without_a_write_test_the_remote_is_only_read(clinic: InMoods) -> None:
    with clinic() as remote:
        remote.add(name="one")
        ran = remote.doctor()
        assert (ran.code, ran.data["write_test"], ran.data["profile"]) == (0, False, {})
        assert {request.method for request in remote.asked} == {"GET"}
        rows = ran.rows
        assert rows["list"][1] == "a map with object, data, first_id, last_id, has_more"
        assert (rows["assistants"][1], rows["list items"][1], rows["paging"][1]) == (
            "1 listed",
            "full",
            "cursor",
        )


def clocks(patch: pytest.MonkeyPatch, *, here: float, there: float) -> None:
    """What the command's clock and the remote's show, however long the command takes."""
    patch.setattr(
        "assistctl.cli.verbs.doctor.ports_of", lambda call: replace(ports_of(call), wall=lambda: here)
    )
    patch.setattr("assistctl.server.connections.formatdate", lambda **_: formatdate(there, usegmt=True))


@pytest.mark.parametrize(
    ("moods", "advice"),
    [
        (("summary-list",), {"list_items": "summary"}),
        (("no-paging",), {"paging": "none"}),
        (("cursors-ignored",), {"paging": "none"}),
        (("no-paging", "cursors-refused"), {"paging": "refused"}),
        (("forgets-cursors", "no-has-more", "ms-times", "list-word"), {}),
    ],
)
def test_how_a_remote_lists_is_seen_by_reading_alone(
    clinic: InMoods, moods: tuple[str, ...], advice: Mapping[str, Any]
) -> None:
    with clinic(*moods) as remote:
        for _ in range(3):
            remote.add()
        assert remote.doctor().data["profile"] == advice


def test_a_list_that_cannot_be_read_whole_is_said_to_be_so(clinic: InMoods) -> None:
    with clinic("newest-twenty", provider="litellm") as remote:
        for _ in range(21):
            remote.add()
        claimed, observed, agrees = remote.doctor().rows["assistants"]
        assert (claimed, agrees) == ("", False)
        assert "cannot turn pages" in observed


def test_outside_a_project_a_provider_is_enough(clinic: InMoods, tmp_path: Path) -> None:
    with clinic() as remote:
        remote.root = tmp_path
        ran = remote.run("doctor", "--provider", "openai")
        assert (ran.code, ran.out.splitlines()[0]) == (0, f"openai ({remote.url})")


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (0, "the same as here"),
        (-1, "the same as here"),
        (-60, "60 s behind ours"),
        (60, "60 s ahead of ours"),
    ],
)
def test_the_clock_of_the_remote_is_held_against_ours(
    clinic: InMoods, monkeypatch: pytest.MonkeyPatch, there: float, words: str
) -> None:
    clocks(monkeypatch, here=1_800_000_000.0, there=1_800_000_000.0 + there)
    with clinic() as remote:
        assert remote.doctor().rows["clock"][1] == words


# --- what ends it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (error_answer(404, "gone"), 9, "--provider local"),
        (error_answer(410, "gone"), 9, "azure-foundry"),
        (error_answer(401, "no"), 8, "export OPENAI_API_KEY"),
        (error_answer(405, "no"), 7, "LangGraph"),
        (Answer(200, {}, b'{"data": [], "meta": {"page_number": 1}}'), 7, "Telnyx"),
        (Answer(200, {}, b'{"assistants": []}'), 7, "Pinecone"),
    ],
)
def test_what_ends_an_examination_is_told_with_its_code(
    clinic: InMoods, answer: Answer, code: int, words: str
) -> None:
    with clinic() as remote:
        remote.handler = lambda _request: answer
        ran = remote.doctor("--write-test")
        assert (ran.code, ran.data["error"]["code"], words in ran.err) == (code, code, True)
        assert {request.method for request in remote.asked} == {"GET"}


def test_a_write_test_in_a_pull_request_is_refused_as_an_apply_is(
    clinic: InMoods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    with clinic() as remote:
        assert (remote.doctor("--write-test").code, remote.asked) == (6, [])
        assert remote.doctor().code == 0
        assert remote.doctor("--write-test", "--allow-pull-request").code == 0


def test_where_deployments_have_no_known_name_one_has_to_be_given(clinic: InMoods) -> None:
    with clinic(provider="azure-openai") as remote:
        ran = remote.run("doctor", "--write-test")
        assert (ran.code, "--model" in ran.err) == (64, True)
        assert remote.doctor("--write-test", "--model", "mine").code == 0
        assert {json.loads(r.body)["model"] for r in remote.asked if r.method == "POST"} == {"mine"}


def test_the_model_of_the_probe_is_one_that_is_in_use(clinic: InMoods) -> None:
    with clinic(provider="azure-openai") as remote:
        remote.add(model="our-deployment")
        assert remote.doctor("--write-test").code == 0
        models = {json.loads(r.body)["model"] for r in remote.asked if r.method == "POST"}
        assert models == {"our-deployment"}


# --- trying ---------------------------------------------------------------------------------------------

EFFORT = {"ignored_fields": ["reasoning_effort"]}
TRIALS: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = (
    ((), {}),
    (("uuid-ids", "created-201", "nulls-added", "defaults-omitted", "deletes-204"), {}),
    (("no-get",), {"verbs": ["list", "create", "update", "delete"]}),
    (("no-modify",), {"verbs": ["list", "get", "create", "delete"]}),
    (("metadata-replace",), {"metadata": "replace"}),
    (("metadata-drop",), {"metadata": "none"}),
    (("effort-dropped",), EFFORT),
    (("empty-last-page", "omitted-wiped", "lagging-list"), {}),
    (("missing-500", "upserting", "deletes-denied"), {}),
    (("summary-list", "no-has-more", "model-respelled", "wrapped-errors"), {"list_items": "summary"}),
)


@pytest.mark.parametrize(("moods", "advice"), TRIALS, ids=lambda value: "+".join(value) if value else "plain")
def test_a_write_test_finds_out_what_a_remote_does_and_leaves_nothing(
    clinic: InMoods, moods: tuple[str, ...], advice: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistctl.cli.signals.Signals.sleep", lambda _self, _seconds: None)
    with clinic(*moods) as remote:
        kept = [remote.add(name="somebody else's", metadata={"a": "1"}) for _ in range(2)]
        before = remote.stored
        ran = remote.doctor("--write-test")
        assert (ran.code, ran.data["write_test"], ran.data["profile"]) == (0, True, advice), ran.err
        assert remote.stored == before
        assert [item["id"] for item in before] == kept


@pytest.mark.parametrize(
    ("moods", "cleared"),
    [
        ((), "null"),
        (("null-ignored",), '""'),
        (("null-refused",), '""'),
        (("null-ignored", "empty-ignored"), "nothing that was tried"),
    ],
)
def test_it_is_found_out_what_clears_a_text(clinic: InMoods, moods: tuple[str, ...], cleared: str) -> None:
    with clinic(*moods) as remote:
        rows = remote.doctor("--write-test").rows
        assert rows["description, cleared by"] == ("null", cleared, cleared == "null")


@pytest.mark.parametrize(
    "moods", [("metadata-replace", "effort-dropped", "null-ignored"), ("metadata-drop",)]
)
def test_a_profile_with_the_pasted_lines_says_what_is_observed(
    clinic: InMoods, moods: tuple[str, ...]
) -> None:
    with clinic(*moods) as remote:
        advice = remote.doctor("--write-test").data["profile"]
        assert advice
        remote.provider({"extends": "openai", **advice})
        ran = remote.doctor("--write-test")
        assert (ran.code, ran.data["profile"]) == (0, {}), ran.out
        ran = remote.run("doctor", "--write-test")
        assert ran.out.endswith("\nThe profile says what was observed.\n")


def test_the_lines_to_paste_are_yaml_that_a_project_file_takes(clinic: InMoods) -> None:
    with clinic("metadata-replace", "effort-dropped", "null-ignored") as remote:
        text = remote.run("doctor", "--write-test").out
        pasted = "".join(
            line[2:] for line in text.partition("project file:\n\n")[2].splitlines(keepends=True)
        )
        (remote.root / "assistctl.yaml").write_text(f"project: shop\n{pasted}", "utf-8")
        assert remote.run("doctor", "--write-test").out.endswith("\nThe profile says what was observed.\n")


@pytest.mark.parametrize(
    ("mood", "provider"), [("no-delete", "openai"), ("no-delete", {"extends": "openai"})]
)
def test_without_a_delete_no_probe_is_made(clinic: InMoods, mood: str, provider: Any) -> None:
    with clinic(mood, provider=provider) as remote:
        ran = remote.doctor("--write-test")
        assert (ran.code, remote.stored) == (6, [])
        assert "POST" not in {request.method for request in remote.asked}


def test_a_field_that_one_model_refuses_is_not_held_against_the_remote(clinic: InMoods) -> None:
    with clinic() as remote:
        inner = remote.handler

        def handle(request: Request) -> Answer:
            if b"reasoning_effort" in request.body:
                return error_answer(400, "not with this model", param="reasoning_effort")
            return inner(request)

        remote.handler = handle
        ran = remote.doctor("--write-test")
        assert ran.data["profile"] == {}
        claimed, observed, agrees = ran.rows["reasoning_effort"]
        assert (claimed, "not with this model" in observed, agrees) == ("stored", True, True)


# --- the probe ------------------------------------------------------------------------------------------


def test_a_probe_counts_in_no_plan_and_is_touched_by_no_command(clinic: InMoods) -> None:
    with clinic() as remote:
        (remote.root / "assistants" / "one.yaml").write_text("model: gpt-4o\n", "utf-8")
        assert remote.run("apply", "--auto-approve").code == 0
        probe = remote.add(name=probe_name("other/owner", "abc123"))
        hidden = remote.add(name="renamed", metadata={ENTRY: probe_name(OWNER, "abc123")})
        summary = json.loads(remote.run("plan", "--format", "json").out)["assistctl"]["summary"]
        assert (summary["unmanaged"], summary["foreign"], summary["unchanged"]) == (0, 0, 1)
        assert "nothing to import" in (ran := remote.run("import", "--all")).out + ran.err or ran.code in (
            0,
            64,
        )
        assert not any("probe" in path.name for path in (remote.root / "assistants").iterdir())
        assert remote.run("destroy", "--auto-approve").code == 0
        assert [item["id"] for item in remote.stored] == [probe, hidden]


def test_the_next_doctor_removes_probes_of_its_owner_and_no_others(clinic: InMoods) -> None:
    with clinic() as remote:
        kept = [
            remote.add(name=probe_name("other/owner", "abc123")),
            remote.add(name=probe_name(OWNER, "abc123")[:-1] + "x"),
            remote.add(name="assistctl-doctor-probe"),
        ]
        mine = remote.add(name=probe_name(OWNER, "abc123"))
        ran = remote.doctor()
        assert (ran.code, ran.data["notes"]) == (0, [f"removed a probe of an earlier run: {mine}"])
        assert [item["id"] for item in remote.stored] == kept


def test_in_a_pull_request_a_left_probe_is_only_told(
    clinic: InMoods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    with clinic() as remote:
        mine = remote.add(name=probe_name(OWNER, "abc123"))
        ran = remote.doctor()
        assert (ran.code, ran.data["notes"]) == (0, [f"there is a probe of another run: {mine}"])
        assert len(remote.stored) == 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "429"])
@pytest.mark.parametrize("nth", [0, 1, 4])
def test_the_probe_goes_when_writes_begin_to_fail(
    clinic: InMoods, kind: str, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistctl.cli.signals.Signals.sleep", lambda _self, _seconds: None)
    with clinic() as remote:
        inner, posts = remote.handler, [0]

        def handle(request: Request) -> Answer:
            posts[0] += request.method == "POST"
            failing = request.method == "POST" and posts[0] > nth
            return with_faults(inner, 1, [kind], 0)(request) if failing else inner(request)

        remote.handler = handle
        ran = remote.doctor("--write-test")
        assert remote.stored == []
        assert ran.code in (0, 4), ran.err
        remote.handler = inner
        assert remote.doctor("--write-test").code == 0


def test_a_500_for_one_value_is_told_and_not_held_against_the_profile(clinic: InMoods) -> None:
    with clinic() as remote:
        inner = remote.handler
        remote.handler = lambda request: (
            error_answer(500, "oops") if b"top_p" in request.body else inner(request)
        )
        ran = remote.doctor("--write-test")
        assert (ran.code, ran.data["profile"], remote.stored) == (0, {}, [])
        assert ran.rows["top_p"][1].startswith("not known: the remote answered 500")


def test_a_probe_that_cannot_be_removed_is_named(clinic: InMoods, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistctl.cli.signals.Signals.sleep", lambda _self, _seconds: None)
    with clinic() as remote:
        inner = remote.handler

        def handle(request: Request) -> Answer:
            known = request.path.rpartition("/")[2] in {item["id"] for item in remote.stored}
            return error_answer(409, "locked") if request.method == "DELETE" and known else inner(request)

        remote.handler = handle
        ran = remote.doctor("--write-test")
        (left,) = remote.stored
        assert (ran.code, left["id"] in ran.err, "locked" in ran.err) == (7, True, True)
        remote.handler = inner
        assert (remote.doctor().code, remote.stored) == (0, [])


def test_the_probe_goes_when_the_time_is_over(clinic: InMoods, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr("assistctl.cli.signals.Signals.now", lambda _self: moment[0])
    with clinic() as remote:
        inner = remote.handler

        def handle(request: Request) -> Answer:
            if b"temperature" in request.body:
                moment[0] += 60.0
            return inner(request)

        remote.handler = handle
        ran = remote.run("--timeout", "60", "doctor", "--write-test")
        assert (ran.code, "time limit" in ran.err, remote.stored) == (7, True, [])


def start(remote: Clinic, *args: str) -> subprocess.Popen[str]:
    words = [SCRIPT, "-C", str(remote.root), "--base-url", remote.url, "doctor", *args]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def struck(remote: Clinic, number: signal.Signals, nth: int) -> subprocess.Popen[str]:
    """The process of a write test that gets a signal with its nth POST."""
    inner, posts, told = remote.handler, [0], threading.Event()
    started = SimpleQueue[subprocess.Popen[str]]()

    def handle(request: Request) -> Answer:
        posts[0] += request.method == "POST"
        if request.method == "POST" and posts[0] == nth and not told.is_set():
            told.set()
            answer = inner(request)
            started.get().send_signal(number)
            return answer
        return inner(request)

    remote.handler = handle
    process = start(remote, "--write-test")
    started.put(process)
    process.communicate(timeout=60)
    remote.handler = inner
    return process


@pytest.mark.parametrize("nth", [1, 2, 9])
def test_after_a_kill_the_next_doctor_removes_the_probe(clinic: InMoods, nth: int) -> None:
    with clinic() as remote:
        assert struck(remote, signal.SIGKILL, nth).returncode == -signal.SIGKILL
        (left,) = remote.stored
        ran = remote.doctor()
        assert (ran.code, ran.data["notes"]) == (0, [f"removed a probe of an earlier run: {left['id']}"])
        assert remote.stored == []
        ran = remote.doctor("--write-test")
        assert (ran.code, remote.stored, "waiting" in ran.err) == (0, [], False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_write_test_and_the_probe_goes_first(
    clinic: InMoods, number: signal.Signals, code: int
) -> None:
    with clinic() as remote:
        assert struck(remote, number, 5).returncode == code
        assert remote.stored == []


def test_an_apply_does_not_wait_for_a_probe(clinic: InMoods) -> None:
    with clinic() as remote:
        struck(remote, signal.SIGKILL, 2)
        (remote.root / "assistants" / "one.yaml").write_text("model: gpt-4o\n", "utf-8")
        ran = remote.run("apply", "--auto-approve")
        assert (ran.code, "waiting" in ran.err) == (0, False)


def test_while_an_apply_runs_no_probe_is_made(clinic: InMoods) -> None:
    with clinic() as remote:
        (remote.root / "assistants" / "one.yaml").write_text("model: gpt-4o\n", "utf-8")
        inner, found = remote.handler, []

        def handle(request: Request) -> Answer:
            if request.method == "POST" and not found:
                found.append(None)
                found.append(remote.doctor("--write-test").code)
            return inner(request)

        remote.handler = handle
        assert remote.run("apply", "--auto-approve").code == 0
        assert found[1] == 5


def test_the_embedded_remote_is_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "assistctl.yaml").write_text("project: shop\nprovider: local\n", "utf-8")
    out, err = io.StringIO(), io.StringIO()
    code = run(["-C", str(tmp_path), "doctor", "--write-test"], Console(None, out, err, os.environ))
    assert (code, err.getvalue()) == (0, "")
    assert out.getvalue().endswith("\nThe profile says what was observed.\n")


def test_hostile_words_of_a_remote_are_shown_and_not_obeyed(clinic: InMoods) -> None:
    with clinic() as remote:
        inner = remote.handler

        def handle(request: Request) -> Answer:
            if b"top_p" in request.body:
                return error_answer(400, "\x1b[2J\r::error::\u202eowned")
            return inner(request)

        remote.handler = handle
        out = remote.run("doctor", "--write-test").out
        assert not any(char in out for char in "\x1b\r\u202e")
        assert not any(line.lstrip().startswith("::") for line in out.splitlines())
