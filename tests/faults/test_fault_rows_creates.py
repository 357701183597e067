"""Creating exactly once, whatever becomes of the request or of its answer (rows C1 to C12, section 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from assistctl.server.messages import Answer, Handler, Request, error_answer

from .raw_sockets import bare_server, wire
from .rows import (
    CREATE,
    LIST,
    NO_CHANGES,
    NOTHING,
    Scene,
    applied_and_lost,
    at,
    json_answer,
    raw_answer,
    scene_in,
)

TWO = ("ann", "bob")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two manifests that no assistant stands for yet, and one assistant of somebody else."""
    with scene_in(tmp_path) as made:
        made.add(name="by hand")
        yield made.write(*TWO)


def pending(scene: Scene) -> set[str]:
    """Keys whose create the journal does not know to be settled."""
    found: set[str] = set()
    for line in scene.journal().read_bytes().splitlines():
        entry = json.loads(line) if line.strip() else {}
        found |= set(entry.get("intend", ()))
        found -= {entry.get("landed")}
        found = set() if entry.get("clean") else found
    return found


def test_c1_a_create_that_could_not_be_sent_had_no_effect_exit_7(scene: Scene) -> None:
    def empty_list(connection: Any, _request: bytes) -> None:
        connection.sendall(wire(b'{"data": [], "has_more": false}', connection="close"))
        connection.close()

    with bare_server(empty_list, most=1) as url:
        ran = scene.apply("--base-url", url)
    assert ran.code == 7
    assert "cannot be reached" in ran.err
    assert ran.last.startswith("Apply incomplete! Resources: 0 added")
    assert "2 failed, 0 unknown" in ran.last
    assert pending(scene) == set()


@pytest.mark.parametrize("status", [425, 429])
def test_c1_a_create_that_was_turned_away_is_sent_again_exit_0(scene: Scene, status: int) -> None:
    scene.fault = at(CREATE, error_answer(status, "not now", headers={"retry-after": "2"}), 1, 2)
    assert scene.apply().code == 0
    assert scene.writes == [CREATE] * 4
    assert scene.clock.waits.count(2) == 2
    scene.assert_converged(*TWO)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 415, 422])
def test_c1_a_create_that_was_refused_is_failed_and_the_others_go_on(scene: Scene, status: int) -> None:
    scene.fault = at(CREATE, error_answer(status, "no"), 1)
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 3
    assert ran.last == (
        "Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed; "
        "0 skipped, 1 failed, 0 unknown, 0 not started."
    )
    assert scene.writes == [CREATE] * 2
    assert pending(scene) == set()
    assert scene.apply().code == 0
    scene.assert_converged(*TWO)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_c1_refused_credentials_stop_every_further_write_exit_8(scene: Scene, status: int) -> None:
    scene.fault = at(CREATE, error_answer(status, "who are you?"))
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 8
    assert scene.writes == [CREATE]
    assert "1 failed, 0 unknown, 1 not started" in ran.last
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged(*TWO)


WITHOUT_EFFECT = {
    "closed": NOTHING,
    "408": error_answer(408, "too slow"),
    "500": error_answer(500, "oops"),
    "502": error_answer(502, "bad gateway"),
    "503": error_answer(503, "busy"),
    "504": error_answer(504, "too slow"),
    "html": raw_answer(b"<html><title>Sign in</title>", "text/html"),
    "no id": json_answer({"object": "assistant"}),
    "empty": raw_answer(b""),
}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_c2_a_create_that_got_lost_is_sent_again_once_the_bound_has_passed_exit_0(
    scene: Scene, name: str
) -> None:
    scene.fault = at(CREATE, WITHOUT_EFFECT[name], 1)
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 0, ran.err
    assert ran.last == "Apply complete! Resources: 2 added, 0 changed, 0 destroyed."
    assert scene.writes == [CREATE] * 3
    assert scene.requests.count(LIST) == 1 + 5 + 1  # planning, settling at 1, 3, 7, 15, 30 s, closing
    scene.assert_waited(30)
    scene.assert_converged(*TWO)


def cut_short(request: Request, server: Handler) -> Answer:
    return replace(server(request), cut=300)


def failing(status: int) -> Any:
    def fault(request: Request, server: Handler) -> Answer:
        server(request)
        return error_answer(status, "oops")

    return fault


def as_html(request: Request, server: Handler) -> Answer:
    server(request)
    return raw_answer(b"<html><title>Sign in</title>", "text/html")


LOST_ANSWERS = {
    "closed": applied_and_lost,
    "cut": cut_short,
    "html": as_html,
    **{str(status): failing(status) for status in (408, 500, 502, 503, 504)},
}


