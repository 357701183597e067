"""How many requests are under way at once: the rule by hand, in simulated runs, and with threads."""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from assistctl.providers.gate import Gate, Ticket, Window

FLAT = 0.05
"""Seconds."""


def fill(window: Window, kind: str = "POST") -> list[Ticket]:
    """Lets writes begin until there is no room."""
    tickets = []
    while window.has_room(write=True):
        tickets.append(window.enter(kind, write=True))
    return tickets


def end(window: Window, tickets: list[Ticket], seconds: float = FLAT) -> None:
    """All of them succeed."""
    for ticket in tickets:
        window.succeeded(ticket, seconds)
        window.leave(ticket)


def throttle(window: Window, tickets: list[Ticket]) -> None:
    """All of them are answered with 429."""
    for ticket in tickets:
        window.throttled(ticket)
        window.leave(ticket)


def grown(limit: int) -> Window:
    """A window that has grown to ``limit``, a power of two, without a sign of congestion."""
    window = Window()
    while window.limit < limit:
        end(window, fill(window))
    assert window.limit == limit
    return window


def test_writes_begin_two_at_a_time_and_each_full_round_trip_doubles_that() -> None:
    window, rounds = Window(), []
    for _ in range(4):
        tickets = fill(window)
        rounds.append(len(tickets))
        end(window, tickets)
    assert rounds == [2, 4, 8, 16]


def test_successes_that_left_room_for_more_do_not_widen_the_window() -> None:
    window = Window()
    for _ in range(100):
        end(window, [window.enter("POST", write=True)])
    assert window.limit == 2
    window = grown(8)
    for _ in range(100):
        end(window, [window.enter("POST", write=True) for _ in range(7)])
    assert window.limit == 8


def test_a_burst_of_429_halves_once_and_then_each_full_round_of_successes_adds_one() -> None:
    window = grown(8)
    throttle(window, fill(window))
    rounds = []
    for _ in range(3):
        tickets = fill(window)
        rounds.append(len(tickets))
        end(window, tickets)
    assert rounds == [4, 5, 6]


def test_a_429_to_a_request_that_began_after_the_halving_halves_again_down_to_one() -> None:
    window, limits = grown(8), []
    for _ in range(4):
        throttle(window, fill(window))
        limits.append(window.limit)
    assert limits == [4, 2, 1, 1]


def test_a_429_halves_what_is_under_way_not_what_would_be_allowed() -> None:
    window = grown(16)
    throttle(window, [window.enter("POST", write=True) for _ in range(6)])
    assert window.limit == 3


def test_successes_of_requests_from_before_a_429_do_not_widen_the_halved_window() -> None:
    window = grown(8)
    first, *others = fill(window)
    throttle(window, [first])
    end(window, others[:4])
    last = window.enter("POST", write=True)
    assert not window.has_room(write=True)
    end(window, others[4:])
    assert window.limit == 4
    end(window, [last])
    assert window.limit == 4


def test_while_answers_take_longer_than_twice_the_floor_the_window_holds_and_does_not_shrink() -> None:
    window = grown(4)
    for _ in range(50):
        end(window, fill(window), 0.2)
    held = window.limit
    assert held in range(4, 9)
    end(window, fill(window), 0.2)
    assert window.limit == held
    # Back at its pace, but careful now: one more per round instead of twice as many.
    while window.limit == held:
        end(window, fill(window))
    tickets = fill(window)
    end(window, tickets)
    assert (len(tickets), window.limit) == (held + 1, held + 2)


def test_one_late_answer_is_no_sign_of_congestion() -> None:
    window = grown(8)
    first, *others = fill(window)
    end(window, [first], 4 * FLAT)
    end(window, others)
    assert window.limit == 16


def test_some_milliseconds_on_loopback_are_no_sign_of_congestion() -> None:
    window = Window()
    end(window, fill(window), 0.0005)
    for _ in range(3):
        end(window, fill(window), 0.009)
    assert window.limit == 32


