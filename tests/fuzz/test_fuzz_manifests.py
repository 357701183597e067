"""Whatever stands in a checkout: an exit code of the table, no traceback, no hang.

Default: 2,000 cases of one seed. The campaign tries as many as wished, over all cores:
FUZZ_SEED=7 FUZZ_CASES=1000000 pytest -m campaign -n 0 -s tests/fuzz/test_fuzz_manifests.py
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistctl.cli.console import Console
from assistctl.cli.run import run
from assistctl.model.assistant import FIELDS

from .mutation import mutated, twisted
from .running_cases import MOST_MIB, Case, cases, run_cases, seed, spread, watched
from .seed_projects import FULL, PROJECTS, TOKENS

CODES = frozenset({0, 64, 65})
"""Fine, a command line that does not fit the project (no such environment), invalid."""
_WAYS: tuple[tuple[str, ...], ...] = (
    ("validate",),
    ("validate",),
    ("validate", "--strict"),
    ("validate", "--format", "json"),
    ("validate", "-e", "prod"),
    ("validate", "assistants"),
    ("render",),
    ("fmt", "--check"),
)
_FMT_PENDING = 2
_ODD_NAMES = (
    *("Ann Bot.yaml", "é.yml", "a\nb.yaml", "\udcff.yaml", "x" * 200 + ".yaml"),
    *(".yaml", "_.yaml", "a.yaml.yml", "\x1b[31m.yaml", "-.yaml"),
)


class Checkout:
    """A folder that holds one project after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)

    def fill(self, files: Mapping[str, bytes]) -> None:
        for place in sorted(self.path.rglob("*"), reverse=True):
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
        for name, data in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def problem(self, *words: str) -> str:
        """What is wrong with the end of one command; "" for nothing."""
        out, err = io.StringIO(), io.StringIO()
        code = run(["-C", str(self.path), *words], Console(None, out, err, os.environ))
        said = out.getvalue() + err.getvalue()
        fine = CODES | ({_FMT_PENDING} if words[0] == "fmt" else set())
        if code not in fine or "Traceback" in said:
            return f"{' '.join(words)}: exit {code}: {said[-500:]}"
        return f"raw control characters in {said[:200]!r}" if "\x1b" in said or "\x00" in said else ""