@pytest.mark.parametrize("name", LOST_ANSWERS)
def test_c3_a_create_whose_answer_got_lost_is_found_in_the_list_exit_0(scene: Scene, name: str) -> None:
    scene.fault = at(CREATE, LOST_ANSWERS[name])
    ran = scene.apply()
    assert ran.code == 0, ran.err
    assert ran.last == "Apply complete! Resources: 2 added, 0 changed, 0 destroyed."
    assert scene.writes == [CREATE] * 2
    assert scene.requests.count(LIST) == 3  # planning, one look that finds both, closing
    scene.assert_converged(*TWO)


def test_c3_settling_is_collective_one_wait_for_all_of_a_wave(scene: Scene) -> None:
    many = [f"bot-{number:02}" for number in range(30)]
    scene.write(*many)
    scene.fault = at(CREATE, applied_and_lost)
    assert scene.apply("--parallelism", "8").code == 0
    assert scene.writes == [CREATE] * 32
    assert scene.requests.count(LIST) == 3
    scene.assert_converged(*TWO, *many)


def test_c3_nothing_is_deleted_while_an_outcome_is_unknown(scene: Scene) -> None:
    scene.apply()
    scene.drop("bob").write("cid").forget()
    scene.fault = at(CREATE, NOTHING)
    ran = scene.apply()
    assert ran.code == 4
    assert "0 failed, 1 unknown, 1 not started" in ran.last
    assert scene.keys() == {"ann": 1, "bob": 1}
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged("ann", "cid")


def test_c2_after_four_waves_the_outcome_stays_unknown_exit_4_and_the_next_run_converges(
    scene: Scene,
) -> None:
    scene.fault = at(CREATE, NOTHING)
    ran = scene.apply()
    assert ran.code == 4
    assert "2 unknown" in ran.last
    assert "Apply complete" not in ran.out
    assert scene.writes == [CREATE] * 8
    assert pending(scene) == set(TWO)
    scene.fault = lambda _request, _server: None
    scene.forget()
    again = scene.apply()
    assert again.code == 0
    assert "an earlier run did not end cleanly (ann, bob)" in again.err
    scene.assert_waited(30)
    scene.assert_converged(*TWO)


@dataclass
class Late:
    """A remote where creates take effect some seconds after nobody answered them."""

    scene: Scene
    seconds: float
    first: int = 1
    """How many creates are late; those after them are served at once."""
    due: list[tuple[float, Request]] = field(default_factory=list)

    def __call__(self, request: Request, server: Handler) -> Answer | None:
        self.catch_up(server)
        if f"{request.method} {request.path}" != CREATE or not self.first:
            return None
        self.first -= 1
        self.due.append((self.scene.clock.monotonic() + self.seconds, request))
        return NOTHING

    def catch_up(self, server: Handler) -> None:
        now = self.scene.clock.monotonic()
        for moment, request in [item for item in self.due if item[0] <= now]:
            self.due.remove((moment, request))
            assert server(request).status == 200


@pytest.mark.parametrize("seconds", [0.5, 2, 14, 29])
def test_c4_a_create_that_takes_effect_late_within_the_bound_is_adopted_exit_0(
    scene: Scene, seconds: float
) -> None:
    scene.fault = late = Late(scene, seconds)
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 0, ran.err
    assert late.due == []
    assert scene.writes == [CREATE] * 2
    scene.assert_converged(*TWO)


def test_c4_a_run_that_could_not_look_leaves_the_late_create_to_the_next_run(scene: Scene) -> None:
    late = Late(scene, 20, first=2)

    def blind(request: Request, server: Handler) -> Answer | None:
        return error_answer(405, "no") if late.due and request.method == "GET" else late(request, server)

    scene.fault = blind
    assert scene.apply("--settle-seconds", "5").code == 4
    scene.fault = late
    ran = scene.apply()
    assert ran.code == 0, ran.err
    assert late.due == []
    assert scene.writes == [CREATE] * 2
    scene.assert_converged(*TWO)


def test_c5_a_create_later_than_the_bound_makes_twins_that_the_next_run_reports_exit_5(
    scene: Scene,
) -> None:
    scene.fault = late = Late(scene, 400)
    assert scene.apply("--parallelism", "1").code == 0
    scene.clock.sleep(400)
    late.catch_up(scene.behind.handle)
    twins = sorted(
        item["id"] for item in scene.all() if item["metadata"].get("assistctl", "x x x").split()[2] == "ann"
    )
    assert len(twins) == 2
    scene.forget()
    ran = scene.apply()
    assert ran.code == 5
    assert scene.writes == []
    assert all(remote_id in ran.out for remote_id in twins)
    assert "--adopt-oldest" in ran.out
    assert scene.run("drift", "--detailed-exitcode").code == 2


