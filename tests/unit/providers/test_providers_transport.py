"""Outcome classes, retries and manners, on a virtual clock."""

from __future__ import annotations

import logging
import ssl
from typing import Any

import httpx
import pytest

from assistctl.errors import CredentialsRefused, NotApplied, NotStarted, OutcomeUnknown, RemoteError
from assistctl.model.profile import Profile
from assistctl.providers.pacing import asked_delay
from assistctl.providers.transport import REQUEST_SECONDS

KEY = "sk-canary-0123456789"
BODY = {"model": "gpt-4o"}
CERTAIN = [300, 301, 307, 400, 404, 405, 409, 410, 413, 415, 422, 425, 429]
UNKNOWN = [406, 408, 412, 418, 431, 451, 500, 501, 502, 503, 504, 529]


@pytest.mark.parametrize("status", CERTAIN)
def test_a_write_that_was_refused_is_not_applied(bench: Any, wire: Any, status: int) -> None:
    with pytest.raises(NotApplied) as caught:
        bench(wire["answer"](status)).provider.create(BODY)
    assert caught.value.status == status


@pytest.mark.parametrize("status", UNKNOWN)
def test_any_other_status_leaves_a_write_unknown_and_unrepeated(bench: Any, wire: Any, status: int) -> None:
    run = bench(wire["answer"](status, x_should_retry="true"))
    with pytest.raises(OutcomeUnknown) as caught:
        run.provider.create(BODY)
    assert caught.value.exit_code == 4
    assert run.sent == ["POST"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("full"),
        httpx.ProxyError("407"),
    ],
)
def test_c1_a_write_that_was_never_sent_is_tried_again_and_then_not_applied(
    bench: Any, failure: Exception
) -> None:
    run = bench(failure)
    with pytest.raises(NotApplied, match="cannot be reached"):
        run.provider.create(BODY)
    assert len(run.sent) == 5


def test_n7_a_refused_certificate_is_final(bench: Any) -> None:
    refused = httpx.ConnectError("certificate verify failed")
    refused.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    run = bench(refused)
    with pytest.raises(NotApplied, match="certificate"):
        run.provider.create(BODY)
    assert run.sent == ["POST"]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.LocalProtocolError("odd"),
    ],
)
def test_c2_c3_a_write_that_broke_after_it_was_sent_is_unknown(bench: Any, failure: Exception) -> None:
    run = bench(failure)
    with pytest.raises(OutcomeUnknown):
        run.provider.create(BODY)
    assert run.sent == ["POST"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"id": "a', b"{}", b'{"id": 5}', b'{"id": "../x"}', b"[]"]
)
def test_a_2xx_to_a_create_without_a_usable_assistant_is_unknown(bench: Any, wire: Any, body: bytes) -> None:
    run = bench(wire["answer"](200, body))
    with pytest.raises(OutcomeUnknown):
        run.provider.create(BODY)
    assert run.sent == ["POST"]


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_an_assistant_is_success(bench: Any, wire: Any, status: int) -> None:
    run = bench(wire["answer"](status, wire["assistant"]("asst_9")))
    assert run.provider.create(BODY).id == "asst_9"
    assert run.provider.update("asst_9", BODY).id == "asst_9"


def test_an_update_answered_with_another_assistant_is_unknown(bench: Any, wire: Any) -> None:
    with pytest.raises(OutcomeUnknown, match="another assistant"):
        bench(wire["answer"](200, wire["assistant"]("asst_9"))).provider.update("asst_1", BODY)


def test_u4_an_update_of_a_gone_assistant_is_not_applied_with_its_status(bench: Any, wire: Any) -> None:
    with pytest.raises(NotApplied) as caught:
        bench(wire["answer"](404)).provider.update("asst_1", BODY)
    assert caught.value.status == 404


def test_a_throttled_create_waits_as_asked_and_is_sent_again(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, retry_after="7"), wire["answer"](201, wire["assistant"]()))
    assert run.provider.create(BODY).id == "asst_1"
    assert run.clock.waits == [7.0]
    assert "retrying in 7.0 s (1 of 4): the remote answered 429 Too Many Requests" in run.notes[0]


