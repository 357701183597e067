"""The plan as Markdown for a pull request's comment: the verdict first, details folded, never too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assistctl.model.plan import Action, Change, Plan

from .markdown import COMMENT, Room, clipped, fenced, marker, short_code
from .markdown_fit import Block, fitted
from .plan_markdown_sections import Sections
from .plan_shared import Shared, shared_parts
from .plan_text import count_lines, is_listed, remark_lines
from .style import texts
from .words import ACTION, count, plan_verdict

MANY_HUNKS = 2
"""From so many assistants on, an equal hunk is shown once with their names."""

MANY_ROWS = 5
"""The same for a change that fits one line, which is cheaper to repeat than to look up."""


def plan_markdown(plan: Plan, *, full: bool = False, room: Room = COMMENT) -> str:
    """The whole plan within ``room``.

    It begins with ``<!-- assistctl:plan:OWNER -->``. Undecided changes come first, then deletions, then
    what several assistants share, then the rest. What finds no room is counted and named at the end.
    ``full`` adds the bodies of created and deleted assistants.
    """
    return with_changes("\n".join([*_head(plan, room), ""]), plan, full=full, room=room)


def with_changes(head: str, plan: Plan, *, full: bool, room: Room) -> str:
    """``head``, then the sections of a plan as far as they fit."""
    listed = [change for change in plan.changes if is_listed(change)]
    shared = shared_parts(listed, hunks=MANY_HUNKS, rows=MANY_ROWS)
    blocks = list(_blocks(listed, shared, Sections(full, room, len(shared.groups))))

    def closing(places: Sequence[int], who: str) -> str:
        return _missing([listed[i] for i in places], who)

    return fitted(head, blocks, [change.key for change in listed], room, closing)


def _head(plan: Plan, room: Room) -> Iterator[str]:
    yield marker("plan", plan.owner)
    yield f"### Plan for {short_code(plan.owner)}"
    yield ""
    yield f"**{plan_verdict(plan)}**"
    yield ""
    where = ", ".join(short_code(text) for text in (plan.provider, plan.origin) if text)
    yield " ".join([f"{'Between' if plan.offline else 'On'} {where}.", *texts(count_lines(plan))])
    yield ""
    remarks = [line for line in texts(remark_lines(plan)) if line]
    if remarks:
        yield from fenced(clipped(remarks, room.part(room.most // 8)), "text")
        yield ""


def _blocks(listed: Sequence[Change], shared: Shared, sections: Sections) -> Iterator[Block]:
    """Every section, the most important first; a change that is shown with its group has none."""
    places = [i for i, change in enumerate(listed) if not _is_covered(i, change, shared)]
    urgent = [i for i in places if sections.is_urgent(listed[i])]
    urgent.sort(key=lambda i: sections.is_deletion(listed[i]))
    for i in urgent:
        yield Block(sections.of_change(listed[i], (), ()), frozenset([i]))
    for number, group in enumerate(shared.groups, 1):
        keys = [listed[i].key for i in group.members]
        yield Block(sections.of_group(number, group.parts, keys), frozenset(group.members))
    for i in places:
        if not sections.is_urgent(listed[i]):
            joined = shared.joined.get(i, ())
            yield Block(sections.of_change(listed[i], shared.own.get(i, ()), joined), frozenset([i]))


def _is_covered(place: int, change: Change, shared: Shared) -> bool:
    """Whether all there is to say of this change stands in one group or another."""
    plain = change.action is Action.UPDATE and not change.previous_key
    return plain and place in shared.joined and not shared.own[place]


def _missing(rest: Sequence[Change], who: str) -> str:
    counts = Counter(ACTION[change.action] for change in rest)
    kinds = ", ".join(f"{number:,} {action}" for action, number in counts.items())
    what = f"**{count(len(rest), 'more assistant')} not shown in full here** ({kinds}): {who}."
    return f"{what} `assistctl plan` shows everything.\n"
