"""Writes the parts of the documents that repeat what the code says: run ``python docs/generate.py``.

``docs/diagnostics.md`` and the JSON Schemas in ``docs/schemas`` are generated as a whole. In the other
documents a part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. A test compares all of them
with what this script would write, so that none can go stale.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from assistctl.cli.app import build
from assistctl.cli.options import GLOBALS
from assistctl.cli.table import VERBS
from assistctl.cli.verb import Verb
from assistctl.errors import ExitCode
from assistctl.manifest.models import catalogue
from assistctl.manifest.schema_json import manifest_schema, project_schema
from assistctl.manifest.schema_lean import core_schemas
from assistctl.model.codes import CODES, Code
from assistctl.model.profile import Profile
from assistctl.providers.profiles import built_in, built_in_names
from assistctl.server.faults import KINDS
from assistctl.server.moods import MOODS

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "docs/manifests.md", "docs/remotes.md", "docs/ci.md")
DIAGNOSTICS = "docs/diagnostics.md"
SCHEMAS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "docs/schemas/manifest.schema.json": manifest_schema,
    "docs/schemas/project.schema.json": project_schema,
    "assistctl/manifest/schema_core.json": core_schemas,
}

RECIPES: Mapping[str, str] = {
    "ci-github-plan": "examples/ci/github/plan.yml",
    "ci-github-apply": "examples/ci/github/apply.yml",
    "ci-github-drift": "examples/ci/github/drift.yml",
    "ci-gitlab": "examples/ci/gitlab/.gitlab-ci.yml",
    "ci-atlantis-server": "examples/ci/atlantis/repos.yaml",
    "ci-atlantis-repository": "examples/ci/atlantis/atlantis.yaml",
    "ci-cron": "examples/ci/cron/crontab",
    "ci-argocd": "examples/ci/argocd/job.yaml",
}
"""Files that a document shows whole."""

_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_EXITS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done, or nothing to do",
    ExitCode.BUG: "a bug in assistctl; the message names a private file with details",
    ExitCode.CHANGES_PENDING: "changes are pending (only with `--detailed-exitcode`)",
    ExitCode.PARTLY_APPLIED: "partly applied",
    ExitCode.OUTCOME_UNKNOWN: "the outcome of a write is not known; run the same command again",
    ExitCode.DECISION_NEEDED: "a conflict, a stale plan, or a decision that somebody has to make",
    ExitCode.GUARD_REFUSED: "a guard or a policy refused",
    ExitCode.REMOTE_FAILED: "the remote cannot be reached, or broke the protocol",
    ExitCode.CREDENTIALS: "the key is missing or refused, or the credit is used up",
    ExitCode.NO_ASSISTANTS: "this remote offers no assistants",
    ExitCode.USAGE: "the command line or the environment does not fit",
    ExitCode.INVALID: "a manifest, the project file or a plan file is invalid",
    ExitCode.DISK: "the local disk failed",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.TERMINATED: "terminated (SIGTERM)",
}

_CLASSES = {
    "AC0": "Files and YAML",
    "AC1": "Shape of manifests",
    "AC2": "Layers and environments",
    "AC3": "References",
    "AC4": "Characters and secrets",
    "AC5": "Project file",
    "AC6": "Identity across manifests",
    "AC7": "Warnings",
    "AC8": "Notices",
}


def parts() -> Mapping[str, str]:
    """Every generated part by its name, as Markdown that ends with a line break."""
    manifest, project = manifest_schema(), project_schema()
    return {
        "commands": _table(("command", "does", "its own options"), _commands()),
        "global-options": _table(("option", "variable", "meaning"), _global_options()),
        "exit-codes": _table(("code", "meaning"), ((str(int(c)), _EXITS[c]) for c in ExitCode)),
        "models": _table(("shutdown by the vendor", "models"), _shutdowns()),
        "models-date": f"The list is of {catalogue().as_of}.\n",
        "profiles": _table(("profile", "address", "key", "state"), _profiles()),
        "capabilities": _table(("profile", *_CAPABILITIES), _capabilities()),
        "sources": _table(("profile", "state", "sources"), _sources()),
        "faults": _table(("fault", "what happens"), ((f"`{name}`", about) for name, about in KINDS.items())),
        "moods": _table(("mood", "what it does"), ((f"`{name}`", about) for name, about in MOODS.items())),
        "manifest-keys": _keys(manifest),
        "project-keys": _keys(project),
        "provider-keys": _keys(project, "Provider"),
        "limits-keys": _keys(project, "Limits"),
        "policies-keys": _keys(project, "Policies"),
        "lifecycle-keys": _keys(manifest, "Lifecycle"),
        "function-keys": _keys(manifest, "Function"),
        "file-search-keys": _keys(manifest, "FileSearchOptions"),
        "ranking-keys": _keys(manifest, "RankingOptions"),
        "json-schema-keys": _keys(manifest, "JsonSchema"),
        "action-inputs": _table(("input", "default", "meaning"), _action_inputs()),
        "action-outputs": _table(("output", "meaning"), _action_outputs()),
        **{name: _shown(path) for name, path in RECIPES.items()},
    }


def renewed(text: str) -> str:
    """A document with its generated parts replaced by what they should be. KeyError for an unknown part."""
    current = parts()
    return _PART.sub(lambda match: match[1] + current[match[2]] + match[3], text)


def diagnostics() -> str:
    """The whole of ``docs/diagnostics.md``."""
    grouped: dict[str, list[Code]] = defaultdict(list)
    for each in CODES.values():
        grouped[each.code[:3]].append(each)
    return "".join([_DIAGNOSTICS_HEAD, *(_diagnostic_class(name, grouped[name]) for name in sorted(grouped))])


_DIAGNOSTICS_HEAD = """\
# Diagnostics

