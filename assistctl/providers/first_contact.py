"""Other products that answer under ``/assistants`` with another protocol, told by what they answered.

Shapes by their public documentation: LangGraph Platform (``assistant_id``, ``graph_id``; its list is
``POST /assistants/search``), OpenGPTs (``assistant_id`` and ``config``, API.md of langchain-ai/opengpts),
Pinecone Assistant (``{"assistants": […]}``), Telnyx (page numbers under ``meta``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from assistctl.errors import RemoteError
from assistctl.model.values import Json

from .json_wire import EXCERPT

NEXT = (
    "check the base URL (everything before /assistants); assistctl needs a server of the OpenAI Assistants "
    "protocol, version 2"
)
LIST_REFUSED = (
    "the remote has no list call: this is another protocol than Assistants v2 (LangGraph Platform lists by "
    "POST /assistants/search)"
)
_PAGE_NUMBERS = frozenset({"page_number", "total_pages", "page_size", "total_results"})
_MOST_KEYS = 6


class OtherProtocol(RemoteError):
    """The answer belongs to another protocol: asking again would not help."""


def stranger(answer: Json) -> str:
    """Whose protocol an answer of the list call belongs to, and what gave it away; "" for none known."""
    if isinstance(answer, list):
        return _of_item(answer, "a bare array")
    if not isinstance(answer, dict):
        return ""
    if isinstance(answer.get("assistants"), list) and "data" not in answer:
        return "its list is under `assistants`, as Pinecone Assistant's is"
    meta = answer.get("meta")
    if isinstance(meta, dict) and "has_more" not in answer and _PAGE_NUMBERS & meta.keys():
        return f"it pages by numbers (`meta.{min(_PAGE_NUMBERS & meta.keys())}`), as Telnyx does"
    data = answer.get("data")
    return _of_item(data, "") if isinstance(data, list) else ""


def strange_list(answer: Json) -> RemoteError:
    """The error for an answer that is no list of assistants: by name where it is known, else by its shape.

    An error in the body of a 200 may pass, so it is no :class:`OtherProtocol`.
    """
    known = stranger(answer)
    if known:
        return OtherProtocol(f"this is another protocol than Assistants v2: {known}", next=NEXT)
    if isinstance(answer, dict) and answer.get("error"):
        return RemoteError(f"the remote answered 200 with an error in it{_words(answer['error'])}")
    return RemoteError(
        "this is no list of assistants: an object whose `data` is an array was expected, "
        f"found {_shape(answer)}",
        next=NEXT,
    )


def _of_item(items: Collection[Json], shape: str) -> str:
    first = next(iter(items), None)
    if isinstance(first, dict) and "id" not in first and "assistant_id" in first:
        if "graph_id" in first:
            return "its items have `assistant_id` and `graph_id`, as LangGraph Platform's"
        return "its items have `assistant_id` instead of `id`, as OpenGPTs'"
    return f"its list is {shape}, as LangGraph Platform's and OpenGPTs' are" if shape else ""


def _words(error: Json) -> str:
    """The error's own words. A long text is left out: cut, it might show half of a key that it quotes."""
    text = error.get("message") if isinstance(error, Mapping) else error
    return f": {text}" if isinstance(text, str) and 0 < len(text) <= EXCERPT else ""


def _shape(answer: Json) -> str:
    if isinstance(answer, dict):
        keys = [str(key)[:40] for key in answer]
        listed = ", ".join(f"`{key}`" for key in keys[:_MOST_KEYS]) + (", …" if keys[_MOST_KEYS:] else "")
        return f"a map with {listed}" if keys else "an empty map"
    return "null" if answer is None else f"a {type(answer).__name__}"
