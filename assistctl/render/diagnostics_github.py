"""Findings of ``validate`` as annotations of GitHub Actions.

One line is one workflow command: ``::error file=…,line=…,title=AC101::message``. How it is written is in
GitHub's documentation, "Workflow commands for GitHub Actions"; how a runner takes it apart again in
actions/runner, ``ActionCommand.TryParseV2``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from assistctl.model.diagnostic import Diagnostic, Severity

from .diagnostics import in_order
from .escape import escape

MOST: Final = 9
"""Single annotations of one level. A step shows ten of each level; the tenth names what is left."""

ROOM: Final = 3_500
"""Characters for the names of what is left: runners cut a message after 4,096."""


def github_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Errors, then warnings, then notices, as whole lines that need no more escaping.

    Files are relative to the top of the repository. Of each level there are at most ten lines.
    """
    found = in_order(diagnostics)
    for severity in Severity:
        level = [item for item in found if item.severity is severity]
        yield from map(_one, level[:MOST])
        if len(level) > MOST:
            yield _rest(severity, level[MOST:])


def _one(found: Diagnostic) -> str:
    start = {"file": found.file, "line": str(found.line), "col": str(found.column)}
    end = {"endLine": str(found.line), "endColumn": str(found.column)}
    return _command(found.severity, {**start, **end, "title": found.code}, [found.message])


def _rest(severity: Severity, left: Sequence[Diagnostic]) -> str:
    """One annotation without a place that names as many of ``left`` as fit, and counts the others."""
    lines: list[str] = []
    used = 0
    for item in left:
        text = f"{item.file}:{item.line}:{item.column}: {item.code} {item.message}"
        used += len(escape(text)) + 1
        if used > ROOM:
            lines.append(f"and {len(left) - len(lines):,} more; assistctl validate prints them all")
            break
        lines.append(text)
    return _command(severity, {"title": f"{len(left):,} more of this level"}, lines)


def _command(name: str, properties: Mapping[str, str], lines: Iterable[str]) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {said}::" + "%0A".join(map(_data, lines))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    """Line ends never get here: :func:`escape` shows them as ``\\r`` and ``\\n``."""
    return escape(text).replace("%", "%25")