def test_a_get_is_tried_five_times_with_growing_jitter(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](503))
    with pytest.raises(RemoteError, match="5 attempts") as caught:
        run.provider.get("asst_1")
    assert type(caught.value) is RemoteError
    assert len(run.sent) == 5
    assert all(wait <= limit for wait, limit in zip(run.clock.waits, [0.5, 1, 2, 4], strict=True))


@pytest.mark.parametrize("status", [400, 404, 405, 409, 422])
def test_a_final_answer_is_not_asked_for_again(bench: Any, wire: Any, status: int) -> None:
    run = bench(wire["answer"](status))
    if status == 404:
        assert run.provider.get("asst_1") is None
    else:
        with pytest.raises(RemoteError):
            run.provider.get("asst_1")
    assert run.sent == ["GET"]


def test_the_server_may_forbid_or_ask_for_a_retry(bench: Any, wire: Any) -> None:
    forbidden = bench(wire["answer"](503, x_should_retry="false"))
    with pytest.raises(RemoteError):
        forbidden.provider.get("asst_1")
    assert len(forbidden.sent) == 1
    wanted = bench(wire["answer"](409, x_should_retry="true"), wire["answer"](200, wire["assistant"]()))
    assert wanted.provider.create(BODY).id == "asst_1"


def test_a_delay_beyond_two_minutes_stops_with_a_clear_error(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, retry_after="121"))
    with pytest.raises(RemoteError, match="asks to wait 121 s"):
        run.provider.get("asst_1")
    assert run.clock.waits == []


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:09 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, float("inf")),
        ({"retry-after": "Wed, 99 Oct 9999999 07:27:00"}, None),
    ],
)
def test_p7_the_delay_asked_for_is_measured_on_the_servers_clock(
    headers: dict[str, str], delay: float | None
) -> None:
    assert asked_delay(headers) == delay


def test_the_retry_budget_of_the_run_ends(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](500))
    for _ in range(5):
        with pytest.raises(RemoteError):
            run.provider.get("asst_1")
    before = len(run.sent)
    with pytest.raises(RemoteError, match="used up its retries"):
        run.provider.get("asst_1")
    assert (before, len(run.sent)) == (25, 26)


def test_a_success_earns_one_retry(bench: Any, wire: Any) -> None:
    failures = [wire["answer"](500)] * 25
    run = bench(*failures, wire["answer"](200, wire["assistant"]()), wire["answer"](500))
    for _ in range(5):
        with pytest.raises(RemoteError):
            run.provider.get("asst_1")
    assert run.provider.get("asst_1") is not None
    before = len(run.sent)
    with pytest.raises(RemoteError, match="used up its retries"):
        run.provider.get("asst_1")
    assert len(run.sent) - before == 2


def test_g9_the_time_limit_of_the_run_ends_retries_and_requests(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](503, retry_after="60"), seconds=100)
    with pytest.raises(RemoteError, match="time limit"):
        run.provider.get("asst_1")
    assert len(run.sent) == 2
    run.clock.time += 1000
    with pytest.raises(NotApplied, match="time limit"):
        run.provider.create(BODY)
    assert len(run.sent) == 2


def test_a_request_has_a_total_deadline(bench: Any, wire: Any) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        run.clock.time += REQUEST_SECONDS + 1
        return wire["answer"](200, wire["assistant"]())

    run = bench(slow)
    with pytest.raises(OutcomeUnknown, match="in time"):
        run.provider.create(BODY)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_refused_credentials_stop_all_later_writes(bench: Any, wire: Any, status: int) -> None:
    run = bench(wire["answer"](status, {"message": "no"}), wire["answer"](200, wire["assistant"]()))
    with pytest.raises(CredentialsRefused) as caught:
        run.provider.get("asst_1")
    assert caught.value.exit_code == 8
    assert "export AIMLAPI_API_KEY=" in caught.value.next
    for write in (lambda: run.provider.create(BODY), lambda: run.provider.delete("asst_1")):
        with pytest.raises(CredentialsRefused, match=str(status)):
            write()
    assert run.sent == ["GET"]
    assert run.provider.get("asst_1") is not None


