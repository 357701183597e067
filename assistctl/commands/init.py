"""``init``: the files a new project starts with. Nothing that exists is ever changed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistctl.errors import UsageFault
from assistctl.files import FileRefused, Root

PROJECT_FILE = "assistctl.yaml"
MANIFESTS = "assistants"
SCHEMA_FILE = "assistctl.schema.json"
IGNORED = ".assistctl/"
ATTRIBUTE = "assistants/** -text"

_NAME_LENGTH = 63
_GIT_SECONDS = 5.0

_ATTRIBUTES = f"""\
# Prompts count byte for byte: git must not change line ends.
{ATTRIBUTE}
"""

_PROJECT = """\
# What this project is about; every manifest below assistants/ is one AI assistant (or several).
project: {project}

# "local" keeps the assistants in .assistctl/local.db: no key and no network are needed to try things out.
# For the real thing put a # before the next line, take the one after it away from its #, and set
# AIMLAPI_API_KEY in the environment.
provider: local
# provider: aimlapi

manifests: [assistants]

# What every assistant starts from; a manifest may say otherwise.
defaults:
  model: gpt-4o-mini
  metadata:
    managed_in: git

# Written as ${{var.company}} in manifests and prompts.
vars:
  company: Our company
"""

_SUPPORT = """\
# yaml-language-server: $schema=../{schema}
key: support-triage
name: Support triage
description: Reads a customer's message and says who should answer it, and how soon.
instructions: |
  You sort incoming messages for the support desk of ${{var.company}}.

  For each message give three lines:
  Team: billing, technical, or general.
  Urgency: high when the customer cannot work or money is at stake, otherwise normal.
  Summary: one sentence, in English, without names or account numbers.

  If a message fits no team, choose general. Never promise anything to the customer.
temperature: 0.2
metadata:
  team: support
"""

_BILLING = """\
# yaml-language-server: $schema=../{schema}
key: billing-bot
name: Billing bot
description: Answers questions about invoices and payments.
instructions: |
  You answer questions about invoices and payments for customers of ${{var.company}}.

  Look an invoice up before you say anything about it. Quote amounts with their currency, exactly as found.
  When the invoice cannot be found, ask for its number once, then hand over to a person.
  Never ask for card numbers or passwords.
tools:
  - type: function
    function:
      name: find_invoice
      description: Finds one invoice by its number.
      parameters:
        type: object
        properties:
          number:
            type: string
            description: The invoice number, for example INV-2041.
        required: [number]
        additionalProperties: false
metadata:
  team: billing
"""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What ``init`` did, paths relative to the folder."""

    project: str
    """The project's name; of an existing project file it is not read, then this is the proposed one."""
    created: tuple[str, ...]
    kept: tuple[str, ...]
    hints: tuple[str, ...]
    """Lines that existing files would need, for people."""
    next_commands: tuple[str, ...]


def initialise(folder: Path) -> Scaffold:
    """Writes the missing files of a project into ``folder``, which is made when it does not exist.

    Where there is a project file or a manifest already, no sample is added: it would become an assistant
    at the next apply. Raises UsageFault when ``folder`` is not a folder, DiskFault or OSError when the
    disk refuses, FileRefused when a folder in it is a symbolic link.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageFault("this is not a folder", where=str(folder), undone="everything")
    folder.mkdir(parents=True, exist_ok=True)
    project = project_name(folder)
    root = Root(folder)
    created: list[str] = []
    kept: list[str] = []
    for name, text in _wanted(folder, project).items():
        if os.path.lexists(folder / name):
            kept.append(name)
        else:
            root.write(name, text().encode())
            created.append(name)
    return Scaffold(project, tuple(created), tuple(kept), _hints(root, kept), _next_commands(folder))


def project_name(folder: Path) -> str:
    """The name of the git remote's repository, else of the folder, as a valid project name."""
    for name in (_remote_name(folder), folder.resolve().name):
        if slug := slugged(name):
            return slug
    return "assistants"


def slugged(name: str) -> str:
    """``name`` with the letters, digits and hyphens a project name may have; "" when none is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_NAME_LENGTH].rstrip("-")


def _wanted(folder: Path, project: str) -> Mapping[str, Callable[[], str]]:
    """All texts by path. The project file comes last: an interrupted init can simply be repeated."""
    samples: dict[str, Callable[[], str]] = {
        f"{MANIFESTS}/support-triage.yaml": lambda: _SUPPORT.format(schema=SCHEMA_FILE),
        f"{MANIFESTS}/billing-bot.yaml": lambda: _BILLING.format(schema=SCHEMA_FILE),
        SCHEMA_FILE: _schema,
    }
    started = os.path.lexists(folder / PROJECT_FILE) or _has_manifests(folder / MANIFESTS)
    return {
        ".gitignore": lambda: f"{IGNORED}\n",
        ".gitattributes": lambda: _ATTRIBUTES,
        **{name: text for name, text in samples.items() if not started or (folder / name).exists()},
        PROJECT_FILE: lambda: _PROJECT.format(project=project),
    }


def _has_manifests(folder: Path) -> bool:
    return any(folder.glob("**/*.yaml")) or any(folder.glob("**/*.yml"))


def _schema() -> str:
    from assistctl.manifest.schema_json import manifest_schema  # builds all models: only here

    return json.dumps(manifest_schema(), indent=2) + "\n"


def _hints(root: Root, kept: list[str]) -> tuple[str, ...]:
    lines = {".gitignore": IGNORED, ".gitattributes": ATTRIBUTE}
    return tuple(
        f"{name} is there already; it should have the line: {line}"
        for name, line in lines.items()
        if name in kept and line not in _lines_of(root, name)
    )


def _lines_of(root: Root, name: str) -> list[str]:
    try:
        return [line.strip() for line in root.read(name).decode("utf-8", "replace").splitlines()]
    except FileRefused:
        return []


def _next_commands(folder: Path) -> tuple[str, ...]:
    here = folder.resolve() == Path.cwd()
    program = "assistctl" if here else f"assistctl -C {shlex.quote(str(folder))}"
    return tuple(f"{program} {verb}" for verb in ("validate", "plan", "apply"))


def _remote_name(folder: Path) -> str:
    ask = _git(folder)
    names = ask("remote").split()
    if not names:
        return ""
    url = ask("remote", "get-url", "origin" if "origin" in names else names[0]).strip()
    return re.split(r"[/:\\]", url.rstrip("/\\"))[-1].removesuffix(".git")


def _git(folder: Path) -> Callable[..., str]:
    """A function that answers what git prints; "" where there is no git, no repository or no answer."""
    program = shutil.which("git")

    def ask(*words: str) -> str:
        if program is None:
            return ""
        try:
            done = subprocess.run(  # noqa: S603 - git by its full path, with fixed words and a remote's name
                [program, "-C", str(folder), *words],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_GIT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""

    return ask
