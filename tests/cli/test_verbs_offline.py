"""The verbs that need no remote: completion, explain, schema, serve."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SCRIPT = str(Path(sys.executable).with_name("assistctl"))
SHELLS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_completion_script_names_the_program_and_its_variable(program, shell):
    ran = program("completion", shell)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "assistctl" in ran.stdout
    assert "_ASSISTCTL_COMPLETE" in ran.stdout


@pytest.mark.parametrize("shell", list(SHELLS))
def test_a_completion_script_parses_in_its_shell(program, shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(program("completion", shell).stdout)
    subprocess.run([*SHELLS[shell], str(script)], check=True, timeout=30)


@pytest.mark.parametrize(
    ("words", "position", "expected"),
    [
        ("assistctl ver", "1", "plain,version"),
        ("assistctl completion ", "2", "plain,fish"),
        ("assistctl serve --po", "2", "plain,--port"),
        ("assistctl serve --base", "2", "plain,--base-url"),
        ("assistctl --base", "1", "plain,--base-url"),
    ],
)
def test_the_shell_gets_verbs_arguments_and_options(program, words, position, expected):
    ran = program(_ASSISTCTL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=position)
    assert ran.returncode == 0
    assert expected in ran.stdout.splitlines()


def test_an_unknown_completion_request_is_a_usage_error(program):
    assert program(_ASSISTCTL_COMPLETE="nonsense").returncode == 64


def test_explain_tells_what_a_code_means(program):
    from assistctl.model.codes import CODES

    code = min(CODES)
    ran = program("explain", code.lower())
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"{code} ({CODES[code].severity}): {CODES[code].title}\n\n")


def test_an_unknown_code_is_answered_with_one_that_exists(program):
    from assistctl.model.codes import CODES

    code = min(CODES)
    ran = program("explain", f"{code}9")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert f"Next: assistctl explain {code[:3]}" in ran.stderr


def test_both_schemas_are_json_of_draft_2020_12(program):
    for args in ((), ("--project",)):
        ran = program("schema", *args)
        assert ran.returncode == 0
        assert "2020-12" in json.loads(ran.stdout)["$schema"]
    assert json.loads(program("schema").stdout) != json.loads(program("schema", "--project").stdout)


class Serving:
    """``assistctl serve`` as a process, ready to be asked."""

    def __init__(self, *args: str) -> None:
        self.process = subprocess.Popen(
            [SCRIPT, "serve", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
        return self.process.returncode


def ask(url: str, body: bytes | None = None, key: str = "") -> tuple[int, bytes]:
    """Status and body of one request to the server on loopback."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url}/assistants", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_url_when_it_answers_and_ends_well(number):
    serving = Serving()
    try:
        assert serving.url.startswith("http://127.0.0.1:")
        assert ask(serving.url)[0] == 200
    finally:
        code = serving.stop(number)
    assert code == 0


def test_serve_asks_for_the_key_it_was_given():
    serving = Serving("--key", "let-me-in-please")
    try:
        assert ask(serving.url)[0] == 401
        assert ask(serving.url, key="let-me-in-please")[0] == 200
    finally:
        serving.stop()


def test_serve_keeps_its_assistants_in_the_file(tmp_path):
    for expected in (0, 1):
        serving = Serving("-C", str(tmp_path), "--db", "fleet.db")
        try:
            assert len(json.loads(ask(serving.url)[1])["data"]) == expected
            assert ask(serving.url, body=b'{"model": "gpt-4o"}')[0] == 200
        finally:
            serving.stop()
    assert (tmp_path / "fleet.db").exists()


def test_a_port_that_is_taken_is_a_usage_error(program):
    serving = Serving()
    try:
        ran = program("serve", "--port", serving.url.rpartition(":")[2])
    finally:
        serving.stop()
    assert (ran.returncode, ran.stdout) == (64, "")


def test_a_foreign_database_is_a_disk_fault(program, tmp_path):
    (tmp_path / "x.db").write_text("this is not a database, but long enough to be looked at" * 10)
    assert program("serve", "--db", "x.db").returncode == 74
