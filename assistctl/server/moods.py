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


def _uuid() -> str:
    from uuid import uuid4

    return str(uuid4())


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
    "no-paging": _Mood("limit, after and before are ignored: one answer lists all", around=lists.unpaged),
    "lagging-list": _Mood(
        f"a create is listed only after {lists.LAG} further requests", around=lists.lagging
    ),
    "cursors-refused": _Mood("after and before are a 400", around=lists.cursors_refused),
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
    "flat-errors": _Mood("errors are one flat map, as AIML API's", around=answers.flat_errors),
    "text-errors": _Mood("errors are plain text", around=answers.text_errors),
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
        handler = mood.around(handler) if mood.around else handler
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
