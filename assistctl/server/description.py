"""What the server offers, as an OpenAPI 3.1 description that is kept beside it as a file."""

from __future__ import annotations

from assistctl.files import read_beside

FILE = "openapi.json"


def openapi_text() -> str:
    """The description as JSON text. Raises ``FileRefused`` where the installation lacks the file."""
    return read_beside(__file__, FILE).decode("utf-8")