def test_aiml_403_hints_at_the_balance(bench: Any, wire: Any) -> None:
    with pytest.raises(CredentialsRefused) as caught:
        bench(wire["answer"](403)).provider.create(BODY)
    assert "balance" in caught.value.next


def test_a_quota_that_is_used_up_is_final(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, {"error": {"message": "pay", "code": "insufficient_quota"}}))
    with pytest.raises(CredentialsRefused, match="pay"):
        run.provider.create(BODY)
    assert len(run.sent) == 1


def test_n8_a_redirect_names_only_the_targets_origin(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](307, location="https://evil.example/steal?token=abc"))
    with pytest.raises(NotApplied, match="never followed") as caught:
        run.provider.create(BODY)
    text = "\n".join(caught.value.lines())
    assert "https://evil.example;" in text
    assert "steal" not in text
    assert len(run.sent) == 1


def test_headers_of_every_request(bench: Any, wire: Any) -> None:
    profile = Profile("p", "https://h", auth="header", auth_header="api-key", headers={"X-Team": "a"})
    run = bench(wire["answer"](200, wire["assistant"]()), profile=profile)
    run.provider.create({"model": "gpt-4o", "name": "é"})
    request = run.script.requests[0]
    expected = {"api-key": KEY, "openai-beta": "assistants=v2", "x-team": "a", "accept-encoding": "identity"}
    assert expected.items() <= dict(request.headers).items()
    assert request.headers["user-agent"].startswith("assistctl/")
    assert "authorization" not in request.headers
    assert request.read() == '{"model":"gpt-4o","name":"é"}'.encode()


def test_cookies_are_not_sent_back(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](200, wire["assistant"](), set_cookie="a=b; Path=/"))
    run.provider.get("asst_1")
    run.provider.get("asst_1")
    assert "cookie" not in run.script.requests[1].headers


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_a_body_that_is_not_json_is_not_sent(bench: Any, wire: Any, value: Any) -> None:
    run = bench(wire["answer"]())
    with pytest.raises(NotApplied):
        run.provider.create({"temperature": value})
    assert run.sent == []


def test_g8_the_key_is_in_no_error_note_or_log(
    bench: Any, wire: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    leaks = [
        wire["answer"](401, {"error": {"message": f"bad key {KEY}", "code": KEY}}, x_request_id=KEY),
        wire["answer"](503, ("x" * 190 + KEY).encode()),
        wire["answer"](200, f"<p>{KEY}".encode()),
        wire["answer"](200, ("<p>" + "x" * 187 + KEY).encode()),
        wire["answer"](301, location=f"https://{KEY}.example/{KEY}"),
        httpx.ReadError(f"about {KEY}"),
    ]
    for leak in leaks:
        run = bench(leak)
        with pytest.raises(RemoteError) as caught:
            run.provider.get("asst_1")
        shown = [
            repr(run.provider),
            repr(caught.value),
            str(caught.value),
            *caught.value.lines(),
            *run.notes,
            caplog.text,
        ]
        assert all("canary" not in text for text in shown)


def test_delete_is_done_when_the_assistant_is_gone(bench: Any, wire: Any) -> None:
    assert bench(wire["answer"](200, {"id": "asst_1", "deleted": True})).provider.delete("asst_1") is True
    assert bench(wire["answer"](204, b"")).provider.delete("asst_1") is True
    assert bench(wire["answer"](404)).provider.delete("asst_1") is False


def test_d1_a_delete_whose_answer_was_lost_is_done_by_404(bench: Any, wire: Any) -> None:
    run = bench(httpx.ReadError("reset"), wire["answer"](404))
    assert run.provider.delete("asst_1") is False
    assert run.sent == ["DELETE", "DELETE"]


def test_a_delete_that_is_denied_is_checked_by_a_get(bench: Any, wire: Any) -> None:
    denied = wire["answer"](200, {"id": "asst_1", "deleted": False})
    assert bench(denied, wire["answer"](404)).provider.delete("asst_1") is False
    with pytest.raises(NotApplied, match="did not delete"):
        bench(denied, wire["answer"](200, wire["assistant"]())).provider.delete("asst_1")


def test_verbs_that_the_remote_lacks_are_not_sent(bench: Any, wire: Any) -> None:
    profile = Profile("litellm", "https://h", verbs=frozenset({"list", "create"}))
    run = bench(wire["page"]("asst_1"), profile=profile)
    for write in (lambda: run.provider.update("asst_1", BODY), lambda: run.provider.delete("asst_1")):
        with pytest.raises(NotApplied, match="has no"):
            write()
    assert run.sent == []
    found = run.provider.get("asst_1")
    assert found is not None
    assert run.provider.get("asst_2") is None


def test_n1_after_a_stop_no_request_begins(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"]())
    run.provider.stop()
    with pytest.raises(NotApplied, match="stopped"):
        run.provider.create(BODY)
    with pytest.raises(RemoteError, match="stopped"):
        run.provider.get("asst_1")
    assert run.sent == []


def test_the_servers_own_time_is_kept(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](404, date="Thu, 01 Jan 1970 00:01:40 GMT"))
    assert run.provider.server_time is None
    run.provider.get("asst_1")
    assert run.provider.server_time == 100


def test_a_429_lowers_the_concurrency_of_the_transport(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, retry_after="0"), wire["answer"](200, wire["assistant"]()))
    run.provider.create(BODY)
    # One request alone was throttled: one at a time, and one more after its success.
    assert run.provider._transport._gate.window.limit == 2
    run.provider.create(BODY)
    # One at a time leaves room for another: that says nothing about three at once.
    assert run.provider._transport._gate.window.limit == 2