@pytest.fixture(scope="module", autouse=True)
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of this machine reaches the program."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("ASSISTCTL_", "GITHUB_")) or name.endswith("_API_KEY") or name == "CI":
                patch.delenv(name)
        patch.setenv("ASSISTCTL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


def spoiled_project(checkout: Checkout) -> Case:
    """One or two files of a sound project, edited at random."""

    def case(rng: Random) -> str:
        project = {name: text.encode() for name, text in rng.choice(PROJECTS).items()}
        for _ in range(rng.choice((1, 1, 1, 2))):
            name = rng.choice([*project])
            if name.endswith(".yaml") and rng.random() < 0.3:
                project[name] = _twisted_yaml(project[name], rng)
            elif rng.random() < 0.04:
                project[_odd_name(name, rng)] = project.pop(name)
            else:
                project[name] = mutated(project[name], rng, TOKENS)
        checkout.fill(project)
        return checkout.problem(*rng.choice(_WAYS))

    return case


def _twisted_yaml(data: bytes, rng: Random) -> bytes:
    """The same document with one node exchanged; YAML and JSON are both YAML."""
    try:
        (document,) = yaml.safe_load_all(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        return data
    changed = twisted(document, rng)
    as_json, ascii_only = rng.random() < 0.5, rng.random() < 0.5
    try:
        text = "" if as_json else yaml.safe_dump(changed, allow_unicode=True, sort_keys=False)
    except RecursionError:
        text = ""
    return (text or json.dumps(changed, ensure_ascii=ascii_only)).encode("utf-8", "surrogatepass")


def _odd_name(name: str, rng: Random) -> str:
    folder, slash, _ = name.rpartition("/")
    odd = (
        "Ann Bot.yaml",
        "é.yml",
        "a\nb.yaml",
        "\udcff.yaml",
        "x" * 200 + ".yaml",
        ".yaml",
        "_.yaml",
        "a.yaml.yml",
    )
    return folder + slash + rng.choice(odd)


@pytest.mark.parametrize("batch", range(12))
def test_a_spoiled_project_ends_in_an_exit_code_of_the_table(tmp_path: Path, batch: int) -> None:
    numbers = range(batch * 150, (batch + 1) * 150)
    assert run_cases(spoiled_project(Checkout(tmp_path / "shop")), 20261122, numbers) == []


def test_the_projects_that_are_spoiled_are_sound(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "shop")
    for number, project in enumerate(PROJECTS):
        checkout.fill({name: text.encode() for name, text in project.items()})
        out = io.StringIO()
        code = run(["-C", str(checkout.path), "validate"], Console(None, out, out, os.environ))
        assert code == 0, (number, out.getvalue())


@pytest.mark.parametrize("name", ["assistctl.yaml", "assistants/two.yaml", "assistants/_base.yaml"])
@pytest.mark.parametrize("marks", [2, 3])
def test_a_file_with_several_byte_order_marks_is_refused_and_never_read_as_nothing(
    tmp_path: Path, name: str, marks: int
) -> None:
    checkout = Checkout(tmp_path / "shop")
    project = {path: text.encode() for path, text in FULL.items()}
    checkout.fill({**project, name: b"\xef\xbb\xbf" * marks + project[name]})
    out = io.StringIO()
    code = run(["-C", str(checkout.path), "validate"], Console(None, out, out, os.environ))
    assert code == 65, out.getvalue()
    assert f"{name}:1:" in out.getvalue()


_TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "gpt-4o",
        "${var.company}",
        "${file.a.md}",
        "_base.yaml",
        "../x",
        "asst_1",
        "triage",
        "\x1b[31m",
        "\u202e",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_FUNCTIONS = st.fixed_dictionaries(
    {"type": st.just("function")},
    optional={
        "function": st.dictionaries(
            st.sampled_from(["name", "description", "parameters", "strict", "more"]), _VALUES, max_size=4
        ),
        "function_file": _TEXTS,
    },
)
_KEYS = st.sampled_from(
    [
        *FIELDS,
        "key",
        "id",
        "aliases",
        "only",
        "instructions_file",
        "extends",
        "environments",
        "allow",
        "lifecycle",
        "metadata",
        "vars",
        "project",
    ]
)
_MANIFESTS = st.dictionaries(_KEYS, _VALUES | st.lists(_FUNCTIONS, max_size=3), max_size=8)
_DOCUMENTS = st.lists(_MANIFESTS | _VALUES, max_size=3)
_PROJECT_FILES = st.dictionaries(
    st.sampled_from(
        [
            "project",
            "provider",
            "manifests",
            "defaults",
            "vars",
            "environments",
            "default_environment",
            "limits",
            "on_drift",
            "on_conflict",
            "formerly",
            "policies",
        ]
    ),
    _VALUES,
    max_size=6,
)


def _dumped(document: Any) -> str:
    """As JSON, which is YAML too; NaN and infinity as YAML spells them."""
    text = json.dumps(document, ensure_ascii=False)
    return text.replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")


def _wild_documents(checkout: Checkout, examples: int) -> None:
    base = {name: text.encode() for name, text in FULL.items()}

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[*HealthCheck],
        derandomize=True,
    )
    @given(_DOCUMENTS, st.none() | _PROJECT_FILES)
    def wild(documents: list[Any], project: dict[str, Any] | None) -> None:
        files = {
            "assistants/wild.yaml": "\n---\n".join(map(_dumped, documents)).encode("utf-8", "surrogatepass")
        }
        if project is not None:
            said = _dumped({"project": "shop", "provider": "local", **project})
            files["assistctl.yaml"] = said.encode("utf-8", "surrogatepass")
        checkout.fill({**base, **files})
        with watched():
            assert checkout.problem("validate") == ""

    wild()


def test_documents_of_wild_shapes_end_in_an_exit_code_of_the_table(tmp_path: Path) -> None:
    _wild_documents(Checkout(tmp_path / "shop"), 200)


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_of_spoiled_projects(tmp_path: Path) -> None:
    chosen, count = seed(), cases(100_000)
    print(f"\nFUZZ_SEED={chosen} FUZZ_CASES={count}")
    problems, mib = spread(lambda worker: spoiled_project(Checkout(tmp_path / str(worker))), chosen, count)
    print(f"{count:,} spoiled projects, {len(problems)} problems, {mib:.0f} MiB at most")
    assert problems == []
    assert mib <= MOST_MIB


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_of_wild_documents(tmp_path: Path) -> None:
    count = cases(100_000) // 10
    _wild_documents(Checkout(tmp_path / "shop"), count)
    print(f"\n{count:,} projects of wild documents")
