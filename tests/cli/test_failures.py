"""Exceptions become one message and one exit code, and never a traceback."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import click
import pytest

from assistctl.cli.failures import Terminated
from assistctl.cli.secrets import without_secrets
from assistctl.cli.verb import Call, Verb, verb
from assistctl.errors import (
    AssistctlError,
    CredentialsRefused,
    DecisionNeeded,
    DiskFault,
    ExitCode,
    GuardRefused,
    InvalidInput,
    OutcomeUnknown,
    RemoteError,
    RemoteGone,
    UsageFault,
)
from assistctl.model.diagnostic import Diagnostic
from assistctl.state import state_folder


def failing(error: BaseException) -> Verb:
    @verb
    def probe(call: Call) -> None:
        """Probe."""
        raise error

    return probe


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageFault("x"), 64),
        (InvalidInput("x"), 65),
        (DecisionNeeded("x"), 5),
        (GuardRefused("x"), 6),
        (DiskFault("x"), 74),
        (RemoteError("x"), 7),
        (RemoteGone("x"), 9),
        (CredentialsRefused("x"), 8),
        (OutcomeUnknown("x"), 4),
        (click.UsageError("x"), 64),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 74),
        (OSError(errno.EROFS, "Read-only file system", "/x"), 74),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 74),
        (ConnectionResetError(errno.ECONNRESET, "reset"), 1),
        (AssistctlError("x"), 1),
        (ValueError("x"), 1),
        (RecursionError("x"), 1),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else type(value).__name__,
)
def test_each_kind_of_failure_has_its_exit_code_and_no_traceback(inside, error, code):
    ran = inside("probe", probe=failing(error))
    assert ran.code == code
    assert ran.out == ""
    assert ran.err.startswith("Error: ") or "Error: " in ran.err
    assert "Traceback" not in ran.err


def test_the_result_of_a_verb_is_the_exit_code(inside):
    @verb
    def probe(call: Call) -> ExitCode:
        """Probe."""
        return ExitCode.CHANGES_PENDING

    assert inside("probe", probe=probe).code == 2


def test_an_error_says_what_where_what_was_not_done_and_what_next(inside):
    fault = UsageFault("no such thing", where="a.yaml:1:2", undone="the plan", next="assistctl init")
    ran = inside("probe", probe=failing(fault))
    assert ran.err == "Error: a.yaml:1:2: no such thing\nNot done: the plan\nNext: assistctl init\n"


def test_text_of_others_in_an_error_is_escaped(inside):
    ran = inside("probe", probe=failing(RemoteError("bad\x1b[31m answer\n::error::x\r")))
    assert "\x1b" not in ran.err
    assert "\r" not in ran.err
    assert not any(line.lstrip().startswith("::") for line in ran.err.splitlines())


def test_diagnostics_are_printed_by_place(inside):
    fault = InvalidInput(
        "2 errors",
        diagnostics=(
            Diagnostic("b.yaml", 1, 1, "AC101", "second"),
            Diagnostic("a.yaml", 9, 3, "AC001", "first"),
        ),
    )
    ran = inside("probe", probe=failing(fault))
    assert ran.err == "a.yaml:9:3: AC001 first\nb.yaml:1:1: AC101 second\nError: 2 errors\n"
    assert ran.code == 65


def crash_files(state: Path) -> list[Path]:
    return list(state.rglob("*.txt"))


def test_a_bug_leaves_one_private_scrubbed_file_and_one_line(inside, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "token-canary-99")
    monkeypatch.setenv("AIMLAPI_API_KEY", "sk-canary-123456")
    before = os.umask(0)
    try:
        ran = inside(
            "probe", "--var", "password=hunter2", probe=failing(KeyError("sk-canary-123456 token-canary-99"))
        )
    finally:
        os.umask(before)
    (path,) = crash_files(tmp_path / "state")
    assert ran.err == f"Error: a bug in assistctl (KeyError); details are in {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert "Traceback" in text
    assert "KeyError" in text
    assert "assistctl 0." in text
    assert "password=***" in text
    assert "canary" not in text
    assert "hunter2" not in text


def test_two_bugs_leave_two_files(inside, tmp_path):
    for _ in range(2):
        inside("probe", probe=failing(KeyError("x")))
    assert len(crash_files(tmp_path / "state")) == 2


def test_a_bug_is_reported_even_when_nothing_can_be_saved(inside, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path / "file" / "state"))
    ran = inside("probe", probe=failing(KeyError("x")))
    assert ran.code == 1
    assert ran.err == "Error: a bug in assistctl (KeyError); its details could not be saved\n"


def test_the_traceback_is_shown_to_those_who_debug(inside, monkeypatch):
    monkeypatch.setenv("ASSISTCTL_DEBUG", "1")
    ran = inside("probe", probe=failing(KeyError("x")))
    assert "Traceback" in ran.err


@pytest.mark.parametrize(
    ("argv", "masked"),
    [
        (["serve", "--key", "abc"], ["serve", "--key", "***"]),
        (["serve", "--key=abc"], ["serve", "--key=***"]),
        (["--var", "a=b=c", "plan"], ["--var", "a=***", "plan"]),
        (["--var=a=b"], ["--var=a=***"]),
        (["--var", "--var", "x"], ["--var", "***", "x"]),
        (["plan", "-e", "prod"], ["plan", "-e", "prod"]),
    ],
)
def test_arguments_are_kept_without_secret_values(argv, masked):
    assert without_secrets(argv) == masked


def test_the_state_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch):
    assert state_folder({"ASSISTCTL_STATE_DIR": "/s"}) == Path("/s")
    monkeypatch.setattr("sys.platform", "linux")
    assert state_folder({"XDG_STATE_HOME": "/x"}) == Path("/x/assistctl")
    monkeypatch.setattr("sys.platform", "win32")
    assert state_folder({"LOCALAPPDATA": "/l"}) == Path("/l/assistctl")
    monkeypatch.setattr("sys.platform", "darwin")
    assert state_folder({}).parts[-3:] == ("Library", "Application Support", "assistctl")


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (ExitCode.DONE, 74),
        (ExitCode.PARTLY_APPLIED, 74),
        (ExitCode.CHANGES_PENDING, 74),
        (ExitCode.DECISION_NEEDED, 5),
    ],
)
def test_lost_output_and_the_end_of_the_verb_give_the_stronger_exit_code(inside, code, answer):
    @verb
    def probe(call: Call) -> ExitCode:
        """Probe."""
        call.console._out.failure = OSError(errno.ENOSPC, "No space left on device")
        return code

    assert inside("probe", probe=probe).code == answer
