"""``${var.NAME}``, ``${file.PATH}`` and ``${env.NAME}`` in texts; nothing else is interpreted.

A run of two or more ``$`` before ``{var.``, ``{file.`` or ``{env.`` is text: it loses one ``$``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Final

from assistctl.files import FileRefused, join

from .suggest import nearest

MAX_FILE_DEPTH: Final = 5
MAX_INSERTED: Final = 1 << 20
"""At most so many characters are inserted into one text; files that name files multiply."""

_REFERENCE_COST: Final = 16
_SPACE: Final = r"\{(?:var|file|env)\."
_REFERENCE: Final = re.compile(r"\$" + _SPACE)
_RUN: Final = re.compile(r"\$+(?=" + _SPACE + ")")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")

Report = Callable[[str, str, str, str], None]
"""Called with a code, a message, the file that holds the reference, and the reference as written."""


class _References(Template):
    flags = re.RegexFlag(0)
    # typeshed gives the compiled form that the base class makes of this text.
    pattern = rf"""
        (?<!\$)\$(?:
            (?P<escaped>\$)(?=\$*{_SPACE}) |
            (?P<named>(?!)) |
            \{{(?P<braced>(?:var|file|env)\.[^{{}}\n]*)\}} |
            (?P<invalid>(?={_SPACE}))
        )
    """  # type: ignore[assignment]


def has_references(text: str) -> bool:
    """Whether anything in ``text`` would be looked at: a reference or an escaped one."""
    return "${" in text and _REFERENCE.search(text) is not None


def escape(text: str) -> str:
    """``text`` so that expanding it gives ``text`` again: one more ``$`` before each reference."""
    return _RUN.sub(r"$\g<0>", text) if "${" in text else text


def references(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and name (``var.company``) of each reference in ``text``; escaped ones are text."""
    for match in re.finditer(_References.pattern, text):
        if match["braced"] is not None:
            yield match.start(), match.end(), match["braced"]


@dataclass(frozen=True, slots=True)
class Names:
    """What references may stand for."""

    read_text: Callable[[str], str]
    """The text of a file, by its path from the root; raises ``FileRefused``."""
    variables: Mapping[str, str] = field(default_factory=dict)
    allowed_env: frozenset[str] = frozenset()
    environ: Mapping[str, str] = field(default_factory=dict)


def expand(text: str, file: str, names: Names, report: Report) -> str:
    """``text`` of ``file`` with its references replaced; what cannot be is reported and left out."""
    if not has_references(text):
        return text
    return _Expansion(names, report).expand(text, file, 0)


class _Expansion:
    """One text being expanded, with its budget."""

    def __init__(self, names: Names, report: Report) -> None:
        self._names = names
        self._report = report
        self._left = MAX_INSERTED
        self._given_up = False

    def expand(self, text: str, file: str, depth: int) -> str:
        if not has_references(text):
            return text
        try:
            return _References(text).substitute(_Lookup(self, file, depth))
        except ValueError:
            self._report("AC302", "a reference is not closed by } on its line", file, "${")
            return ""

    def value(self, name: str, file: str, depth: int) -> str:
        """What one reference stands for, by its name with its namespace (``var.company``)."""
        space, _, rest = name.partition(".")
        if self._given_up:
            return ""
        try:
            if space == "file":
                found = self._file(rest, file, depth)
            else:
                found = self._variable(rest) if space == "var" else self._environment(rest)
        except _Bad as bad:
            self._report(bad.code, bad.message, file, "${" + name + "}")
            return ""
        self._left -= len(found) + _REFERENCE_COST
        if self._left < 0 and not self._given_up:
            self._given_up = True
            words = f"references insert more than {MAX_INSERTED:,} characters"
            self._report("AC307", words, file, "${" + name + "}")
        return "" if self._given_up else found

    def _variable(self, name: str) -> str:
        if not _VARIABLE.fullmatch(name):
            raise _Bad("AC302", "${var." + name[:40] + "} is not a reference: write ${var.NAME}")
        if name not in self._names.variables:
            raise _Bad("AC301", f"undefined variable '{name}'{nearest(name, self._names.variables)}")
        return self._names.variables[name]

    def _environment(self, name: str) -> str:
        allowed = self._names.allowed_env
        if name not in allowed:
            words = f"environment variable '{name[:64]}' is not allowed{nearest(name, allowed)}"
            raise _Bad("AC303", f"{words}; the operator may pass --allow-env NAME")
        if name not in self._names.environ:
            raise _Bad("AC304", f"environment variable '{name}' is not set")
        return self._names.environ[name]

    def _file(self, reference: str, file: str, depth: int) -> str:
        if depth >= MAX_FILE_DEPTH:
            self._given_up = True
            raise _Bad("AC305", f"files name files more than {MAX_FILE_DEPTH} deep: is there a cycle?")
        try:
            path = join(file, reference)
            text = self._names.read_text(path)
        except FileRefused as error:
            raise _Bad(FILE_CODES[error.refusal], error.what) from error
        if text.endswith("\n"):
            text = text[:-1].removesuffix("\r")
        return self.expand(text, path, depth + 1)


class _Bad(Exception):
    """A reference that stands for nothing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


FILE_CODES: Final[Mapping[str, str]] = {
    "missing": "AC001",
    "unreadable": "AC001",
    "outside": "AC002",
    "symlink": "AC003",
    "not regular": "AC004",
    "too big": "AC005",
    "not text": "AC006",
}
"""The code for each reason why a file was not read."""


class _Lookup(dict[str, object]):
    """Lets ``Template`` ask for one name at a time."""

    def __init__(self, expansion: _Expansion, file: str, depth: int) -> None:
        super().__init__()
        self._expansion, self._file, self._depth = expansion, file, depth

    def __missing__(self, name: str) -> str:
        return self._expansion.value(name, self._file, self._depth)