<!-- This file is written by docs/generate.py from assistctl/model/codes.py. -->

A diagnostic is one line: `file:line:column: CODE message`. All problems of all files, and without `-e` of all
environments, are found in one run. `assistctl explain CODE` prints what stands here.

- An **error** stops every command before anything is sent; `validate` answers 65. `allow` cannot silence it.
- A **warning** (AC7) is printed; `validate --strict` takes it as an error. `allow: [AC703]` in a manifest
  silences it there.
- A **notice** (AC8) is never an error. `allow` silences it, too.

Codes are stable: a code is never used again for something else.
"""


def schema(name: str) -> str:
    """One of :data:`SCHEMAS`, as ``assistctl schema`` prints it."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


def _diagnostic_class(name: str, codes: Sequence[Code]) -> str:
    return f"\n## {name}: {_CLASSES[name]}\n" + "".join(_diagnostic(each) for each in codes)


def _diagnostic(each: Code) -> str:
    head = f"\n### {each.code}: {each.title}\n\n{each.severity.capitalize()}. {_plain(each.explanation)}\n"
    return head + f"\n```text\n{each.fix}\n```\n"


def _plain(text: str) -> str:
    """Prose in which Markdown finds no markup."""
    return re.sub(r"([<>*_`])", r"\\\1", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |\n" for row in lines)


def _commands() -> Iterator[tuple[str, str, str]]:
    group = build()
    for name, row in VERBS.items():
        ctx = click.Context(group, info_name="assistctl")
        command = group.get_command(ctx, name)
        if isinstance(command, Verb):
            usage = " ".join([name, *(_argument(param, ctx) for param in _own(command, click.Argument))])
            options = ", ".join(f"`{_option(param, ctx)}`" for param in _own(command, click.Option))
            yield f"`{usage}`", row.help, options


def _own(command: Verb, kind: type[click.Parameter]) -> list[click.Parameter]:
    return [param for param in command.params if isinstance(param, kind) and param not in GLOBALS]


def _argument(param: click.Parameter, ctx: click.Context) -> str:
    return param.make_metavar(ctx)


def _option(param: click.Parameter, ctx: click.Context) -> str:
    record = param.get_help_record(ctx)
    return "" if record is None else record[0].replace("INTEGER RANGE", "N")


def _global_options() -> Iterator[tuple[str, str, str]]:
    ctx = click.Context(build(), info_name="assistctl")
    for param in GLOBALS:
        variable = param.envvar if isinstance(param.envvar, str) else ", ".join(param.envvar or ())
        yield f"`{_option(param, ctx)}`", f"`{variable}`", param.help or ""


def _shutdowns() -> Iterator[tuple[str, str]]:
    by_day: dict[str, set[str]] = defaultdict(set)
    for model in catalogue().models.values():
        if model.shutdown:
            by_day[model.shutdown].add(model.id)
    for day in sorted(by_day):
        yield day, ", ".join(f"`{name}`" for name in sorted(by_day[day]))


def _profiles() -> Iterator[tuple[str, str, str, str]]:
    for profile in map(built_in, built_in_names()):
        keys = " or ".join(f"`{name}`" for name in profile.api_key_env) or "none"
        yield f"`{profile.name}`", _address(profile), keys, profile.status


def _address(profile: Profile) -> str:
    shown = profile.base_url or profile.address
    return f"`{shown}`" if shown else "inside the program"


_CAPABILITIES: Mapping[str, Callable[[Profile], str]] = {
    "auth": lambda p: f"header {p.auth_header}" if p.auth == "header" else p.auth,
    "calls": lambda p: ", ".join(verb for verb in _VERBS if verb in p.verbs),
    "paging": lambda p: p.paging,
    "list items": lambda p: p.list_items,
    "metadata": lambda p: p.metadata,
    "model is": lambda p: {"enum": "a known id", "free": "any id", "deployment": "a deployment"}[p.models],
    "fields it does not keep": lambda p: ", ".join(sorted(p.ignored_fields)) or "none",
    "more tool types": lambda p: ", ".join(sorted(p.extra_tools)) or "none",
}
_VERBS = ("list", "get", "create", "update", "delete")


def _capabilities() -> Iterator[Sequence[str]]:
    for profile in map(built_in, built_in_names()):
        yield f"`{profile.name}`", *(read(profile) for read in _CAPABILITIES.values())


def _sources() -> Iterator[tuple[str, str, str]]:
    for profile in map(built_in, built_in_names()):
        yield f"`{profile.name}`", profile.status, "; ".join(profile.sources)


def _action_inputs() -> Iterator[tuple[str, str, str]]:
    for name, each in _action()["inputs"].items():
        yield f"`{name}`", f"`{each['default']}`" if each["default"] else "", each["description"]


def _action_outputs() -> Iterator[tuple[str, str]]:
    return ((f"`{name}`", each["description"]) for name, each in _action()["outputs"].items())


def _action() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def _shown(path: str) -> str:
    language = "yaml" if path.endswith((".yml", ".yaml")) else "text"
    return f"```{language}\n{(ROOT / path).read_text(encoding='utf-8')}```\n"


Schema = Mapping[str, Any]


def _keys(schema: Schema, definition: str = "") -> str:
    """The keys of one map of a JSON Schema, in the order of the models."""
    found: Schema = schema["$defs"][definition] if definition else schema
    required = found.get("required", ())
    rows = (
        (f"`{name}`" + (" (required)" if name in required else ""), _form(each), each.get("description", ""))
        for name, each in found["properties"].items()
    )
    return _table(("key", "form", "meaning"), rows)


def _form(value: Schema) -> str:
    """What a value looks like, in a few words."""
    for union in ("anyOf", "oneOf"):
        if union in value:
            return " or ".join(dict.fromkeys(_form(each) for each in value[union]))
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    shape = _SHAPES.get(str(value.get("type", "object")))
    return shape(value) if shape else str(value["type"])


def _text_form(value: Schema) -> str:
    if "pattern" in value:
        return f"text `{value['pattern'].removeprefix('^').removesuffix('$')}`"
    return f"text, at most {value['maxLength']:,} characters" if "maxLength" in value else "text"


def _number_form(word: str, value: Schema) -> str:
    limits = [str(value[limit]) for limit in ("minimum", "maximum") if limit in value]
    return f"{word} {' to '.join(limits)}" if len(limits) == 2 else word


def _list_form(value: Schema) -> str:
    return f"list, at most {value['maxItems']}" if "maxItems" in value else "list"


_SHAPES: Mapping[str, Callable[[Schema], str]] = {
    "string": _text_form,
    "number": lambda value: _number_form("number", value),
    "integer": lambda value: _number_form("whole number", value),
    "array": _list_form,
    "object": lambda _: "map",
    "boolean": lambda _: "true or false",
    "null": lambda _: "null",
}


def main() -> None:
    """Renews every document in place."""
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / DIAGNOSTICS).write_text(diagnostics(), encoding="utf-8")
    for name in SCHEMAS:
        (ROOT / name).write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    main()
