"""``release``: stop managing without deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assistctl.engine.release import release
from assistctl.engine.survey import Seen
from assistctl.errors import ExitCode, NotStarted, OutcomeUnknown, RemoteError, UsageFault
from assistctl.model.plan import Action
from assistctl.model.provider import Provider
from assistctl.model.report import Outcome, Report, Result
from assistctl.settings import Settings

from .exclusive import Waiting, turn
from .owned import note_owned
from .ports import Ports
from .remote import gather
from .session import open_session


def release_keys(
    settings: Settings,
    keys: Sequence[str],
    confirm: Callable[[dict[str, str]], bool],
    progress: Callable[[Result], None],
    ports: Ports,
) -> Report | None:
    """Strips our marker from everything owned under these keys; None where the operator said no.

    ``confirm`` is asked once with id to key. Raises UsageFault for a key that is not owned.
    """
    with open_session(settings, ports) as session:
        link = session.link
        with turn(link, settings.owner, ports.run_id(), Waiting(), ports):
            owned = gather(link.provider, settings.owner).owned()
            held = _held(settings.owner, keys, owned)
            if not confirm(held):
                return None
            with ports.graceful(link.provider):
                report = _released(held, settings.owner, link.provider, progress, ports)
                if report.complete:
                    note_owned(link, settings.owner, len(owned) - len(held), ports)
            return report


def _released(
    held: Mapping[str, str],
    owner: str,
    provider: Provider,
    progress: Callable[[Result], None],
    ports: Ports,
) -> Report:
    results = []
    for remote_id, key in held.items():
        results.append(_one(key, owner, remote_id, provider))
        progress(results[-1])
    return Report(tuple(results), interrupted=ports.stopped())


def _held(owner: str, keys: Sequence[str], owned: Sequence[Seen]) -> dict[str, str]:
    """Id to key of everything owned under these keys."""
    held = {seen.remote.id: seen.marker.key for seen in owned if seen.marker and seen.marker.key in keys}
    missing = sorted(set(keys) - set(held.values()))
    if missing:
        raise UsageFault(
            f"{owner} owns no assistant with the key {', '.join(missing)}",
            undone="nothing was released",
            next="assistctl list",
        )
    return held


def _one(key: str, owner: str, remote_id: str, provider: Provider) -> Result:
    try:
        return release(key, owner, remote_id, provider)
    except RemoteError as error:
        kinds = {OutcomeUnknown: Outcome.UNKNOWN, NotStarted: Outcome.NOT_STARTED}
        outcome = kinds.get(type(error), Outcome.FAILED)
        return Result(Action.UPDATE, key, remote_id, outcome, "; ".join(error.lines()), int(error.exit_code))


def exit_code_of(report: Report) -> ExitCode:
    """The strongest code of all results."""
    from assistctl.engine.applier import exit_codes
    from assistctl.errors import strongest

    return strongest(exit_codes(report))
