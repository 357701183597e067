"""The verbs, as data: ``--help`` is printed from this table without importing one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Row:
    """One verb: where it is, and the line that ``--help`` has for it."""

    module: str
    """The module whose ``command`` runs it; a leading dot stands for :mod:`assistctl.cli.verbs`."""
    help: str
    main: bool = False
    """Listed first: the few verbs of the daily round."""


VERBS: Mapping[str, Row] = MappingProxyType(
    {
        "init": Row(".init", "Start a project: project file, two sample manifests, git files.", main=True),
        "validate": Row(".validate", "Check all manifests, offline.", main=True),
        "plan": Row(".plan", "Show what apply would change on the remote.", main=True),
        "apply": Row(".apply", "Make the remote equal to the manifests.", main=True),
        "destroy": Row(".destroy", "Delete everything this project and environment own.", main=True),
        "diff": Row(".diff", "Show what changed since a git revision, without a remote."),
        "drift": Row(".drift", "Show what changed outside since the last apply."),
        "release": Row(".release", "Stop managing assistants without deleting them."),
        "pull": Row(".pull", "Write outside edits into the files they came from."),
        "runs": Row(".runs", "List recorded runs, or show one."),
        "undo": Row(".undo", "Take back what one run wrote."),
        "render": Row(".render", "Show what would be sent, and where each part came from."),
        "list": Row(".list", "List the remote's assistants and whose they are."),
        "show": Row(".show", "Show one assistant of the remote."),
        "import": Row(".import_", "Write manifests for assistants that exist already."),
        "export": Row(".export", "Print assistants as data, also for the Responses API."),
        "ids": Row(".ids", "Print key and id of every owned assistant."),
        "fmt": Row(".fmt", "Give manifests one form."),
        "doctor": Row(".doctor", "Find out what a remote can do, and whether its profile says so."),
        "explain": Row(".explain", "Tell more about a diagnostic code (AC101)."),
        "schema": Row(".schema", "Print the JSON Schema of manifests or of the project file."),
        "serve": Row(".serve", "Run the embedded Assistants server on this machine."),
        "completion": Row(".completion", "Print a completion script for your shell."),
        "version": Row(".version", "Print the version."),
    }
)
"""In the order in which ``--help`` lists them."""
