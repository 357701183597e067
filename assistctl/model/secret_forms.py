"""How a secret looks once it has gone through JSON or an address: what a search for it must look for."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus


def forms_of(secret: str) -> tuple[str, ...]:
    """``secret`` itself and every escaped spelling of it, the longest first."""
    as_bytes = secret.encode("utf-8", "surrogatepass")
    urls = {quote(as_bytes, safe=""), quote(as_bytes), quote_plus(as_bytes)}
    lower = {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), url) for url in urls}
    texts = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return tuple(sorted({secret, *urls, *lower, *texts}, key=lambda form: (-len(form), form)))
