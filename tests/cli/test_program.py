"""The real program as a process: exit codes, closed streams, shadowing modules, what gets imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistctl import __version__
from assistctl.cli.table import VERBS

SCRIPT = str(Path(sys.executable).with_name("assistctl"))
HEAVY = (
    "pydantic",
    "httpx",
    "sqlite3",
    "ruamel",
    "deepdiff",
    "tenacity",
    "http.server",
    "yaml",
    "filelock",
    "subprocess",
    "asyncio",
)


@pytest.mark.parametrize("args", [("--version",), ("version",), ("version", "-q"), ("-q", "--version")])
def test_the_version_is_one_line(program, args):
    ran = program(*args)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"assistctl {__version__}\n", "")


def test_the_verbose_version_names_the_python(program):
    assert f"python {sys.version_info.major}.{sys.version_info.minor}" in program("-v", "version").stdout


def test_a_bare_call_prints_help_on_standard_error(program):
    ran = program()
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "Main commands:" in ran.stderr


def test_help_lists_every_verb_on_standard_output(program):
    ran = program("--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    for name, row in VERBS.items():
        assert f"  {name} " in ran.stdout
        assert row.help[:30] in ran.stdout


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("verson",), "Did you mean 'version'?"),
        (("--quite", "version"), "Did you mean '--quiet'?"),
        (("version", "--verbos"), "--verbose"),
        (("version", "surplus"), "surplus"),
        (("completion", "tcsh"), "tcsh"),
        (("explain",), "CODE"),
        (("-q",), "Missing command"),
    ],
)
def test_wrong_usage_ends_with_64_and_a_hint(program, args, text):
    ran = program(*args)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert text in ran.stderr


def python(code: str, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


LOADED = """
import sys
from assistctl.__main__ import main
import io
sys.stdout, real = io.StringIO(), sys.stdout
code = main()
print("\\n".join(sys.modules), file=real)
"""


@pytest.mark.parametrize("args", [("--version",), ("version",)])
def test_the_version_is_answered_before_click_is_imported(args):
    modules = python(LOADED, *args).stdout.split()
    assert "assistctl.__main__" in modules
    assert not {"click", "dataclasses", "pathlib"} & set(modules)


def test_help_imports_click_and_no_verb():
    modules = python(LOADED, "--help").stdout.split()
    assert "click" in modules
    assert [name for name in modules if name.startswith(("assistctl.cli.verbs.", *HEAVY))] == []


@pytest.mark.parametrize("name", list(VERBS))
def test_the_help_of_a_verb_imports_nothing_heavy(name):
    modules = python(LOADED, name, "--help").stdout.split()
    assert VERBS[name].module.replace(".", "assistctl.cli.verbs.", 1) in modules
    assert [module for module in modules if module.startswith(HEAVY)] == []


def test_a_reader_that_leaves_early_is_not_an_error():
    for args in (["--help"], ["--version"], ["completion", "bash"], ["version", "-v"]):
        reader, writer = os.pipe()
        os.close(reader)
        ran = subprocess.run(
            [SCRIPT, *args], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        os.close(writer)
        assert (args, ran.returncode, ran.stderr) == (args, 0, "")


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", ">&- 2>&- <&-"])
def test_closed_standard_streams_stop_nothing(redirection):
    for args, code in (("--help", 0), ("--version", 0), ("completion bash", 0), ("nonsense", 64)):
        ran = subprocess.run(
            ["sh", "-c", f'"$0" {args} {redirection}', SCRIPT], capture_output=True, timeout=60, check=False
        )
        assert (args, ran.returncode) == (args, code)
        assert b"ignored" not in ran.stderr
        assert b"Traceback" not in ran.stderr


def test_errors_reach_a_closed_standard_error_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run([SCRIPT, "nonsense"], stderr=writer, timeout=60, check=False)
    os.close(writer)
    assert ran.returncode == 64


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_results_that_a_full_disk_swallows_end_with_74():
    with open("/dev/full", "w") as full:
        for args in (["completion", "bash"], ["--version"], ["--help"]):
            ran = subprocess.run(
                [SCRIPT, *args], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
            )
            assert (args, ran.returncode) == (args, 74)
            assert "No space left" in ran.stderr
            assert "Traceback" not in ran.stderr


def test_an_ascii_terminal_gets_escapes(program):
    ran = program("-C", "/nowhere-é→", "version", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 64
    assert r"/nowhere-\xe9->" in ran.stderr


def test_a_module_in_the_checkout_never_replaces_a_real_one(tmp_path):
    for name in ("click", "yaml", "dataclasses", "pydantic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the checkout')")
    calls = (
        ([sys.executable, "-m", "assistctl"], {}),
        ([SCRIPT], {"PYTHONPATH": ""}),
        ([SCRIPT], {"PYTHONPATH": "."}),
        ([SCRIPT], {"PYTHONPATH": str(tmp_path)}),
    )
    for command, environ in calls:
        ran = subprocess.run(
            [*command, "--help"],
            cwd=tmp_path,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (command, ran.returncode, ran.stderr) == (command, 0, "")


def test_it_runs_from_inside_the_folder_it_is_installed_in():
    import click

    inside = Path(click.__file__).parent.parent
    for command in ([SCRIPT], [sys.executable, "-m", "assistctl"]):
        ran = subprocess.run(
            [*command, "--help"], cwd=inside, capture_output=True, text=True, timeout=60, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, "")


def test_the_module_runs_as_a_program_too():
    ran = subprocess.run(
        [sys.executable, "-I", "-m", "assistctl", "--version"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, f"assistctl {__version__}\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_verb_with_its_own_exit_code(number, code):
    waiting = """
import sys, time, types
from assistctl.cli import run, app, table
from assistctl.cli.verb import verb

@verb
def command(call):
    "Waits."
    call.console.result("ready")
    call.console.flush()
    time.sleep(60)

module = types.ModuleType("waiting_verb")
module.command = command
sys.modules["waiting_verb"] = module
tree = app.build({"wait": table.Row("waiting_verb", "Waits.")})
sys.exit(run.run_process(["wait"], tree))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", waiting], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err in ("Error: interrupted\n", "Error: terminated\n")


INTERRUPTED = """
import os, signal, sys, time, types
from assistctl.cli import run, app, table
from assistctl.cli.verb import verb

@verb
def command(call):
    "Is interrupted."
    BODY

class Interrupts:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))

module = types.ModuleType("interrupted_verb")
module.command = command
sys.modules["interrupted_verb"] = module
tree = app.build({"work": table.Row("interrupted_verb", "Is interrupted.")})
sys.exit(run.run_process(["work"], tree))
"""


@pytest.mark.parametrize(
    "body",
    [
        """
    try:
        Interrupts().__del__()
    except KeyboardInterrupt as error:
        raise ValueError("building failed: KeyboardInterrupt") from None
""",
        """
    try:
        Interrupts().__del__()
    except KeyboardInterrupt as error:
        return 0
""",
        """
    Interrupts()
    time.sleep(60)
""",
    ],
    ids=["makes an error of it", "passes over it", "cannot raise it"],
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_wins_over_a_library_that(body, number, code):
    program = INTERRUPTED.replace("    BODY", body)
    ran = subprocess.run(
        [sys.executable, "-c", program, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ran.returncode, ran.stdout) == (code, "")
    assert ran.stderr in ("Error: interrupted\n", "Error: terminated\n")