def test_each_kind_of_write_is_held_against_its_own_floor() -> None:
    window = Window()
    end(window, fill(window, "quick"), 0.02)
    end(window, fill(window, "slow"), 0.9)
    end(window, fill(window, "quick"), 0.02)
    assert window.limit == 16


def test_reads_wait_for_nothing_until_a_429_and_take_no_room_of_the_writes() -> None:
    window = Window()
    reads = [window.enter("GET", write=False) for _ in range(50)]
    assert window.has_room(write=False)
    writes = fill(window)
    assert len(writes) == 2
    assert window.has_room(write=False)
    end(window, reads)
    assert window.limit == 2


def test_slow_reads_are_no_sign_of_congestion_for_writes() -> None:
    window = Window()
    end(window, [window.enter("GET", write=False)], 0.01)
    end(window, [window.enter("GET", write=False) for _ in range(9)], 5.0)
    end(window, fill(window))
    assert window.limit == 4


def test_after_a_429_to_a_read_reads_and_writes_share_half_of_what_was_under_way() -> None:
    window = Window()
    reads = [window.enter("GET", write=False) for _ in range(6)]
    writes = fill(window)
    throttle(window, reads)
    assert window.limit == 4
    end(window, writes)
    assert window.limit == 4
    shared = [window.enter("GET", write=False), *fill(window)]
    assert len(shared) == 4
    assert not window.has_room(write=False)
    end(window, shared)
    assert window.limit == 5


@dataclass
class Course:
    """What a simulated run came to."""

    seconds: float = 0.0
    most: int = 0
    """Requests under way at once."""
    refused: int = 0
    limits: list[tuple[float, int]] = field(default_factory=list)
    """The window after every answer, with its time."""

    def limit_at(self, seconds: float) -> int:
        """The window at that time."""
        return max((at, limit) for at, limit in self.limits if at <= seconds + 1e-9)[1]


Server = Callable[[float, int], float | None]
"""(Now, requests under way with this one) to the seconds until its answer; None: 429 after 1 ms."""


def simulated(threads: int, jobs: int, server: Server) -> Course:
    """``threads`` threads send ``jobs`` writes through a window, in virtual time."""
    window, course, now = Window(), Course(), 0.0
    flying: list[tuple[float, int, float | None, Ticket]] = []
    while jobs or flying:
        while jobs and len(flying) < threads and window.has_room(write=True):
            ticket = window.enter("POST", write=True)
            seconds = server(now, len(flying) + 1)
            jobs -= 1
            end = now + (0.001 if seconds is None else seconds)
            heapq.heappush(flying, (end, ticket.number, seconds, ticket))
        course.most = max(course.most, len(flying))
        now, _, seconds, ticket = heapq.heappop(flying)
        if seconds is None:
            window.throttled(ticket)
            course.refused, jobs = course.refused + 1, jobs + 1
        else:
            window.succeeded(ticket, seconds)
        window.leave(ticket)
        course.limits.append((now, window.limit))
    course.seconds = now
    return course


def one_by_one(seconds: float) -> Server:
    """Serves one request after the other, however many come at once."""
    free = 0.0

    def server(now: float, under_way: int) -> float:
        nonlocal free
        free = max(now, free) + seconds
        return free - now

    return server


