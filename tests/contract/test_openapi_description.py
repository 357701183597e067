"""``serve --openapi``: our own description of the five operations, and how it is held against OpenAI's."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assistctl.server.app import App
from assistctl.server.checks import choice
from assistctl.server.description import openapi_text
from assistctl.server.messages import Refused, Request
from assistctl.server.store import Store
from assistctl.server.validation import EFFORTS, MAX_DESCRIPTION, MAX_INSTRUCTIONS, MAX_NAME

ROOT = Path(__file__).parents[2]
OURS: dict[str, Any] = json.loads(openapi_text())
SCHEMAS = OURS["components"]["schemas"]


@pytest.fixture(scope="module")
def comparing() -> ModuleType:
    """``docs/compare_openapi.py``."""
    spec = importlib.util.spec_from_file_location("compare_openapi", ROOT / "docs" / "compare_openapi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_it_describes_the_five_operations_and_nothing_else() -> None:
    found = {
        (path, method): operation["operationId"]
        for path, item in OURS["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    one = "/assistants/{assistant_id}"
    assert found == {
        ("/assistants", "get"): "listAssistants",
        ("/assistants", "post"): "createAssistant",
        (one, "get"): "getAssistant",
        (one, "post"): "modifyAssistant",
        (one, "delete"): "deleteAssistant",
    }


def test_every_schema_is_valid_and_used() -> None:
    text = openapi_text()
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert f'"#/components/schemas/{name}"' in text, name


def test_its_limits_are_those_of_the_server() -> None:
    for name in ("NewAssistant", "AssistantChange"):
        properties = SCHEMAS[name]["properties"]
        limits = [properties[field]["maxLength"] for field in ("name", "description", "instructions")]
        assert limits == [MAX_NAME, MAX_DESCRIPTION, MAX_INSTRUCTIONS]
    assert SCHEMAS["ReasoningEffort"]["enum"] == [*EFFORTS, None]
    with pytest.raises(Refused):
        choice("boundless", "reasoning_effort", EFFORTS)


def test_a_stored_assistant_has_exactly_the_fields_that_it_says() -> None:
    with Store(":memory:") as store:
        made = json.loads(App(store).handle(Request("POST", "/assistants", {}, {}, b'{"model": "m"}')).body)
    assert set(made) == set(SCHEMAS["Assistant"]["properties"]) == set(SCHEMAS["Assistant"]["required"])


def test_a_description_does_not_differ_from_itself_however_it_is_written(comparing: ModuleType) -> None:
    other = copy.deepcopy(OURS)
    schemas = other["components"]["schemas"]
    schemas["NewAssistant"]["properties"]["name"] = {
        "anyOf": [{"type": "string", "maxLength": 256, "description": "other words"}, {"type": "null"}]
    }
    schemas["Chunking"] = {"allOf": [], **schemas["Chunking"]}
    assert comparing.differences(other, OURS) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d["NewAssistant"]["required"].append("name"), "createAssistant body required"),
        (lambda d: d["NewAssistant"]["properties"].pop("top_p"), "createAssistant body.top_p type"),
        (
            lambda d: d["AssistantChange"]["properties"]["name"].update(maxLength=64),
            "modifyAssistant body.name maxLength",
        ),
        (lambda d: d["NewAssistant"].pop("additionalProperties"), "createAssistant body closed"),
        (
            lambda d: d["ReasoningEffort"]["enum"].remove("max"),
            "createAssistant body.reasoning_effort values",
        ),
        (lambda d: d["Tools"].update(maxItems=20), "createAssistant body.tools maxItems"),
        (
            lambda d: d["Ranking"].pop("required"),
            "createAssistant body.tools[]<file_search>.file_search.ranking_options required",
        ),
    ],
)
def test_a_difference_that_nobody_means_is_named_with_its_place(
    comparing: ModuleType, change: Any, where: str
) -> None:
    theirs = copy.deepcopy(OURS)
    change(theirs["components"]["schemas"])
    found = comparing.differences(theirs, OURS)
    assert where in {each.where for each in found}
    assert not next(each for each in found if each.where == where).reason


def test_the_script_answers_1_for_a_difference_and_0_without_one(tmp_path: Path) -> None:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, str(ROOT / "docs" / "compare_openapi.py"), *args]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text(openapi_text(), "utf-8")
    other.write_text(openapi_text().replace('"maxItems": 128', '"maxItems": 20'), "utf-8")
    assert run().returncode == 64
    ran = run(str(same))
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "0 differences that are not meant"), ran.stderr
    ran = run(str(other))
    assert ran.returncode == 1
    assert "createAssistant body.tools maxItems: theirs 20, ours 128" in ran.stdout


def test_serve_prints_it_and_starts_nothing() -> None:
    script = str(Path(sys.executable).with_name("assistctl"))
    ran = subprocess.run(
        [script, "serve", "--openapi"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, json.loads(ran.stdout), ran.stderr) == (0, OURS, "")
