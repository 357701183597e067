"""Creates whose answer was lost: wait, look, adopt what shows, send the rest again.

The remote honours no idempotency key, so a create may have taken effect although nobody answered, and
may still do so after we gave up on it. Settling is collective: one wait for all of a wave. Nothing is
sent again before a complete list, taken when the bound had passed, did not show its marker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from assistctl.errors import NotStarted, RemoteError
from assistctl.model.assistant import Remote
from assistctl.model.clock import Clock
from assistctl.model.plan import Action, Change
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Result

from .survey import survey

LOOKS = (1.0, 3.0, 7.0, 15.0, 30.0)
"""Seconds after which the list is looked at, up to the bound, and once more at the bound itself."""
WAVES = 4
"""How often a create is sent at most."""
_SLICE = 0.2

Send = Callable[[Sequence[Change]], list[Result]]
Adopt = Callable[[Change, Remote], Result]


class Settling:
    """One run's settling."""

    def __init__(
        self, owner: str, provider: Provider, clock: Clock, seconds: float, stopped: Callable[[], int]
    ) -> None:
        self._owner = owner
        self._provider = provider
        self._clock = clock
        self._seconds = seconds
        self._stopped = stopped

    def settle(
        self, results: list[Result], changes: Mapping[str, Change], send: Send, adopt: Adopt
    ) -> list[Result]:
        """The results with every unknown create settled, as far as that is possible.

        ``send`` sends changes once more with the same marker; ``adopt`` records what the list showed.
        """
        by_key = {result.key: result for result in results if result.action is Action.CREATE}
        others = [result for result in results if result.action is not Action.CREATE]
        for wave in range(1, WAVES + 1):
            pending = [key for key, result in by_key.items() if result.outcome is Outcome.UNKNOWN]
            if not pending or self._stopped():
                break
            shown, certain = self.look_for(pending)
            by_key |= {key: adopt(changes[key], remote) for key, remote in shown.items()}
            rest = [changes[key] for key in pending if key not in shown]
            if not rest or not certain or wave == WAVES or self._stopped():
                break
            by_key |= {result.key: result for result in send(rest)}
        return [*by_key.values(), *others]

    def look_for(self, keys: Collection[str]) -> tuple[dict[str, Remote], bool]:
        """Polls until every key's marker shows or the bound has passed.

        Answers what shows, and whether the last look was at the bound or saw everything: only then is what
        is missing certain not to exist.
        """
        begin, shown, certain = self._clock.now(), dict[str, Remote](), False
        for due in (*(look for look in LOOKS if look < self._seconds), self._seconds):
            if not self._wait_until(begin + due):
                return shown, False
            try:
                shown = self._shown(keys)
            except NotStarted:
                return shown, False
            except RemoteError:
                certain = False
                continue
            certain = due >= self._seconds
            if len(shown) == len(keys):
                return shown, True
        return shown, certain

    def _shown(self, keys: Collection[str]) -> dict[str, Remote]:
        pages = self._provider.pages()
        found = survey((remote for page in pages for remote in page), self._owner)
        return {key: found.ours[key][0].remote for key in keys if key in found.ours}

    def _wait_until(self, moment: float) -> bool:
        """False where a signal asked to stop meanwhile."""
        while (left := moment - self._clock.now()) > 0:
            if self._stopped():
                return False
            self._clock.sleep(min(left, _SLICE))
        return not self._stopped()
