"""What is known about one diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass

from .diagnostic import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One code, as ``explain`` shows it."""

    code: str
    title: str
    """A few words without a full stop."""
    explanation: str
    """One paragraph: the rule and its reason."""
    fix: str
    """An example of what to write instead."""

    @property
    def text(self) -> str:
        """The explanation and the example, as paragraphs."""
        return f"{self.explanation}\n\nFor example:\n\n    {self.fix}"

    @property
    def severity(self) -> Severity:
        """Errors stop everything; warnings only with ``--strict``; notices never."""
        return {"AC7": Severity.WARNING, "AC8": Severity.NOTICE}.get(self.code[:3], Severity.ERROR)