def jittery(seconds: float, share: float) -> Server:
    """Takes ``seconds``, more or less by up to that share."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    return lambda now, under_way: seconds * chance.uniform(1 - share, 1 + share)


@pytest.mark.parametrize(("threads", "trips"), [(4, 1), (8, 2), (32, 4)])
def test_at_flat_latency_the_window_reaches_the_pool_within_a_few_round_trips(
    threads: int, trips: int
) -> None:
    course = simulated(threads, 1000, lambda now, under_way: FLAT)
    assert course.limit_at(trips * FLAT) >= threads
    assert course.most == threads
    assert course.seconds <= (1000 / threads + trips + 1) * FLAT


def test_jitter_of_thirty_percent_costs_at_most_three_percent_of_a_thousand_writes() -> None:
    course = simulated(8, 1000, jittery(FLAT, 0.3))
    assert course.seconds <= 1.03 * 1000 * FLAT / 8


def test_a_remote_of_two_speeds_does_not_keep_the_window_small() -> None:
    chance = random.Random(7)  # noqa: S311 - not for secrets
    course = simulated(8, 1000, lambda now, under_way: 0.1 if chance.random() < 0.3 else 0.4)
    assert course.seconds <= 1.1 * 1000 * 0.31 / 8


def test_new_connections_at_three_times_the_latency_do_not_stop_growth() -> None:
    opened = 0

    def server(now: float, under_way: int) -> float:
        nonlocal opened
        fresh, opened = under_way > opened, max(opened, under_way)
        return 3 * FLAT if fresh else FLAT

    course = simulated(8, 200, server)
    assert course.limit_at(10 * FLAT) >= 8


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.2, 1.0])
def test_a_remote_that_serves_one_by_one_meets_a_small_window_and_loses_no_time(seconds: float) -> None:
    course = simulated(32, 1000, one_by_one(seconds))
    assert course.most <= 8
    assert course.seconds == pytest.approx(1000 * seconds)


def test_a_remote_that_refuses_more_than_six_at_once_is_probed_rarely_and_kept_busy() -> None:
    course = simulated(8, 1000, lambda now, under_way: FLAT if under_way <= 6 else None)
    assert course.refused <= 60
    assert course.seconds <= 1.5 * 1000 * FLAT / 6


def test_the_window_stays_below_twice_the_pool_however_long_the_run() -> None:
    course = simulated(8, 20_000, jittery(FLAT, 0.3))
    assert course.most == 8
    assert max(limit for _, limit in course.limits) <= 16


def test_reads_pass_the_gate_while_writes_fill_their_window() -> None:
    gate = Gate()
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(gate.passing("POST", write=True))
        assert not gate.window.has_room(write=True)
        for _ in range(20):
            held.enter_context(gate.passing("GET", write=False))
    assert gate.window.has_room(write=True)


def test_a_write_that_waits_passes_once_another_ends() -> None:
    gate, passed = Gate(), threading.Event()

    def wait() -> None:
        with gate.passing("POST", write=True):
            passed.set()

    with gate.passing("POST", write=True):
        with gate.passing("POST", write=True):
            thread = threading.Thread(target=wait)
            thread.start()
            assert not passed.is_set()
        thread.join(60)
        assert passed.is_set()


def test_a_write_that_waits_passes_once_the_window_has_grown() -> None:
    gate, passed = Gate(), threading.Event()

    def wait() -> None:
        with gate.passing("POST", write=True):
            passed.set()

    with gate.passing("POST", write=True) as one, gate.passing("POST", write=True):
        thread = threading.Thread(target=wait)
        thread.start()
        gate.succeeded(one, FLAT)
        thread.join(60)
        assert passed.is_set()


def test_stop_lets_all_who_wait_through_at_once() -> None:
    gate, found = Gate(), []

    def wait() -> None:
        with gate.passing("POST", write=True):
            found.append(gate.stopped)

    with gate.passing("POST", write=True), gate.passing("POST", write=True):
        threads = [threading.Thread(target=wait) for _ in range(6)]
        for thread in threads:
            thread.start()
        gate.stop()
        for thread in threads:
            thread.join(60)
    assert found == [True] * 6


def test_a_pool_of_threads_never_has_more_under_way_than_threads_or_window() -> None:
    gate, lock, seen, under_way = Gate(), threading.Lock(), list[tuple[int, int]](), 0

    def write(_: int) -> None:
        nonlocal under_way
        with gate.passing("POST", write=True) as ticket:
            with lock:
                under_way += 1
                seen.append((under_way, gate.window.limit))
            gate.succeeded(ticket, FLAT)
            with lock:
                under_way -= 1

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(300)))
    assert len(seen) == 300
    assert all(count <= min(3, limit) for count, limit in seen)
    assert gate.window.limit <= 6
