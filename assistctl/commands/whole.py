"""Remote assistants with all their fields, where the list answers only some of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from assistctl.engine.survey import Seen
from assistctl.model.assistant import FIELDS, Remote
from assistctl.model.profile import Profile
from assistctl.model.provider import Provider

_READERS = 8
"""GETs under way at once."""


def with_all_fields(found: Sequence[Seen], provider: Provider, profile: Profile) -> list[Seen]:
    """The same assistants, with a GET for each that the list answered in part; vanished ones are left out.

    AIML API declares list items with eight fields only. Where the first GET brings nothing new, the fields
    are not to be had and no further GET is sent; none at all where the remote has no such call.
    """
    partial = [seen.remote.id for seen in found if not seen.remote.fields.keys() >= set(FIELDS)]
    if not partial or "get" not in profile.verbs:
        return list(found)
    listed = {seen.remote.id: seen.remote for seen in found}
    news: dict[str, Remote | None] = {partial[0]: provider.get(partial[0])}
    first = news[partial[0]]
    if first is None or not first.fields.keys() <= listed[partial[0]].fields.keys():
        with ThreadPoolExecutor(_READERS) as pool:
            news |= zip(partial[1:], pool.map(provider.get, partial[1:]), strict=True)
    whole = ((seen, news.get(seen.remote.id, seen.remote)) for seen in found)
    return [replace(seen, remote=remote) for seen, remote in whole if remote is not None]
