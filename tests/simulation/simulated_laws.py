"""What a run said, held against what the remote knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistctl.errors import AssistctlError, ExitCode
from assistctl.model.assistant import Desired
from assistctl.model.plan import Action
from assistctl.model.report import Outcome, Report, Result
from assistctl.render.report_text import closing_lines

from .simulated_remote import Sent, SimulatedRemote, marker_of

_VERBS = {Action.CREATE: "create", Action.DELETE: "delete"}
_NO_EFFECT = (Outcome.FAILED, Outcome.NOT_STARTED, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended: with a report, with none (a guard), with an error, or killed."""

    run: str
    report: Report | None = None
    exit_code: ExitCode = ExitCode.DONE
    error: AssistctlError | None = None
    killed: bool = False


def untrue(ran: Ran, remote: SimulatedRemote) -> Iterator[str]:
    """G6: what a run said and the remote contradicts. To be asked once nothing is under way any more."""
    sent = [each for each in remote.sent if each.run == ran.run]
    if not ran.killed and ran.report is None and sent:
        yield f"G6: {ran.run} wrote and ended without a report: {ran.error or ran.exit_code!r}"
    if ran.report is None:
        return
    for result in ran.report.results:
        mine = [each for each in sent if _is_about(each, result)]
        if wrong := _wrong(result, mine, remote):
            yield f"G6: {ran.run} said {result.outcome} of {result.action} {result.key}: {wrong}"
    yield from _wrong_words(ran, ran.report)


def unconverged(remote: SimulatedRemote, desired: Iterable[Desired]) -> Iterator[str]:
    """G1 and G5: one assistant per key, as the manifests say, and none beside them."""
    wanted = {each.key: each for each in desired}
    for key, number in sorted(remote.ours().items()):
        if number != 1 or key not in wanted:
            yield f"G1: {number} of {key}"
    for missing in sorted(wanted.keys() - remote.ours().keys()):
        yield f"G5: no {missing}"
    for thing, body in remote.living():
        owner, key = marker_of(body)
        if (
            owner == remote.owner
            and key in wanted
            and body["instructions"] != wanted[key].fields["instructions"]
        ):
            yield f"G5: {thing.id} is not as the manifest of {key} says"


def _is_about(sent: Sent, result: Result) -> bool:
    verb = _VERBS.get(result.action, "update")
    return sent.verb == verb and sent.target == (result.key if verb == "create" else result.id)


def _wrong(result: Result, sent: list[Sent], remote: SimulatedRemote) -> str:
    effects = sum(each.effects for each in sent)
    lost = not all(each.answered for each in sent)
    if result.outcome is Outcome.SKIPPED and lost and sent[0].verb == "update":
        # U3: where an answer was lost and the target is neither the base nor the wish, that is a conflict.
        return ""
    if result.outcome in _NO_EFFECT:
        return f"it took effect ({result.detail})" if effects and not _undone(sent, remote) else ""
    if result.outcome is Outcome.UNKNOWN:
        return "" if lost else "every answer was there"
    if result.action is Action.CREATE:
        return "" if result.id in [each.made for each in sent] else "that is not what was made"
    if result.action is Action.DELETE:
        return "it exists" if remote.things[result.id or ""].latest.body is not None else ""
    return "" if effects else "it had no effect"


def _undone(sent: list[Sent], remote: SimulatedRemote) -> bool:
    """Whether somebody else deleted, or took our marker from, all that creates made: they left no trace."""
    made = [remote.things[each.made] for each in sent if each.verb == "create" and each.made]
    return bool(made) and all(remote.taken_away(thing) for thing in made)


def _wrong_words(ran: Ran, report: Report) -> Iterator[str]:
    words = " ".join(span.text for line in closing_lines(report) for span in line)
    unknown = report.count(Outcome.UNKNOWN) > 0
    if " complete!" in words and (unknown or report.count(Outcome.DONE) != len(report.results)):
        yield f"G6: {ran.run} printed {words!r}"
    if unknown and ran.exit_code not in (ExitCode.OUTCOME_UNKNOWN, ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        yield f"G6: {ran.run} answered {ran.exit_code!r} with an unknown"
