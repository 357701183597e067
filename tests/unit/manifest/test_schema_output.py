from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import assistctl
from assistctl.manifest.models import catalogue
from assistctl.manifest.schema import Fields, Manifest
from assistctl.manifest.schema_errors import check
from assistctl.manifest.schema_json import manifest_schema, project_schema
from assistctl.model.assistant import FIELDS
from assistctl.model.codes import CODES, is_error, severity
from assistctl.model.diagnostic import Severity


@pytest.mark.parametrize("schema", [manifest_schema(), project_schema()], ids=["manifest", "project"])
def test_a_schema_uses_nothing_that_draft_7_readers_lack(schema: dict[str, object]) -> None:
    text = json.dumps(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert not re.search(r"unevaluatedProperties|prefixItems|\$dynamicRef", text)
    for reference in re.findall(r'"\$ref": "([^"]+)"', text):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]  # type: ignore[operator]


@pytest.mark.parametrize("schema", [manifest_schema(), project_schema()], ids=["manifest", "project"])
def test_every_field_has_a_help_text(schema: dict[str, object]) -> None:
    maps = [schema, *schema["$defs"].values()]  # type: ignore[attr-defined]
    without = [
        (each.get("title"), name)
        for each in maps
        for name, field in each.get("properties", {}).items()
        if "description" not in field and name not in ("type", "function", "json_schema", "level", "values")
    ]
    assert without == []


def test_the_schema_knows_the_words_of_a_profile() -> None:
    schema = manifest_schema(extra_tools={"openapi"}, reasoning_efforts=("minimal", "low"))
    assert schema["properties"]["reasoning_effort"]["enum"] == ["minimal", "low", None]  # type: ignore[index]
    assert schema["$defs"]["OpaqueTool"]["properties"]["type"]["enum"] == ["openapi"]  # type: ignore[index]


def test_the_fields_of_the_schema_are_those_of_the_vocabulary() -> None:
    assert set(Fields.model_fields) == {*FIELDS, "metadata"}


def test_reading_manifests_never_reads_our_own_source() -> None:
    # Attribute docstrings cost 10 to 26 ms; they are only for the printed schema.
    code = (
        "import sys; import assistctl.manifest.fleet; "
        "assert 'assistctl.manifest.schema_json' not in sys.modules; "
        "assert 'httpx' not in sys.modules and 'ruamel' not in sys.modules and 'click' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_finding_a_project_file_needs_no_pydantic() -> None:
    code = "import sys, assistctl.manifest.project; assert 'pydantic' not in sys.modules, 'pydantic'"
    subprocess.run([sys.executable, "-c", code], check=True)


_LONG = "\\u001b[31m" + "X" * 34 + "\\u2026"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"instructons": "x"}, "unknown key 'instructons' (did you mean 'instructions'?)"),
        (
            {"tools": [{"type": "function", "function": {"nam": "x", "name": "f"}}]},
            "unknown key 'nam' in tools[0].function (did you mean 'name'?)",
        ),
        (
            {"tools": [{"type": "function", "function_fil": "x"}]},
            "unknown key 'function_fil' in tools[0] (did you mean 'function_file'?)",
        ),
        (
            {"lifecycle": {"on_remov": "keep"}},
            "unknown key 'on_remov' in lifecycle (did you mean 'on_remove'?)",
        ),
        (
            {"environments": {"p": {"modl": "x"}}},
            "unknown key 'modl' in environments.p (did you mean 'model'?)",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schma": {}}}},
            "unknown key 'schma' in response_format.json_schema (did you mean 'schema'?)",
        ),
        ({"temperature": float("inf")}, "temperature must be a finite number, found the number inf"),
        ({"temperature": 3}, "temperature must be at most 2, found the number 3"),
        ({"metadata": {"a.b": 1}}, "metadata.a.b must be text, found the number 1"),
        ({"name": "a\x1b" * 200}, "name takes at most 256 characters, found 400"),
        (
            {"key": "\x1b[31m" + "X" * 99},
            f'key must match [a-z0-9][a-z0-9_-]{{0,62}}, found the text "{_LONG}"',
        ),
    ],
)
def test_messages_say_field_rule_and_what_was_found(value: dict[str, object], message: str) -> None:
    assert message in [each.message for each in check(Manifest, value)]


def test_codes_are_complete_and_in_order() -> None:
    assert list(CODES) == sorted(CODES)
    for code, entry in CODES.items():
        assert re.fullmatch(r"AC[0-8][0-9]{2}", code)
        assert entry.code == code
        assert entry.severity is severity(code)
        assert entry.explanation.endswith(".")
        assert not entry.title.endswith(".")
        assert entry.fix in entry.text
        assert is_error(code) == (code < "AC700")
    assert severity("AC801") is Severity.NOTICE


def test_every_code_that_is_used_is_explained() -> None:
    folder = Path(assistctl.__file__).parent
    used = {
        code
        for path in folder.rglob("*.py")
        if not path.name.startswith("code_texts")
        for code in re.findall(r"\bAC\d{3}\b", path.read_text())
    }
    assert used <= set(CODES)


def test_the_model_data_is_dated_and_its_aliases_are_unique() -> None:
    known = catalogue()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", known.as_of)
    assert known.canonical()["openai/gpt-4o"] == "gpt-4o"
    assert not set(known.canonical()) & set(known.ids)
    assert not known.models["o1-mini"].effort
    assert known.models["o3"].effort
