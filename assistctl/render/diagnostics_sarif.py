"""Findings of ``validate`` as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

What a viewer does with it is described by GitHub, "SARIF support for code scanning".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from assistctl.model.codes import CODES, Code, help_address
from assistctl.model.diagnostic import Diagnostic, Severity
from assistctl.model.values import Json

from .diagnostics_fingerprints import fingerprinted
from .escape import escape

MOST: Final = 4_999
"""Results of one run: GitHub keeps 5,000."""

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_ORDER: Final = tuple(Severity)
_FINGERPRINT: Final = "assistctlFinding/v1"


def sarif_document(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Json]:
    """One run of ``assistctl`` in this ``version``. Files are relative to the top of the repository.

    Of more than :data:`MOST` findings the least severe are left out, and a notification of the run says so.
    """
    every = list(fingerprinted(diagnostics))
    kept = sorted(every, key=lambda each: _ORDER.index(each[0].severity))[:MOST]
    codes = sorted({found.code for found, _ in kept})
    places = {code: index for index, code in enumerate(codes)}
    run: dict[str, Json] = {
        "tool": {"driver": _driver([CODES[code] for code in codes], version)},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(len(every) - len(kept))],
        "results": [_result(found, fingerprint, places) for found, fingerprint in sorted(kept)],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(rules: Sequence[Code], version: str) -> dict[str, Json]:
    return {
        "name": "assistctl",
        "version": version,
        "informationUri": help_address(),
        "rules": [_rule(code) for code in rules],
    }


def _rule(code: Code) -> Json:
    return {
        "id": code.code,
        "name": "".join(map(str.capitalize, re.findall(r"[A-Za-z0-9]+", code.title))),
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "helpUri": help_address(code.code),
        "help": {"text": code.text, "markdown": f"{code.explanation}\n\n```text\n{code.fix}\n```"},
        "defaultConfiguration": {"level": _LEVEL[code.severity]},
    }


def _result(found: Diagnostic, fingerprint: str, places: Mapping[str, int]) -> Json:
    place: dict[str, Json] = {
        "artifactLocation": {"uri": _uri(found.file)},
        "region": {"startLine": found.line, "startColumn": found.column},
    }
    return {
        "ruleId": found.code,
        "ruleIndex": places[found.code],
        "level": _LEVEL[found.severity],
        "message": {"text": _message(found.message)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }


def _invocation(left_out: int) -> Json:
    """The run itself: findings are no failure of it."""
    words = f"{left_out:,} more findings are left out; assistctl validate prints them all"
    said: list[Json] = [{"level": "warning", "message": {"text": words}}] if left_out else []
    return {"executionSuccessful": True, **({"toolExecutionNotifications": said} if said else {})}


def _message(text: str) -> str:
    """Text in which ``[words](target)`` is no link: where one stands, brackets are escaped (SARIF 3.11.6)."""
    shown = escape(text)
    return shown.replace("[", r"\[").replace("]", r"\]") if "](" in shown else shown


def _uri(file: str) -> str:
    """A relative URI reference. What was no UTF-8 in the name of a file stays the byte that it was."""
    return quote(file.encode("utf-8", "surrogateescape"), safe="/")
