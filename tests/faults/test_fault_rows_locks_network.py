"""Signals, two applies at once, TLS and redirects (rows N1 to N8), and the guard of row L2."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistctl.server.http import running
from assistctl.server.messages import Answer, Handler, Request

from .raw_sockets import bare_server, wire
from .rows import CREATE, LIST, Scene, at, json_answer, scene_in

SIX = tuple(f"bot-{number}" for number in range(6))
KEY = "sk-canary-5b1f0c9e77"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Six manifests that no assistant stands for yet."""
    with scene_in(tmp_path) as made:
        yield made.write(*SIX)


def started(scene: Scene, *args: str, **environ: str) -> subprocess.Popen[str]:
    """An apply in a process of its own, one write at a time."""
    line = [sys.executable, "-m", "assistctl", "-C", str(scene.root), "apply", "--auto-approve"]
    return subprocess.Popen(
        [*line, "--parallelism", "1", "--format", "json", *args],
        env={**os.environ, "ASSISTCTL_BASE_URL": scene.url, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Hold:
    """Lets some creates through, then holds each until :meth:`let_go`."""

    def __init__(self, through: int) -> None:
        self._through = threading.Semaphore(through)
        self.reached = threading.Event()
        self._go = threading.Event()

    def __call__(self, request: Request, server: Handler) -> Answer | None:
        if f"{request.method} {request.path}" == CREATE and not self._through.acquire(blocking=False):
            self.reached.set()
            self._go.wait(60)
        return None

    def wait_for(self, child: subprocess.Popen[str]) -> None:
        """Until a create is held."""
        while not self.reached.wait(0.1):
            assert child.poll() is None, child.communicate()

    def let_go(self) -> None:
        self._go.set()


def outcomes(report: str) -> dict[str, int]:
    kinds = [result["outcome"] for result in json.loads(report)["results"]]
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_n1_a_signal_lets_the_request_under_way_end_sends_nothing_new_and_reports(
    scene: Scene, number: int, code: int
) -> None:
    scene.fault = hold = Hold(2)
    with started(scene) as child:
        hold.wait_for(child)
        child.send_signal(number)
        assert child.stderr
        while "nothing new is sent" not in child.stderr.readline():
            assert child.poll() is None
        hold.let_go()
        out, err = child.communicate(timeout=60)
    assert child.returncode == code, err
    assert outcomes(out) == {"done": 3, "not started": 3}
    assert len(scene.writes) == len(scene.all()) == 3
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged(*SIX)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_n2_a_second_signal_leaves_while_the_remote_still_holds_the_request_and_keeps_the_journal(
    scene: Scene, number: int, code: int
) -> None:
    scene.fault = hold = Hold(2)
    with started(scene) as child:
        hold.wait_for(child)
        child.send_signal(number)
        assert child.stderr
        while "nothing new is sent" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(number)
        assert child.wait(60) == code  # nobody has let the request go yet
    hold.let_go()
    scene.fault = lambda _request, _server: None
    ran = scene.apply()
    assert ran.code == 0
    assert "an earlier run did not end cleanly" in ran.err
    scene.assert_converged(*SIX)


def test_n4_while_another_process_applies_its_pid_and_start_are_named_and_nothing_is_sent_exit_5(
    scene: Scene,
) -> None:
    scene.fault = hold = Hold(0)
    with started(scene) as child:
        hold.wait_for(child)
        asked = len(scene.requests)
        second = subprocess.run(
            [sys.executable, "-m", "assistctl", "-C", str(scene.root), "apply", "--auto-approve"],
            env={**os.environ, "ASSISTCTL_BASE_URL": scene.url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert len(scene.requests) == asked
        hold.let_go()
        assert child.wait(60) == 0
    assert second.returncode == 5
    assert re.search(rf"process {child.pid} is applying .* since \d{{4}}-\d\d-\d\dT", second.stderr)
    assert "--lock-timeout" in second.stderr
    scene.assert_converged(*SIX)


def test_n4_with_a_lock_timeout_the_second_apply_waits_and_finds_nothing_to_do(scene: Scene) -> None:
    scene.fault = hold = Hold(0)
    with started(scene) as first:
        hold.wait_for(first)
        with started(scene, "--lock-timeout", "60") as second:
            hold.let_go()
            assert first.wait(60) == 0
            assert second.wait(60) == 0
    assert scene.writes == [CREATE] * 6
    scene.assert_converged(*SIX)


def test_n4_plans_and_lists_do_not_wait_for_an_apply(scene: Scene) -> None:
    scene.fault = hold = Hold(0)
    with started(scene) as child:
        hold.wait_for(child)
        for verb in ("validate", "list"):
            line = [sys.executable, "-m", "assistctl", "-C", str(scene.root), verb]
            environ = {**os.environ, "ASSISTCTL_BASE_URL": scene.url}
            assert subprocess.run(line, env=environ, capture_output=True, check=False).returncode == 0
        hold.let_go()
        assert child.wait(60) == 0


def test_n5_two_machines_at_once_make_twins_that_are_reported_and_never_resolved_silently_exit_5(
    scene: Scene, tmp_path: Path
) -> None:
    scene.drop(*SIX[1:])
    other = str(tmp_path / "other machine")
    codes = []

    def meanwhile(request: Request, server: Handler) -> Answer:
        answer = server(request)  # this machine has its list; now the other one applies from end to end
        with started(scene, ASSISTCTL_STATE_DIR=other) as child:
            codes.append(child.wait(60))
        return answer

    scene.fault = at(LIST, meanwhile, 1)
    first = scene.apply()
    assert codes == [0]
    assert first.code == 5
    assert "several assistants bear one key now: bot-0" in first.err
    scene.forget()
    again = scene.apply()
    assert again.code == 5
    assert scene.writes == []
    assert all(item["id"] in again.out for item in scene.all())


def test_n5_what_another_machine_created_a_moment_ago_is_waited_for(scene: Scene, tmp_path: Path) -> None:
    begun = time.time()
    scene.created_at = time.time
    scene.drop(*SIX[1:]).apply()
    scene.write(*SIX).forget()
    assert scene.run("apply", "--auto-approve", ASSISTCTL_STATE_DIR=str(tmp_path / "other")).code == 0
    assert sum(scene.clock.waits) > 28 - (time.time() - begun)
    scene.assert_converged(*SIX)


def test_n7_a_server_that_speaks_no_tls_gets_no_byte_of_the_request_exit_7(scene: Scene) -> None:
    seen: list[bytes] = []

    def plain(connection: Any, request: bytes) -> None:
        seen.append(request)
        connection.sendall(wire(b'{"data": []}'))

    with bare_server(plain) as url:
        ran = scene.run("plan", "--base-url", url.replace("http:", "https:"), OPENAI_API_KEY=KEY)
    assert ran.code == 7
    assert KEY.encode() not in b"".join(seen)
    assert KEY not in ran.out + ran.err


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program to make a certificate")
def test_n7_a_certificate_that_nobody_vouches_for_is_refused_and_there_is_no_off_switch_exit_7(
    scene: Scene, tmp_path: Path
) -> None:
    names = {"-keyout": "key.pem", "-out": "cert.pem"}
    paths = [word for flag, name in names.items() for word in (flag, str(tmp_path / name))]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-nodes", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *paths, *subject]
    subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    seen: list[bytes] = []

    def behave(connection: Any, request: bytes) -> None:
        seen.append(request)
        connection.sendall(wire(b'{"data": [], "has_more": false}'))

    with bare_server(behave, context) as url:
        ran = scene.apply("--base-url", url, OPENAI_API_KEY=KEY)
        assert ran.code == 7
        assert "certificate" in ran.err.lower()
        assert seen == []
        assert len(scene.clock.waits) == 0, "a refused certificate is not asked again"
        named = {"OPENAI_API_KEY": KEY, "SSL_CERT_FILE": str(tmp_path / "cert.pem")}
        assert scene.run("plan", "--base-url", url, **named).code == 0, "the operator may name it"
    text = scene.run("--help").out + scene.run("apply", "--help").out
    assert not re.search(r"insecure|no-verify|skip-tls", text)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("asked", [LIST, CREATE])
def test_n8_a_redirect_is_never_followed_and_the_key_goes_nowhere_else_exit_7(
    scene: Scene, asked: str, status: int
) -> None:
    elsewhere: list[Request] = []

    def trap(request: Request) -> Answer:
        elsewhere.append(request)
        return json_answer({"data": [], "has_more": False})

    scene.drop(*SIX[1:])
    with running(trap) as target:
        scene.fault = at(asked, Answer(status, {"location": f"{target}/assistants"}, b""))
        ran = scene.apply(OPENAI_API_KEY=KEY)
    assert ran.code == 7
    assert "redirects are never followed" in ran.err
    assert KEY not in ran.out + ran.err
    assert elsewhere == []
    assert scene.requests.count(asked) == 1
    assert scene.all() == []
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged("bot-0")


def test_n8_a_redirect_on_the_same_origin_is_not_followed_either_exit_7(scene: Scene) -> None:
    scene.fault = at(LIST, Answer(307, {"location": "/v1/assistants"}, b""))
    assert scene.run("plan").code == 7
    assert scene.requests == [LIST]


EMPTY = json_answer({"object": "list", "data": [], "has_more": False})


def test_l2_an_empty_list_where_six_were_owned_is_refused_with_both_numbers_exit_6(scene: Scene) -> None:
    scene.apply()
    scene.forget()
    scene.fault = at(LIST, EMPTY)
    ran = scene.apply()
    assert ran.code == 6
    assert "the remote shows 0 assistants of shop/default, but 6 were owned after the last apply" in ran.err
    assert scene.writes == []
    scene.fault = lambda _request, _server: None
    assert scene.apply().code == 0
    scene.assert_converged(*SIX)


def test_l2_a_list_that_lost_most_of_the_owned_is_refused_too_exit_6(scene: Scene) -> None:
    scene.apply()
    for item in scene.all()[:3]:
        scene.ask("DELETE", f"/{item['id']}")
    scene.forget()
    ran = scene.apply()
    assert ran.code == 6
    assert "the remote shows 3 assistants of shop/default, but 6 were owned" in ran.err
    assert scene.writes == []
    assert scene.apply("--create-anyway").code == 0
    scene.assert_converged(*SIX)


def test_l2_one_that_somebody_deleted_is_created_again_without_a_word(scene: Scene) -> None:
    scene.apply()
    scene.ask("DELETE", "/" + scene.all()[0]["id"])
    assert scene.apply().code == 0
    scene.assert_converged(*SIX)


def test_l2_a_plan_shows_the_guard_and_its_saved_form_is_not_applied_exit_6(scene: Scene) -> None:
    scene.apply()
    scene.forget()
    scene.fault = at(LIST, EMPTY)
    plan = str(scene.root / "plan.json")
    ran = scene.run("plan", "--out", plan)
    assert ran.code == 0
    assert "6 were owned after the last apply" in ran.out
    assert scene.run("apply", plan).code == 6
    assert scene.writes == []
