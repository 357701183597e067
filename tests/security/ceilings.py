"""Runs command lines under ceilings for CPU time and memory, each in a fork of one warm process.

As a script: reads one job a line (JSON: words, folder, environ, memory in bytes, cpu in seconds) and
answers one line each (JSON: code, out, err). A fork costs a hundredth of a second and begins with no CPU
time on its account, so that the ceiling holds for the work alone.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.security.stage import Ran

_TRIES = 5
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)
_WARM = ("assistctl.manifest.fleet", "assistctl.manifest.schema", "assistctl.render.diagnostics")


class Ceilings:
    """The warm process; ``run`` is one command line in it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *words: str, memory: int, cpu: int, **environ: str) -> Ran:
        """``code`` is negative for the signal that a ceiling ended it with.

        What else the processor does at the time is paid from the same account: the ceiling for CPU time is
        broken by what breaks it every time.
        """
        for _ in range(_TRIES):
            ran = self._once(folder, *words, memory=memory, cpu=cpu, **environ)
            if ran.code not in _OUT_OF_TIME:
                break
        return ran

    def _once(self, folder: Path, *words: str, memory: int, cpu: int, **environ: str) -> Ran:
        job = {"words": words, "folder": str(folder), "memory": memory, "cpu": cpu}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**job, "environ": {**os.environ, **environ}}) + "\n")
        self._process.stdin.flush()
        return Ran(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _serve() -> None:
    for module in _WARM:
        __import__(module)
    for line in sys.stdin:
        print(json.dumps(_done(json.loads(line))), flush=True)


def _done(job: dict[str, Any]) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _be_the_program(job, out.fileno(), err.fileno())
        _, status = os.waitpid(child, 0)
        texts = [_text(file) for file in (out, err)]
    return {"code": os.waitstatus_to_exitcode(status), "out": texts[0], "err": texts[1]}


def _be_the_program(job: dict[str, Any], out: int, err: int) -> None:
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["environ"])
        resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
        resource.setrlimit(resource.RLIMIT_CPU, (job["cpu"], job["cpu"]))
        from assistctl.cli.run import run_process

        code = run_process(job["words"])
    finally:
        os._exit(code)


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")  # type: ignore[no-any-return]


if __name__ == "__main__":
    _serve()
