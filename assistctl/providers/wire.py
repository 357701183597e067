"""The Assistants protocol, v2, behind the port :class:`~assistctl.model.provider.Provider`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assistctl.errors import NotApplied, RemoteError, RemoteGone
from assistctl.model.assistant import Remote
from assistctl.model.profile import Profile
from assistctl.model.values import Json

from .first_contact import LIST_REFUSED, NEXT, OtherProtocol
from .paging import Walk
from .remotes import Page, page_of, remote_of
from .transport import Transport
from .urls import Urls


class WireProvider:
    """One remote, asked over HTTP. Its paths and bodies are those of OpenAI's OpenAPI description."""

    def __init__(self, transport: Transport, profile: Profile, urls: Urls, origin: str) -> None:
        self._transport = transport
        self._profile = profile
        self._urls = urls
        self._origin = origin

    @property
    def profile(self) -> Profile:
        """What this remote is like."""
        return self._profile

    @property
    def origin(self) -> str:
        """``https://host[:port]``; the profile's name for a server inside this process."""
        return self._origin

    @property
    def server_time(self) -> float | None:
        """The remote's own clock in Unix seconds, by its latest ``Date`` header; None before the first."""
        return self._transport.server_time

    def pages(self) -> Iterator[tuple[Remote, ...]]:
        """See the port. Raises ``RemoteGone`` when the collection itself answers 404 or 410."""
        return Walk(self.page, self._profile.paging, self._again).pages()

    def _again(self, remote_id: str) -> Remote | None:
        """One that the list showed in two states; None where the remote has no call for one."""
        return self.get(remote_id) if "get" in self._profile.verbs else None

    def get(self, remote_id: str) -> Remote | None:
        """See the port. Where the remote has no such call, the list is walked instead."""
        url = self._urls.one(remote_id)
        if "get" not in self._profile.verbs:
            # The whole list even after a hit: a list that turns out broken must not have been believed.
            everything = [item for page in self.pages() for item in page]
            return next((item for item in everything if item.id == remote_id), None)
        try:
            return self._transport.read(url, lambda answer: _the_same(remote_id, answer))
        except RemoteError as error:
            if error.status == 404:
                return None
            raise

    def create(self, body: Mapping[str, Json]) -> Remote:
        """See the port."""
        self._require("create")
        return self._transport.write(self._urls.collection(), body, remote_of)

    def update(
        self, remote_id: str, body: Mapping[str, Json], before_repeat: Callable[[], object] | None = None
    ) -> Remote:
        """See the port. On the wire a modify is a POST to the assistant."""
        self._require("update")
        url = self._urls.one(remote_id)
        return self._transport.write(url, body, lambda answer: _the_same(remote_id, answer), before_repeat)

    def delete(self, remote_id: str) -> bool:
        """See the port. False also where an attempt with a lost answer deleted it. An answer that denies the
        deletion is believed only once a GET finds nothing."""
        self._require("delete")
        try:
            answer = self._transport.remove(self._urls.one(remote_id))
        except RemoteError as error:
            if error.status in (404, 410):
                return False
            raise
        if not isinstance(answer, dict) or answer.get("deleted") is not False:
            return True
        if self.get(remote_id) is not None:
            raise NotApplied(
                f"the remote answered that it did not delete {remote_id}", undone="it still exists"
            )
        return False

    def stop(self) -> None:
        """No further request begins; for a signal. Requests under way may end."""
        self._transport.stop()

    def abandon(self) -> None:
        """Cuts the requests under way, whose outcome then is unknown; none begins any more."""
        self._transport.abandon()

    def close(self) -> None:
        """Closes all connections."""
        self._transport.close()

    def page(self, paging: Mapping[str, str]) -> Page:
        """One answer of the list call, as it comes. Raises as :meth:`pages` does; ``OtherProtocol`` where
        somebody else's protocol answers."""
        url = self._urls.collection(paging)
        try:
            return self._transport.read(url, page_of)
        except RemoteError as error:
            if error.status in (404, 410) and "after" not in paging:
                raise self._gone(error) from None
            if error.status == 405:
                raise OtherProtocol(LIST_REFUSED, status=405, where=error.where, next=NEXT) from None
            raise

    def _gone(self, error: RemoteError) -> RemoteGone:
        known = f" Known about {self._profile.name}: {self._profile.status}" if self._profile.status else ""
        return RemoteGone(
            f"this remote offers no assistants: {error.what}.{known}",
            where=error.where,
            status=error.status,
            undone="nothing was planned or changed; an absent list is not an empty one",
            next="check the path of the base URL (everything before /assistants), or choose another remote: "
            "--provider local (embedded, no key), --base-url https://HOST/PATH (any compatible server), "
            "or Azure AI Foundry agents (classic) with --provider azure-foundry",
        )

    def _require(self, verb: str) -> None:
        if verb not in self._profile.verbs:
            raise NotApplied(
                f"{self._profile.name} has no {verb} call",
                undone="no request was sent",
                next="use a remote that has it, or make this change by hand",
            )


def _the_same(remote_id: str, answer: Json) -> Remote:
    remote = remote_of(answer)
    if remote.id != remote_id:
        raise RemoteError(f"the answer is about another assistant ({remote.id}), not about {remote_id}")
    return remote
