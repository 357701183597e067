"""Every diagnostic code: its severity, what it means and how to fix it. Codes are stable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .code_texts_content import CONTENT_CODES
from .code_texts_files import FILE_AND_SHAPE_CODES
from .code_type import Code
from .diagnostic import Severity

__all__ = ["CODES", "DOCUMENTATION", "Code", "help_address", "is_error", "severity"]

CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {each.code: each for each in (*FILE_AND_SHAPE_CODES, *CONTENT_CODES)}
)
"""By code, in order. AC0 file and YAML, AC1 shape, AC2 layers, AC3 references, AC4 characters and secrets,
AC5 project file, AC6 identity across manifests, AC7 warnings, AC8 notices."""


DOCUMENTATION: Final = "https://assistctl.invalid/docs/diagnostics.md"
"""Where ``docs/diagnostics.md`` can be read. The project has no public address yet; this one, by RFC 2606, is
nobody's and never will be."""


def help_address(code: str = "") -> str:
    """The absolute address of the documentation, or of the paragraph about one code."""
    if not code:
        return DOCUMENTATION
    heading = f"{code}: {CODES[code].title}".lower().replace(" ", "-")
    return f"{DOCUMENTATION}#{re.sub(r'[^a-z0-9_-]', '', heading)}"


def severity(code: str) -> Severity:
    """The severity that a code always has, before ``--strict``."""
    return {"AC7": Severity.WARNING, "AC8": Severity.NOTICE}.get(code[:3], Severity.ERROR)


def is_error(code: str) -> bool:
    """Whether a code is an error: nothing is sent while one stands, and ``allow`` cannot silence it."""
    return severity(code) is Severity.ERROR
