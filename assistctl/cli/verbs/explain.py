"""``assistctl explain CODE``."""

from __future__ import annotations

import click

from assistctl.cli.verb import Call, verb
from assistctl.errors import UsageFault


@verb
@click.argument("code")
def command(call: Call, code: str) -> None:
    """Tell more about a diagnostic CODE, such as AC101: what it means and how to mend it."""
    from assistctl.model.codes import CODES

    known = CODES.get(code.upper())
    if known is None:
        raise UsageFault(f"there is no code {code!r}", next=_suggestion(code.upper(), list(CODES)))
    call.console.result(f"{known.code} ({known.severity}): {known.title}", "", known.text.strip())


def _suggestion(code: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(code, known, cutoff=0.5)
    return f"assistctl explain {near[0]}" if near else f"codes run from {min(known)} to {max(known)}"