def test_c5_adopt_oldest_keeps_the_oldest_twin_and_deletes_the_others(scene: Scene) -> None:
    seconds = count(1_700_000_000)
    scene.created_at = lambda: float(next(seconds))
    scene.fault = late = Late(scene, 400)
    assert scene.apply("--parallelism", "1").code == 0
    scene.clock.sleep(400)
    late.catch_up(scene.behind.handle)
    oldest = next(item["id"] for item in scene.all() if " ann " in item["metadata"].get("assistctl", ""))
    ran = scene.apply("--adopt-oldest")
    assert ran.code == 0, ran.err
    assert oldest in {item["id"] for item in scene.all()}
    scene.assert_converged(*TWO)


def test_c5_twins_that_show_in_the_closing_list_are_told_at_once_exit_5(scene: Scene) -> None:
    held: list[Request] = []

    def overtaken(request: Request, server: Handler) -> Answer:
        held.append(request)
        if len(held) == 1:
            return NOTHING
        if len(held) == 3:  # the second attempt is on its way when the first takes effect after all
            server(held[0])
        return server(request)

    scene.fault = at(CREATE, overtaken)
    ran = scene.apply("--parallelism", "1")
    assert ran.code == 5
    assert "several assistants bear one key now: ann" in ran.err
    assert scene.keys() == {"ann": 2, "bob": 1}


def test_c5_a_list_that_lags_does_not_let_the_run_end_before_it_shows_every_create(tmp_path: Path) -> None:
    with scene_in(tmp_path, "lagging-list") as scene:
        assert scene.write(*TWO).apply().code == 0
        assert scene.writes == [CREATE] * 2
        assert scene.requests.count(LIST) > 2
        scene.assert_converged(*TWO)


def test_c6_a_field_that_the_remote_drops_is_warned_about_once_and_strict_answers_3(tmp_path: Path) -> None:
    with scene_in(tmp_path, "effort-dropped") as scene:
        scene.write("ann", model="o3-mini", reasoning_effort="low")
        ran = scene.apply("--strict")
        assert ran.code == 3
        assert "the remote accepts reasoning_effort and does not store it" in ran.err
        assert scene.run("plan").last == NO_CHANGES
        assert scene.apply("--strict").code == 0


def test_c6_without_strict_a_dropped_field_is_warned_about_and_the_answer_is_0(tmp_path: Path) -> None:
    with scene_in(tmp_path, "effort-dropped") as scene:
        ran = scene.write("ann", model="o3-mini", reasoning_effort="low").apply()
        assert ran.code == 0
        assert "the remote accepts reasoning_effort and does not store it" in ran.err
        assert scene.run("plan").last == NO_CHANGES


def test_c6_a_field_that_the_remote_rewrites_is_recorded_and_never_dirty_again(tmp_path: Path) -> None:
    with scene_in(tmp_path, "names-shortened") as scene:
        ran = scene.write("ann", name="Ann " * 30).apply("--strict")
        assert ran.code == 0
        assert "the remote stores name in a form of its own" in ran.err
        scene.forget()
        assert scene.apply().last == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."
        assert scene.writes == []


def test_c12_a_manifest_with_sixteen_metadata_keys_is_invalid_before_anything_is_sent_exit_65(
    scene: Scene,
) -> None:
    ran = scene.write("ann", metadata={f"k{number}": "x" for number in range(16)}).apply()
    assert ran.code == 65
    assert "metadata" in ran.err
    assert scene.requests == []


def test_c12_an_adoption_that_would_need_a_seventeenth_entry_is_refused_by_name_exit_5(scene: Scene) -> None:
    before = scene.add(name="ann", metadata={f"theirs-{number}": "kept" for number in range(16)})
    ran = scene.apply("--adopt")
    assert ran.code == 5
    assert "ann: 17 metadata entries, over the protocol's limit of 16" in ran.err
    assert scene.writes == []
    assert scene.ask("GET", f"/{before}")["metadata"] == {f"theirs-{n}": "kept" for n in range(16)}


def test_c12_fifteen_entries_of_somebody_else_all_survive_the_adoption(scene: Scene) -> None:
    theirs = {f"theirs-{number}": "kept" for number in range(15)}
    before = scene.add(name="ann", metadata=theirs)
    assert scene.apply("--adopt").code == 0
    assert scene.ask("GET", f"/{before}")["metadata"].items() >= theirs.items()
    scene.assert_converged(*TWO)
