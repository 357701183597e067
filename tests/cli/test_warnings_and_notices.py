"""Every warning and notice, through the program: said, silenced by ``allow``, judged by ``--strict``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistctl.model.codes import CODES, is_error

PROJECT = "project: shop\nprovider: aimlapi\n"
PLAIN = {"model": "gpt-4o-2024-11-20", "instructions": "Be brief."}
FUNCTION = {"type": "function", "function": {"name": "find_order"}}
TOKEN = "AKIA" + "ABCDEFGH12345678"
JSON_OBJECT = {"type": "json_object"}


@dataclass(frozen=True)
class Case:
    """A manifest about which there is one thing to say."""

    code: str
    about: str
    changed: dict[str, Any] = field(default_factory=dict)
    prompt: bytes | None = None
    """The bytes of a prompt file in place of ``instructions``."""

    def manifest(self, **more: object) -> str:
        values = {**PLAIN, **self.changed, **more}
        if self.prompt is not None:
            values["instructions_file"] = "desk.md"
            del values["instructions"]
        return "\n".join(f"{name}: {json.dumps(value)}" for name, value in values.items()) + "\n"


CASES = (
    Case("AC701", "a zero-width space", {"instructions": "Be\u200b brief."}),
    Case("AC701", "a byte order mark", {"description": "\ufeffHelps"}),
    Case("AC701", "a byte order mark of a prompt file", prompt=b"\xef\xbb\xbfBe brief.\n"),
    Case("AC701", "a zero-width joiner between letters that need none", prompt="a\u200db\n".encode()),
    Case("AC702", "the form of an access key", {"instructions": f"Use {TOKEN}."}),
    Case("AC702", "a private key in a prompt file", prompt=b"-----BEGIN RSA PRIVATE KEY-----\n"),
    Case("AC703", "temperature and top_p", {"temperature": 0.1, "top_p": 0.1}),
    Case("AC704", "an effort of a model that does not reason", {"reasoning_effort": "low"}),
    Case("AC705", "a temperature of a reasoning model", {"model": "o4-mini-2025-04-16", "temperature": 0.1}),
    Case("AC705", "a top_p of a reasoning model", {"model": "o4-mini-2025-04-16", "top_p": 0.1}),
    Case("AC706", "a misspelt model", {"model": "gpt-4oo"}),
    Case("AC707", "json_object without the word", {"response_format": JSON_OBJECT}),
    Case("AC707", "json_object without a prompt", {"response_format": JSON_OBJECT, "instructions": None}),
    Case("AC708", "files without their tool", {"tool_resources": {"code_interpreter": {"file_ids": ["f"]}}}),
    Case("AC708", "stores without their tool", {"tool_resources": {"file_search": {"vector_store_ids": []}}}),
    Case("AC709", "a function that tools lacks", {"instructions": "Call `find_ordr`.", "tools": [FUNCTION]}),
    Case("AC709", "a function in a prompt file", prompt=b"Call the function find_order first.\n"),
    Case("AC801", "a model that was shut down", {"model": "o1-preview"}),
)
QUIET = (
    Case("AC701", "a joiner inside an emoji", {"instructions": "Be kind \U0001f469\u200d\U0001f4bb."}),
    Case("AC702", "an ordinary long word", {"instructions": "Donaudampfschifffahrtsgesellschaft"}),
    Case("AC703", "null is no value", {"temperature": 0.1, "top_p": None}),
    Case("AC704", "null is no effort", {"reasoning_effort": None}),
    Case("AC705", "the default, where only that is taken", {"model": "gpt-5", "temperature": 1}),
    Case("AC707", "the word in any case", {"response_format": JSON_OBJECT, "instructions": "As Json."}),
    Case("AC709", "a function that is there", {"instructions": "Call `find_order`.", "tools": [FUNCTION]}),
)


@pytest.fixture
def desk(tmp_path, inside):
    """What ``validate`` says about one manifest: exit code and codes."""
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistctl.yaml").write_text(PROJECT)

    def check(case: Case, *args: str, **more: object) -> tuple[int, list[str]]:
        (tmp_path / "assistants/desk.yaml").write_text(case.manifest(**more), encoding="utf-8")
        if case.prompt is not None:
            (tmp_path / "assistants/desk.md").write_bytes(case.prompt)
        ran = inside("-C", str(tmp_path), "validate", "--format", "json", *args)
        return ran.code, [found["code"] for found in json.loads(ran.out)["diagnostics"]]

    return check


def told(case: Case) -> str:
    return f"{case.code}, {case.about}"


def test_there_is_a_case_of_every_warning_and_notice() -> None:
    assert {case.code for case in CASES} == {code for code in CODES if not is_error(code)}


@pytest.mark.parametrize("case", CASES, ids=told)
def test_it_is_said_and_stops_nothing(desk, case):
    code, found = desk(case)
    beside = {"AC801"} - {case.code}  # reasoning models get dates for their end, too
    assert (code, set(found) - beside) == (0, {case.code})


@pytest.mark.parametrize("case", CASES, ids=told)
def test_with_strict_a_warning_is_an_error_and_a_notice_never(desk, case):
    assert desk(case, "--strict")[0] == (0 if case.code.startswith("AC8") else 65)


@pytest.mark.parametrize("case", CASES, ids=told)
def test_allow_silences_it_also_with_strict(desk, case):
    assert case.code not in desk(case, allow=[case.code])[1]
    assert desk(case, "--strict", allow=[case.code])[0] == 0


@pytest.mark.parametrize("case", CASES, ids=told)
def test_allowing_another_code_does_not_silence_it(desk, case):
    others = [code for code in CODES if not is_error(code) and code != case.code]
    assert case.code in desk(case, allow=others)[1]


@pytest.mark.parametrize("case", QUIET, ids=told)
def test_what_only_looks_alike_is_not_said(desk, case):
    assert case.code not in desk(case)[1]


@pytest.mark.parametrize("code", CODES)
def test_explain_tells_severity_reason_and_remedy(inside, code):
    ran = inside("explain", code)
    assert ran.code == 0
    known = CODES[code]
    assert ran.out.startswith(f"{code} ({known.severity}): {known.title}\n")
    assert known.explanation in ran.out
    assert known.fix in ran.out
