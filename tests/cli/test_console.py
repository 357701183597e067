"""The sinks: terminals, pipes that close, encodings that are too small, secrets, questions."""

from __future__ import annotations

import io
import os
import pty
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest

from assistctl.cli.console import Console
from assistctl.cli.globals import Colour, GlobalOptions
from assistctl.errors import DiskFault, UsageFault


class Terminal:
    """A real terminal pair: ``stdin`` and ``stderr`` for a console, and the person's side of it."""

    def __init__(self, stack: ExitStack) -> None:
        self.person, inner = pty.openpty()
        stack.callback(os.close, self.person)
        self.stdin: TextIO = stack.enter_context(os.fdopen(os.dup(inner), "r"))
        self.stderr: TextIO = stack.enter_context(os.fdopen(inner, "w"))

    def types(self, text: str) -> None:
        os.write(self.person, text.encode())

    def shows(self, until: str = "") -> str:
        """What came so far, and what follows up to ``until``."""
        seen = os.read(self.person, 65_536).decode()
        while until not in seen:
            seen += os.read(self.person, 65_536).decode()
        return seen


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with ExitStack() as stack:
        yield Terminal(stack)


def console(
    environ: dict[str, str] | None = None, **options: object
) -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    made = Console(None, out, err, environ or {})
    made.configure(GlobalOptions(**options))
    return made, out, err


def say_everything(made: Console) -> None:
    made.result("result")
    made.error("error", "more")
    made.warn("warning")
    made.note("note")
    made.detail("detail")


def test_only_results_go_to_standard_output():
    made, out, err = console()
    say_everything(made)
    assert out.getvalue() == "result\n"
    assert err.getvalue() == "Error: error\nmore\nWarning: warning\nnote\n"


def test_quiet_leaves_results_and_errors():
    made, out, err = console(quiet=True, verbose=True)
    say_everything(made)
    assert (out.getvalue(), err.getvalue()) == ("result\n", "Error: error\nmore\n")


def test_verbose_adds_details():
    made, _, err = console(verbose=True)
    say_everything(made)
    assert err.getvalue().endswith("note\ndetail\n")


def test_every_line_is_scrubbed_of_the_api_keys_of_the_environment():
    made, out, err = console({"AIMLAPI_API_KEY": "sk-canary-123456"})
    made.result("a sk-canary-123456 b")
    made.data('{"k": "sk-canary-123456"}')
    made.error("sk-canary-123456")
    assert "canary" not in out.getvalue() + err.getvalue()
    assert out.getvalue() == 'a *** b\n{"k": "***"}'


def test_a_secret_learned_later_is_hidden_from_then_on():
    made, out, _ = console()
    made.hide("letmein-letmein")
    made.result("x letmein-letmein y")
    assert out.getvalue() == "x *** y\n"


def closed_pipe() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def test_a_reader_that_left_is_no_failure_and_stops_nothing():
    with closed_pipe() as out:
        err = io.StringIO()
        made = Console(None, out, err, {})
        for _ in range(3):
            made.result("x" * 100_000)
        made.note("still here")
        made.close()
        assert err.getvalue() == "still here\n"


def test_a_stream_that_was_never_open_is_no_failure():
    made = Console(None, None, None, {})
    say_everything(made)
    made.data("data")
    made.close()
    assert not made.interactive


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_results_lost_to_a_full_disk_are_reported_at_the_end():
    with open("/dev/full", "w") as out:
        made = Console(None, out, io.StringIO(), {})
        made.result("lost")
        with pytest.raises(DiskFault, match="No space left"):
            made.close()


def encoded(encoding: str) -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    return Console(None, io.TextIOWrapper(raw, encoding=encoding), None, {}), raw


def test_an_ascii_stream_gets_escapes_instead_of_an_error():
    made, raw = encoded("ascii")
    made.result("é → 🚲")
    made.close()
    assert raw.getvalue() == rb"\xe9 -> \U0001f6b2" + b"\n"


def test_data_is_utf_8_whatever_the_locale_says():
    made, raw = encoded("ascii")
    made.result("first")
    made.data('{"name": "é"}\n')
    made.close()
    assert raw.getvalue() == 'first\n{"name": "é"}\n'.encode()


def test_half_a_surrogate_pair_stops_nothing():
    made, raw = encoded("utf-8")
    made.result("a\ud800b")
    made.data("a\ud800b")
    made.close()
    assert raw.getvalue() == rb"a\ud800b" + b"\n" + rb"a\ud800b"


def test_progress_is_one_line_that_makes_way(terminal):
    made = Console(None, None, terminal.stderr, {})
    made.progress("1 of 2")
    made.progress("2")
    made.note("done")
    made.flush()
    assert terminal.shows(until="done\r\n") == "\r1 of 2\r2     \r \rdone\r\n"


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}])
def test_there_is_no_progress_under_ci_or_on_a_dumb_terminal(terminal, environ):
    made = Console(None, None, terminal.stderr, environ)
    made.progress("1 of 2")
    made.note("end")
    made.flush()
    assert terminal.shows(until="\n") == "end\r\n"


def test_there_is_no_progress_in_a_pipe_or_when_quiet(terminal):
    made, _, err = console()
    made.progress("1 of 2")
    assert err.getvalue() == ""
    quiet = Console(None, None, terminal.stderr, {})
    quiet.configure(GlobalOptions(quiet=True))
    assert not quiet.shows_progress


@pytest.mark.parametrize(("answer", "expected"), [("yes", True), ("y", False), ("YES", False), ("", False)])
def test_only_the_expected_word_confirms(terminal, answer, expected):
    made = Console(terminal.stdin, None, terminal.stderr, {})
    terminal.types(answer + "\n")
    assert made.confirm("Apply?") is expected
    assert "Apply? " in terminal.shows(until="? ")


def test_the_end_of_input_is_no_consent(terminal):
    made = Console(terminal.stdin, None, terminal.stderr, {})
    terminal.types("\x04")
    assert made.ask("Name?") == ""


def test_nobody_is_asked_under_ci(terminal):
    made = Console(terminal.stdin, None, terminal.stderr, {"CI": "1"})
    with pytest.raises(UsageFault) as caught:
        made.ask("Name?")
    assert "--auto-approve" in caught.value.next


def test_nobody_is_asked_without_a_terminal():
    made, _, _ = console()
    with pytest.raises(UsageFault):
        made.confirm("Apply?")


def test_colour_goes_by_stream(terminal):
    made = Console(None, io.StringIO(), terminal.stderr, {})
    made.error("no")
    made.flush()
    assert not made.colour
    assert "\x1b[31mError: \x1b[0mno" in terminal.shows(until="\n")
    made.configure(GlobalOptions(colour=Colour.ALWAYS))
    assert made.colour


def test_lines_of_several_threads_never_mix():
    made, out, _ = console()
    threads = [threading.Thread(target=made.result, args=[str(n) * 50]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(out.getvalue().split()) == [str(n) * 50 for n in range(8)]