def test_the_latency_of_a_request_is_that_of_its_last_attempt_without_waits(bench: Any, wire: Any) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        run.clock.time += 0.3
        return wire["answer"](200, wire["assistant"]())

    run = bench(wire["answer"](429, retry_after="7"), slow)
    run.provider.create(BODY)
    assert run.clock.waits == [7.0]
    assert _recent(run, "POST 3") == pytest.approx(0.3)


def test_creates_modifies_and_reads_have_latencies_of_their_own(bench: Any, wire: Any) -> None:
    def after(seconds: float) -> Any:
        def answer(request: httpx.Request) -> httpx.Response:
            run.clock.time += seconds
            return wire["answer"](200, wire["assistant"]())

        return answer

    run = bench(after(0.1), after(0.2), after(0.3), after(0.4))
    run.provider.create(BODY)
    run.provider.update("asst_1", BODY)
    run.provider.get("asst_1")
    run.provider._transport.remove("https://api.aimlapi.com/assistants/asst_1")
    kinds = ["POST 3", "POST 4", "GET 4", "DELETE 4"]
    assert [_recent(run, kind) for kind in kinds] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def _recent(run: Any, kind: str) -> float:
    latency = run.provider._transport._gate.window.latency(kind)
    assert latency is not None
    return float(latency.recent)


def test_a_throttled_modify_is_looked_at_before_it_is_sent_again(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, retry_after="1"), wire["answer"](200, wire["assistant"]()))
    looks: list[int] = []
    run.provider.update("asst_1", BODY, lambda: looks.append(len(run.sent)))
    assert (looks, run.sent) == ([1], ["POST", "POST"])


def test_what_the_look_before_a_repetition_raises_ends_the_modify(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](429, retry_after="1"))

    def moved() -> None:
        raise LookupError("moved")

    with pytest.raises(LookupError):
        run.provider.update("asst_1", BODY, moved)
    assert run.sent == ["POST"]


def test_d1_a_delete_whose_answer_was_lost_stays_in_doubt_when_its_repetitions_are_refused(
    bench: Any, wire: Any
) -> None:
    run = bench(wire["answer"](503), wire["answer"](429, retry_after="121"))
    with pytest.raises(OutcomeUnknown, match="503"):
        run.provider.delete("asst_1")
    assert run.sent == ["DELETE", "DELETE"]


def test_after_stop_nothing_is_sent_and_the_error_says_so(bench: Any, wire: Any) -> None:
    run = bench(wire["answer"](200, wire["assistant"]()))
    run.provider.stop()
    for call in (lambda: run.provider.get("asst_1"), lambda: run.provider.create(BODY)):
        with pytest.raises(NotStarted, match="the run was stopped before this request was sent"):
            call()
    assert run.sent == []
