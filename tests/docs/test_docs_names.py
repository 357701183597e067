"""Every command, option, variable, code and file that the documents name exists."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from assistctl.cli.app import build
from assistctl.cli.table import VERBS
from assistctl.model.codes import CODES

ROOT = Path(__file__).parents[2]
NOT_THERE = "## Not there yet"

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_FOREIGN = re.compile(r"^(?:cp|export|iconv|uv|pipx|git|taskset|python3?|\.uv/\S+|\.ci/\S+)\s")
_VARIABLE = re.compile(r"(?<![A-Z_])ASSISTCTL_[A-Z][A-Z_]*")
_REPOSITORY_PATH = re.compile(
    r"(?:assistctl|tests|docs|examples|assistants|\.ci)/[\w./-]+|assistctl/?|\.ci/run"
)


def options_by_verb() -> dict[str, set[str]]:
    group = build()
    ctx = click.Context(group, info_name="assistctl")
    everywhere = {"--help", "--version"} | {name for param in group.params for name in param.opts}
    known = {}
    for verb in VERBS:
        command = group.get_command(ctx, verb)
        assert command is not None
        known[verb] = everywhere | {name for param in command.params for name in param.opts}
    return known


def variables_of_options() -> set[str]:
    group = build()
    ctx = click.Context(group, info_name="assistctl")
    commands = [group, *(command for verb in VERBS if (command := group.get_command(ctx, verb)))]
    found: set[str] = set()
    for param in (param for command in commands for param in command.params):
        found |= {param.envvar} if isinstance(param.envvar, str) else set(param.envvar or ())
    return found


def variables_in_source() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "assistctl").rglob("*.py"))
    return {name for text in texts for name in _VARIABLE.findall(text)}


def commands_in(text: str) -> Iterator[str]:
    """Code spans and lines of code blocks that may be commands of ours."""
    for fence in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from fence.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def present(text: str) -> str:
    """Everything but the section about what is missing."""
    before, _, rest = text.partition(NOT_THERE)
    return before + rest[rest.find("\n## ") :] if rest else before


def test_every_option_named_exists(pages: Mapping[str, str]) -> None:
    known = options_by_verb()
    anywhere = set().union(*known.values())
    for page, text in pages.items():
        for line in commands_in(present(text)):
            words = line.strip().removeprefix("$ ").removeprefix("assistctl ")
            if _FOREIGN.match(words):
                continue
            verb = next((word for word in words.split() if not word.startswith("-")), "")
            for option in _OPTION.findall(words):
                assert option in known.get(verb, anywhere), f"{page}: {line}"


def missing(readme: str) -> Iterator[list[str]]:
    """The words of each thing that the README calls missing: what its bullets have before the colon."""
    section = readme.partition(NOT_THERE)[2].partition("\n## ")[0]
    for bullet in re.findall(r"^- (.+)$", section, re.MULTILINE):
        yield from (span.split() for span in re.findall(r"`([^`]+)`", bullet.partition(": ")[0]))


def choices(verb: str, option: str) -> tuple[str, ...]:
    """The words that an option of a verb takes; empty where it takes any, or does not exist."""
    group = build()
    command = group.get_command(click.Context(group, info_name="assistctl"), verb)
    params = command.params if command is not None else []
    found = [param.type for param in params if option in param.opts]
    return tuple(str(word) for kind in found if isinstance(kind, click.Choice) for word in kind.choices)


def test_nothing_listed_as_missing_is_there(pages: Mapping[str, str]) -> None:
    known = options_by_verb()
    for verb, *rest in missing(pages["README.md"]):
        if verb not in VERBS:
            continue
        options = [word for word in rest if word.startswith("--")]
        assert options, f"the command {verb} is there"
        if known[verb].issuperset(options):
            assert rest[-1] not in (*options, *choices(verb, options[-1])), (
                f"{verb} {' '.join(rest)} is there"
            )


def test_every_variable_named_exists(pages: Mapping[str, str]) -> None:
    known = variables_of_options() | variables_in_source()
    for page, text in pages.items():
        assert set(_VARIABLE.findall(text)) <= known, page


def test_every_variable_that_is_no_option_is_documented(pages: Mapping[str, str]) -> None:
    table = pages["README.md"].partition("## Environment variables")[2].partition("\n## ")[0]
    assert variables_in_source() - variables_of_options() <= set(_VARIABLE.findall(table))


def test_every_code_named_exists(pages: Mapping[str, str]) -> None:
    for page, text in pages.items():
        assert set(re.findall(r"\bAC\d{3}\b", text)) <= CODES.keys(), page


def test_every_repository_path_named_exists(pages: Mapping[str, str]) -> None:
    for page in ("docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md", "SECURITY.md"):
        for span in re.findall(r"`([^`\n]+)`", pages[page]):
            if _REPOSITORY_PATH.fullmatch(span):
                assert (ROOT / span).exists(), f"{page}: {span}"


def test_every_room_is_described(pages: Mapping[str, str]) -> None:
    rooms = [path.name for path in (ROOT / "assistctl").iterdir() if (path / "__init__.py").exists()]
    files = [path.name for path in (ROOT / "assistctl").glob("*.py") if not path.stem.startswith("__")]
    assert len(rooms) >= 7
    for name in (*rooms, *files):
        assert f"| `assistctl/{name}` |" in pages["docs/architecture.md"], name


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_link_resolves(prose: Mapping[str, str]) -> None:
    for page, text in prose.items():
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), f"{page}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in map(slug, headings), f"{page}: {target}"


@pytest.fixture(scope="module")
def tracked() -> Mapping[str, str]:
    """Every text file that is, or would be, in git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    names = [name.decode() for name in listed.split(b"\0") if name]
    return {
        name: (ROOT / name).read_bytes().decode("utf-8", "replace")
        for name in names
        if (ROOT / name).is_file()
    }


def test_no_file_names_a_package_index(tracked: Mapping[str, str]) -> None:
    # Written apart, so that this file does not name one either.
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "index" + "-url",
        "extra-" + "index",
        "find" + "-links =",
    ]
    for name, text in tracked.items():
        assert not [host for host in hosts if host in text.lower()], name


def test_no_file_names_a_place_on_somebodys_machine(tracked: Mapping[str, str]) -> None:
    places = re.compile(r"(?<![\w.~}\"'/-])/(?:home|Users|root|work)/[\w.]")
    for name, text in tracked.items():
        found = places.search(text)
        assert found is None, f"{name}: {text[found.start() : found.end() + 30] if found else ''}"
