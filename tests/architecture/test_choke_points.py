"""The four choke points and their kin, kept by reading the package's syntax trees.

Everything in a checkout and everything from the remote is untrusted, so there is one YAML loader, one file
opener, one builder of addresses and one escaper; and nothing that would go around them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .choke_points import ALLOWED, RULES, breaches

PACKAGE = Path(__file__).parents[2] / "assistctl"
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule: str) -> None:
    found = [
        breach
        for file, path in MODULES.items()
        for breach in breaches(file, path.read_text("utf-8"), {rule: RULES[rule]})
    ]
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("rule", "file"), [(rule, file) for rule, files in ALLOWED.items() for file in files]
)
def test_an_exception_has_a_reason_and_is_needed(rule: str, file: str) -> None:
    assert ALLOWED[rule][file]
    source = MODULES[file].read_text("utf-8")
    assert breaches("elsewhere.py", source, {rule: RULES[rule]}), f"{file} needs no exception from: {rule}"


BAD = {
    "only files.py opens files": [
        "open('x')",
        "import os\nos.open('x', 0)",
        "from pathlib import Path\nPath('x').read_text()",
        "path.read_text(encoding='utf-8')",
        "path.write_bytes(b'')",
        "with path.open('rb') as file: pass",
        "import tempfile\ntempfile.NamedTemporaryFile()",
        "import os\nos.replace('a', 'b')",
        "import shutil\nshutil.copy('a', 'b')",
        "import sqlite3\nsqlite3.connect('x')",
        "import gzip\ngzip.open('x')",
    ],
    "only files.py changes folders": [
        "path.mkdir()",
        "import os\nos.makedirs('x')",
        "import os\nos.remove('x')",
        "import shutil\nshutil.rmtree('x')",
        "path.unlink()",
        "path.chmod(0o777)",
    ],
    "only the one loader reads YAML": [
        "import yaml",
        "from yaml import safe_load",
        "def f():\n    import yaml as y",
        "import yaml.constructor",
    ],
    "only client.py speaks HTTP": [
        "import httpx",
        "def f():\n    from httpx import get",
        "import socket",
        "from urllib.request import urlopen",
        "import http.client",
        "import ssl",
    ],
    "only urls.py joins addresses": [
        "url = f'https://{host}/x'",
        "url = base + '/assistants'",
        "url = '/assistants/%s' % name",
        "url = f'{base}/assistants/{name}'",
        "from urllib.parse import urljoin\nurl = urljoin(a, b)",
        "url = 'https://{}/x'.format(host)",
        "url = 'https://' + host",
    ],
    "only the terminal painter knows ANSI": [
        "red = '\\x1b[31m'",
        "red = '\\033[31m'",
        "red = f'\\u001b[{n}m'",
        "import click\nclick.style('x', fg='red')",
        "csi = '\\x9b'",
        "def f():\n    from click import style",
    ],
    "only the console prints": [
        "print('x')",
        "import click\nclick.echo('x')",
        "import sys\nsys.stdout.write('x')",
        "import logging\nlogging.warning('x')",
        "import traceback\ntraceback.print_exc()",
    ],
    "no code is run from data": [
        "eval('1')",
        "exec('x = 1')",
        "import pickle",
        "from pickle import loads",
        "yaml.load(text)",
        "subprocess.run('x', shell=True)",
        "import os\nos.system('x')",
        "__import__('x')",
        "import os\nos.execv('x', [])",
    ],
    "no process is started": [
        "import subprocess",
        "def f():\n    from subprocess import run",
        "import os\nos.fork()",
        "import os\nos.posix_spawn('x', [], {})",
    ],
    "no guard is switched off": [
        "client(verify=False)",
        "client(follow_redirects=True)",
        "import ssl\ncontext.verify_mode = ssl.CERT_NONE",
        "context.check_hostname = False",
        "import ssl\nssl._create_unverified_context()",
    ],
    "no blanket trust in the environment": ["client(trust_env=True)"],
    "only escape.py escapes": [
        "text.encode('unicode_escape')",
        "import re\nre.sub('[\\x00-\\x1f]', '', text)",
        "import re\nre.sub(r'[\\x00-\\x1f]', '', text)",
    ],
}


@pytest.mark.parametrize(
    ("rule", "source"), [(rule, source) for rule, sources in BAD.items() for source in sources]
)
def test_a_bad_line_is_caught_with_its_place(rule: str, source: str) -> None:
    found = breaches("engine/sneaky.py", f"'''Words.'''\n{source}\n", {rule: RULES[rule]})
    assert found
    last = source.count("\n") + 2
    assert str(found[-1]).startswith((f"engine/sneaky.py:{last}: {rule}: ", f"engine/sneaky.py:{last - 1}: "))


def test_every_rule_has_bad_lines() -> None:
    assert set(BAD) == set(RULES)
    assert set(ALLOWED) <= set(RULES)


GOOD = [
    "'''Opens a file: open('x'), print('x'), https://host/assistants, \\x1b[31m.'''",
    "names.read_text(path)",
    "items.remove(1)",
    "import re\nre.compile('x')",
    "words = 'https://example.invalid/page'",
    "client(verify=context, follow_redirects=False, trust_env=False)",
    "printed('x')",
    "import urllib.parse",
    "subject.open_session(settings)",
]


@pytest.mark.parametrize("source", GOOD)
def test_a_harmless_line_is_left_alone(source: str) -> None:
    assert breaches("engine/honest.py", source, RULES) == []
