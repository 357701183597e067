"""Moods: named ways in which servers of this protocol were seen to differ, for tests and rehearsals.

They combine. Where two touch the same thing they act in the order of :data:`MOODS`, so ``null-refused``
wins over ``null-ignored``; the order in which they are named does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistctl.errors import UsageFault

from . import mood_answers as answers
from . import mood_calls as calls
from . import mood_errors as errors
from . import mood_lists as lists
from . import mood_requests as requests
from .app import App
from .assistants import Received
from .messages import Handler

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True, slots=True)
class _Mood:
    """One line about it, and how it differs: in what it stores, in its ids, or around the core."""

    about: str
    received: Received | None = None
    around: answers.Around | None = None
    assistant_id: Callable[[], str] | None = None
    over: Callable[[Store], answers.Around] | None = None
    """Around the core too, where the mood writes by itself."""

    def on(self, handler: Handler, store: Store) -> Handler:
        """``handler`` in this mood."""
        around = self.over(store) if self.over else self.around
        return around(handler) if around else handler


def _uuid() -> str:
    from uuid import uuid4

    return str(uuid4())


def _hexadecimal() -> str:
    from uuid import uuid4

    return uuid4().hex[:24]


_MOODS: Mapping[str, _Mood] = {
    "null-refused": _Mood("null is a 400, in every field and metadata value", requests.nulls_refused),
    "metadata-null-refused": _Mood(
        "null as a metadata value is a 400; an empty text is stored", requests.metadata_nulls_refused
    ),
    "null-ignored": _Mood("null in a modify changes nothing", requests.nulls_ignored),
    "empty-ignored": _Mood('"", [] and {} in a modify change nothing', requests.empties_ignored),
    "metadata-drop": _Mood("metadata is accepted and not stored", requests.dropping("metadata")),
    "effort-dropped": _Mood(
        "reasoning_effort is accepted and not stored", requests.dropping("reasoning_effort")
    ),
    "few-fields": _Mood("of a request only name, instructions and model are stored", requests.few_fields),
    "constants": _Mood(
        "only name and instructions are stored; model and tools are the server's", requests.constants
    ),
    "model-respelled": _Mood("gpt-4o is stored as openai/gpt-4o", requests.model_respelled),
    "ranker-rewritten": _Mood(
        "file search stores the ranker auto as default_2024_08_21", requests.ranker_resolved
    ),
    "trims-prompts": _Mood("instructions lose trailing white space", requests.prompts_trimmed),
    "names-shortened": _Mood("name is cut to 64 characters", requests.names_shortened),
    "omitted-wiped": _Mood(
        "a modify resets the fields that it leaves out, except the model", requests.omitted_wiped
    ),
    "metadata-replace": _Mood("the metadata of a modify replaces the stored map", requests.metadata_replaced),
    "uuid-ids": _Mood("ids are UUIDs", assistant_id=_uuid),
    "hex-ids": _Mood("ids are 24 hexadecimal digits", assistant_id=_hexadecimal),
    "dash-ids": _Mood("ids begin with asst-", assistant_id=lambda: f"asst-{_hexadecimal()}"),
    "upserting": _Mood(
        "a modify of an unknown id creates it, a delete of one succeeds", over=calls.upserting
    ),
    "deletes-denied": _Mood("a delete of an unknown id is a 200 with deleted: false", around=calls.denying),
    "delete-word": _Mood("a delete answers object: assistant", around=calls.other_delete_word),
    "deletes-204": _Mood("a delete is answered with 204, without a body", around=calls.deletes_unanswered),
    "no-paging": _Mood("limit, after and before are ignored: one answer lists all", around=lists.unpaged),
    "lagging-list": _Mood(
        f"a create is listed only after {lists.LAG} further requests", around=lists.lagging
    ),
    "newest-twenty": _Mood(
        f"the list is the newest {lists.NEWEST}, whatever is asked for", around=lists.newest_twenty
    ),
    "newest-first": _Mood("order is ignored: the newest come first", around=lists.newest_first),
    "cursors-ignored": _Mood(
        "after and before are ignored: every page is the first", around=lists.cursors_ignored
    ),
    "forgets-cursors": _Mood(
        "an unknown or deleted id as cursor brings the first page", around=lists.forgetting
    ),
    "inclusive-cursor": _Mood("a page begins with the one that after names", around=lists.inclusive),
    "cursors-refused": _Mood("after and before are a 400", around=lists.cursors_refused),
    "no-get": _Mood("GET of one assistant is a 405", around=calls.without("GET")),
    "no-modify": _Mood("POST to one assistant is a 405", around=calls.without("POST")),
    "no-delete": _Mood("DELETE is a 405", around=calls.without("DELETE")),
    "empty-last-page": _Mood(
        "has_more is always true: the list ends with an empty page",
        around=answers.each_list(answers.always_more),
    ),
    "no-has-more": _Mood(
        "lists lack has_more, first_id and last_id", around=answers.each_list(answers.without_cursors)
    ),
    "summary-list": _Mood(
        "list items have eight keys, without tools and sampling", around=answers.each_item(answers.summary)
    ),
    "defaults-omitted": _Mood(
        "answers lack keys whose value is the default",
        around=answers.each_assistant(answers.without_defaults),
    ),
    "nulls-added": _Mood(
        "answers add null keys in tools and tool_resources, file_ids and updated_at",
        around=answers.each_assistant(answers.with_nulls),
    ),
    "float-times": _Mood("created_at has a fraction", around=answers.each_assistant(answers.float_time)),
    "ms-times": _Mood("created_at counts milliseconds", around=answers.each_assistant(answers.milliseconds)),
    "created-201": _Mood("creates and modifies are answered with 201", around=answers.created_201),
    "schema-renamed": _Mood(
        "answers call the schema of a response_format schema_",
        around=answers.each_assistant(answers.renamed_schema),
    ),
    "defaults-null": _Mood(
        "answers have null for temperature, top_p and tools that nobody chose",
        around=answers.each_assistant(answers.nulls_for_defaults),
    ),
    "list-word": _Mood("the list's object is assistants", around=answers.each_list(answers.list_word)),
    "missing-500": _Mood("an unknown id is a 500", around=errors.missing_500),
    "wrapped-errors": _Mood(
        "errors are AIML API's flat map around a vendor's error as text", around=errors.wrapped_errors
    ),
    "flat-errors": _Mood("errors are one flat map, as AIML API's", around=errors.flat_errors),
    "none-errors": _Mood("errors have the text None for what is missing", around=errors.none_errors),
    "detail-errors": _Mood("errors are a list under detail", around=errors.detail_errors),
    "word-errors": _Mood("errors are a text under error", around=errors.word_errors),
    "text-errors": _Mood("errors are plain text", around=errors.text_errors),
    "empty-errors": _Mood("errors have no body", around=errors.empty_errors),
    "beta-tables": _Mood(
        "without OpenAI-Beta: assistants=v2 another, empty table answers", around=calls.beta_tables
    ),
    "version-asked": _Mood("404 without api-version in the query", around=calls.versions_asked),
    "key-headers": _Mood("the key is taken from api-key or astra-api-token", around=calls.key_headers),
}

MOODS: Mapping[str, str] = {name: mood.about for name, mood in _MOODS.items()}
"""Every mood: its name to one line about it."""


def with_moods(store: Store, names: Iterable[str] = (), *, key: str | None = None) -> Handler:
    """A server over ``store`` with the moods ``names``; without any it is the plain core.

    ``key`` is the bearer key that requests must carry, None for no check. Raises as
    :func:`refuse_unknown` does.
    """
    wanted = frozenset(names)
    refuse_unknown(wanted)
    chosen = [mood for name, mood in _MOODS.items() if name in wanted]
    received = requests.together([mood.received for mood in chosen if mood.received])
    assistant_id = next((mood.assistant_id for mood in chosen if mood.assistant_id), None)
    handler: Handler = App(store, key=key, assistant_id=assistant_id, received=received).handle
    for mood in chosen:
        handler = mood.on(handler, store)
    return handler


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises ``UsageFault`` that names every mood there is not."""
    unknown = sorted(set(names) - _MOODS.keys())
    if unknown:
        raise UsageFault(
            "there is no mood " + ", ".join(f"{name!r}{_nearest(name)}" for name in unknown),
            undone="no server was started",
            next=f"choose from {', '.join(sorted(_MOODS))}",
        )


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name[:80], _MOODS, n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""
