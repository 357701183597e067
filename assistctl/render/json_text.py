"""JSON documents as text that is safe in a terminal and in a CI log."""

from __future__ import annotations

import json
import re

from assistctl.model.values import Json

from .escape import HASH_COMMAND, UNSEEN


def json_text(document: Json) -> str:
    """``document`` indented by two, keys in their own order, without a final newline.

    Characters that :func:`~assistctl.render.escape.escape` would not show as they are, and the hashes
    of CI commands, leave as ``\\uXXXX``: the same JSON for every parser. The line ends stay.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2)
    lines = (UNSEEN.sub(_escaped, line) for line in text.split("\n"))
    return HASH_COMMAND.sub(r"\\u0023#", "\n".join(lines))


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if match[0] != "\x7f" else r"\u007f"
