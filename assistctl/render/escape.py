"""The one escaper between untrusted text and a terminal or a CI log, and the scrubber of secrets.

Prompts, names and error texts come from the checkout and from the remote. Shown raw they could move the
cursor, reorder what a reviewer reads, hide instructions, or be taken as commands by the CI runner that
collects the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from assistctl.model.secret_forms import forms_of

MIN_SECRET = 8
"""Shorter secrets are not masked: they would blank out ordinary words."""

# Controls; soft hyphen, joiners, fillers and other zero-width characters; bidi controls; line separators;
# rare variation selectors (the two that emoji use stay); lone surrogates; invisible controls of hieroglyphs,
# shorthand and music; tag characters.
_UNSEEN = (
    r"\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
UNSEEN = re.compile(f"[{_UNSEEN}]")
"""Every character that is not shown as itself; a tab is not among them."""

_UNSEEN_OR_TAB = re.compile(f"[\t{_UNSEEN}]")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}

HASH_COMMAND = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
"""``##[x]`` and ``##vso[x]`` count anywhere in a line: GitHub's runner and Azure's agent search for them
(actions/runner, ``ActionCommand.TryParse``; microsoft/azure-pipelines-agent, ``Command.TryParse``)."""

_COLON_COMMAND = re.compile(r"\s*:(?=:)")


def escape(text: str, *, keep_tabs: bool = False) -> str:
    """One line of untrusted text, safe to show.

    Controls and characters without a glyph appear as ``\\n``, ``\\x1b`` or ``\\u{202e}``; ``::error::``
    at the start becomes ``:\\:error::`` and ``##[group]`` becomes ``#\\#[group]``, so that no CI runner
    obeys them. Harmless text comes back as it is, and escaping twice changes nothing more. A tab stays
    only with ``keep_tabs``. No character becomes longer than ten.
    """
    pattern = UNSEEN if keep_tabs else _UNSEEN_OR_TAB
    return disarm(pattern.sub(_shown, text))


def disarm(text: str) -> str:
    """Only the CI commands of :func:`escape`, for a line that was put together from escaped parts."""
    if "##" in text:
        text = HASH_COMMAND.sub(r"#\\#", text)
    start = _COLON_COMMAND.match(text)
    return f"{text[: start.end()]}\\{text[start.end() :]}" if start else text


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    return _NAMED.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}")


def encodable(text: str, encoding: str) -> str:
    """``text`` with everything that a terminal of this encoding cannot take as backslash escapes.

    Our own arrow becomes ``->`` there. An encoding that Python does not know counts as ASCII.
    """
    try:
        text.encode(encoding)
    except LookupError:
        return encodable(text, "ascii")
    except UnicodeEncodeError:
        plain = text.replace("→", "->").replace("…", "...")
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text


class Scrubber:
    """Masks secrets in any text: ``Scrubber(secrets)(text)``.

    Every secret of at least :data:`MIN_SECRET` characters becomes ``***``, also where it was escaped for
    JSON, for a URL or by :func:`escape`. Of a secret with several lines each line is one as well: prompts
    are shown line by line.
    """

    __slots__ = ("_pattern",)

    def __init__(self, secrets: Iterable[str]) -> None:
        whole = [secret for secret in secrets if len(secret) >= MIN_SECRET]
        lines = {line for secret in whole for line in secret.splitlines() if len(line) >= MIN_SECRET}
        forms = {form for secret in {*whole, *lines} for form in (escape(secret), *forms_of(secret))}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub("***", text) if self._pattern else text
